import COpenSSL

extension SHA256Digest {
    /// The digests of a message and of its first bytes, computed in one pass.
    ///
    /// - Parameter prefixLength: number of bytes of the first digest, at most all.
    public static func hashing(
        _ message: UnsafeRawBufferPointer, prefixLength: Int
    ) -> (prefix: SHA256Digest, whole: SHA256Digest) {
        guard let running = EVP_MD_CTX_new(), let copy = EVP_MD_CTX_new() else { preconditionFailure(noMemory) }
        defer {
            EVP_MD_CTX_free(running)
            EVP_MD_CTX_free(copy)
        }
        let length = min(max(0, prefixLength), message.count)
        // As in one-shot digests, these calls fail only if there is no memory or no provider.
        precondition(EVP_DigestInit_ex(running, DigestMethod.sha256.handle, nil) == 1, noMemory)
        precondition(EVP_DigestUpdate(running, message.baseAddress, length) == 1, noMemory)
        precondition(EVP_MD_CTX_copy_ex(copy, running) == 1, noMemory)
        let rest = UnsafeRawBufferPointer(rebasing: message[length...])
        precondition(EVP_DigestUpdate(running, rest.baseAddress, rest.count) == 1, noMemory)
        return (SHA256Digest(finishing: copy), SHA256Digest(finishing: running))
    }

    private static let noMemory = "OpenSSL has no memory or no provider for a required digest"

    private init(finishing context: OpaquePointer) {
        self.init(filling: { output in
            let bytes = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
            precondition(EVP_DigestFinal_ex(context, bytes, nil) == 1, Self.noMemory)
        })
    }
}
