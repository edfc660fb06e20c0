import HTTPSClient
import Jansson
import NIOCore
import Timestamps

/// The result of one request to Microsoft Graph.
enum GraphReply: Sendable {
    case response(HTTPSResponse)
    case failure(HTTPSError)

    static let maximumBytes = 4 << 20
    static let maximumDepth = 16
    /// Number of retries after a failure that may be over soon.
    private static let retries = 2

    init(failing error: any Error) {
        self = .failure(error as? HTTPSError ?? .unreachable)
    }

    /// Time to wait before the request is sent again; nil if the answer is final.
    ///
    /// Source: Microsoft Graph throttling guidance; RFC 9110 section 10.2.3.
    func retryWait(attempt: Int) -> TimeAmount? {
        if let seconds = wantedPause { return .seconds(seconds) }
        guard attempt < Self.retries else { return nil }
        switch self {
        case .response(let response) where [500, 502, 503, 504].contains(response.status): break
        case .failure(.connectionRefused), .failure(.unreachable), .failure(.truncated): break
        default: return nil
        }
        return .milliseconds(100 << Int64(attempt))
    }

    /// The error if there is no time left for another request.
    func error(noTimeFor wait: TimeAmount) -> DirectoryError {
        if let seconds = wantedPause { return .throttled(seconds: seconds) }
        return switch self {
        case .response(let response): .graph(.status(response.status))
        case .failure(let error): .graph(error)
        }
    }

    /// Seconds during which the server wants no requests.
    var wantedPause: Int64? {
        guard case .response(let response) = self, response.status == 429 || response.status == 503 else { return nil }
        let now = Self.date(of: response)
        let given = response.header("Retry-After").flatMap { Self.seconds($0, now: now) }
        guard let seconds = given ?? (response.status == 429 ? 1 : nil) else { return nil }
        // An outage may be over sooner than a gateway announces.
        return max(1, min(seconds, response.status == 429 ? 86_400 : 60))
    }

    /// The value of `Retry-After`, which is a number of seconds or a date (RFC 9110 section 10.2.3).
    ///
    /// - Parameter now: by the server's clock, if it is known.
    static func seconds(_ retryAfter: String, now: Timestamp) -> Int64? {
        Int64(retryAfter) ?? Timestamp(httpDate: retryAfter)?.seconds(since: now)
    }

    /// The time by the server's own clock.
    static func date(of response: HTTPSResponse) -> Timestamp {
        response.header("Date").flatMap { Timestamp(httpDate: $0) } ?? .now()
    }

    /// The time of the answer, by the server's own clock.
    var date: Timestamp {
        if case .response(let response) = self { Self.date(of: response) } else { .now() }
    }

    /// The body of a good answer.
    func body() throws(DirectoryError) -> [UInt8] {
        let response: HTTPSResponse
        switch self {
        case .failure(let error): throw .graph(error)
        case .response(let answer): response = answer
        }
        switch response.status {
        case 200...299: return response.body
        case 401: throw .unauthorized
        case 403: throw .forbidden
        case 404: throw .principalUnknown
        default: throw .graph(.status(response.status))
        }
    }

    func document() throws(DirectoryError) -> JSONDocument {
        let body = try body()
        let document = try? JSONDocument(
            parsing: body, maximumBytes: Self.maximumBytes, maximumDepth: Self.maximumDepth)
        guard let document else { throw .malformed }
        return document
    }

    /// The replies to the questions of a batch, in their order.
    func replies(to questions: [WatchQuestion]) throws(DirectoryError) -> [WatchReply] {
        guard let replies = WatchBatch.decode(try body(), questions: questions, now: { date }) else { throw .malformed }
        return replies
    }
}

extension GraphReply {
    /// The document as a future, failed with a `DirectoryError` if there is none.
    func document(on eventLoop: any EventLoop) -> EventLoopFuture<JSONDocument> {
        do throws(DirectoryError) {
            return eventLoop.makeSucceededFuture(try document())
        } catch {
            return eventLoop.makeFailedFuture(error)
        }
    }
}
