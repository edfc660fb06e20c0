import Entra
import Testing

@Suite("The table of reasons")
struct RefusalReasonTests {
    /// The contract's list, word for word.
    static let contract = """
        token_missing token_too_large token_malformed token_encrypted algorithm_not_allowed header_not_allowed \
        key_id_missing key_not_found keys_unavailable signature_invalid claims_malformed issuer_not_trusted \
        tenant_mismatch key_issuer_mismatch token_kind_not_accepted audience_not_accepted token_expired \
        token_not_yet_valid token_lifetime_too_long client_app_not_allowed subject_kind_not_allowed subject_missing \
        principal_denied required_claim_missing required_claim_mismatch account_disabled sessions_revoked \
        group_overage groups_malformed group_resolution_failed username_reserved proof_of_possession_required \
        proof_of_possession_not_accepted proof_of_possession_invalid proof_of_possession_replayed
        """.split(separator: " ").map(String.init)

    @Test("token reviews have the contract's reasons, in the contract's order of precedence")
    func order() {
        #expect(RefusalReason.ofTokenReviews.map(\.code) == Self.contract)
    }

    @Test("access reviews have five reasons, the last two of them only there")
    func accessReviews() {
        #expect(
            RefusalReason.ofAccessReviews.map(\.code) == [
                "principal_denied", "account_disabled", "sessions_revoked", "emergency_access_ended",
                "membership_ended",
            ])
    }

    @Test("no two reasons have the same place in the order of precedence")
    func precedence() {
        #expect(Set(RefusalReason.allCases.map(\.precedence)).count == RefusalReason.allCases.count)
    }

    @Test("five reasons are not ours to judge, and no other")
    func foreign() {
        #expect(
            RefusalReason.allCases.filter(\.isForeign) == [
                .tokenMissing, .tokenTooLarge, .tokenMalformed, .tokenEncrypted, .issuerNotTrusted,
            ])
    }

    @Test("every reason has texts of its own", arguments: RefusalReason.allCases)
    func texts(_ reason: RefusalReason) {
        let entry = reason.entry
        for text in [entry.sentence, entry.hint, entry.meaning] + entry.causes + entry.fixes { #expect(!text.isEmpty) }
        #expect(!entry.causes.isEmpty && !entry.fixes.isEmpty)
        #expect(!entry.sentence.hasSuffix(".") && entry.meaning.hasSuffix("."))
        for other in RefusalReason.allCases where other != reason {
            #expect(other.entry.sentence != entry.sentence && other.entry.meaning != entry.meaning)
        }
    }
}
