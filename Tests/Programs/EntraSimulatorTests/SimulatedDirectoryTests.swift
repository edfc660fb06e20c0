import Entra
import Jansson
import NIOHTTP1
import Testing

@testable import EntraSimulator

@Suite struct SimulatedDirectoryTests {
    static let endpoint = "https://localhost:1"

    static func id(_ number: Int) throws -> GUID {
        try #require(GUID("00000000-0000-0000-0001-\(String(100_000_000_000 + number))"))
    }

    static func directory() throws -> (directory: SimulatedDirectory, token: String) {
        let directory = SimulatedDirectory(endpoint: endpoint, clientID: try id(0))
        let body = "client_id=\(directory.clientID)&client_secret=\(directory.clientSecret)"
        let answer = directory.token(SimulatedRequest(method: .POST, body: Array(body.utf8)))
        let token = try #require(try JSONDocument(parsing: answer.body).root["access_token"]?.string)
        return (directory, token)
    }

    static func ask(
        _ directory: SimulatedDirectory, _ path: String, _ token: String, method: HTTPMethod = .POST,
        groups: [GUID] = []
    ) -> SimulatedAnswer {
        let body = JSON.object([("groupIds", JSON(groups.map(\.description)))]).render()
        let request = SimulatedRequest(method: method, path: path, authorization: "Bearer \(token)", body: body)
        return directory.groups(request, parts: path.split(separator: "/").map(String.init))
    }

    @Test("only the groups that were asked about are told")
    func checksMembership() throws {
        let (directory, token) = try Self.directory()
        directory.setGroups([try Self.id(1), try Self.id(2)], of: try Self.id(9))
        let path = "/v1.0/users/\(try Self.id(9))/checkMemberGroups"
        let answer = Self.ask(directory, path, token, groups: [try Self.id(2), try Self.id(3)])
        let values = try JSONDocument(parsing: answer.body).root["value"]?.array?.compactMap(\.string)
        #expect(values == [try Self.id(2).description])
    }

    @Test("all groups come in pages, each once")
    func pages() throws {
        let (directory, token) = try Self.directory()
        let groups = try (1...250).map { try Self.id($0) }
        directory.setGroups(groups, of: try Self.id(0))
        var path = "/v1.0/servicePrincipals/\(try Self.id(0))/getMemberObjects"
        var found: [String] = []
        var method = HTTPMethod.POST
        for _ in 0..<3 {
            let root = try JSONDocument(parsing: Self.ask(directory, path, token, method: method).body).root
            found += root["value"]?.array?.compactMap(\.string) ?? []
            guard let next = root["@odata.nextLink"]?.string else { break }
            path = String(next.dropFirst(Self.endpoint.count))
            method = .GET
        }
        #expect(found == groups.map(\.description))
    }

    @Test(
        "what is wrong is refused",
        arguments: [
            ("another token", "/v1.0/users/X/checkMemberGroups", false, HTTPResponseStatus.unauthorized),
            ("nobody of that ID", "/v1.0/users/Y/checkMemberGroups", true, .notFound),
            ("another collection", "/v1.0/groups/X/checkMemberGroups", true, .notFound),
            ("21 groups at once", "/v1.0/users/X/checkMemberGroups", true, .badRequest),
            ("another action", "/v1.0/users/X/delete", true, .methodNotAllowed),
        ])
    func refuses(name: String, path: String, isGenuine: Bool, status: HTTPResponseStatus) throws {
        let (directory, genuine) = try Self.directory()
        directory.setGroups([], of: try Self.id(9))
        let path = path.split(separator: "/", omittingEmptySubsequences: false)
            .map { $0 == "X" ? (try? Self.id(9).description) ?? "" : String($0) }.joined(separator: "/")
        let groups = try (0..<21).map { try Self.id($0) }
        #expect(Self.ask(directory, path, isGenuine ? genuine : "guess", groups: groups).status == status)
    }

    @Test("no token without the secret")
    func refusesToken() throws {
        let (directory, _) = try Self.directory()
        let body = Array("client_id=\(directory.clientID)&client_secret=guess".utf8)
        #expect(directory.token(SimulatedRequest(method: .POST, body: body)).status == .unauthorized)
    }

    @Test("a batch answers each question on its own")
    func batch() throws {
        let (directory, token) = try Self.directory()
        let (known, unknown, group) = (try Self.id(9), try Self.id(8), try Self.id(1))
        directory.setGroups([group], of: known)
        directory.setEnabled(false, of: known)
        let question = { (id: String, method: String, url: String) -> JSON in
            .object([
                ("id", .string(id)), ("method", .string(method)), ("url", .string(url)),
                ("body", .object([("groupIds", JSON([group.description]))])),
            ])
        }
        let body = JSON.object([
            (
                "requests",
                .array([
                    question("1", "GET", "/users/\(known)?$select=id,accountEnabled"),
                    question("2", "POST", "/users/\(known)/checkMemberGroups"),
                    question("3", "GET", "/users/\(unknown)"),
                ])
            )
        ]).render()
        let request = SimulatedRequest(
            method: .POST, path: "/v1.0/$batch", authorization: "Bearer \(token)", body: body)
        let root = try JSONDocument(parsing: directory.answer(request, parts: ["v1.0", "$batch"]).body).root
        let parts = root["responses"]?.array.map { Array($0) } ?? []
        #expect(parts.map { $0["status"]?.integer } == [200, 200, 404])
        #expect(parts.first?["body"]?["accountEnabled"]?.bool == false)
        #expect(parts.dropFirst().first?["body"]?["value"]?.array?.compactMap(\.string) == [group.description])
        #expect(parts.last?["body"]?["error"]?["code"]?.string == "Request_ResourceNotFound")
        directory.setEnabled(true, of: known)
        let again = try JSONDocument(parsing: directory.answer(request, parts: ["v1.0", "$batch"]).body).root
        #expect(again["responses"]?.array.map { Array($0) }?.first?["body"]?["accountEnabled"]?.bool == true)
    }
}
