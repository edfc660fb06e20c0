import Entra
import Jansson
import SafeText
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

    /// Written directly, because it is written a hundred times a second. It holds only numbers, constants and IDs, so
    /// nothing needs escapes.
    static func encode(_ questions: [WatchQuestion]) -> [UInt8] {
        var writer = ByteWriter(capacity: 64 + questions.count * 160)
        writer.append("{\"requests\":[")
        for (place, question) in questions.enumerated() {
            writer.append(place == 0 ? "{\"id\":\"" : ",{\"id\":\"")
            writer.append(decimal: Int64(place + 1))
            append(question, to: &writer)
            writer.append("}")
        }
        writer.append("]}")
        return writer.bytes
    }

    private static func append(_ question: WatchQuestion, to writer: inout ByteWriter) {
        writer.append(
            question.kind == .account ? "\",\"method\":\"GET\",\"url\":\"/" : "\",\"method\":\"POST\",\"url\":\"/")
        writer.append(question.collection.rawValue)
        writer.append("/")
        writer.append(count: GUID.textLength) { question.objectID.write(to: $0) }
        switch question.kind {
        case .account:
            writer.append("?$select=id,accountEnabled")
            if question.collection == .users { writer.append(",signInSessionsValidFromDateTime") }
            writer.append("\"")
        case .membership(let groups):
            writer.append("/checkMemberGroups\",\"headers\":{\"Content-Type\":\"application/json\"},")
            writer.append("\"body\":{\"groupIds\":[")
            for (place, group) in groups.enumerated() {
                writer.append(place == 0 ? "\"" : ",\"")
                writer.append(count: GUID.textLength) { group.write(to: $0) }
                writer.append("\"")
            }
            writer.append("]}")
        }
    }

    /// One reply for each question, in their order; nil if the answer is not acceptable JSON. A missing or malformed
    /// part counts as failed, and one that is there twice is unclear: nobody knows which of the two is true.
    ///
    /// - Parameter now: the time by the server's clock; asked only where an answer has a date.
    static func decode(_ answer: [UInt8], questions: [WatchQuestion], now: () -> Timestamp) -> [WatchReply]? {
        answer.withUnsafeBytes { bytes in
            // No tree is built: thousands of parts may be read in a second.
            let document = try? ScannedJSON(
                scanning: bytes, maximumBytes: GraphReply.maximumBytes, maximumDepth: GraphReply.maximumDepth)
            guard let document else { return nil }
            return decode(document, questions: questions, now: now)
        }
    }

    private static func decode(_ document: ScannedJSON, questions: [WatchQuestion], now: () -> Timestamp)
        -> [WatchReply]
    {
        var replies = [WatchReply](repeating: .failed, count: questions.count)
        var isAnswered = [Bool](repeating: false, count: questions.count)
        guard let parts = document["responses"]?.array else { return replies }
        for view in parts {
            let part = Part(view)
            // The number may be of any size, so it is checked before anything is subtracted from it.
            guard let id = part.id, id >= 1, id <= questions.count else { continue }
            replies[id - 1] = isAnswered[id - 1] ? .unclear : reply(part, to: questions[id - 1], now: now)
            isAnswered[id - 1] = true
        }
        return replies
    }

    /// The members of one part, found in one walk over it.
    private struct Part {
        private static let names = JSONNameList(["id", "status", "headers", "body"])

        private(set) var id: Int?
        private(set) var status: Int64?
        private(set) var headers: JSONView?
        private(set) var body: JSONView?

        init(_ view: JSONView) {
            view.forEachMember(of: Self.names) { number, value in
                switch number {
                case 0: id = value.textOfStringOrInteger.flatMap { Int($0) }
                case 1: status = value.integer
                case 2: headers = value
                default: body = value
                }
            }
        }
    }

    private static func reply(_ part: Part, to question: WatchQuestion, now: () -> Timestamp) -> WatchReply {
        switch part.status {
        case 200?: return answer(part.body, to: question)
        case 401?: return .unauthorized
        case 403?: return .forbidden
        // Any other 404 may come from a wrong address or a proxy.
        case 404?: return part.body?["error"]?["code"]?.string == "Request_ResourceNotFound" ? .deleted : .unclear
        case 429?: return .throttled(seconds: pause(part.headers, now: now))
        default: return .failed
        }
    }

    private static func answer(_ body: JSONView?, to question: WatchQuestion) -> WatchReply {
        switch question.kind {
        case .account:
            // All batches number their parts alike, so the answer to another batch would look like the right one.
            guard body?["id"]?.guid == question.objectID, let isEnabled = body?["accountEnabled"]?.bool else {
                return .unclear
            }
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
            // A list that goes on elsewhere is not the whole answer.
            guard let body, body["@odata.nextLink"] == nil, let values = body["value"]?.array else { return .unclear }
            var members: [GUID] = []
            for value in values {
                guard let id = value.guid else { return .unclear }
                if asked.contains(id) { members.append(id) }
            }
            return .members(members)
        }
    }

    /// Header names ignore case.
    private static func pause(_ headers: JSONView?, now: () -> Timestamp) -> Int64 {
        let value = headers?.members?.first { $0.name.lowercased() == "retry-after" }?.value.textOfStringOrInteger
        return max(1, min(value.flatMap { GraphReply.seconds($0, now: now()) } ?? 1, 86_400))
    }
}

extension JSONView {
    fileprivate var guid: GUID? { withStringBytes { GUID($0) } ?? nil }

    fileprivate var textOfStringOrInteger: String? { string ?? integer.map { String($0) } }
}
