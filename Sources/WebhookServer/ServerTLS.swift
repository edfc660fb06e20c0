import NIOCore

/// What the server needs of TLS: a handler for each new connection, and whom the client said it is.
struct ServerTLS: Sendable {
    var addHandlers: @Sendable (any Channel) throws -> Void
    /// The common name and DNS names of the client's certificate, after the handshake; empty without one.
    var clientNames: @Sendable (any Channel) -> [String]
}
