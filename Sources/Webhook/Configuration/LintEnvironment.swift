public import AccessPolicy
public import SafeText
public import Timestamps

/// Facts outside of the configuration file that lint rules need, as values.
public struct LintEnvironment: Sendable {
    /// The time of the check.
    public var now: Timestamp
    /// When the server's certificate expires; nil if it was not read.
    public var certificateExpires: Timestamp?
    /// The first second in which all certificates of a file are valid, by the field that names the file.
    public var certificateStarts: [String: Timestamp] = [:]
    /// Whether the file of `server.clientCA` contains no CA, only certificates that callers may present.
    public var clientCAIsNoCA = false
    /// Files of `authorityCA` and `graphCA` that contain no CA, by the field that names the file, and whether they
    /// contain a certificate that a server may present.
    public var filesWithoutCA: [String: Bool] = [:]
    /// DNS names and addresses of the server's certificate; nil if it was not read.
    public var certificateNames: [String]?
    /// Permission bits of the private key's file; nil if it was not read.
    public var keyFileMode: UInt32?
    /// When the keys of an offline file were fetched or the file was written, by path.
    public var keyFileTimes: [ExactText: Timestamp]
    /// Files of the configuration that do not exist.
    public var missingFiles: Set<String>
    /// When the first certificate in a file expires, by the field that names the file; without the server's
    /// certificate.
    public var otherCertificates: [String: Timestamp] = [:]
    /// Permission bits of files with secrets, by the field that names the file.
    public var secretModes: [String: UInt32] = [:]
    /// What a file holds that is probably no client secret, by the field that names the file.
    public var doubtfulSecrets: [String: String] = [:]
    /// Why a file cannot be used, by the field that names the file.
    public var unusableFiles: [String: String] = [:]

    /// Folders in which other users could replace a file, by the field that names the file.
    public var sharedFolders: [String: String] = [:]
    /// Fields whose files belong to another user, or can be written by others than their owner.
    public var untrustedFiles: Set<String> = []
    /// Common names of CAs in `server.clientCA` that issue certificates for others than this webhook's callers.
    public var sharedClientAuthorities: [String] = []
    /// The entries of deny files, by the field that names the file.
    public var deniedEntries: [String: [DeniedEntry]] = [:]

    /// Facts from their parts; a missing one disables its rules.
    public init(
        now: Timestamp,
        certificateExpires: Timestamp? = nil,
        certificateNames: [String]? = nil,
        keyFileMode: UInt32? = nil,
        keyFileTimes: [ExactText: Timestamp] = [:],
        missingFiles: Set<String> = []
    ) {
        self.now = now
        self.certificateExpires = certificateExpires
        self.certificateNames = certificateNames
        self.keyFileMode = keyFileMode
        self.keyFileTimes = keyFileTimes
        self.missingFiles = missingFiles
    }
}
