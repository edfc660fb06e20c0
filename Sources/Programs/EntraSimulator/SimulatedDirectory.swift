public import Entra
internal import Jansson
internal import NIOConcurrencyHelpers
internal import NIOHTTP1
internal import OpenSSL

/// The part of Microsoft Graph that group overage needs: an application that may ask, and who is in which groups.
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

    /// `/v1.0/{users|servicePrincipals}/{id}/checkMemberGroups` or `…/getMemberObjects`, the latter in pages.
    func groups(_ request: SimulatedRequest, parts: [String]) -> SimulatedAnswer {
        guard request.authorization == "Bearer \(accessToken)" else {
            return .refusal(.unauthorized, "InvalidAuthenticationToken")
        }
        guard parts.count >= 4, ["users", "servicePrincipals"].contains(parts[1]), let id = GUID(parts[2]),
            let groups = memberships.withLockedValue({ $0[id] })
        else { return .refusal(.notFound, "Request_ResourceNotFound") }
        switch (request.method, parts[3]) {
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
