import COpenSSL

/// Unpredictable bytes from OpenSSL's generator. Traps if the system has no entropy.
public func randomBytes(_ count: Int) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
        precondition(
            count == 0 || RAND_bytes(buffer.baseAddress, CInt(count)) == 1, "OpenSSL's random generator failed")
        initialized = count
    }
}

/// Overwrites a secret with zeros; the compiler cannot remove this write.
public func cleanse(_ secret: UnsafeMutableRawBufferPointer) {
    if secret.count > 0 { OPENSSL_cleanse(secret.baseAddress, secret.count) }
}
