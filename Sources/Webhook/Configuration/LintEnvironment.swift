public import AccessPolicy
public import Timestamps

/// What lies outside the configuration file and lint rules look at, as values.
public struct LintEnvironment: Sendable {
    public var now: Timestamp
    public var certificateExpires: Timestamp?
    /// When the first second is in which all certificates of a file are valid, by the field that names the file.
    public var certificateStarts: [String: Timestamp] = [:]
    /// The file of `server.clientCA` holds no CA, but certificates that callers may present themselves.
    public var clientCAIsNoCA = false
    /// DNS names and addresses of the server's certificate; nil when it was not read.
    public var certificateNames: [String]?
    /// Permission bits of the private key's file.
    public var keyFileMode: UInt32?
    /// When the keys of an offline file were fetched or the file was written, by its path.
    public var keyFileTimes: [String: Timestamp]
    /// Files of the configuration that are not there.
    public var missingFiles: Set<String>
    /// When the first certificate in a file other than the server's own ends, by the field that names the file.
    public var otherCertificates: [String: Timestamp] = [:]
    /// Permission bits of files that hold secrets, by the field that names the file.
    public var secretModes: [String: UInt32] = [:]
    /// Why a file is of no use, by the field that names the file.
    public var unusableFiles: [String: String] = [:]

    /// Folders in which others could put another file in a file's place, by the field that names the file.
    public var sharedFolders: [String: String] = [:]
    /// Fields whose files belong to somebody else, or may be written by others than their owner.
    public var untrustedFiles: Set<String> = []
    /// Common names of the CAs in `server.clientCA` that issue certificates for more than this webhook's callers.
    public var sharedClientAuthorities: [String] = []
    /// The entries of deny list files, by the field that names the file.
    public var deniedEntries: [String: [DeniedEntry]] = [:]

    public init(
        now: Timestamp,
        certificateExpires: Timestamp? = nil,
        certificateNames: [String]? = nil,
        keyFileMode: UInt32? = nil,
        keyFileTimes: [String: Timestamp] = [:],
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
