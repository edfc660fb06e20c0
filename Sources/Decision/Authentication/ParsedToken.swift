import EntraTokens
import JOSE
import OpenSSL

/// A token with decoded parts and a parsed header. Nothing in it is trusted yet.
final class ParsedToken: Sendable {
    let jws: CompactJWS
    let header: TokenHeader
    /// The same header, remembered from an earlier token whose signature was verified. This token's signature may still
    /// be invalid.
    let known: KnownHeader?

    /// Splits and decodes the token, and scans its header.
    ///
    /// - Parameter keys: the keys that remember the headers of earlier tokens.
    init(_ bytes: UnsafeRawBufferPointer, keys: KeySnapshot?) throws(CompactJWSError) {
        var known: KnownHeader?
        jws = try CompactJWS(parsing: bytes) { part in
            known = keys?.knownHeader(part)
            return known?.bytes
        }
        self.known = known
        if let known {
            header = known.header
            return
        }
        guard let header = jws.header.withUnsafeBytes({ try? TokenHeader(scanning: $0) }) else { throw .badEncoding }
        self.header = header
    }
}
