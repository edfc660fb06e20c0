import Glibc
import Jansson
public import OpenSSL
import SafeText

/// Why bytes are not a JWS in compact serialization.
public enum CompactJWSError: Error, Sendable, Equatable {
    case empty
    case notThreeParts
    /// Five parts with the header of a JWE (RFC 7516 section 7.1).
    case encrypted
    /// A part that is not strict base64url, or an empty header or payload.
    case badEncoding
}

/// The parts of a JWS in compact serialization (RFC 7515 section 7.1), decoded but neither parsed nor verified.
public struct CompactJWS: Sendable {
    /// The decoded bytes of the JOSE header.
    public let header: SecureBytes
    /// The decoded bytes of the payload. Nothing here says whether the signature is valid.
    public let untrustedPayload: SecureBytes
    /// The decoded signature; empty if the token ends with its second dot.
    public let signature: SecureBytes
    /// Number of bytes of the token's first part, the encoded header.
    public let headerLength: Int
    /// Number of bytes that the signature covers, from the beginning of the token.
    public let signedLength: Int

    /// Splits and decodes a token. The cost is linear in its length, however many dots it has.
    ///
    /// - Parameter knownHeader: returns the decoded header for the first part of the token; nil if it is not known.
    /// - Throws: ``CompactJWSError`` if the bytes are not a JWS.
    public init(
        parsing token: UnsafeRawBufferPointer,
        knownHeader: (UnsafeRawBufferPointer) -> SecureBytes? = { _ in nil }
    ) throws(CompactJWSError) {
        guard !token.isEmpty else { throw .empty }
        var dots: (Int, Int, Int, Int) = (0, 0, 0, 0)
        var dotCount = 0
        var position = 0
        while let dot = CompactJWS.firstDot(in: token, from: position) {
            switch dotCount {
            case 0: dots.0 = dot
            case 1: dots.1 = dot
            case 2: dots.2 = dot
            case 3: dots.3 = dot
            default: throw .notThreeParts
            }
            dotCount += 1
            position = dot + 1
        }
        guard dotCount != 4 else {
            throw CompactJWS.isEncrypted(token, headerEnd: dots.0) ? .encrypted : .notThreeParts
        }
        guard dotCount == 2 else { throw .notThreeParts }
        guard dots.0 > 0, dots.1 > dots.0 + 1 else { throw .badEncoding }
        let headerPart = UnsafeRawBufferPointer(rebasing: token[..<dots.0])
        guard let header = knownHeader(headerPart) ?? Base64URL.decodeSecret(headerPart),
            let payload = Base64URL.decodeSecret(UnsafeRawBufferPointer(rebasing: token[(dots.0 + 1)..<dots.1])),
            let signature = Base64URL.decodeSecret(UnsafeRawBufferPointer(rebasing: token[(dots.1 + 1)...]))
        else { throw .badEncoding }
        self.header = header
        self.untrustedPayload = payload
        self.signature = signature
        self.headerLength = dots.0
        self.signedLength = dots.1
    }

    private static func firstDot(in token: UnsafeRawBufferPointer, from start: Int) -> Int? {
        guard start < token.count, let base = token.baseAddress,
            let found = memchr(base + start, Int32(UInt8(ascii: ".")), token.count - start)
        else { return nil }
        return UnsafeRawPointer(found) - base
    }

    /// The largest header that is decoded to recognize a JWE.
    private static let maximumHeaderBytes = 4096

    /// Whether five parts are a JWE, and not noise or two tokens pasted together: the header of a JWE is an object with
    /// `enc` (RFC 7516 section 4.1.2).
    private static func isEncrypted(_ token: UnsafeRawBufferPointer, headerEnd: Int) -> Bool {
        guard headerEnd <= maximumHeaderBytes / 3 * 4,
            let header = Base64URL.decode(UnsafeRawBufferPointer(rebasing: token[..<headerEnd])),
            let document = try? JSONDocument(parsing: header, maximumDepth: 8)
        else { return false }
        return document.root["enc"]?.string != nil
    }
}
