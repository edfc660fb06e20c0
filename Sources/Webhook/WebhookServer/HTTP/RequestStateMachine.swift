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
    /// Of the current request.
    private(set) var endpoint = Endpoint.tokenReviews
    /// Bytes of the body that count as in flight until the answer is written.
    private(set) var reservedBytes = 0

    init(bodyLimit: Int) {
        self.bodyLimit = bodyLimit
    }

    mutating func receiveHead(_ head: RequestHead, isClientAllowed: Bool) -> Action {
        if let refusal = refusal(head, isClientAllowed: isClientAllowed) {
            state = .finished
            return .refuse(refusal)
        }
        state = .body(nil)
        endpoint = Endpoint(path: head.path) ?? .tokenReviews
        return head.expectation == .continuation ? .sendContinue : .proceed
    }

    /// - Parameter reserve: counts more bytes as in flight; false if the limit is reached.
    mutating func receiveBody(_ part: ByteBuffer, reserve: (Int) -> Bool) -> Action {
        guard case .body(let collected) = state else { return .proceed }
        let count = part.readableBytes
        guard count <= bodyLimit - reservedBytes else {
            state = .finished
            return .refuse(.bodyTooLarge)
        }
        guard reserve(count) else {
            state = .finished
            return .refuse(.bytesInFlight)
        }
        reservedBytes += count
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

    private func refusal(_ head: RequestHead, isClientAllowed: Bool) -> HTTPRejection? {
        guard isClientAllowed else { return .clientName }
        guard Endpoint(path: head.path) != nil else { return .notFound }
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
