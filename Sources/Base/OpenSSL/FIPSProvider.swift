import COpenSSL

/// OpenSSL's FIPS provider, for those who must use it alone.
///
/// Source: OpenSSL, `fips_module(7)`.
public enum FIPSProvider {
    /// Loads the provider, with its self-test, and has every algorithm come from it from now on.
    ///
    /// There is no way back in this process. Call it before anything else uses cryptography.
    ///
    /// - Throws: when there is no such provider, or it fails its self-test, so that nothing runs without it.
    public static func activate() throws(OpenSSLError) {
        ERR_clear_error()
        // `base` reads keys and certificates, which is no cryptography.
        guard OSSL_PROVIDER_load(nil, "fips") != nil, OSSL_PROVIDER_load(nil, "base") != nil else {
            throw OpenSSLError.drained("load OpenSSL's FIPS provider")
        }
        guard EVP_default_properties_enable_fips(nil, 1) == 1 else {
            throw OpenSSLError.drained("use OpenSSL's FIPS provider alone")
        }
    }
}
