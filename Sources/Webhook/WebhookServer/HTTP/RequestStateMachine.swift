import Jansson
import NIOCore
import TokenReviewAPI

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

    /// In bytes. A larger access review is sieved while it arrives: only the members that a decision needs are kept.
    ///
    /// An access review describes the requested action, since Kubernetes 1.32 with the selectors of the request.
    /// kube-apiserver reads URLs of up to 1 MiB, whose selectors can become about 17 MiB of JSON. If such a review were
    /// refused, a denied user could evade the denial with a long selector.
    static let sievedAccessReview = 32_768
    /// In bytes, before it is sieved: far more than kube-apiserver can send.
    static let largestAccessReview = 64 << 20

    private let bodyLimit: Int
    private var state = State.head
    /// Set while a large access review arrives.
    private var sieve: JSONSieve?
    /// Bytes of an access review that have arrived, including those that the sieve dropped.
    private var receivedBytes = 0
    /// Whether the sieve has found that the body is not JSON.
    private var isNotJSON = false
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

    /// Removes what no decision needs from a part of a large access review; returns other parts unchanged. The caller
    /// counts only the result as in flight, and passes it to ``receiveBody(_:isReserved:)``.
    mutating func sift(_ part: ByteBuffer) -> ByteBuffer {
        guard endpoint == .accessReviews, case .body(let collected) = state else { return part }
        receivedBytes += part.readableBytes
        if sieve == nil {
            guard receivedBytes > min(Self.sievedAccessReview, bodyLimit) else { return part }
            sieve = .accessReview
            state = .body(collected.map { sieved($0) })
        }
        return sieved(part)
    }

    private mutating func sieved(_ part: ByteBuffer) -> ByteBuffer {
        guard !isNotJSON, receivedBytes <= Self.largestAccessReview else { return ByteBuffer() }
        var rest = ByteBuffer()
        let isJSON = part.withUnsafeReadableBytes { bytes in
            sieve?.take(bytes) { _ = rest.writeBytes($0) } ?? true
        }
        if !isJSON { isNotJSON = true }
        return rest
    }

    /// - Parameters:
    ///   - part: what ``sift(_:)`` returned.
    ///   - isReserved: whether the part's bytes were counted as in flight; false when there are too many.
    mutating func receiveBody(_ part: ByteBuffer, isReserved: Bool) -> Action {
        let count = part.readableBytes
        if isReserved { reservedBytes += count }
        guard case .body(let collected) = state else { return .proceed }
        let isTooLarge =
            count > bodyLimit - (collected?.readableBytes ?? 0)
            || sieve != nil && receivedBytes > Self.largestAccessReview
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
        // A body that is not JSON is not a review, even if what the sieve let through looks like one.
        guard !isNotJSON, sieve?.isComplete ?? true else { return .review(ByteBuffer()) }
        return .review(collected ?? ByteBuffer())
    }

    /// Returns the bytes to release. The machine is then ready for the next request.
    mutating func reset() -> Int {
        defer {
            reservedBytes = 0
            receivedBytes = 0
            isNotJSON = false
            sieve = nil
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
        case .bytes(let count):
            let limit = endpoint == .accessReviews ? max(bodyLimit, Self.largestAccessReview) : bodyLimit
            return count > limit ? .bodyTooLarge : nil
        case .untilEnd: return nil
        }
    }
}
