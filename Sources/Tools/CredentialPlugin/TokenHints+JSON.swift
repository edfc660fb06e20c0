import AccessPolicy
public import Configuration
import Entra
public import Jansson
import SafeText
public import Timestamps

extension TokenHints {
    static let apiVersion = "kube-entra.dev/v1"
    static let kind = "TokenHints"

    /// The public part of a configuration.
    public init(_ loaded: LoadedConfiguration, writtenAt: Timestamp) {
        self.init(
            writtenAt: writtenAt, configurationSHA256: loaded.contentSHA256,
            clockSkew: loaded.configuration.limits.clockSkew.components.seconds,
            tenants: loaded.configuration.tenants.map(\.trust))
    }

    /// A configuration with only these facts: it grants nothing to anybody.
    public var configuration: WebhookConfiguration {
        var configuration = WebhookConfiguration()
        configuration.tenants = tenants.map { TenantSettings(trust: $0, policy: TenantPolicy()) }
        configuration.limits.clockSkew = .seconds(clockSkew)
        return configuration
    }

    /// As `config hints` prints them and `kubeconfig user --explain` embeds them. Durations are written as in the
    /// configuration.
    public var json: JSON {
        .object([
            ("apiVersion", .string(TokenHints.apiVersion)),
            ("kind", .string(TokenHints.kind)),
            ("writtenAt", .string(writtenAt.rfc3339)),
            ("configurationSHA256", .string(configurationSHA256)),
            ("clockSkew", .string(DurationText.render(.seconds(clockSkew)))),
            ("tenants", .array(tenants.map(\.hint))),
        ])
    }
}

extension TokenValidationRules {
    /// What hints say about the tenant.
    fileprivate var hint: JSON {
        .object([
            ("tenantID", .string(tenantID.description)),
            ("cloud", .string(cloud.rawValue)),
            ("authority", JSON(authority)),
            ("audiences", JSON(audiences.map(\.text))),
            ("allowedClientAppIDs", JSON(allowedClientAppIDs.map(\.description))),
            ("subjects", JSON(SubjectKind.allCases.filter(subjects.contains).map(\.rawValue))),
            ("maximumTokenLifetime", .string(DurationText.render(.seconds(maximumTokenLifetime)))),
            ("groupOverage", .string(groupOverage.rawValue)),
            ("proofOfPossession", .string(proofOfPossession.rawValue)),
            ("clusterHost", JSON(clusterHost)),
        ])
    }
}

/// Why hints cannot be used.
public enum TokenHintsProblem: Error, Hashable, Sendable, CaseIterable {
    case notJSON
    case wrongKind
    case noTenants

    /// What is wrong, for people; contains nothing of the hints.
    public var sentence: String {
        switch self {
        case .notJSON: "they are not a JSON object"
        case .wrongKind: "their kind is not TokenHints"
        case .noTenants: "they name no tenant"
        }
    }
}

extension TokenHints {
    /// Reads as much of the hints as possible. Parts of another version that this program does not know are not
    /// checked, so that no token is wrongly called refused.
    ///
    /// - Throws: ``TokenHintsProblem`` if these are not hints.
    public init(decoding bytes: [UInt8]) throws(TokenHintsProblem) {
        guard let root = try? JSONDocument(parsing: bytes).root, root.kind == .object else { throw .notJSON }
        guard root["kind"]?.string == TokenHints.kind else { throw .wrongKind }
        guard let entries = root["tenants"]?.array, entries.count > 0 else { throw .noTenants }
        var unknown: Set<RefusalReason> = []
        var tenants: [TokenValidationRules] = []
        for entry in entries {
            if let tenant = TokenValidationRules(hint: entry, unknown: &unknown) {
                tenants.append(tenant)
            } else {
                // Its accepted issuers are unknown, so no issuer can be called untrusted.
                unknown.formUnion([.issuerNotTrusted, .tenantMismatch])
            }
        }
        guard !tenants.isEmpty else { throw .noTenants }
        self.init(
            writtenAt: root["writtenAt"]?.string.flatMap { Timestamp(rfc3339: $0) } ?? Timestamp(secondsSinceEpoch: 0),
            configurationSHA256: root["configurationSHA256"]?.string ?? "",
            clockSkew: root["clockSkew"]?.seconds ?? 60, tenants: tenants)
        self.unknown = unknown
    }
}

extension TokenValidationRules {
    fileprivate init?(hint json: JSONValue, unknown: inout Set<RefusalReason>) {
        guard json.kind == .object, let tenantID = json["tenantID"]?.string.flatMap({ GUID($0) }) else { return nil }
        let authority = json["authority"]?.string
        let cloud = json["cloud"].map { $0.string.flatMap { Cloud(rawValue: $0) } } ?? .public
        // An unknown cloud has unknown issuers.
        guard cloud != nil || authority != nil else { return nil }
        let audiences = json["audiences"]?.strings
        if audiences == nil { unknown.insert(.audienceNotAccepted) }
        let clients = json["allowedClientAppIDs"]?.strings?.map { GUID($0) }
        let areClientsKnown = clients?.allSatisfy { $0 != nil } ?? false
        if !areClientsKnown { unknown.insert(.clientAppNotAllowed) }
        let kinds = json["subjects"]?.strings?.map { SubjectKind(rawValue: $0) }
        if !(kinds?.allSatisfy { $0 != nil } ?? false) { unknown.insert(.subjectKindNotAllowed) }
        let lifetime = json["maximumTokenLifetime"]?.seconds
        if lifetime == nil { unknown.insert(.tokenLifetimeTooLong) }
        let proof = json["proofOfPossession"]?.string.flatMap { ProofOfPossessionRule(rawValue: $0) }
        if proof == nil { unknown.formUnion([.proofOfPossessionRequired, .proofOfPossessionNotAccepted]) }
        self.init(
            tenantID: tenantID, cloud: cloud ?? .public, authority: authority, audiences: audiences ?? [],
            allowedClientAppIDs: areClientsKnown ? clients?.compactMap { $0 } ?? [] : [],
            subjects: Set(kinds?.compactMap { $0 } ?? []), maximumTokenLifetime: lifetime ?? .max,
            groupOverage: json["groupOverage"]?.string.flatMap { GroupOverageRule(rawValue: $0) } ?? .deny,
            proofOfPossession: proof ?? .accept, clusterHost: json["clusterHost"]?.string)
    }
}

extension JSONValue {
    /// A duration in whole seconds: `29h`, or a number of seconds.
    fileprivate var seconds: Int64? {
        if let integer, integer >= 0 { return integer }
        return string.flatMap { DurationText.parse($0) }?.components.seconds
    }

    /// A list of strings; nil for anything else.
    fileprivate var strings: [String]? {
        guard let array else { return nil }
        let strings = array.compactMap(\.string)
        return strings.count == array.count ? strings : nil
    }
}
