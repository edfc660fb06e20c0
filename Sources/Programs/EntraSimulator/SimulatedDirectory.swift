public import Entra
import Jansson
import NIOConcurrencyHelpers
import NIOHTTP1
import OpenSSL

/// The parts of Microsoft Graph that group overage and the watch need: an application that may ask, who is in which
/// groups, and whose account is enabled.
public final class SimulatedDirectory: Sendable {
    /// Entra returns pages of this size.
    private static let pageSize = 100

    /// Base of its URLs, without a trailing slash.
    public let endpoint: String
    /// The application that may ask.
    public let clientID: GUID
    /// The application's secret, random for each directory.
    public let clientSecret: String
    private let accessToken: String
    private let memberships = NIOLockedValueBox<[GUID: [GUID]]>([:])
    private let disabled = NIOLockedValueBox<Set<GUID>>([])

    /// A directory without principals.
    public init(endpoint: String, clientID: GUID) {
        self.endpoint = endpoint
        self.clientID = clientID
        clientSecret = SimulatedDirectory.random()
        accessToken = SimulatedDirectory.random()
    }

    private static func random() -> String {
        randomBytes(24).map { String($0, radix: 16) }.joined()
    }

    /// Puts a user or an application into these groups and no others.
    public func setGroups(_ groups: [GUID], of objectID: GUID) {
        memberships.withLockedValue { $0[objectID] = groups }
    }

    /// Enables or disables an account.
    public func setEnabled(_ isEnabled: Bool, of objectID: GUID) {
        _ = disabled.withLockedValue { isEnabled ? $0.remove(objectID) : $0.insert(objectID).memberAfterInsert }
    }

    /// A token for an application with the right secret.
    func token(_ request: SimulatedRequest) -> SimulatedAnswer {
        let fields = String(decoding: request.body, as: UTF8.self).split(separator: "&")
        guard fields.contains("client_id=\(clientID)"), fields.contains("client_secret=\(clientSecret)") else {
            return .refusal(.unauthorized, "invalid_client")
        }
        return SimulatedAnswer(
            body: JSON.object([
                ("token_type", "Bearer"), ("expires_in", .integer(3599)), ("access_token", .string(accessToken)),
            ]).render())
    }

    /// `/v1.0/$batch` with at most 20 questions, or one question alone.
    func answer(_ request: SimulatedRequest, parts: [String]) -> SimulatedAnswer {
        guard parts.count == 2, parts[1] == "$batch" else { return groups(request, parts: parts) }
        guard let questions = try? JSONDocument(parsing: request.body).root["requests"]?.array, questions.count <= 20
        else { return .refusal(.badRequest, "Request_BadRequest") }
        let responses = questions.map { question -> JSON in
            let path = question["url"]?.string?.prefix { $0 != "?" } ?? ""
            let single = SimulatedRequest(
                method: question["method"]?.string == "POST" ? .POST : .GET, path: "/v1.0\(path)",
                authorization: request.authorization, body: question["body"].map { JSON($0).render() } ?? [])
            let answer = groups(single, parts: single.path.split(separator: "/").map(String.init))
            return .object([
                ("id", JSON(question["id"]?.string)), ("status", .integer(Int64(answer.status.code))),
                ("body", (try? JSONDocument(parsing: answer.body)).map { JSON($0.root) } ?? .null),
            ])
        }
        return SimulatedAnswer(body: JSON.object([("responses", .array(responses))]).render())
    }

    /// `/v1.0/{users|servicePrincipals}/{id}`, `…/checkMemberGroups` or `…/getMemberObjects`, the latter in pages.
    func groups(_ request: SimulatedRequest, parts: [String]) -> SimulatedAnswer {
        guard request.authorization == "Bearer \(accessToken)" else {
            return .refusal(.unauthorized, "InvalidAuthenticationToken")
        }
        guard parts.count >= 3, ["users", "servicePrincipals"].contains(parts[1]), let id = GUID(parts[2]),
            let groups = memberships.withLockedValue({ $0[id] })
        else { return .notFound }
        if parts.count == 3, request.method == .GET {
            let isEnabled = disabled.withLockedValue { !$0.contains(id) }
            return SimulatedAnswer(
                body: JSON.object([("id", .string(id.description)), ("accountEnabled", .bool(isEnabled))]).render())
        }
        switch (request.method, parts.count > 3 ? parts[3] : "") {
        case (.POST, "checkMemberGroups"):
            guard let asked = try? JSONDocument(parsing: request.body).root["groupIds"]?.array, asked.count <= 20 else {
                return .refusal(.badRequest, "Request_BadRequest")
            }
            let known = Set(asked.compactMap { $0.string.flatMap(GUID.init) })
            return page(groups.filter(known.contains), next: nil)
        case (.POST, "getMemberObjects"), (.GET, "getMemberObjects"):
            let number = parts.count > 4 ? Int(parts[4]) ?? 0 : 0
            let start = max(0, min(number * Self.pageSize, groups.count))
            let end = min(start + Self.pageSize, groups.count)
            let address = "\(endpoint)/v1.0/\(parts[1])/\(id)/getMemberObjects/\(number + 1)"
            return page(Array(groups[start..<end]), next: end < groups.count ? address : nil)
        default: return .refusal(.methodNotAllowed, "Request_BadRequest")
        }
    }

    private func page(_ groups: [GUID], next: String?) -> SimulatedAnswer {
        var members: [(String, JSON)] = [("value", JSON(groups.map(\.description)))]
        if let next { members.append(("@odata.nextLink", .string(next))) }
        return SimulatedAnswer(body: JSON.object(members).render())
    }
}
