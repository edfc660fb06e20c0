import Configuration
import Logging
import OpenSSL
import Timestamps
import WebhookServer

/// Reports in metrics and log how long certificates are valid.
extension WebhookService {
    func recordExpiry(_ identity: ServerIdentity) {
        metrics.setCertificateExpiry(file: "server.certificate", identity.certificate.notAfter)
        let soonest = identity.clientAuthorities.map(\.notAfter).min()
        if let soonest { metrics.setCertificateExpiry(file: "server.clientCA", soonest) }
        let now = Timestamp.now()
        let month = now.adding(seconds: 30 * 86_400)
        for (field, time) in [("server.certificate", identity.certificate.notAfter), ("server.clientCA", soonest)] {
            guard let time, time < month else { continue }
            logger.warning(
                time < now ? "a certificate has expired" : "a certificate expires soon",
                metadata: ["field": "\(field)", "expires": "\(time.rfc3339)"])
        }
        let latest = identity.clientAuthorities.map(\.notBefore).max()
        for (field, time) in [("server.certificate", identity.certificate.notBefore), ("server.clientCA", latest)] {
            guard let time, now < time else { continue }
            logger.warning(
                "a certificate is not valid yet: compare this host's clock with the one of the host that made it",
                metadata: ["field": "\(field)", "validFrom": "\(time.rfc3339)"])
        }
    }
}
