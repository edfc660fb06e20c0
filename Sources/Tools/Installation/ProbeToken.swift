internal import Jansson
internal import SafeText

/// A token that nobody can sign in with: it names an issuer that the webhook knows, so that it answers with a reason,
/// and no key, so that nothing is fetched for it.
enum ProbeToken {
    /// What every reason begins with, in the webhook's answer and in what kube-apiserver makes of it.
    static let mark = "kube-entra: "

    /// - Parameter number: makes each one another, so that no cache answers.
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

    /// Whether kube-apiserver says that a call of a webhook failed; it names the address that it called.
    static func isCall(_ said: String?) -> Bool { said?.contains("/authenticate") ?? false }

    /// What an answer to a TokenReview says.
    enum Finding {
        /// The webhook was asked; what it said.
        case asked(String)
        /// An answer, but not the webhook's; what else was said.
        case notAsked(String?)
        /// No answer that counts, and why.
        case failed(String)
    }

    static func finding(_ answer: NodeEnvironment.Answer) -> Finding {
        switch answer {
        case .none(let reason): return .failed(reason)
        case .status(let status, let body):
            let root = (try? JSONDocument(parsing: body))?.root
            guard (200...299).contains(status) else {
                let said = root?["message"]?.string.map { ": " + PrintableText.clean($0) } ?? ""
                return .failed("answered with status \(status)\(said)")
            }
            guard root?["kind"]?.string == "TokenReview", let review = root?["status"] else {
                return .failed("answered with something else than a TokenReview")
            }
            guard let error = review["error"]?.string, !error.isEmpty else { return .notAsked(nil) }
            let said = PrintableText.clean(error, maximum: 300)
            return error.contains(mark) ? .asked(said) : .notAsked(said)
        }
    }
}
