import COpenSSL

/// One reference to an `EVP_PKEY`, public or private.
///
/// `@unchecked Sendable`: the key never changes after it was made. OpenSSL counts references atomically and locks the
/// values that it caches in a key.
final class PKey: @unchecked Sendable {
    let handle: OpaquePointer
    let kind: KeyKind
    let bits: Int

    init(takingOwnership handle: OpaquePointer) {
        self.handle = handle
        bits = Int(EVP_PKEY_get_bits(handle))
        if EVP_PKEY_is_a(handle, "RSA") == 1 {
            kind = .rsa
        } else if EVP_PKEY_is_a(handle, "EC") == 1, Self.groupName(handle) == "prime256v1" {
            kind = .p256
        } else {
            kind = .other
        }
    }

    deinit { EVP_PKEY_free(handle) }

    /// The big-endian bytes of an integer parameter; nil if the key has no such parameter.
    func integer(_ name: String) -> [UInt8]? {
        var number: OpaquePointer?
        guard EVP_PKEY_get_bn_param(handle, name, &number) == 1, let number else { return nil }
        defer { BN_clear_free(number) }
        return bigEndianBytes(number)
    }

    private static func groupName(_ handle: OpaquePointer) -> String? {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 80) { buffer in
            guard EVP_PKEY_get_group_name(handle, buffer.baseAddress, buffer.count, nil) == 1 else { return nil }
            return buffer.baseAddress.map { String(cString: $0) }
        }
    }

    /// Creates a public key from its parameters.
    static func make(
        type: String, operation: String, _ push: (_ builder: OpaquePointer) -> Bool
    ) throws(OpenSSLError) -> PKey {
        ERR_clear_error()
        var made: OpaquePointer?
        guard let context = EVP_PKEY_CTX_new_from_name(nil, type, nil) else { throw .drained(operation) }
        defer { EVP_PKEY_CTX_free(context) }
        guard let builder = OSSL_PARAM_BLD_new() else { throw .drained(operation) }
        defer { OSSL_PARAM_BLD_free(builder) }
        guard push(builder), let parameters = OSSL_PARAM_BLD_to_param(builder) else { throw .drained(operation) }
        defer { OSSL_PARAM_free(parameters) }
        guard EVP_PKEY_fromdata_init(context) == 1,
            EVP_PKEY_fromdata(context, &made, COpenSSL_EVP_PKEY_PUBLIC_KEY(), parameters) == 1, let made
        else { throw .drained(operation) }
        return PKey(takingOwnership: made)
    }
}

/// The big-endian bytes without leading zeros.
func bigEndianBytes(_ number: OpaquePointer) -> [UInt8] {
    let count = (Int(BN_num_bits(number)) + 7) / 8
    return [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
        initialized = Int(BN_bn2bin(number, buffer.baseAddress))
    }
}

/// A C string that lives as long as the program, because OpenSSL's parameter builder keeps the addresses of names.
func constant(_ text: StaticString) -> UnsafePointer<CChar> {
    UnsafeRawPointer(text.utf8Start).assumingMemoryBound(to: CChar.self)
}
