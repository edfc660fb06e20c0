import AccessPolicy
import Authentication
import Entra
import Jansson
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
        let rest = sieved(input)
        guard let request = try? AccessReviewRequest(decoding: input) else { return }
        let sievedRequest = rest.withUnsafeBytes { try? AccessReviewRequest(decoding: $0) }
        require(sievedRequest == request, "a large review that is sieved is the same review")
        let root = require(parsedJSON(Array(input)), "what is taken is JSON").root
        require(root["kind"]?.string == "SubjectAccessReview", "a SubjectAccessReview says that it is one")
        require(root["spec"]?.kind == .object, "it has a spec")
        let denial = authenticator.denial(
            of: request.user, watch: watch, now: Timestamp(secondsSinceEpoch: 1_800_000_000))
        let answer = denial.map { AccessReviewAnswer.denied($0.reason, decisionID: "ID") } ?? .noOpinion
        let written = require(parsedJSON(answer.encode(request.version)), "the answer is JSON").root
        require(written["apiVersion"]?.string == root["apiVersion"]?.string, "the answer has the request's version")
        require(written["status"]?["allowed"]?.bool == false, "nothing is ever allowed")
        require((written["status"]?["denied"]?.bool == true) == (denial != nil), "a denial is a denial")
        let text = String(decoding: answer.encode(request.version), as: UTF8.self)
        require(!text.contains("hidden"), "an entry's reason stays inside")
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
