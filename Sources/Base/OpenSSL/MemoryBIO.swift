import COpenSSL

/// Calls a closure with a read-only BIO over `bytes`, valid only during the call.
func withReadOnlyBIO<Result>(
    _ bytes: [UInt8], _ body: (OpaquePointer) throws(OpenSSLError) -> Result
) throws(OpenSSLError) -> Result {
    guard bytes.count <= Int(CInt.max) else { throw OpenSSLError("read a buffer", reason: "it is too long") }
    // OpenSSL treats a nil buffer as an error, but an empty file is an ordinary file.
    guard !bytes.isEmpty else { return try withReadOnlyBIO([0x0A], body) }
    let outcome = bytes.withUnsafeBytes { buffer -> Swift.Result<Result, OpenSSLError> in
        ERR_clear_error()
        guard let bio = BIO_new_mem_buf(buffer.baseAddress, CInt(buffer.count)) else {
            return .failure(.drained("read a buffer"))
        }
        defer { BIO_free(bio) }
        do throws(OpenSSLError) { return .success(try body(bio)) } catch { return .failure(error) }
    }
    return try outcome.get()
}

/// Collects the bytes that OpenSSL writes.
func collectingBIO(
    _ operation: String, _ body: (OpaquePointer) -> Bool
) throws(OpenSSLError) -> [UInt8] {
    ERR_clear_error()
    guard let bio = BIO_new(BIO_s_mem()) else { throw .drained(operation) }
    defer { BIO_free(bio) }
    guard body(bio) else { throw .drained(operation) }
    let count = Int(BIO_ctrl_pending(bio))
    return [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
        initialized = count == 0 ? 0 : Int(max(0, BIO_read(bio, buffer.baseAddress, CInt(count))))
    }
}

/// Rejects every request for a passphrase: a server has no terminal to ask on.
let refusePassphrase: @convention(c) (UnsafeMutablePointer<CChar>?, CInt, CInt, UnsafeMutableRawPointer?) -> CInt = {
    _, _, _, _ in -1
}
