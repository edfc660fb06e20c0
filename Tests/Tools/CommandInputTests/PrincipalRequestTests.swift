import CommandInput
import Terminal
import Testing

@Suite struct PrincipalRequestTests {
    static let id = "5d24aaaa-bbbb-cccc-dddd-eeeeafa27aed"

    private func request(
        token: String? = nil, file: String? = nil, option: String? = nil, keys: [String] = [], claims: String? = nil,
        tenantID: String? = nil, objectID: String? = nil, user: String? = nil, groups: [String] = [],
        roles: [String] = [], isApp: Bool = false, at: String? = nil, isOnline: Bool = false
    ) -> PrincipalRequest {
        PrincipalRequest(
            source: TokenSource(token: token, file: file), tokenOption: option, keys: keys, claims: claims,
            description: .init(
                tenantID: tenantID, objectID: objectID, user: user, groups: groups, roles: roles, isApp: isApp),
            at: at, isOnline: isOnline)
    }

    @Test("exactly one principal, and only what goes with it")
    func check() throws {
        let id = PrincipalRequestTests.id
        for request in [
            request(), request(token: "abc", keys: ["k"], isOnline: true), request(file: "t"), request(option: "abc"),
            request(claims: "c.json"), request(groups: [id], roles: ["r"], isApp: true),
            request(user: "a@b", at: "2026-12-01T00:00:00Z"), request(objectID: "{\(id.uppercased())}"),
        ] { try request.check() }
        let refused: [(PrincipalRequest, String)] = [
            (request(token: "abc", claims: "c"), "give one of: a token; --claims; --group, --user and the like"),
            (request(claims: "c", isApp: true), "give one of: a token; --claims; --group, --user and the like"),
            (request(token: "abc", file: "t"), "give the token once"),
            (request(token: "abc", option: "abc"), "give the token once"),
            (request(keys: ["k"], claims: "c"), "--keys is for a token; claims and groups need no keys"),
            (request(user: "a", isOnline: true), "--online is for a token"),
            (request(user: ""), "--user must not be empty"),
            (request(roles: ["a", ""]), "--role must not be empty"),
            (request(objectID: ""), "--object-id must not be empty"),
            (request(groups: ["admins"]), "--group must be a group's object ID (a GUID), not a name"),
            (request(objectID: "x"), "--object-id must be an object ID (a GUID)"),
            (request(tenantID: "x"), "--tenant-id must be a tenant's ID (a GUID)"),
            (request(at: "x"), "--at must be \(TimeArgumentTests.form)"),
        ]
        for (request, sentence) in refused {
            #expect(throws: UsageProblem(sentence)) { try request.check() }
        }
    }

    @Test("standard input holds the token unless something else says who it is")
    func standardInput() {
        for request in [request(), request(token: "-"), request(option: "-"), request(keys: ["k"])] {
            #expect(request.readsStandardInput)
        }
        for request in [
            request(token: "abc"), request(file: "t"), request(claims: "c"), request(isApp: true), request(user: "a"),
        ] { #expect(!request.readsStandardInput) }
    }

    @Test("one target is denied, and a person at a terminal is asked for it")
    func denial() throws {
        let id = PrincipalRequestTests.id
        func target(
            _ objectID: String? = nil, client: String? = nil, tokenID: String? = nil, token: String? = nil,
            only: Bool = false
        ) -> DenialTarget {
            DenialTarget(
                objectID: objectID, clientAppID: client, tokenID: tokenID,
                source: TokenSource(token: token, file: nil), isOnlyToken: only)
        }
        try target(id).check(hasTerminal: true)
        try target(client: id).check(hasTerminal: true)
        try target(token: "abc", only: true).check(hasTerminal: true)
        try target().check(hasTerminal: false)
        let refused: [(DenialTarget, String)] = [
            (target(id, client: id), "give one of --object-id, --client-app-id, --token-id and a token"),
            (target(id, token: "abc"), "give one of --object-id, --client-app-id, --token-id and a token"),
            (target("x"), "--object-id must be an object ID (a GUID)"),
            (target(client: "x"), "--client-app-id must be an application ID (a GUID)"),
            (target(tokenID: ""), "--token-id must not be empty"),
            (target(id, only: true), "--only-this-token is for a token"),
            (target(token: "/"), "this is a file: use --token-file"),
            (
                target(),
                "give one of --object-id, --client-app-id and --token-id, or a token on standard input or with --token-file"
            ),
        ]
        for (target, sentence) in refused {
            #expect(throws: UsageProblem(sentence)) { try target.check(hasTerminal: true) }
        }
    }
}
