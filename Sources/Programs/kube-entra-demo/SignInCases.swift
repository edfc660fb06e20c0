import Entra
import EntraSimulator
import Jansson
import Timestamps

/// The answer to the API server about one token.
enum DemoAnswer: Equatable {
    case accepted(username: String, groups: [String])
    case refused(reason: String)
    /// Another authenticator's token: the answer has no reason.
    case foreign
}

/// Who signs in, and the expected answer.
struct SignInCases {
    struct SignIn {
        let name: String
        let token: String
        let expected: DemoAnswer
    }

    static let admins = "5d24aaaa-bbbb-cccc-dddd-eeeeafa27aed"
    static let developers = "9999aaaa-bbbb-cccc-dddd-eeeeffff0000"
    static let adminName = "kube-entra:cluster-admins"

    let parts: [SignIn]
    /// More groups than a token can list; the admins are among them.
    let crowd: [GUID]
    let crowdedID: GUID
    let crowded: String
    let expired: String
    /// The token of a developer, as it was sent before.
    let developer: String
    let adminID: GUID
    let adminsID: GUID

    private static func id(_ number: Int) throws -> GUID {
        guard let id = GUID("0b1ec700-0000-0000-0000-00000000000\(number)") else { throw DemoError("no such ID") }
        return id
    }

    /// The admin's token as the tenant would issue it now.
    func admin(of tenant: SimulatedTenant) -> SimulatedToken {
        var token = SimulatedToken(.user, tenant: tenant, audience: DemoEnvironment.audience, objectID: adminID)
        token.setGroups([adminsID])
        return token
    }

    init(_ environment: DemoEnvironment) throws {
        func id(_ number: Int) throws -> GUID { try SignInCases.id(number) }
        func token(
            _ kind: SimulatedToken.Kind, _ number: Int, name: String = "ada", version: TokenVersion = .v2,
            groups: [GUID] = [], tenant: SimulatedTenant? = nil
        ) throws -> SimulatedToken {
            var token = SimulatedToken(
                kind, tenant: tenant ?? environment.tenant, audience: DemoEnvironment.audience,
                objectID: try id(number), name: name,
                version: version)
            token.setGroups(groups)
            return token
        }
        guard let admins = GUID(SignInCases.admins), let developers = GUID(SignInCases.developers) else {
            throw DemoError("the demo's groups are no IDs")
        }
        adminID = try id(1)
        adminsID = admins
        crowd = [admins] + (0..<200).compactMap { GUID("00000000-0000-0000-0001-\(String(100_000_000_000 + $0))") }
        crowdedID = try id(8)
        crowded = try token(.user, 8, name: "judy", groups: crowd).signed()
        var expired = try token(.user, 7, groups: [admins])
        let past = Timestamp.now().secondsSinceEpoch - 7200
        for claim in ["iat", "nbf"] { expired[claim] = .integer(past) }
        expired["exp"] = .integer(past + 3600)
        self.expired = try expired.signed()
        developer = try token(.user, 2, name: "grace", groups: [developers]).signed()

        parts = [
            SignIn(
                name: "an admin",
                token: try token(.user, 1, version: .v1, groups: [admins]).signed(),
                expected: .accepted(username: "ada@example.com", groups: [SignInCases.adminName, SignInCases.admins])),
            SignIn(
                name: "a developer of a mapped group",
                token: developer,
                expected: .accepted(username: "grace@example.com", groups: ["developers", SignInCases.developers])),
            SignIn(
                name: "a member without groups",
                token: try token(.user, 3, name: "alan").signed(),
                expected: .accepted(username: "alan@example.com", groups: [])),
            SignIn(
                name: "a guest",
                token: try token(.guest, 4, name: "kurt", groups: [developers]).signed(),
                expected: .accepted(username: try id(4).description, groups: ["developers", SignInCases.developers])),
            SignIn(
                name: "a service principal, admin",
                token: try token(.app, 5, groups: [admins]).signed(),
                expected: .accepted(
                    username: try id(5).description, groups: [SignInCases.adminName, SignInCases.admins])),
            SignIn(
                name: "a managed identity",
                token: try token(.managedIdentity, 6, name: "builder").signed(),
                expected: .accepted(username: try id(6).description, groups: [])),
            SignIn(
                name: "a user in 201 groups",
                token: crowded,
                expected: .refused(reason: "group_overage")),
            SignIn(name: "an expired token", token: self.expired, expected: .refused(reason: "token_expired")),
            SignIn(
                name: "a token of another tenant",
                token: try token(.user, 9, groups: [admins], tenant: environment.otherTenant).signed(),
                expected: .foreign),
            SignIn(
                name: "a forged signature",
                token: try token(.user, 1, groups: [admins]).signed(with: SimulatedKey()),
                expected: .refused(reason: "signature_invalid")),
            SignIn(
                name: "another cluster's account",
                token: try SimulatedToken.serviceAccount(signedWith: SimulatedKey()),
                expected: .foreign),
        ]
    }
}
