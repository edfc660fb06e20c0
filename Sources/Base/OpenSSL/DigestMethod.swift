import COpenSSL

/// A digest algorithm that was fetched once. Otherwise OpenSSL 3 would search its providers by name on each use.
///
/// `@unchecked Sendable`: an `EVP_MD` never changes after it was fetched, and these are never freed.
struct DigestMethod: @unchecked Sendable {
    let handle: OpaquePointer
    let byteCount: Int

    static let sha1 = DigestMethod(fetching: "SHA1", fallback: EVP_sha1())
    static let sha256 = DigestMethod(fetching: "SHA256", fallback: EVP_sha256())
    static let sha384 = DigestMethod(fetching: "SHA384", fallback: EVP_sha384())
    static let sha512 = DigestMethod(fetching: "SHA512", fallback: EVP_sha512())

    private init(fetching name: String, fallback: OpaquePointer) {
        handle = EVP_MD_fetch(nil, name, nil) ?? fallback
        byteCount = Int(EVP_MD_get_size(handle))
    }

    /// Hashes `message`; `output` must have room for `byteCount` bytes.
    ///
    /// It can fail only if there is no memory or no provider. Input cannot cause either, so it traps.
    func hash(_ message: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer) {
        precondition(output.count >= byteCount, "no room for the digest")
        let written = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
        precondition(
            EVP_Digest(message.baseAddress, message.count, written, nil, handle, nil) == 1,
            "OpenSSL has no provider for a required digest")
    }
}
