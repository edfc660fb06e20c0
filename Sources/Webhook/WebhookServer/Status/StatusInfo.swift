public import Timestamps

/// What the status page shows beside the server's own figures. Nothing of it may be secret.
public struct StatusInfo: Sendable, Hashable {
    public struct Tenant: Sendable, Hashable {
        public var tenantID: String
        public var cloud: String
        public var keyCount: Int
        public var lastSuccess: Timestamp?
        public var nextRefresh: Timestamp?
        /// Why the last fetch failed; nil when it did not.
        public var problem: String?

        public init(
            tenantID: String, cloud: String, keyCount: Int, lastSuccess: Timestamp? = nil,
            nextRefresh: Timestamp? = nil, problem: String? = nil
        ) {
            self.tenantID = tenantID
            self.cloud = cloud
            self.keyCount = keyCount
            self.lastSuccess = lastSuccess
            self.nextRefresh = nextRefresh
            self.problem = problem
        }
    }

    public struct Certificate: Sendable, Hashable {
        /// The field of the configuration, for example `server.certificate`.
        public var field: String
        public var subject: String
        public var expires: Timestamp

        public init(field: String, subject: String, expires: Timestamp) {
            self.field = field
            self.subject = subject
            self.expires = expires
        }
    }

    /// What the watches of all tenants know.
    public struct Watch: Sendable, Hashable {
        public var principals: Int
        /// When the oldest answer in force was asked for.
        public var oldestAnswer: Timestamp?
        /// Principals that lost or gained something in the last hour.
        public var changedCount: Int
        /// What Microsoft Graph forbids.
        public var forbidden: String?

        public init(principals: Int, oldestAnswer: Timestamp?, changedCount: Int, forbidden: String?) {
            self.principals = principals
            self.oldestAnswer = oldestAnswer
            self.changedCount = changedCount
            self.forbidden = forbidden
        }
    }

    public var version: String
    public var configurationFile: String
    /// Hexadecimal.
    public var configurationSHA256: String
    /// Why what is on disk is not in force, and since when; nil when it is.
    public var refusedConfiguration: String?
    /// Entries of the deny lists that are in force.
    public var deniedEntries: Int
    /// Nil where nobody is watched.
    public var watch: Watch?
    public var tenants: [Tenant]
    public var certificates: [Certificate]

    public init(
        version: String, configurationFile: String, configurationSHA256: String,
        refusedConfiguration: String? = nil, deniedEntries: Int = 0, watch: Watch? = nil, tenants: [Tenant] = [],
        certificates: [Certificate] = []
    ) {
        self.version = version
        self.configurationFile = configurationFile
        self.configurationSHA256 = configurationSHA256
        self.refusedConfiguration = refusedConfiguration
        self.deniedEntries = deniedEntries
        self.watch = watch
        self.tenants = tenants
        self.certificates = certificates
    }
}
