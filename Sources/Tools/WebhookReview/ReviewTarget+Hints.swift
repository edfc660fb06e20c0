import Addresses
import Certificates
public import HTTPSClient
import OpenSSL
import SafeText
import Timestamps

extension ReviewTarget {
    /// What to do if there is no connection.
    public func hint(for error: HTTPSError) -> String? {
        switch error {
        case .connectionRefused: "is `kube-entra serve` running, and does server.listen say this address?"
        case .connectTimeout, .unreachable: "is there a firewall between this host and the webhook?"
        case .nameNotFound: "kube-apiserver does not ask cluster DNS: use an IP address or a name that this host knows"
        case .tls(.untrustedCertificate): "pass the CA that signed the webhook's certificate with --ca"
        case .tls(.hostNameMismatch):
            "make the certificate for this name: `kube-entra certs create --renew --host \(ShellWord.quoted(url.host))`, with a --host for"
                + " each name that it has now (`kube-entra certs show`)"
        case .tls(.certificateExpired): "make a new one: `kube-entra certs create --renew`"
        case .tls(.alertReceived(.noApplicationProtocol)):
            "this command speaks HTTP/1.1, as kube-apiserver can: add http/1.1 to the webhook's server.protocols"
        case .tls(.alertReceived(let alert)): refusedHint(alert)
        case .tls(.noClientCertificate), .truncated: refusedHint(nil)
        case .tls(.notTLS): "what listens there does not speak TLS: is it the operations port?"
        default: nil
        }
    }

    /// The meaning of a webhook's alert in the handshake (RFC 8446 section 6.2, as OpenSSL sends it).
    private func refusedHint(_ alert: TLSAlert?) -> String {
        guard let certificate else {
            return "the webhook wants a client certificate: pass one with --certificate and --key"
        }
        let refused = "the webhook does not take this client certificate: "
        let now = Timestamp.now()
        let own = try? Certificate(pem: certificate)
        switch alert {
        case .certificateExpired?:
            return own.map { $0.notAfter < now } ?? false
                ? "the client certificate has expired: make a new one with `kube-entra certs create --renew`"
                : "the client certificate, the CA that signed it, or one between them has expired by the webhook's"
                    + " clock: `kube-entra certs create --renew` makes new ones"
        case .badCertificate? where own.map { now < $0.notBefore } ?? false:
            return refused + "it is not valid yet: is a clock wrong, here or where it was made?"
        case .badCertificate?:
            return refused + "it is not valid yet by the webhook's clock, or its key is too weak."
                + " The webhook's log says which"
        case .unsupportedCertificate?:
            return refused + "it is not meant for clients (extended key usage clientAuth); is it the server's?"
        case .unknownAuthority?, .decryptError?:
            return refused + "it is not from a CA in the webhook's server.clientCA. The webhook's log has its name"
        case .certificateRequired?:
            return "the webhook got no client certificate, although one was given: its log says more"
        default:
            return refused + "is it from the CA in server.clientCA? The webhook's log says why"
        }
    }
}
