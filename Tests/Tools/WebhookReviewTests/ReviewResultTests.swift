import Addresses
import Entra
import Jansson
import SafeText
import Testing
import TokenReviewAPI
import WebhookReview

@testable import HTTPSClient

@Suite("What kube-apiserver makes of a webhook's answer")
struct ReviewResultTests {
    struct Sample: Sendable, CustomTestStringConvertible {
        let name: String
        var status = 200
        let body: String
        let verdict: ReviewResult.Verdict
        var reason: RefusalReason?
        let message: String
        var hint: String?
        var testDescription: String { name }
    }

    static let token = "eyJhbGciOiJub25lIn0.eyJvaWQiOiJzb21lYm9keSBlbHNlIn0.c2lnbmF0dXJlIG9mIG5vYm9keQ"

    static func review(_ status: String, version: String = "v1") -> String {
        "{\"apiVersion\":\"authentication.k8s.io/\(version)\",\"kind\":\"TokenReview\",\"status\":\(status)}"
    }

    @Test(
        "each answer of a webhook has its verdict",
        arguments: [
            Sample(
                name: "an authenticated user is accepted",
                body: review(
                    "{\"authenticated\":true,\"user\":{\"username\":\"ada\",\"uid\":\"1\"},\"audiences\":[\"k\"]}"),
                verdict: .accepted, message: "accepted as ada"),
            Sample(
                name: "a user for another audience is refused, as kube-apiserver does",
                body: review(
                    "{\"authenticated\":true,\"user\":{\"username\":\"ada\",\"uid\":\"1\"},\"audiences\":[\"x\"]}"),
                verdict: .refused, message: "other audiences"),
            Sample(
                name: "an error with a code is refused for that reason",
                body: review(
                    "{\"authenticated\":false,\"error\":\"kube-entra: token_expired: the token has expired (decision 7)\"}"
                ),
                verdict: .refused, reason: .tokenExpired, message: "token_expired"),
            Sample(
                name: "a long sentence is shown with the decision at its end",
                body: review(
                    "{\"authenticated\":false,\"error\":\"kube-entra: principal_denied: the principal, its application or "
                        + "this token is on the deny list; a new sign-in passes from 2026-11-29T00:00:00Z "
                        + "(decision 0123456789AB)\"}"),
                verdict: .refused, reason: .principalDenied, message: "(decision 0123456789AB)",
                hint: "sign in again: a new sign-in passes from 2026-11-29T00:00:00Z"),
            Sample(
                name: "a refusal without an error is of a token that is not the webhook's",
                body: review("{\"authenticated\":false}"), verdict: .refused, message: "without an error"),
            Sample(
                name: "another version than asked for is unusable",
                body: review(
                    "{\"authenticated\":true,\"user\":{\"username\":\"ada\",\"uid\":\"1\"}}", version: "v1beta1"),
                verdict: .unusable, message: "apiVersion"),
            Sample(
                name: "what is not a review is unusable", body: "<html>", verdict: .unusable, message: "cannot be used"),
            Sample(
                name: "an HTTP error is unusable, with what the webhook says", status: 503,
                body: "{\"message\":\"too busy\"}", verdict: .unusable, message: "status 503: too busy"),
            Sample(
                name: "a webhook that repeats the token does not get it printed", status: 400,
                body: "{\"message\":\"no such token: \(token)\"}", verdict: .unusable, message: "status 400"),
        ])
    func verdict(_ sample: Sample) throws {
        let url = try #require(HTTPSURL("https://127.0.0.1:8443/authenticate"))
        let result = ReviewResult(
            HTTPSResponse(status: sample.status, headers: [], body: Array(sample.body.utf8)), server: url, asked: .v1,
            audiences: ["k"], hiding: SecretFilter(Self.token))
        #expect(result.verdict == sample.verdict)
        #expect(result.reason == sample.reason)
        if let hint = sample.hint { #expect(result.hint?.hasSuffix(hint) == true) }
        #expect(result.message.contains(sample.message), "\(result.message)")
        let text = result.text(color: false)
        #expect(text.hasPrefix(sample.verdict.rawValue.uppercased()))
        let words = text.split { $0 == " " || $0.isNewline }.joined(separator: " ")
        #expect(words.contains(sample.message), "\(text)")
        #expect(!text.contains(Self.token) && !result.json.text().contains(Self.token))
        #expect(result.json.text().contains("\"verdict\":\"\(sample.verdict.rawValue)\""))
    }
}
