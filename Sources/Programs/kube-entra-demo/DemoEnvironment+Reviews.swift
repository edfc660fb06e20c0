import Addresses
import HTTPSClient
import Jansson
import NIOCore
import NIOPosix

/// A user whose sign-in the API server remembers, as a token review has described it.
struct DemoSession: Sendable {
    let username: String
    let groups: [String]
    let extra: [(name: String, values: [String])]
}

/// Requests to the webhook, as kube-apiserver sends them.
extension DemoEnvironment {
    /// A token sent as kube-apiserver sends it, and what came back.
    func review(_ token: String) async throws -> DemoAnswer {
        let answer = try await tokenReview(token)
        guard let status = answer.root["status"] else { throw DemoError("the webhook answered without a status") }
        if status["authenticated"]?.bool == true {
            return .accepted(
                username: status["user"]?["username"]?.string ?? "",
                groups: status["user"]?["groups"]?.array?.compactMap(\.string) ?? [])
        }
        guard let error = status["error"]?.string else { return .foreign }
        return .refused(reason: Self.code(in: error))
    }

    /// Sends a token until the answer is the expected one, because a change takes a moment to have an effect. Returns
    /// the last answer after twenty seconds.
    func review(_ token: String, until expected: DemoAnswer) async throws -> DemoAnswer {
        try await ask(until: expected) { try await self.review(token) }
    }

    /// Signs in, and returns what the API server then remembers.
    func signIn(_ token: String) async throws -> DemoSession {
        let user = try await tokenReview(token).root["status"]?["user"]
        guard let username = user?["username"]?.string, let extra = user?["extra"]?.members else {
            throw DemoError("the webhook did not accept a token that it should have")
        }
        return DemoSession(
            username: username, groups: user?["groups"]?.array?.compactMap(\.string) ?? [],
            extra: extra.map { (name: $0.name, values: $0.value.array?.compactMap(\.string) ?? []) })
    }

    /// Sends requests of a user who is signed in until the answer is the expected one.
    func request(of session: DemoSession, until expected: DemoAnswer) async throws -> DemoAnswer {
        try await ask(until: expected) { try await self.accessReview(session) }
    }

    private func ask(until expected: DemoAnswer, _ question: () async throws -> DemoAnswer) async throws -> DemoAnswer {
        var answer = try await question()
        for _ in 0..<200 where answer != expected {
            try await Task.sleep(for: .milliseconds(100))
            answer = try await question()
        }
        return answer
    }

    private func tokenReview(_ token: String) async throws -> JSONDocument {
        try await post(
            "/authenticate?timeout=30s",
            .object([
                ("kind", "TokenReview"), ("apiVersion", "authentication.k8s.io/v1"),
                ("metadata", .object([("creationTimestamp", .null)])),
                (
                    "spec",
                    .object([("token", .string(token)), ("audiences", .array(["https://kubernetes.default.svc"]))])
                ),
                ("status", .object([("user", .object([]))])),
            ]))
    }

    /// Sends the access review that the API server sends before it serves a signed-in user's request. Without an
    /// opinion, the API server asks its next authorizer.
    private func accessReview(_ session: DemoSession) async throws -> DemoAnswer {
        let answer = try await post(
            "/authorize?timeout=30s",
            .object([
                ("kind", "SubjectAccessReview"), ("apiVersion", "authorization.k8s.io/v1"),
                (
                    "spec",
                    .object([
                        ("user", .string(session.username)), ("groups", JSON(session.groups)),
                        ("extra", .object(session.extra.map { ($0.name, JSON($0.values)) })),
                        (
                            "resourceAttributes",
                            .object([("namespace", "default"), ("verb", "get"), ("resource", "pods")])
                        ),
                    ])
                ),
            ]))
        guard answer.root["status"]?["denied"]?.bool == true else {
            return .accepted(username: session.username, groups: session.groups)
        }
        return .refused(reason: Self.code(in: answer.root["status"]?["reason"]?.string ?? ""))
    }

    private func post(_ path: String, _ body: JSON) async throws -> JSONDocument {
        guard let url = HTTPSURL("https://127.0.0.1:\(port)\(path)") else {
            throw DemoError("the webhook's address is none")
        }
        let request = HTTPSRequest(
            .post, url, headers: [(name: "Content-Type", value: "application/json")], body: body.render())
        let response = try await client.send(request, on: group.next()).get()
        return try JSONDocument(parsing: response.successBody())
    }

    /// The reason's code in `kube-entra: CODE: sentence`.
    private static func code(in error: String) -> String {
        let words = error.split(separator: ":").map { $0.drop { $0 == " " } }
        return words.count > 1 ? String(words[1]) : error
    }
}
