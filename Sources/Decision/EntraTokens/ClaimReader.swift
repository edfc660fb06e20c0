import Jansson
import Timestamps

/// A claim that is read from every token.
enum Claim: Int, CaseIterable {
    case issuer
    case audience
    case version
    case tenantID
    case objectID
    case appID
    case authorizedParty
    case userPrincipalName
    case expires
    case notBefore
    case issuedAt
    case scopes
    case roles
    case tokenID
    case identityType
    case identityProvider
    case account
    case identityRelations
    case subjectFacets
    case actorFacets
    case managedIdentityResource
    case confirmation
    case groups
    case claimNames
    case hasGroups

    /// Its name in the token.
    var name: StaticString {
        switch self {
        case .issuer: "iss"
        case .audience: "aud"
        case .version: "ver"
        case .tenantID: "tid"
        case .objectID: "oid"
        case .appID: "appid"
        case .authorizedParty: "azp"
        case .userPrincipalName: "upn"
        case .expires: "exp"
        case .notBefore: "nbf"
        case .issuedAt: "iat"
        case .scopes: "scp"
        case .roles: "roles"
        case .tokenID: "uti"
        case .identityType: "idtyp"
        case .identityProvider: "idp"
        case .account: "acct"
        case .identityRelations: "xms_idrel"
        case .subjectFacets: "xms_sub_fct"
        case .actorFacets: "xms_act_fct"
        case .managedIdentityResource: "xms_mirid"
        case .confirmation: "cnf"
        case .groups: "groups"
        case .claimNames: "_claim_names"
        case .hasGroups: "hasgroups"
        }
    }

    /// The names of all claims. A name's number in the list is the claim's raw value.
    static let names = JSONNameList(allCases.map(\.name))
}

/// Reads single claims and remembers which of them had the wrong form.
///
/// One pass over the token's members finds all claims. Each is read only when it is asked for.
struct ClaimReader<Value: JSONReadable> {
    /// By the raw value of ``Claim``, which has 25 cases.
    private var values = InlineArray<25, Value?>(repeating: nil)
    private(set) var malformed: [String] = []

    /// Where the payload begins in memory; nil if the claims are not read from its bytes.
    private let base: UnsafeRawPointer?

    init(_ json: some JSONReadable<Value>, base: UnsafeRawPointer?) {
        self.base = base
        json.forEachMember(of: Claim.names) { number, value in values[number] = value }
    }

    /// The claim's value as the token has it; nil if it is missing.
    subscript(_ claim: Claim) -> Value? { values[claim.rawValue] }

    mutating func refuse(_ claim: Claim) {
        let name = "\(claim.name)"
        if !malformed.contains(name) { malformed.append(name) }
    }

    mutating func text(_ claim: Claim) -> String? {
        guard let value = self[claim] else { return nil }
        guard let text = value.string else {
            refuse(claim)
            return nil
        }
        return text
    }

    /// Like ``text(_:)``, but makes no string if the payload has the text without escapes.
    mutating func place(_ claim: Claim) -> ClaimText? {
        if let base, let bytes = self[claim]?.plainBytes, let start = bytes.baseAddress {
            return .place(start: start - base, count: bytes.count)
        }
        return text(claim).map { .string($0) }
    }

    /// Reads a claim that becomes a user name. Rejects control and direction characters anywhere, blanks and invisible
    /// characters at either end, and more than 1,024 bytes; empty counts as absent.
    mutating func name(_ claim: Claim) -> String? {
        guard let text = text(claim), !text.isEmpty else { return nil }
        guard text.utf8.count <= 1024, NameForm.isUsable(text) else {
            refuse(claim)
            return nil
        }
        return text
    }

    mutating func time(_ claim: Claim) -> Timestamp? {
        guard let value = self[claim] else { return nil }
        guard let seconds = value.integer else {
            refuse(claim)
            return nil
        }
        return Timestamp(secondsSinceEpoch: seconds)
    }

    /// An integer, also when it is written as a string: `acct` has been seen in both forms.
    mutating func number(_ claim: Claim) -> Int64? {
        guard let value = self[claim] else { return nil }
        if let number = value.integer { return number }
        if let text = value.string, let number = Int64(text) { return number }
        refuse(claim)
        return nil
    }

    mutating func texts(_ claim: Claim) -> [String] {
        guard let value = self[claim] else { return [] }
        guard let array = value.array else {
            refuse(claim)
            return []
        }
        var texts: [String] = []
        for element in array {
            guard let text = element.string else {
                refuse(claim)
                return []
            }
            texts.append(text)
        }
        return texts
    }
}
