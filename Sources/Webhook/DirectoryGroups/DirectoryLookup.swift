import Addresses
public import Entra
import HTTPSClient
import Jansson
public import NIOCore
import Timestamps

/// One object of Entra, with what people need to recognize it.
public struct DirectoryObject: Hashable, Sendable {
    /// The object ID.
    public var id: GUID
    /// The display name; nil if Entra has none.
    public var displayName: String?
    /// The last part of its type in Graph, for example `group` or `servicePrincipal`.
    public var type: String
}

/// Asks Microsoft Graph about object IDs (`directoryObjects/getByIds`), for commands.
public struct DirectoryLookup: Sendable {
    /// Graph accepts at most 1,000 IDs at once; fewer keep the answers small.
    static let batchSize = 100

    private let configuration: DirectoryConfiguration
    private let eventLoop: any EventLoop
    private let tokens: AppTokenSource

    /// A lookup with its own token, on that event loop.
    public init(configuration: DirectoryConfiguration, eventLoop: any EventLoop) {
        self.configuration = configuration
        self.eventLoop = eventLoop
        tokens = AppTokenSource(configuration: configuration, eventLoop: eventLoop, now: { .now() })
    }

    /// The objects that exist in Entra; the missing ones were deleted. The future fails with a ``DirectoryError``.
    public func objects(_ ids: [GUID]) -> EventLoopFuture<[DirectoryObject]> {
        eventLoop.flatSubmit {
            self.tokens.token().flatMap { token in
                let batches = stride(from: 0, to: ids.count, by: Self.batchSize).map {
                    Array(ids[$0..<min($0 + Self.batchSize, ids.count)])
                }
                // One after the other, because Graph throttles applications.
                return batches.reduce(eventLoop.makeSucceededFuture([])) { found, batch in
                    found.flatMap { found in self.ask(batch, token).map { found + $0 } }
                }
            }
        }
    }

    private func ask(_ ids: [GUID], _ token: String) -> EventLoopFuture<[DirectoryObject]> {
        guard let url = HTTPSURL("\(configuration.graph)/v1.0/directoryObjects/getByIds") else {
            return eventLoop.makeFailedFuture(
                DirectoryError.graph(.configuration("the Graph endpoint is not an https address")))
        }
        let body = JSON.object([
            ("ids", JSON(ids.map(\.description))),
            ("types", JSON(["group", "user", "servicePrincipal", "application"])),
        ])
        let headers = [
            (name: "Authorization", value: "Bearer \(token)"), (name: "Accept", value: "application/json"),
            (name: "Content-Type", value: "application/json"),
        ]
        return send(HTTPSRequest(.post, url, headers: headers, body: body.render()), attempt: 0)
            .flatMapThrowing { try Self.objects(in: $0).filter { ids.contains($0.id) } }
    }

    private func send(_ request: HTTPSRequest, attempt: Int) -> EventLoopFuture<JSONDocument> {
        let client: HTTPSClient
        do throws(HTTPSError) {
            client = try configuration.graphClient()
        } catch {
            return eventLoop.makeFailedFuture(DirectoryError.graph(error))
        }
        return client.send(request, on: eventLoop).map(GraphReply.response).recover(GraphReply.init(failing:))
            .flatMap { reply in
                // A command may wait, but not for hours.
                if attempt < 5, let wait = reply.retryWait(attempt: attempt), wait <= .seconds(60) {
                    return eventLoop.scheduleTask(in: wait) {}.futureResult
                        .flatMap { send(request, attempt: attempt + 1) }
                }
                return reply.document(on: eventLoop)
            }
    }

    static func objects(in document: JSONDocument) throws(DirectoryError) -> [DirectoryObject] {
        guard let values = document.root["value"]?.array else { throw .malformed }
        var objects: [DirectoryObject] = []
        for value in values {
            guard let id = value["id"]?.string.flatMap({ GUID($0) }) else { throw .malformed }
            let type = value["@odata.type"]?.string ?? ""
            objects.append(
                DirectoryObject(
                    id: id, displayName: value["displayName"]?.string,
                    type: type.split(separator: ".").last.map(String.init) ?? ""))
        }
        return objects
    }
}
