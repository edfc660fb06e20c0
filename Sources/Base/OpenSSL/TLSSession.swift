import Addresses
import COpenSSL

/// One TLS connection without I/O: the caller moves ciphertext in and out as bytes.
///
/// Only one thread at a time may use it.
public final class TLSSession {
    private let handle: OpaquePointer
    /// Ciphertext that arrived and is not processed yet. Owned by `handle`.
    private let input: OpaquePointer
    /// Ciphertext to be sent. Owned by `handle`.
    private let output: OpaquePointer
    /// Read by the ALPN callback.
    private let context: TLSContext

    /// The state of the handshake after a step.
    public enum HandshakeResult: Sendable, Equatable {
        case complete, needsInput
        case failed(TLSFailureCause)
    }

    /// The result of one read.
    public enum ReadResult: Sendable, Equatable {
        case bytes(Int)
        case needsInput
        /// The peer has sent close_notify and will send no more data.
        case closedByPeer
        case failed(TLSFailureCause)
    }

    /// The result of one write.
    public enum WriteResult: Sendable, Equatable {
        /// Number of encrypted bytes: at least one, perhaps not all.
        case bytes(Int)
        case failed(TLSFailureCause)
    }

    /// The server's side of a connection.
    ///
    /// - Throws: ``OpenSSLError`` if there is no memory.
    public init(server context: TLSContext) throws(OpenSSLError) {
        precondition(context.role == .server, "a client's context cannot serve")
        self.context = context
        (handle, input, output) = try Self.makeConnection(context)
        SSL_set_accept_state(handle)
    }

    /// The client's side of a connection.
    ///
    /// - Parameter serverName: the DNS name or IP address that the server's certificate must have.
    /// - Throws: ``OpenSSLError`` if the name is empty, too long or contains a NUL.
    public init(client context: TLSContext, serverName: String) throws(OpenSSLError) {
        precondition(context.role == .client, "a server's context cannot connect")
        // OpenSSL does not check any name if it is empty.
        guard !serverName.isEmpty, serverName.utf8.count <= 255, !serverName.utf8.contains(0) else {
            throw OpenSSLError("connect", reason: "the server's name is empty, too long or has a NUL in it")
        }
        self.context = context
        (handle, input, output) = try Self.makeConnection(context)
        SSL_set_connect_state(handle)
        SSL_set_hostflags(handle, UInt32(X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT))
        if IPAddress(serverName) != nil {
            try check("set the server's address") {
                X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(handle), serverName)
            }
        } else {
            try check("set the server's name") { SSL_set1_host(handle, serverName) }
            try check("set the server's name") { COpenSSL_SSL_set_tlsext_host_name(handle, serverName) }
        }
    }

    deinit {
        X509_free(Self.refused(of: handle))
        SSL_free(handle)
    }

    private static func makeConnection(
        _ context: TLSContext
    ) throws(OpenSSLError) -> (OpaquePointer, OpaquePointer, OpaquePointer) {
        let operation = "set up a TLS connection"
        let connection = try make(operation) { SSL_new(context.handle) }
        guard let input = BIO_new(BIO_s_mem()), let output = BIO_new(BIO_s_mem()) else {
            SSL_free(connection)
            throw .drained(operation)
        }
        // An empty buffer means "come back later", not the end of the stream.
        COpenSSL_BIO_set_mem_eof_return(input, -1)
        COpenSSL_BIO_set_mem_eof_return(output, -1)
        SSL_set_bio(connection, input, output)
        return (connection, input, output)
    }

    /// Takes ciphertext that arrived. False if there is no memory for it.
    public func receive(_ ciphertext: UnsafeRawBufferPointer) -> Bool {
        ciphertext.isEmpty || BIO_write(input, ciphertext.baseAddress, CInt(ciphertext.count)) == ciphertext.count
    }

    /// Number of ciphertext bytes that wait for `read` or `handshake`. Parts of a record may be stored elsewhere.
    public var bufferedInput: Int { Int(BIO_ctrl_pending(input)) + Int(SSL_pending(handle)) }

    /// Number of bytes to be sent.
    public var pendingOutput: Int { Int(BIO_ctrl_pending(output)) }

    /// Moves bytes to be sent into `buffer`, and returns their number.
    public func takeOutput(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        guard pendingOutput > 0, !buffer.isEmpty else { return 0 }
        return max(0, Int(BIO_read(output, buffer.baseAddress, CInt(clamping: buffer.count))))
    }

    /// Continues the handshake as far as the input allows. There may be output afterwards, also after a failure: the
    /// alert for the peer.
    public func handshake() -> HandshakeResult {
        ERR_clear_error()
        let outcome = SSL_do_handshake(handle)
        if outcome == 1 { return .complete }
        switch SSL_get_error(handle, outcome) {
        case SSL_ERROR_WANT_READ: return .needsInput
        case SSL_ERROR_ZERO_RETURN: return .failed(.connectionClosed)
        default: return .failed(.drained(connection: handle))
        }
    }

    /// Decrypts at most one record into `buffer`.
    public func read(into buffer: UnsafeMutableRawBufferPointer) -> ReadResult {
        var count = 0
        clearErrors()
        let outcome = SSL_read_ex(handle, buffer.baseAddress, buffer.count, &count)
        if outcome == 1 { return .bytes(count) }
        switch SSL_get_error(handle, outcome) {
        case SSL_ERROR_WANT_READ: return .needsInput
        case SSL_ERROR_ZERO_RETURN: return .closedByPeer
        default: return .failed(.drained(connection: handle))
        }
    }

    /// Encrypts `plaintext`, which must not be empty. The ciphertext then waits as output.
    public func write(_ plaintext: UnsafeRawBufferPointer) -> WriteResult {
        var count = 0
        clearErrors()
        if SSL_write_ex(handle, plaintext.baseAddress, plaintext.count, &count) == 1 { return .bytes(count) }
        return .failed(.drained(connection: handle))
    }

    /// Frees the buffers of an idle connection: 34 KB for records, and those that ciphertext passes through. They are
    /// allocated again when needed.
    public func releaseBuffers() {
        // Fails while the buffers contain a part of a record.
        SSL_free_buffers(handle)
        Self.shrink(input)
        Self.shrink(output)
    }

    /// Replaces the memory of an empty BIO, which is as large as the largest message of the handshake.
    private static func shrink(_ bio: OpaquePointer) {
        guard BIO_ctrl_pending(bio) == 0, let memory = BUF_MEM_new() else { return }
        // It frees the old memory first.
        if COpenSSL_BIO_set_mem_buf(bio, memory) != 1 { BUF_MEM_free(memory) }
    }

    /// Writes a close_notify alert to the output. Writing is impossible afterwards; reading is not.
    public func sendCloseNotify() {
        ERR_clear_error()
        SSL_shutdown(handle)
        ERR_clear_error()
    }

    /// The peer's certificate; nil if it presented none, or before the handshake is complete.
    public var peerCertificate: Certificate? {
        SSL_get1_peer_certificate(handle).map(Certificate.init(takingOwnership:))
    }

    /// The client certificate that the handshake rejected; nil if there was none or it was accepted.
    ///
    /// Nothing in it is verified, not even that the client has its key.
    public var untrustedRefusedCertificate: Certificate? {
        guard let certificate = Self.refused(of: handle), X509_up_ref(certificate) == 1 else { return nil }
        return Certificate(takingOwnership: certificate)
    }

    /// The slot of a connection that OpenSSL reserves for applications.
    private static let refusedSlot: CInt = 0

    private static func refused(of connection: OpaquePointer) -> OpaquePointer? {
        SSL_get_ex_data(connection, refusedSlot).map { OpaquePointer($0) }
    }

    /// Keeps a rejected certificate, which OpenSSL would drop, so that the log can name it. Called for each certificate
    /// of a chain, with 1 for valid ones.
    static let keepRefused: @convention(c) (CInt, OpaquePointer?) -> CInt = { isGood, verification in
        guard isGood != 1, let verification,
            let pointer = X509_STORE_CTX_get_ex_data(verification, SSL_get_ex_data_X509_STORE_CTX_idx()),
            let certificate = X509_STORE_CTX_get0_cert(verification)
        else { return isGood }
        let connection = OpaquePointer(pointer)
        guard refused(of: connection) == nil, X509_up_ref(certificate) == 1 else { return isGood }
        if SSL_set_ex_data(connection, refusedSlot, UnsafeMutableRawPointer(certificate)) != 1 {
            X509_free(certificate)
        }
        return isGood
    }

    /// The application protocol that ALPN negotiated.
    public var negotiatedProtocol: String? {
        var name: UnsafePointer<UInt8>?
        var count: UInt32 = 0
        SSL_get0_alpn_selected(handle, &name, &count)
        guard let name, count > 0 else { return nil }
        return String(validating: UnsafeBufferPointer(start: name, count: Int(count)), as: UTF8.self)
    }

    /// For example `TLSv1.3`.
    public var version: String { String(cString: SSL_get_version(handle)) }

    /// For example `TLS_AES_256_GCM_SHA384`; nil before one is negotiated.
    public var cipherName: String? {
        SSL_get_current_cipher(handle).flatMap(SSL_CIPHER_get_name).map { String(cString: $0) }
    }

    /// The group of the key exchange, by OpenSSL's name: `X25519MLKEM768`, `x25519`, `secp256r1`. Nil before one is
    /// negotiated.
    public var keyExchange: String? {
        let group = COpenSSL_SSL_get_negotiated_group(handle)
        return group > 0 ? SSL_group_to_name(handle, group).map { String(cString: $0) } : nil
    }
}
