public import Jansson

/// The messages between kubectl and an exec plugin.
public struct ExecCredential: Sendable {
    /// The bearer token; nil if the plugin returned only a certificate.
    public var token: String?
    /// Whether the plugin returned a client certificate.
    public var hasClientCertificate: Bool
    /// `expirationTimestamp`, as the plugin wrote it.
    public var expires: String?

    static let versions = ["client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1"]

    /// The value of `KUBERNETES_EXEC_INFO`.
    public static func request(apiVersion: String, isInteractive: Bool, cluster: JSON?) -> String {
        var spec: [(String, JSON)] = [("interactive", .bool(isInteractive))]
        if let cluster { spec.append(("cluster", cluster)) }
        return JSON.object([
            ("kind", "ExecCredential"), ("apiVersion", .string(apiVersion)), ("spec", .object(spec)),
        ]).text()
    }

    /// Reads a plugin's output.
    ///
    /// - Throws: ``ExecCredentialProblem`` if kubectl would not accept it.
    public init(decoding bytes: [UInt8], apiVersion: String) throws(ExecCredentialProblem) {
        guard !bytes.allSatisfy({ $0 == 10 || $0 == 13 || $0 == 32 }) else { throw .nothing }
        guard let root = try? JSONDocument(parsing: bytes).root, root.kind == .object else { throw .notJSON }
        guard root["kind"]?.string == "ExecCredential" else { throw .wrongKind }
        guard root["apiVersion"]?.string == apiVersion else { throw .wrongVersion }
        try self.init(status: root)
    }

    /// Like ``init(decoding:apiVersion:)``, in any version that kubectl knows, for callers who do not know the
    /// kubeconfig's version.
    public init(decodingAnyVersion bytes: [UInt8]) throws(ExecCredentialProblem) {
        guard let root = try? JSONDocument(parsing: bytes, maximumBytes: max(bytes.count, 1)).root, root.kind == .object
        else { throw .notJSON }
        guard root["kind"]?.string == "ExecCredential" else { throw .wrongKind }
        guard let version = root["apiVersion"]?.string, ExecCredential.versions.contains(version) else {
            throw .wrongVersion
        }
        try self.init(status: root)
    }

    private init(status root: JSONValue) throws(ExecCredentialProblem) {
        guard let status = root["status"], status.kind == .object else { throw .noCredential }
        token = status["token"]?.string.flatMap { $0.isEmpty ? nil : $0 }
        hasClientCertificate = status["clientCertificateData"]?.string?.isEmpty == false
        expires = status["expirationTimestamp"]?.string
        guard token != nil || hasClientCertificate else { throw .noCredential }
    }
}

/// Why a plugin's output is not a credential.
public enum ExecCredentialProblem: Error, Hashable, Sendable, CaseIterable {
    case nothing
    case notJSON
    case wrongKind
    case wrongVersion
    case noCredential

    /// What is wrong, for people.
    public var sentence: String {
        switch self {
        case .nothing: "it ended well but printed nothing"
        case .notJSON: "it printed something that is not JSON"
        case .wrongKind: "it printed JSON that is no ExecCredential"
        case .wrongVersion: "it answered in another apiVersion than the kubeconfig's, which kubectl refuses"
        case .noCredential: "it printed an ExecCredential without a token"
        }
    }
}

extension ExecPlugin {
    /// Why kubectl would refuse to run the plugin; nil if it would run it.
    ///
    /// - Parameter hasTerminal: whether somebody can answer the plugin.
    public func refusal(hasTerminal: Bool) -> Refusal? {
        if command.isEmpty { return .noCommand }
        if apiVersion == "client.authentication.k8s.io/v1alpha1" { return .removedVersion }
        guard ExecCredential.versions.contains(apiVersion) else { return .unknownVersion }
        if apiVersion.hasSuffix("/v1"), interactiveMode == nil { return .noInteractiveMode }
        if interactiveMode == .always, !hasTerminal { return .noTerminal }
        return nil
    }

    /// Whether the plugin may ask questions.
    public func isInteractive(hasTerminal: Bool) -> Bool {
        interactiveMode != .never && hasTerminal
    }

    /// Why kubectl does not run a plugin.
    public enum Refusal: Hashable, Sendable {
        case noCommand, removedVersion, unknownVersion, noInteractiveMode, noTerminal

        /// What is wrong, for people.
        public var sentence: String {
            switch self {
            case .noCommand: "exec has no command"
            case .removedVersion: "exec has the apiVersion v1alpha1, which kubectl does not know since 1.24"
            case .unknownVersion: "exec has no apiVersion that kubectl knows"
            case .noInteractiveMode: "exec has the apiVersion v1, which needs interactiveMode"
            case .noTerminal: "the plugin must ask questions, and there is no terminal"
            }
        }

        /// What to do about it.
        public var hint: String {
            switch self {
            case .noCommand: "set command: kubelogin"
            case .removedVersion, .unknownVersion: "set apiVersion: client.authentication.k8s.io/v1beta1"
            case .noInteractiveMode: "add interactiveMode: IfAvailable"
            case .noTerminal: "run it in a terminal, or use a way to sign in that asks nothing, such as azurecli"
            }
        }
    }
}
