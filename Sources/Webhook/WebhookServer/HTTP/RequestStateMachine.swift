import NIOCore

/// One request, from its head to its whole body: the pure state machine of HTTP/1.1 and HTTP/2.
struct RequestStateMachine {
    enum Action: Equatable {
        case proceed
        /// Tell the client that it may send the body.
        case sendContinue
        /// Answer with this rejection; the rest of the request is ignored.
        case refuse(HTTPRejection)
        case review(ByteBuffer)
    }

    /// The resource of a request.
    enum Endpoint: Equatable {
        case tokenReviews
        case accessReviews

        init?(path: Substring) {
            switch path {
            case "/authenticate", "/tokenreviews": self = .tokenReviews
            case "/authorize": self = .accessReviews
            default: return nil
            }
        }
    }

    private enum State {
        case head
        case body(ByteBuffer?)
        case finished
    }

    private let bodyLimit: Int
    private var state = State.head
    /// The resource of the current request.
    private(set) var endpoint = Endpoint.tokenReviews
    /// Bytes of the body that count as in flight until the answer is written.
    private(set) var reservedBytes = 0

    init(bodyLimit: Int) {
        self.bodyLimit = bodyLimit
    }

    mutating func receiveHead(_ head: RequestHead, isClientAllowed: Bool) -> Action {
        let endpoint = Endpoint(path: head.path)
        if let refusal = refusal(head, endpoint: endpoint, isClientAllowed: isClientAllowed) {
            state = .finished
            return .refuse(refusal)
        }
        state = .body(nil)
        self.endpoint = endpoint ?? .tokenReviews
        return head.expectation == .continuation ? .sendContinue : .proceed
    }

    /// - Parameter isReserved: whether the part's bytes were counted as in flight; false when there are too many.
    mutating func receiveBody(_ part: ByteBuffer, isReserved: Bool) -> Action {
        let count = part.readableBytes
        let isTooLarge = count > bodyLimit - reservedBytes
        if isReserved { reservedBytes += count }
        guard case .body(let collected) = state else { return .proceed }
        guard !isTooLarge, isReserved else {
            state = .finished
            return .refuse(isTooLarge ? .bodyTooLarge : .bytesInFlight)
        }
        state = .finished  // Gives up its reference, so that the buffer grows in place.
        if var collected {
            collected.writeImmutableBuffer(part)
            state = .body(collected)
        } else {
            state = .body(part)
        }
        return .proceed
    }

    mutating func receiveEnd() -> Action {
        guard case .body(let collected) = state else { return .proceed }
        state = .finished
        return .review(collected ?? ByteBuffer())
    }

    /// Returns the bytes to release. The machine is then ready for the next request.
    mutating func reset() -> Int {
        defer {
            reservedBytes = 0
            state = .head
        }
        return reservedBytes
    }

    private func refusal(_ head: RequestHead, endpoint: Endpoint?, isClientAllowed: Bool) -> HTTPRejection? {
        guard isClientAllowed else { return .clientName }
        guard endpoint != nil else { return .notFound }
        guard head.method == .post else { return .methodNotAllowed }
        guard head.expectation != .unknown else { return .expectation }
        guard head.isJSON else { return .contentType }
        switch head.body {
        case .none: return .lengthRequired
        case .bytes(let count): return count > bodyLimit ? .bodyTooLarge : nil
        case .untilEnd: return nil
        }
    }
}
