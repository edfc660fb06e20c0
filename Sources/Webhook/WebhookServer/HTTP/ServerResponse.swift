import NIOCore
import TokenReviewAPI

/// An answer, before it becomes HTTP/1.1 or HTTP/2.
struct ServerResponse: Sendable, Equatable {
    struct Header: Sendable, Equatable {
        /// The field's name, in lower case.
        var name: String
        var value: String
    }

    var status: Int
    var contentType = "application/json"
    var headers: [Header] = []
    var body: ByteBuffer

    init(status: Int, contentType: String = "application/json", headers: [Header] = [], body: ByteBuffer) {
        self.status = status
        self.contentType = contentType
        self.headers = headers
        self.body = body
    }

    /// For browsers; kube-apiserver, which receives decisions, does not use it.
    static let noSniffing = Header(name: "x-content-type-options", value: "nosniff")

    /// A decision. The HTTP status is 200 for refused tokens too.
    init(answer: [UInt8]) {
        self.init(status: 200, body: ByteBuffer(bytes: answer))
    }

    init(_ refusal: HTTPRejection, to caller: ClientIdentity = .unknown) {
        self.init(
            status: refusal.status,
            headers: [Self.noSniffing] + refusal.headers.map { Header(name: $0.name, value: $0.value) },
            body: ByteBuffer(bytes: StatusObject.encode(code: refusal.status, message: refusal.sentence(to: caller))))
    }

    init(_ problem: AccessReviewProblem) {
        self.init(
            status: 400, headers: [Self.noSniffing],
            body: ByteBuffer(bytes: StatusObject.encode(code: 400, message: problem.sentence)))
    }

    init(_ problem: TokenReviewProblem) {
        self.init(
            status: 400, headers: [Self.noSniffing],
            body: ByteBuffer(bytes: StatusObject.encode(code: 400, message: problem.sentence)))
    }
}

/// The result of a whole request body.
enum ReviewStep {
    case answer(ServerResponse)
    /// Keys or groups are being fetched. It always completes, at the review deadline at the latest.
    case later(EventLoopFuture<ServerResponse>)
}
