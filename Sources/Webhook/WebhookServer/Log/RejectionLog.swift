import Addresses
import LineLogging
import Logging
import NIOConcurrencyHelpers
import NIOCore
import NIOOpenSSL
import OpenSSL
import Timestamps

/// Logs why callers were rejected before they could send a review: one warning a minute for each cause, over all event
/// loops.
final class RejectionLog: Sendable {
    private let logger: Logger
    private let clock: @Sendable () -> Timestamp
    // At most one for each cause, and used only for rejected callers.
    private let limits = NIOLockedValueBox<[RejectionCause: RepeatLimit]>([:])

    init(logger: Logger, clock: @escaping @Sendable () -> Timestamp) {
        self.logger = logger
        self.clock = clock
    }

    /// A handshake that failed.
    func record(_ error: TLSError, _ cause: RejectionCause, from peer: SocketAddress?, _ tls: TLSHandler?) {
        guard case .handshakeFailed(let failure) = error else {
            return write(cause, "the TLS handshake took too long", peer) { nil }
        }
        // A client that only checks whether the port is open, as load balancers do, is not a caller.
        if failure == .connectionClosed { return }
        write(cause, failure.description, peer) { tls?.untrustedRefusedCertificate.flatMap(ClientIdentity.name) }
    }

    /// A request from a caller whose certificate is valid, but whose name is not allowed.
    func record(_ refusal: HTTPRejection, from caller: ClientIdentity) {
        guard refusal == .clientName, !caller.isAllowed else { return }
        write(refusal.cause, "the client certificate's name is not in server.allowedClientNames", caller.peer) {
            caller.name
        }
    }

    private func write(
        _ cause: RejectionCause, _ problem: String, _ peer: SocketAddress?, clientName: () -> String?
    ) {
        let now = clock()
        guard let leftOut = limits.withLockedValue({ $0[cause, default: RepeatLimit()].admit(at: now) }) else { return }
        var metadata: Logger.Metadata = ["cause": "\(cause.rawValue)", "problem": "\(problem)"]
        if let address = peer?.ipAddress {
            metadata["peer"] = "\(ListenAddress(host: address, port: peer?.port ?? 0))"
        }
        if let name = clientName() { metadata["clientName"] = "\(name)" }
        if leftOut > 0 { metadata["leftOut"] = "\(leftOut)" }
        logger.warning("a caller was refused", metadata: metadata)
    }
}
