internal import EntraTokens
internal import JOSE
internal import OpenSSL

/// A token whose parts are decoded and whose header was read; nothing of it is believed yet.
struct ParsedToken {
    let jws: CompactJWS
    let header: TokenHeader

    /// Splits and decodes the token, and scans its header.
    init(_ bytes: UnsafeRawBufferPointer) throws(CompactJWSError) {
        jws = try CompactJWS(parsing: bytes)
        guard let header = jws.header.withUnsafeBytes({ try? TokenHeader(scanning: $0) }) else { throw .badEncoding }
        self.header = header
    }
}
