import EntraTokens
import JOSE
import OpenSSL

/// A token with decoded parts and a parsed header. Nothing in it is trusted yet.
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
