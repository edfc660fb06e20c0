import Entra
import Jansson
import Timestamps

/// One question about one principal.
struct WatchQuestion: Hashable, Sendable {
    enum Kind: Hashable, Sendable {
        case account
        /// Asks which of these groups, at most 20, the principal is a member of.
        case membership([GUID])
    }

    var objectID: GUID
    var collection: DirectoryCollection
    var kind: Kind
}

/// The reply to one question.
enum WatchReply: Hashable, Sendable {
    case account(isEnabled: Bool, sessionsValidFrom: Timestamp?)
    /// The groups among the asked ones that contain the principal.
    case members([GUID])
    /// The principal is deleted.
    case deleted
    case forbidden
    /// No questions about this principal for that many seconds.
    case throttled(seconds: Int64)
    case unauthorized
    /// An answer, but not about the principal: another 404, or a form that Graph does not use.
    case unclear
    case failed

    /// Whether the directory has answered about the principal.
    var isAnswer: Bool {
        switch self {
        case .account, .members, .deleted: true
        case .forbidden, .throttled, .unauthorized, .unclear, .failed: false
        }
    }
}

/// Many questions in one request to Microsoft Graph.
///
/// Source: Microsoft Graph, JSON batching: at most 20 requests; answers come in any order, each with a status.
enum WatchBatch {
    static let size = 20
    /// Graph accepts at most this number of groups in one `checkMemberGroups`.
    static let groupsInQuestion = 20

    static func encode(_ questions: [WatchQuestion]) -> [UInt8] {
        JSON.object([
            ("requests", .array(questions.enumerated().map { request(id: $0 + 1, $1) }))
        ]).render()
    }

    private static func request(id: Int, _ question: WatchQuestion) -> JSON {
        let principal = "/\(question.collection.rawValue)/\(question.objectID)"
        switch question.kind {
        case .account:
            let fields =
                question.collection == .users
                ? "id,accountEnabled,signInSessionsValidFromDateTime" : "id,accountEnabled"
            return .object([
                ("id", .string(String(id))), ("method", "GET"), ("url", .string("\(principal)?$select=\(fields)")),
            ])
        case .membership(let groups):
            return .object([
                ("id", .string(String(id))), ("method", "POST"), ("url", .string("\(principal)/checkMemberGroups")),
                ("headers", .object([("Content-Type", "application/json")])),
                ("body", .object([("groupIds", JSON(groups.map(\.description)))])),
            ])
        }
    }

    /// One reply for each question, in their order. A missing or malformed part counts as failed, and one that is there
    /// twice is unclear: nobody knows which of the two is true.
    ///
    /// - Parameter now: by the server's clock.
    static func decode(_ document: JSONDocument, questions: [WatchQuestion], now: Timestamp) -> [WatchReply] {
        var replies = [WatchReply](repeating: .failed, count: questions.count)
        var isAnswered = [Bool](repeating: false, count: questions.count)
        guard let parts = document.root["responses"]?.array else { return replies }
        for part in parts {
            // The number may be of any size, so it is checked before anything is subtracted from it.
            guard let id = part["id"]?.scalarText.flatMap({ Int($0) }), id >= 1, id <= questions.count else { continue }
            replies[id - 1] = isAnswered[id - 1] ? .unclear : reply(part, to: questions[id - 1], now: now)
            isAnswered[id - 1] = true
        }
        return replies
    }

    private static func reply(_ part: JSONValue, to question: WatchQuestion, now: Timestamp) -> WatchReply {
        let body = part["body"]
        switch part["status"]?.integer {
        case 200?: return answer(body, to: question)
        case 401?: return .unauthorized
        case 403?: return .forbidden
        // Any other 404 may come from a wrong address or a proxy.
        case 404?: return body?["error"]?["code"]?.string == "Request_ResourceNotFound" ? .deleted : .unclear
        case 429?: return .throttled(seconds: pause(part["headers"], now: now))
        default: return .failed
        }
    }

    private static func answer(_ body: JSONValue?, to question: WatchQuestion) -> WatchReply {
        switch question.kind {
        case .account:
            // All batches number their parts alike, so the answer to another batch would look like the right one.
            guard body?["id"]?.string.flatMap({ GUID($0) }) == question.objectID,
                let isEnabled = body?["accountEnabled"]?.bool
            else { return .unclear }
            guard let time = body?["signInSessionsValidFromDateTime"], !time.isNull else {
                return .account(isEnabled: isEnabled, sessionsValidFrom: nil)
            }
            // Times of tokens are whole seconds: such a token is older than this time if and only if it is older than
            // the next whole second.
            guard let validFrom = time.string.flatMap({ Timestamp(rfc3339RoundingUp: $0) }) else {
                return .unclear
            }
            return .account(isEnabled: isEnabled, sessionsValidFrom: validFrom)
        case .membership(let asked):
            guard let values = body?["value"]?.array else { return .unclear }
            var members: [GUID] = []
            for value in values {
                guard let id = value.string.flatMap({ GUID($0) }) else { return .unclear }
                members.append(id)
            }
            return .members(members.filter(asked.contains))
        }
    }

    /// Header names ignore case.
    private static func pause(_ headers: JSONValue?, now: Timestamp) -> Int64 {
        let value = headers?.members?.first { $0.name.lowercased() == "retry-after" }?.value.scalarText
        return max(1, min(value.flatMap { GraphReply.seconds($0, now: now) } ?? 1, 86_400))
    }
}
