import COpenSSL

/// OpenSSL's FIPS provider, for users who must not use any other.
///
/// Source: OpenSSL, `fips_module(7)`.
public enum FIPSProvider {
    /// Loads the provider, runs its self-test, and makes it the only source of algorithms.
    ///
    /// This process cannot undo it. Call it before anything else uses cryptography.
    ///
    /// - Throws: ``OpenSSLError`` if there is no such provider or its self-test fails. The caller must then not start.
    public static func activate() throws(OpenSSLError) {
        ERR_clear_error()
        // `base` decodes keys and certificates; it contains no cryptography.
        guard OSSL_PROVIDER_load(nil, "fips") != nil, OSSL_PROVIDER_load(nil, "base") != nil else {
            throw OpenSSLError.drained("load OpenSSL's FIPS provider")
        }
        guard EVP_default_properties_enable_fips(nil, 1) == 1 else {
            throw OpenSSLError.drained("use OpenSSL's FIPS provider alone")
        }
    }
}
