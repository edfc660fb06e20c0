import COpenSSL

/// OpenSSL's FIPS provider, for users who must not use any other.
///
/// Source: OpenSSL, `fips_module(7)`.
public struct FIPSProvider: Hashable, Sendable {
    /// The provider's own name, for example `OpenSSL FIPS Provider`.
    public let name: String
    /// The provider's version, which may differ from the library's.
    public let version: String
    /// Whether its self-test passed when it was loaded.
    public let isSelfTestPassed: Bool

    /// Creates a description of a provider.
    public init(name: String, version: String, isSelfTestPassed: Bool) {
        self.name = name
        self.version = version
        self.isSelfTestPassed = isSelfTestPassed
    }

    /// Loads the provider, runs its self-test, and makes it the only source of algorithms.
    ///
    /// This process cannot undo it. Call it before anything else uses cryptography, including digests and
    /// certificates: an algorithm that was looked up before stays with the provider that it came from.
    ///
    /// - Throws: ``OpenSSLError`` if there is no such provider or its self-test fails. The caller must then not start.
    public static func activate() throws(OpenSSLError) -> FIPSProvider {
        ERR_clear_error()
        // `base` decodes keys and certificates; it contains no cryptography.
        guard let provider = OSSL_PROVIDER_load(nil, "fips"), OSSL_PROVIDER_load(nil, "base") != nil else {
            throw OpenSSLError.drained("load OpenSSL's FIPS provider")
        }
        guard OSSL_PROVIDER_self_test(provider) == 1 else {
            throw OpenSSLError.drained("pass the self-test of OpenSSL's FIPS provider")
        }
        guard EVP_default_properties_enable_fips(nil, 1) == 1 else {
            throw OpenSSLError.drained("use OpenSSL's FIPS provider alone")
        }
        return FIPSProvider(
            name: text(OSSL_PROV_PARAM_NAME, of: provider) ?? "fips",
            version: text(OSSL_PROV_PARAM_VERSION, of: provider) ?? "unknown",
            // `status` is 0 when the self-test failed or a later check of the provider did.
            isSelfTestPassed: number(OSSL_PROV_PARAM_STATUS, of: provider) == 1)
    }

    private static func text(_ parameter: String, of provider: OpaquePointer) -> String? {
        var found: UnsafeMutablePointer<CChar>?
        return parameter.withCString { name in
            withUnsafeMutablePointer(to: &found) { slot in
                var parameters = [OSSL_PARAM_construct_utf8_ptr(name, slot, 0), OSSL_PARAM_construct_end()]
                guard OSSL_PROVIDER_get_params(provider, &parameters) == 1 else { return nil }
                return slot.pointee.map { String(cString: $0) }
            }
        }
    }

    private static func number(_ parameter: String, of provider: OpaquePointer) -> CInt? {
        var found: CInt = 0
        return parameter.withCString { name in
            withUnsafeMutablePointer(to: &found) { slot in
                var parameters = [OSSL_PARAM_construct_int(name, slot), OSSL_PARAM_construct_end()]
                return OSSL_PROVIDER_get_params(provider, &parameters) == 1 ? slot.pointee : nil
            }
        }
    }
}
