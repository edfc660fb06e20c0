import Addresses
import Entra
import HTTPSClient
import Jansson
import NIOCore

/// Asks Microsoft Graph about one principal's groups, with an existing token.
struct GraphQuestion: Sendable {
    /// Graph accepts at most this number of IDs in one request.
    static let batchSize = 20
    static let maximumPages = 200
    static let maximumGroups = 20_000

    let configuration: DirectoryConfiguration
    let client: HTTPSClient
    let principal: EntraPrincipal
    let token: String
    let gate: RequestGate
    let eventLoop: any EventLoop
    /// When the review gives up.
    let deadline: NIODeadline

    /// The groups in any order. The future fails with a ``DirectoryError``.
    func ask() -> EventLoopFuture<[GUID]> {
        guard let groups = configuration.groups else { return all() }
        let batches = stride(from: 0, to: groups.count, by: Self.batchSize).map {
            Array(groups[$0..<min($0 + Self.batchSize, groups.count)])
        }
        let answers = batches.map { batch in
            post("checkMemberGroups", .object([("groupIds", JSON(batch.map(\.description)))]))
                .flatMapThrowing { try Self.groups(in: $0).filter(batch.contains) }
        }
        return EventLoopFuture.whenAllSucceed(answers, on: eventLoop).map { $0.flatMap { $0 } }
    }

    private func all() -> EventLoopFuture<[GUID]> {
        post("getMemberObjects", .object([("securityEnabledOnly", .bool(true))])).flatMap {
            follow($0, pages: 1, found: [])
        }
    }

    /// Reads a page and continues with the next one, on the same host only and up to a limit.
    private func follow(_ document: JSONDocument, pages: Int, found: [GUID]) -> EventLoopFuture<[GUID]> {
        do throws(DirectoryError) {
            let groups = found + (try Self.groups(in: document))
            guard groups.count <= Self.maximumGroups else { throw .tooMany }
            guard let next = document.root["@odata.nextLink"] else { return eventLoop.makeSucceededFuture(groups) }
            guard pages < Self.maximumPages else { throw .tooMany }
            guard let url = next.string.flatMap({ HTTPSURL($0) }), let base = HTTPSURL(configuration.graph),
                url.isSameServer(as: base)
            else { throw .foreignNextLink }
            return send(HTTPSRequest(.get, url, headers: headers), attempt: 0)
                .flatMap { follow($0, pages: pages + 1, found: groups) }
        } catch {
            return eventLoop.makeFailedFuture(error)
        }
    }

    private var headers: [(name: String, value: String)] {
        [
            (name: "Authorization", value: "Bearer \(token)"), (name: "Accept", value: "application/json"),
            (name: "Content-Type", value: "application/json"),
        ]
    }

    private func post(_ action: String, _ body: JSON) -> EventLoopFuture<JSONDocument> {
        let collection = DirectoryCollection(principal.kind).rawValue
        guard let url = HTTPSURL("\(configuration.graph)/v1.0/\(collection)/\(principal.objectID)/\(action)") else {
            return eventLoop.makeFailedFuture(
                DirectoryError.graph(.configuration("the Graph endpoint is not an https address")))
        }
        return send(HTTPSRequest(.post, url, headers: headers, body: body.render()), attempt: 0)
    }

    private func send(_ request: HTTPSRequest, attempt: Int) -> EventLoopFuture<JSONDocument> {
        gate.run(until: deadline) {
            client.send(request, on: eventLoop).map(GraphReply.response).recover(GraphReply.init(failing:))
        }.flatMap { reply in
            if let wait = reply.retryWait(attempt: attempt) {
                guard NIODeadline.now() + wait < deadline else {
                    return eventLoop.makeFailedFuture(reply.error(noTimeFor: wait))
                }
                return eventLoop.scheduleTask(in: wait) {}.futureResult
                    .flatMap { send(request, attempt: attempt + 1) }
            }
            return reply.document(on: eventLoop)
        }
    }

    static func groups(in document: JSONDocument) throws(DirectoryError) -> [GUID] {
        guard let values = document.root["value"]?.array else { throw .malformed }
        var groups: [GUID] = []
        groups.reserveCapacity(values.count)
        for value in values {
            guard let id = value.string.flatMap(GUID.init) else { throw .malformed }
            groups.append(id)
        }
        return groups
    }
}
