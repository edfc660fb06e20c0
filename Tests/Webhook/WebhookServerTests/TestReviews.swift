import Authentication
import Entra
import EntraTokens
import Jansson
import TestSupport
import Timestamps
import TokenReviewAPI

/// Reviews of tokens that are valid now, and what a server needs to answer them.
enum TestReviews {
    static func authenticator(_ change: (inout TenantConfiguration) -> Void = { _ in }) -> Authenticator {
        Authenticator(TestTenant.aloneSettings(change))
    }

    /// A token that was issued two hours ago.
    static func token(keyID: String = "k1", expiresIn: Int64 = 3600, more: [(String, JSON)] = []) throws -> String {
        let now = Timestamp.now().secondsSinceEpoch
        return try TestTokens.token(
            header: [("kid", .string(keyID))],
            claims: [
                ("iat", .integer(now - 7200)), ("nbf", .integer(now - 7200)), ("exp", .integer(now + expiresIn)),
                ("groups", .array([.string(TestTenant.adminGroup)])),
            ] + more)
    }

    static func body(_ token: String, version: TokenReviewVersion = .v1) -> String {
        String(decoding: TokenReviewRequest.encode(token: token, version: version), as: UTF8.self)
    }
}
