/// The state of a request on an HTTP/2 stream, with the facts that its answer needs. Pure: it uses no stream and no
/// clock.
enum HTTP2StreamState: Equatable {
    /// The part of a request that its answer depends on.
    struct Request: Equatable {
        /// Whether the method is HEAD, whose answer has no body.
        var isHead = false
        /// Whether the client has ended its side of the stream.
        var hasEnded = false
    }

    /// What a frame of header fields is.
    enum Headers: Equatable {
        case head
        case trailers
        /// The request was answered, or waits for its answer.
        case unneeded
    }

    /// No header fields have arrived.
    case opened
    /// Header fields have arrived, and the body may follow.
    case receiving(Request)
    /// The whole request is being reviewed.
    case deciding(Request)
    /// The rest of the request is discarded.
    case answered(Request)
    case closed

    /// Whether what arrives belongs to a request that still needs it.
    var isReceiving: Bool {
        switch self {
        case .opened, .receiving: true
        case .deciding, .answered, .closed: false
        }
    }

    /// Whether the client may send more.
    var expectsMore: Bool {
        switch self {
        case .opened: true
        case .receiving(let request), .deciding(let request), .answered(let request): !request.hasEnded
        case .closed: false
        }
    }

    /// Header fields have arrived.
    ///
    /// - Parameters:
    ///   - isHead: whether their method is HEAD; trailers have none.
    ///   - isEnd: whether they end the client's side of the stream.
    mutating func receiveHeaders(isHead: Bool, isEnd: Bool) -> Headers {
        switch self {
        case .opened:
            self = .receiving(Request(isHead: isHead, hasEnded: isEnd))
            return .head
        case .receiving:
            end(if: isEnd)
            return .trailers
        case .deciding, .answered, .closed:
            end(if: isEnd)
            return .unneeded
        }
    }

    /// A part of the body has arrived.
    ///
    /// - Returns: whether it is needed.
    mutating func receiveBody(isEnd: Bool) -> Bool {
        end(if: isEnd)
        return isReceiving
    }

    private mutating func end(if isEnd: Bool) {
        guard isEnd else { return }
        switch self {
        case .opened: self = .receiving(Request(hasEnded: true))
        case .receiving(let request): self = .receiving(Request(isHead: request.isHead, hasEnded: true))
        case .deciding(let request): self = .deciding(Request(isHead: request.isHead, hasEnded: true))
        case .answered(let request): self = .answered(Request(isHead: request.isHead, hasEnded: true))
        case .closed: break
        }
    }

    /// The whole request waits for its answer.
    mutating func decide() {
        if case .receiving(let request) = self { self = .deciding(request) }
    }

    /// The answer is sent now.
    ///
    /// - Returns: the request that it answers.
    mutating func answer() -> Request {
        let request =
            switch self {
            case .opened, .closed: Request()
            case .receiving(let request), .deciding(let request), .answered(let request): request
            }
        self = .answered(request)
        return request
    }
}
