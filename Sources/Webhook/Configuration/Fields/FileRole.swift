/// The purpose of a file that the configuration names.
public enum FileRole: String, Hashable, Sendable, CaseIterable {
    case serverCertificate
    case serverKey
    case clientCA
    case authorityCA
    case graphCA
    case clientSecret
    case clientCertificate
    case federatedToken
    case signingKeys
    case keyCache
    case deniedList
    case names
    case audit

    /// Whether the webhook creates the file if it does not exist.
    public var isWritten: Bool { self == .keyCache || self == .audit }

    /// Whether only the webhook may be able to read it.
    public var isSecret: Bool {
        switch self {
        case .serverKey, .clientSecret, .clientCertificate, .federatedToken: true
        case .serverCertificate, .clientCA, .authorityCA, .graphCA, .signingKeys, .keyCache, .deniedList, .names,
            .audit:
            false
        }
    }

    /// A path that could be in a file.
    var example: String {
        switch self {
        case .serverCertificate: "certs/server.crt"
        case .serverKey: "certs/server.key"
        case .clientCA: "certs/client-ca.crt"
        case .authorityCA: "authority-ca.crt"
        case .graphCA: "graph-ca.crt"
        case .clientSecret: "secret"
        case .clientCertificate: "graph.pem"
        case .federatedToken: "/var/run/secrets/azure/tokens/azure-identity-token"
        case .signingKeys: "keys.json"
        case .keyCache: "/var/lib/kube-entra/keys.json"
        case .deniedList: "denied.json"
        case .names: "names.json"
        case .audit: "/var/log/kube-entra/audit.jsonl"
        }
    }

    /// The role's description in documents.
    var words: String {
        switch self {
        case .serverCertificate: "a file with a certificate chain in PEM"
        case .serverKey: "a file with a private key in PEM"
        case .clientCA, .authorityCA, .graphCA: "a file with CA certificates in PEM"
        case .clientSecret: "a file with a client secret"
        case .clientCertificate: "a file with a certificate and its private key in PEM"
        case .federatedToken: "a file with a token"
        case .signingKeys: "a file of signing keys (JSON)"
        case .keyCache: "a file that is written, for signing keys"
        case .deniedList: "a file of denied entries (JSON)"
        case .names: "a file of display names (JSON)"
        case .audit: "a file that is appended to"
        }
    }
}
