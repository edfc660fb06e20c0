import Jansson
import SafeText

/// A token that cannot sign anybody in. It names a configured issuer, so that the webhook answers with a reason, and no
/// key, so that nothing is fetched.
enum ProbeToken {
    /// The beginning of every reason, in the webhook's answer and in kube-apiserver's message about it.
    static let mark = "kube-entra: "

    /// What an answer of the webhook means, for people: its reason for the refusal would look like a fault.
    static let expected = "a test token was refused, as it must be"

    /// - Parameter number: makes each token different, so that no cache answers.
    static func make(issuer: String, number: Int64) -> String {
        let header = JSON.object([("typ", .string("JWT")), ("alg", .string("RS256"))]).render()
        let claims = JSON.object([("iss", .string(issuer)), ("jti", .string("kube-entra enable \(number)"))]).render()
        return [header, claims, [UInt8](repeating: 0, count: 256)].map { Base64URL.encode($0) }.joined(separator: ".")
    }

    static func review(_ token: String) -> [UInt8] {
        JSON.object([
            ("kind", .string("TokenReview")), ("apiVersion", .string("authentication.k8s.io/v1")),
            ("spec", .object([("token", .string(token))])),
        ]).render()
    }

    /// Whether kube-apiserver reports that a call of a webhook failed; it then names the called address.
    static func isCall(_ said: String?) -> Bool { said?.contains("/authenticate") ?? false }

    /// What to do if the API server does not let the kubeconfig's user ask.
    private static let permission =
        "the kubeconfig's user may not create TokenReviews: pass an admin's with --kubeconfig; on a node of kubeadm,"
        + " /etc/kubernetes/super-admin.conf may do everything"

    /// The meaning of an answer to a TokenReview.
    enum Finding {
        /// The webhook was called; its answer.
        case asked(String)
        /// An answer, but not from the webhook.
        case notAsked(String?)
        /// There was no usable answer; the text says why, and what to do about it if that is known.
        case failed(String, hint: String?)
    }

    static func finding(_ answer: NodeEnvironment.Answer) -> Finding {
        switch answer {
        case .none(let reason): return .failed(reason, hint: nil)
        case .status(let status, let body):
            let root = (try? JSONDocument(parsing: body))?.root
            guard (200...299).contains(status) else {
                let said = root?["message"]?.string.map { ": " + PrintableText.clean($0) } ?? ""
                return .failed("answered with status \(status)\(said)", hint: status == 403 ? permission : nil)
            }
            guard root?["kind"]?.string == "TokenReview", let review = root?["status"] else {
                return .failed("answered with something else than a TokenReview", hint: nil)
            }
            guard let error = review["error"]?.string, !error.isEmpty else { return .notAsked(nil) }
            let said = PrintableText.clean(error, maximum: 300)
            return error.contains(mark) ? .asked(said) : .notAsked(said)
        }
    }
}
