import COpenSSL

/// The OpenSSL library that this process uses. It is the distribution's, and may be newer than the one that this was
/// built with.
public enum OpenSSLLibrary {
    /// For example `3.0.17`.
    public static var version: String {
        OpenSSL_version(OPENSSL_VERSION_STRING).map { String(cString: $0) } ?? "unknown"
    }
}
