import AccessPolicy
import Authentication
import Entra
import NIOCore
import SafeText
import TestSupport
import Testing
import Timestamps
import TokenReviewAPI

@testable import WebhookServer

/// Whoever is denied chooses the words of a request: its path, names and selectors.
@Suite("Whatever a denied person asks for, the answer is a denial")
struct DeniedWhateverTheyAskTests {
    private static let denied = "0b1ec700-0000-0000-0000-00000000dead"

    private let authenticator = Authenticator(
        TestTenant.settings {
            $0.policy.denied = [DeniedEntry(target: .objectID(TestTenant.guid(denied)), reason: "drill")]
        })

    private static func review() -> GoAccessReview {
        GoAccessReview(extra: [
            ("oid", [denied]), ("kube-entra.dev/tenant-id", [TestTenant.id]),
            ("authentication.kubernetes.io/credential-id", ["JTI=abc"]),
        ])
    }

    /// Why a review is denied that arrives in parts of this size; nil if it is not denied.
    private func reason(_ review: GoAccessReview, partSize: Int = 4096) throws -> RefusalReason? {
        let bytes = review.bytes
        var machine = RequestStateMachine(bodyLimit: 4 << 20)
        let head = RequestHead(method: .post, target: "/authorize", contentType: nil, body: .bytes(bytes.count))
        #expect(machine.receiveHead(head, isClientAllowed: true) == .proceed)
        var start = 0
        while start < bytes.count {
            let end = min(start + partSize, bytes.count)
            let part = machine.sift(ByteBuffer(bytes: bytes[start..<end]))
            #expect(machine.receiveBody(part, isReserved: true) == .proceed)
            start = end
        }
        guard case .review(let body) = machine.receiveEnd() else { return nil }
        let request = try body.withUnsafeReadableBytes { try AccessReviewRequest(decoding: $0) }
        #expect(request.version.rawValue == review.version)
        return authenticator.denial(of: request.user, watch: .none, now: TestTokens.now)?.reason
    }

    /// Names of what is asked for, each with the words that stand in the request.
    private static let asked: [(name: String, words: [[UInt8]])] =
        [
            ("nothing special", ["get", "pods"]), ("the character 0", ["\0", "a\0", "metadata.name!=\0"]),
            ("nothing at all", [""]),
            ("control characters", [String(String.UnicodeScalarView((0..<0x20).map { .init($0) }))]),
            ("what Go escapes for HTML", ["<script>&\u{2028}\u{2029}"]), ("a byte order mark", ["\u{FEFF}"]),
            ("quotation marks and backslashes", [#"\"\\","extra":{"oid":[]}}"#, #"\u0000"#]),
            ("the replacement character", ["\u{FFFD}", "\u{FFFE}", "\u{FFFF}"]),
            ("the last character", ["\u{10FFFF}"]), ("combining characters", ["\u{301}\u{301}"]),
            ("32 KiB with the character 0", [String(repeating: "a", count: 33_000) + "\0"]),
            ("two megabytes of it", [String(repeating: "\0", count: 20_000)]),
        ].map { ($0.0, $0.1.map { Array($0.utf8) }) } + [
            ("a byte that is not UTF-8", [[0xFF], [0x80, 0], [0xC0, 0x80]]),
            ("half a character", [[0xF0, 0x9F, 0x98], [0xE2, 0x80]]),
            ("a surrogate", [[0xED, 0xA0, 0x80, 0xED, 0xB0, 0x80]]),
        ]

    @Test("in both versions, about a resource and another URL", arguments: asked.map(\.name))
    func whateverTheyAsk(name: String) throws {
        let words = try #require(Self.asked.first { $0.name == name }).words
        for version in ["v1", "v1beta1"] {
            for isNonResource in [false, true] {
                var review = Self.review()
                review.version = version
                review.isNonResource = isNonResource
                review.words = words
                #expect(try reason(review) == .principalDenied)
            }
        }
    }

    @Test("every character of Unicode can be asked for")
    func everyCharacter() throws {
        for plane in stride(from: UInt32(0), through: 0x10_FFFF, by: 0x1000) {
            let scalars = (plane..<(plane + 0x1000)).compactMap { Unicode.Scalar($0) }
            guard !scalars.isEmpty else { continue }
            var review = Self.review()
            let word = Array(String(String.UnicodeScalarView(scalars)).utf8)
            // In one place of the review.
            review.words = [word] + Array(repeating: [], count: 16)
            #expect(try reason(review) == .principalDenied, "\(plane)")
        }
    }

    @Test("a user's other strings may contain anything as well", arguments: ["\0", "\u{FFFD}", "JTI=\0", "\u{301}"])
    func otherStrings(text: String) throws {
        var review = Self.review()
        let bytes = Array(text.utf8)
        review.user = bytes
        review.groups = [bytes, bytes]
        // Go writes different bytes that are not UTF-8 as the same name.
        review.extra = [([0xFF], [bytes]), ([0xFE], [bytes]), (bytes, [bytes])] + review.extra
        for index in review.extra.indices.dropFirst(3) { review.extra[index].values.append(bytes) }
        #expect(try reason(review) == .principalDenied)
    }

    @Test("random bytes of random length, in random pieces", arguments: 0..<8)
    func randomBytes(seed: Int) throws {
        var random = SplitMix(seed: UInt64(seed))
        for _ in 0..<60 {
            var review = Self.review()
            review.version = random.pick(["v1", "v1beta1"]) ?? "v1"
            review.isNonResource = random.chance(4)
            review.words = (0..<Int.random(in: 1...12, using: &random)).map { _ in Self.word(&random) }
            review.user = Self.word(&random)
            review.groups = (0..<Int.random(in: 0...3, using: &random)).map { _ in Self.word(&random) }
            for _ in 0..<Int.random(in: 0...4, using: &random) {
                review.extra.insert(
                    (Self.word(&random), [Self.word(&random)]),
                    at: Int.random(in: 0...review.extra.count, using: &random))
            }
            let partSize = Int.random(in: 1...8192, using: &random)
            #expect(try reason(review, partSize: partSize) == .principalDenied, "\(review)")
        }
    }

    private static func word(_ random: inout SplitMix) -> [UInt8] {
        let length =
            random.chance(40) ? Int.random(in: 0...40_000, using: &random) : Int.random(in: 0...12, using: &random)
        return (0..<length).flatMap { _ -> [UInt8] in
            switch Int.random(in: 0..<6, using: &random) {
            case 0: [0]
            case 1: [UInt8.random(in: 0...0xFF, using: &random)]
            case 2: Array(String(random.pick(["\"", "\\", "{", "}", "<", "\u{2028}", "\u{FFFD}"]) ?? "").utf8)
            case 3:
                Array(
                    String(Unicode.Scalar(UInt32.random(in: 0...0x10_FFFF, using: &random)).map(Character.init) ?? "x")
                        .utf8)
            default: [UInt8.random(in: 0x20...0x7E, using: &random)]
            }
        }
    }
}
