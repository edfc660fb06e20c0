public import Timestamps

/// One file that `certs create` writes.
public struct CertificateFile {
    /// The file's name in its folder.
    public let name: String
    /// What it is for, for people.
    public let purpose: String
    /// The file's content.
    public let bytes: [UInt8]
    /// When the certificate expires; nil for a key.
    public let expires: Timestamp?

    /// POSIX permissions: only the owner may read keys.
    public var mode: UInt32 { expires == nil ? 0o600 : 0o644 }
}
