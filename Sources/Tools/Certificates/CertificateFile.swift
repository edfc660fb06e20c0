public import Timestamps

/// One file that `certs create` writes.
public struct CertificateFile {
    /// The file's name in its folder.
    public let name: String
    /// What it is for, for people.
    public let purpose: String
    /// Its content.
    public let bytes: [UInt8]
    /// The end of a certificate; nil for a key.
    public let expires: Timestamp?

    /// POSIX permissions: keys are for their owner alone.
    public var mode: UInt32 { expires == nil ? 0o600 : 0o644 }
}
