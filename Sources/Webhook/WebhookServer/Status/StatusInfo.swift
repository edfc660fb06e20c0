public import Timestamps

/// What the status page shows in addition to the server's own figures. None of it may be secret.
public struct StatusInfo: Sendable, Hashable {
    /// The state of one tenant's keys.
    public struct Tenant: Sendable, Hashable {
        /// The tenant's ID.
        public var tenantID: String
        /// The tenant's national cloud.
        public var cloud: String
        /// Number of usable keys.
        public var keyCount: Int
        /// When the keys were last fetched, for a file's what the file says; nil if never.
        public var lastSuccess: Timestamp?
        /// When the next fetch is due; nil if none is planned.
        public var nextRefresh: Timestamp?
        /// Why the last fetch failed; nil if it succeeded.
        public var problem: String?
        /// From this time on the keys are no longer used; nil if there are none.
        public var usableUntil: Timestamp?
        /// Whether the keys come from a file, so that they do not age.
        public var isOffline: Bool

        public init(
            tenantID: String, cloud: String, keyCount: Int, lastSuccess: Timestamp? = nil,
            nextRefresh: Timestamp? = nil, problem: String? = nil, usableUntil: Timestamp? = nil,
            isOffline: Bool = false
        ) {
            self.tenantID = tenantID
            self.cloud = cloud
            self.keyCount = keyCount
            self.lastSuccess = lastSuccess
            self.nextRefresh = nextRefresh
            self.problem = problem
            self.usableUntil = usableUntil
            self.isOffline = isOffline
        }
    }

    /// A certificate that the configuration names.
    public struct Certificate: Sendable, Hashable {
        /// The field of the configuration, for example `server.certificate`.
        public var field: String
        /// The certificate's subject in one line.
        public var subject: String
        /// When it expires.
        public var expires: Timestamp

        public init(field: String, subject: String, expires: Timestamp) {
            self.field = field
            self.subject = subject
            self.expires = expires
        }
    }

    /// The watches of all tenants together.
    public struct Watch: Sendable, Hashable {
        /// Number of watched principals.
        public var principals: Int
        /// When the oldest valid answer was requested.
        public var oldestAnswer: Timestamp?
        /// Number of principals whose account or groups changed in the last hour.
        public var changedCount: Int
        /// What Microsoft Graph does not permit.
        public var forbidden: String?

        public init(principals: Int, oldestAnswer: Timestamp?, changedCount: Int, forbidden: String?) {
            self.principals = principals
            self.oldestAnswer = oldestAnswer
            self.changedCount = changedCount
            self.forbidden = forbidden
        }
    }

    /// The program's version.
    public var version: String
    /// The cryptographic library, and its provider if only that one is used.
    public var cryptography: String
    /// Path of the configuration.
    public var configurationFile: String
    /// SHA-256 of the active configuration, as hexadecimal digits.
    public var configurationSHA256: String
    /// Why the files on disk are not active, and since when; nil if they are.
    public var refusedConfiguration: String?
    /// Number of deny list entries in force.
    public var deniedEntries: Int
    /// Nil if nobody is watched.
    public var watch: Watch?
    /// In the order of the configuration.
    public var tenants: [Tenant]
    /// The server's certificate, and the others that can expire.
    public var certificates: [Certificate]
    /// Display names by ID, in lower case, for people.
    public var names: [String: String]

    public init(
        version: String, cryptography: String = "", configurationFile: String, configurationSHA256: String,
        refusedConfiguration: String? = nil, deniedEntries: Int = 0, watch: Watch? = nil, tenants: [Tenant] = [],
        certificates: [Certificate] = [], names: [String: String] = [:]
    ) {
        self.version = version
        self.cryptography = cryptography
        self.configurationFile = configurationFile
        self.configurationSHA256 = configurationSHA256
        self.refusedConfiguration = refusedConfiguration
        self.deniedEntries = deniedEntries
        self.watch = watch
        self.tenants = tenants
        self.certificates = certificates
        self.names = names
    }
}
