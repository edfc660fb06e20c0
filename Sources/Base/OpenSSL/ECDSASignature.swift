import COpenSSL

/// The two forms of an ECDSA signature on P-256: OpenSSL's DER, and JOSE's r and s of 32 bytes each (RFC 7518 section
/// 3.4).
enum ECDSASignature {
    /// Nil if the input is not 64 bytes long.
    static func der(fromConcatenated signature: UnsafeRawBufferPointer) -> [UInt8]? {
        guard signature.count == 64, let bytes = signature.baseAddress?.assumingMemoryBound(to: UInt8.self) else {
            return nil
        }
        guard let pair = ECDSA_SIG_new() else { return nil }
        defer { ECDSA_SIG_free(pair) }
        guard let r = BN_bin2bn(bytes, 32, nil) else { return nil }
        guard let s = BN_bin2bn(bytes + 32, 32, nil) else {
            BN_free(r)
            return nil
        }
        guard ECDSA_SIG_set0(pair, r, s) == 1 else {
            BN_free(r)
            BN_free(s)
            return nil
        }
        let count = Int(i2d_ECDSA_SIG(pair, nil))
        guard count > 0 else { return nil }
        return [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            var cursor = buffer.baseAddress
            initialized = Int(max(0, i2d_ECDSA_SIG(pair, &cursor)))
        }
    }

    /// Nil if the input is not a DER signature on a 256-bit curve.
    static func concatenated(fromDER signature: [UInt8]) -> [UInt8]? {
        signature.withUnsafeBufferPointer { buffer -> [UInt8]? in
            var cursor = buffer.baseAddress
            guard let pair = d2i_ECDSA_SIG(nil, &cursor, buffer.count) else { return nil }
            defer { ECDSA_SIG_free(pair) }
            return [UInt8](unsafeUninitializedCapacity: 64) { output, initialized in
                guard let bytes = output.baseAddress,
                    BN_bn2binpad(ECDSA_SIG_get0_r(pair), bytes, 32) == 32,
                    BN_bn2binpad(ECDSA_SIG_get0_s(pair), bytes + 32, 32) == 32
                else { return }
                initialized = 64
            }
        }.flatMap { $0.count == 64 ? $0 : nil }
    }
}
