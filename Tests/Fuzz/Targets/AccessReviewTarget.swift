import AccessPolicy
import Authentication
import Entra
import Jansson
import TestSupport
import Timestamps
import TokenReviewAPI

/// The body of an access review, the decision and the answer.
struct AccessReviewTarget: FuzzTarget {
    private let authenticator: Authenticator
    private let watch: WatchFacts

    init() throws {
        let tenantID = require(GUID("11111111-2222-3333-4444-555555555555"), "an ID")
        let denied = require(GUID("0b1ec700-0000-0000-0000-000000000001"), "an ID")
        let group = require(GUID("5d24aaaa-bbbb-cccc-dddd-eeeeafa27aed"), "an ID")
        authenticator = Authenticator(
            AuthenticationSettings(tenants: [
                TenantConfiguration(
                    trust: TokenValidationRules(tenantID: tenantID, audiences: ["x"]),
                    policy: TenantPolicy(
                        adminGroupObjectIDs: [group], denied: [DeniedEntry(target: .objectID(denied), reason: "hidden")]
                    ),
                    watch: WatchRule(scope: .everyone, refusesInSilence: true))
            ]))
        watch = WatchFacts([
            tenantID: WatchFacts.Tenant(principals: [
                group: WatchedPrincipal(
                    version: 1, until: Timestamp(secondsSinceEpoch: .max),
                    membership: WatchedPrincipal.Membership(asked: [group], members: []))
            ])
        ])
    }

    func run(_ input: UnsafeRawBufferPointer) throws {
        checkThatWordsChangeNothing(Array(input))
        let rest = sieved(input)
        let whole = try? AccessReviewRequest(decoding: input)
        let sievedRequest = rest.withUnsafeBytes { try? AccessReviewRequest(decoding: $0) }
        require(sievedRequest == whole, "a large review that is sieved is the same review, readable or not")
        guard let request = whole else { return }
        rest.withUnsafeBytes { bytes in
            let strictness = JSONStrictness(acceptsZero: true, distinctDepth: 2)
            let root = require(try? ScannedJSON(scanning: bytes, strictness: strictness), "what is taken is JSON")
            require(root["kind"]?.string == "SubjectAccessReview", "a SubjectAccessReview says that it is one")
            require(root["spec"]?.kind == .object, "it has a spec")
            let version = root["apiVersion"]?.string
            require(version == "authorization.k8s.io/\(request.version.rawValue)", "its version is the one it says")
        }
        let denial = authenticator.denial(
            of: request.user, watch: watch, now: Timestamp(secondsSinceEpoch: 1_800_000_000))
        let answer = denial.map { AccessReviewAnswer.denied($0.reason, decisionID: "ID") } ?? .noOpinion
        let written = require(parsedJSON(answer.encode(request.version)), "the answer is JSON").root
        require(
            written["apiVersion"]?.string == "authorization.k8s.io/\(request.version.rawValue)",
            "the answer has the request's version")
        require(written["status"]?["allowed"]?.bool == false, "nothing is ever allowed")
        require((written["status"]?["denied"]?.bool == true) == (denial != nil), "a denial is a denial")
        let text = String(decoding: answer.encode(request.version), as: UTF8.self)
        require(!text.contains("hidden"), "an entry's reason stays inside")
    }

    /// Whoever is denied can ask for anything, in any bytes.
    private func checkThatWordsChangeNothing(_ words: [UInt8]) {
        var review = GoAccessReview(extra: [
            ("oid", ["0b1ec700-0000-0000-0000-000000000001"]),
            ("kube-entra.dev/tenant-id", ["11111111-2222-3333-4444-555555555555"]),
        ])
        let first = words.first ?? 0
        review.version = first & 1 == 0 ? "v1" : "v1beta1"
        review.isNonResource = first & 2 == 0
        review.words = words.split(separator: UInt8(ascii: " "), maxSplits: 8).map(Array.init)
        let bytes = review.bytes
        let user = require(
            bytes.withUnsafeBytes { try? AccessReviewRequest(decoding: $0).user }, "what Go writes is readable")
        let now = Timestamp(secondsSinceEpoch: 1_800_000_000)
        require(
            authenticator.denial(of: user, watch: watch, now: now)?.reason == .principalDenied,
            "whoever is denied is denied whatever they ask for")
    }

    /// What the sieve lets through of a review that arrives in two pieces; empty if it is not JSON.
    private func sieved(_ input: UnsafeRawBufferPointer) -> [UInt8] {
        var sieve = JSONSieve.accessReview
        var rest: [UInt8] = []
        let cut = input.count / 3
        for piece in [input[..<cut], input[cut...]] {
            let isJSON = sieve.take(UnsafeRawBufferPointer(rebasing: piece)) { rest.append(contentsOf: $0) }
            guard isJSON else { return [] }
        }
        require(rest.count <= input.count + 4 * input.count, "nothing grows but a short value that becomes null")
        return sieve.isComplete ? rest : []
    }
}
