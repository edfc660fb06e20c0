public import Authentication
public import Entra

/// How the application authenticates to Entra. Files are read again for each token.
public enum DirectoryCredential: Hashable, Sendable {
    case clientSecretFile(String)
    case clientCertificateFile(String)
    case federatedTokenFile(String)
    case managedIdentity
}

/// About which groups the directory is asked.
public enum DirectoryGroupScope: String, Hashable, Sendable, CaseIterable {
    case configured
    case all
}

/// Whose account and membership are checked again while their tokens live.
public enum DirectoryWatch: String, Hashable, Sendable, CaseIterable {
    case off
    case admins
    case everyone
}

/// What happens to watched principals after Microsoft Graph has not answered for three times `watchEvery`.
public enum DirectorySilence: String, Hashable, Sendable, CaseIterable {
    /// The last answer stays valid.
    case keep
    /// The principals are refused.
    case refuse
}

/// Access to Microsoft Graph, for group overage and for watching principals: the configuration's `directory`.
public struct DirectorySettings: Hashable, Sendable {
    /// The application that may read group memberships; nil with a managed identity.
    public var clientID: GUID?
    /// Path of the application's secret. Exactly one of the four credentials is set.
    public var clientSecretFile: String?
    /// Path of the application's certificate and private key in PEM.
    public var clientCertificateFile: String?
    /// Path of a token of the cluster's own issuer (workload identity).
    public var federatedTokenFile: String?
    /// Whether to use the managed identity of the machine.
    public var managedIdentity = false
    /// About which groups the directory is asked.
    public var groups = DirectoryGroupScope.configured
    /// Time for one request.
    public var timeout = Duration.seconds(2)
    /// How long an answer is fresh.
    public var cacheFor = Duration.seconds(300)
    /// How much longer an answer is used while Microsoft Graph is unavailable.
    public var staleFor = Duration.zero
    /// Replaces the cloud's Graph address: `https://…` without a trailing slash.
    public var graphEndpoint: String?
    /// Path of the CA of that address; nil for the system's authorities.
    public var graphCA: String?
    /// Whose account and membership are checked again while their tokens live.
    public var watch = DirectoryWatch.off
    /// Time between two questions about the same principal, so the longest time until a change takes effect.
    public var watchEvery = Duration.seconds(30)
    /// What happens if Microsoft Graph does not answer.
    public var whenSilent = DirectorySilence.keep

    /// The defaults, without a credential.
    public init() {}

    /// The defaults with one credential.
    public init(clientID: GUID?, credential: DirectoryCredential) {
        self.clientID = clientID
        switch credential {
        case .clientSecretFile(let path): clientSecretFile = path
        case .clientCertificateFile(let path): clientCertificateFile = path
        case .federatedTokenFile(let path): federatedTokenFile = path
        case .managedIdentity: managedIdentity = true
        }
    }

    /// The one credential that is set.
    public var credential: DirectoryCredential {
        if let clientSecretFile { return .clientSecretFile(clientSecretFile) }
        if let clientCertificateFile { return .clientCertificateFile(clientCertificateFile) }
        if let federatedTokenFile { return .federatedTokenFile(federatedTokenFile) }
        return .managedIdentity
    }
}

extension DirectorySettings {
    /// Nil if nobody is watched.
    public var watchRule: WatchRule? {
        let refuses = whenSilent == .refuse
        return switch watch {
        case .off: nil
        case .admins: WatchRule(scope: .admins, refusesInSilence: refuses)
        case .everyone: WatchRule(scope: .everyone, refusesInSilence: refuses)
        }
    }
}
