import AccessPolicy
public import Addresses
import Authentication
public import Entra
public import HTTPSClient
import Inspection
public import Jansson
import OpenSSL
public import SafeText
import Terminal
import Timestamps
public import TokenReviewAPI

/// A webhook's answer, as kube-apiserver would understand it.
public struct ReviewResult {
    /// What kube-apiserver makes of the answer.
    public enum Verdict: String, Sendable {
        case accepted
        case refused
        /// kube-apiserver reports an error instead of an answer.
        case unusable
    }

    let server: HTTPSURL
    let status: Int
    let connection: HTTPSConnectionDetails
    /// What kube-apiserver makes of the answer.
    public let verdict: Verdict
    /// The verdict in words.
    public let message: String
    let answer: TokenReviewAnswer?
    /// The webhook's reason for a refusal.
    public let reason: RefusalReason?
    /// What to do about it.
    public let hint: String?

    /// - Parameters:
    ///   - asked: the version of the request.
    ///   - secret: hides the token in what the webhook wrote.
    public init(
        _ response: HTTPSResponse,
        server: HTTPSURL,
        asked: TokenReviewVersion,
        audiences: [String],
        hiding secret: SecretFilter
    ) {
        self.server = server
        status = response.status
        connection = response.connection
        guard (200...206).contains(response.status) else {
            let said = (try? JSONDocument(parsing: response.body))?.root["message"]?.string
            verdict = .unusable
            message =
                "the webhook answered with status \(response.status)" + (said.map { ": \(secret.hide($0))" } ?? "")
            answer = nil
            reason = nil
            hint =
                switch response.status {
                case 403: "add the name to server.allowedClientNames, or use a certificate whose name is there"
                case 404: "the webhook's path is /authenticate"
                case 503: "it is overloaded: try again"
                default: nil
                }
            return
        }
        do {
            var answer = try response.body.withUnsafeBytes { bytes in
                Result { () throws(TokenReviewProblem) in try TokenReviewAnswer(decoding: bytes) }
            }.get()
            answer.error = answer.error.map(secret.hide)
            self.answer = answer
        } catch {
            verdict = .unusable
            message = "the answer cannot be used: \(error.sentence)"
            answer = nil
            reason = nil
            hint = "is this address the webhook's?"
            return
        }
        let answer = self.answer
        let code = answer?.error.flatMap(ReviewResult.code)
        reason = code.flatMap(RefusalReason.init(rawValue:))
        if answer?.version != asked {
            verdict = .unusable
            message = "the answer's apiVersion is not the one that was asked with, so kube-apiserver refuses it"
            hint = nil
        } else if let answer, answer.isAuthenticated {
            let asked = audiences.map { ExactText($0) }
            let audiencesFit =
                answer.audiences.isEmpty || asked.isEmpty
                || answer.audiences.contains { asked.contains(ExactText($0)) }
            verdict = audiencesFit ? .accepted : .refused
            message =
                audiencesFit
                ? "accepted as \(answer.user?.username ?? "")"
                : "accepted, but for other audiences than asked for, so kube-apiserver refuses it without a word"
            hint = nil
        } else if let error = answer?.error {
            verdict = .refused
            message = error
            hint = ReviewResult.newSignInPasses(error).map { RefusalReason.newSignInHint($0) } ?? reason?.hint
        } else {
            verdict = .refused
            message = "refused without an error: the token is none of the webhook's to judge"
            hint = "`kube-entra inspect` says what the token is and whose"
        }
    }

    /// The time in the webhook's sentence from which a new sign-in is accepted.
    private static func newSignInPasses(_ error: String) -> Timestamp? {
        let words = error.split(separator: " ")
        guard let passes = words.lastIndex(of: "passes"), passes + 2 < words.count, words[passes + 1] == "from" else {
            return nil
        }
        return Timestamp(rfc3339: String(words[passes + 2]))
    }

    /// The reason's code in `kube-entra: CODE: sentence (decision ID)`.
    private static func code(_ error: String) -> String? {
        let parts = error.split(separator: ": ", maxSplits: 2)
        return parts.count == 3 && parts[0] == "kube-entra" ? String(parts[1]) : nil
    }

    private var decisionID: String? {
        guard let error = answer?.error, let open = error.lastIndex(of: "("), error.last == ")" else { return nil }
        let words = error[error.index(after: open)...].dropLast().split(separator: " ")
        return words.count == 2 && words[0] == "decision" ? String(words[1]) : nil
    }

    /// The result as JSON.
    public var json: JSON {
        let certificate = connection.peerCertificate
        return .object([
            ("verdict", .string(verdict.rawValue)),
            ("authenticated", .bool(answer?.isAuthenticated ?? false)),
            ("reason", JSON(reason?.code)),
            ("message", .string(message)),
            ("hint", JSON(hint)),
            ("decisionID", JSON(decisionID)),
            ("user", answer?.user?.json ?? .null),
            ("audiences", JSON(answer?.audiences ?? [])),
            ("apiVersion", JSON(answer?.version.rawValue)),
            ("server", .string(server.description)),
            ("httpStatus", .integer(Int64(status))),
            (
                "timing",
                .object([
                    ("connectMilliseconds", .real(connection.connecting.milliseconds)),
                    ("handshakeMilliseconds", .real(connection.handshaking.milliseconds)),
                    ("answerMilliseconds", .real(connection.answering.milliseconds)),
                    ("totalMilliseconds", .real(connection.total.milliseconds)),
                ])
            ),
            (
                "tls",
                .object([
                    ("version", JSON(connection.tlsVersion)),
                    ("cipher", JSON(connection.cipherName)),
                    ("keyExchange", JSON(connection.keyExchange)),
                    ("applicationProtocol", JSON(connection.applicationProtocol)),
                    (
                        "certificate",
                        certificate.map {
                            .object([
                                ("subject", .string($0.subject)), ("issuer", .string($0.issuer)),
                                ("names", JSON($0.dnsNames + $0.ipAddresses)),
                                ("notAfter", .string($0.notAfter.rfc3339)),
                                ("sha256", .string($0.sha256Fingerprint.hex)),
                            ])
                        } ?? .null
                    ),
                ])
            ),
        ])
    }

    /// The result for people.
    public func text(color: Bool) -> String {
        let page = TerminalWriter(color: color)
        let style: TerminalWriter.Style = verdict == .accepted ? .good : verdict == .refused ? .bad : .doubtful
        // Whole, with the decision's ID at the end.
        let message = PrintableText.clean(message, maximum: 1000)
        var lines = page.wrapped(verdict.rawValue.uppercased() + ": " + message, style: style)
        if let hint { lines += page.wrapped("→ " + hint, indent: 2) }
        if let user = answer?.user {
            lines.append("")
            lines += page.pair("user", PrintableText.clean(user.username))
            lines += page.pair("uid", PrintableText.clean(user.uid))
            for (index, group) in user.groups.enumerated() {
                lines += page.pair(index == 0 ? "groups" : "", PrintableText.clean(group))
            }
            for (index, entry) in user.extra.enumerated() {
                let values = entry.values.joined(separator: ", ")
                lines += page.pair(index == 0 ? "extra" : "", PrintableText.clean("\(entry.name): \(values)"))
            }
        }
        lines.append("")
        lines += page.pair("webhook", PrintableText.clean(server.description))
        lines += page.pair("status", "HTTP \(status)" + (answer.map { ", \($0.version.rawValue)" } ?? ""))
        lines += page.pair(
            "time",
            "\(connection.total.milliseconds) ms: \(connection.connecting.milliseconds) to connect, "
                + "\(connection.handshaking.milliseconds) for TLS, \(connection.answering.milliseconds) to answer")
        lines += page.pair(
            "TLS",
            [connection.tlsVersion, connection.cipherName, connection.keyExchange, connection.applicationProtocol]
                .compactMap { $0 }.joined(separator: ", "))
        if let certificate = connection.peerCertificate {
            let names = (certificate.dnsNames + certificate.ipAddresses).joined(separator: ", ")
            lines += page.pair("certificate", PrintableText.clean("for \(names)"))
            lines += page.pair("", PrintableText.clean("by \(certificate.issuer)"))
            lines += page.pair("", "until \(certificate.notAfter.rfc3339)")
        }
        return lines.joined(separator: "\n")
    }
}
