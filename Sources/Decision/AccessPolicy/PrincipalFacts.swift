public import Entra
public import Timestamps

/// What an answer says about a principal besides its name and groups.
///
/// The facts become text only when the answer is written, so that they need little memory in a cached decision.
public struct PrincipalFacts: Hashable, Sendable {
    /// The principal's object ID.
    public var objectID: GUID
    /// The tenant's ID.
    public var tenantID: GUID
    /// The token's `iat`; nil when it is missing.
    public var issuedAt: Timestamp?
    /// The client application's ID exactly as in the token; nil when it is missing.
    public var clientAppID: String?
    /// User, guest, application or another kind of subject.
    public var kind: SubjectKind
    /// The admin groups that matched.
    public var adminGroups: [GUID]
    /// The reasons of the emergency entries that were used.
    public var emergencyReasons: [String]
    /// The token's `uti`; nil when it is missing.
    public var tokenID: String?

    /// The values of one entry of `extra`.
    public enum Values {
        case id(GUID)
        case ids([GUID])
        case number(Int64)
        case text(String)
        case texts([String])
        /// A text from the token, after a constant prefix.
        case prefixed(StaticString, String)
    }

    /// Calls a closure with the entries of `extra` in their order.
    public func forEachEntry(_ body: (_ name: StaticString, _ values: Values) -> Void) {
        body("oid", .id(objectID))
        body("kube-entra.dev/tenant-id", .id(tenantID))
        // The only way in which an access review can know the token's age.
        if let issuedAt { body("kube-entra.dev/token-issued-at", .number(issuedAt.secondsSinceEpoch)) }
        if let clientAppID { body("kube-entra.dev/client-app-id", .text(clientAppID)) }
        body("kube-entra.dev/subject-kind", .text(kind.rawValue))
        if !adminGroups.isEmpty { body("kube-entra.dev/admin-group-object-id", .ids(adminGroups)) }
        if !emergencyReasons.isEmpty { body("kube-entra.dev/emergency-access", .texts(emergencyReasons)) }
        if let tokenID, !tokenID.isEmpty {
            body("authentication.kubernetes.io/credential-id", .prefixed("JTI=", tokenID))
        }
    }

    /// The entries of `extra`.
    var extra: [ExtraEntry] {
        var extra: [ExtraEntry] = []
        forEachEntry { name, values in extra.append(ExtraEntry(name: "\(name)", values: values.texts)) }
        return extra
    }
}

extension PrincipalFacts.Values {
    fileprivate var texts: [String] {
        switch self {
        case .id(let id): [id.description]
        case .ids(let ids): ids.map(\.description)
        case .number(let number): [String(number)]
        case .text(let text): [text]
        case .texts(let texts): texts
        case .prefixed(let prefix, let text): ["\(prefix)\(text)"]
        }
    }
}
