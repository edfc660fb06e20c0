import Addresses
import Entra
import Files
import HTTPSClient
import JOSE
import Jansson
import OpenSSL
import SafeText
import Timestamps

/// The request for an application's token for Microsoft Graph.
///
/// Source: Microsoft identity platform, client credentials flow; instance metadata service for managed identities.
struct AppTokenRequest {
    static func make(_ configuration: DirectoryConfiguration, now: Timestamp) throws(DirectoryError) -> HTTPSRequest {
        guard configuration.settings.credential != .managedIdentity else { return try managedIdentity(configuration) }
        let address = "\(configuration.trust.authorityBase)/\(configuration.trust.tenantID)/oauth2/v2.0/token"
        guard let url = HTTPSURL(address) else { throw .token(.configuration("the authority is not an https address")) }
        let clientID = configuration.settings.clientID?.description ?? ""
        var form =
            "grant_type=client_credentials&client_id=\(clientID)&scope=\(formEncoded(configuration.graph + "/.default"))&"
        var secret: [UInt8] = []
        defer { secret.withUnsafeMutableBytes { cleanse($0) } }
        switch configuration.settings.credential {
        case .clientSecretFile(let path):
            form += "client_secret="
            secret = try text(path)
        case .federatedTokenFile(let path):
            form += assertion
            secret = try text(path)
        case .clientCertificateFile(let path):
            form += assertion
            secret = Array(try signedAssertion(path, clientID: clientID, audience: address, now: now).utf8)
        case .managedIdentity: break
        }
        // Large enough for any escaping, so that growing never leaves an incomplete copy of a secret behind.
        var body: [UInt8] = []
        body.reserveCapacity(form.utf8.count + 3 * secret.count)
        body += form.utf8
        appendFormEncoded(secret, to: &body)
        defer { body.withUnsafeMutableBytes { cleanse($0) } }
        return HTTPSRequest(
            .post, url, headers: [(name: "Content-Type", value: "application/x-www-form-urlencoded")],
            body: body.withUnsafeBytes { SecureBytes(copying: $0) })
    }

    private static func managedIdentity(_ configuration: DirectoryConfiguration) throws(DirectoryError) -> HTTPSRequest
    {
        var target =
            "/metadata/identity/oauth2/token?api-version=2018-02-01&resource=" + formEncoded(configuration.graph)
        if let clientID = configuration.settings.clientID { target += "&client_id=\(clientID)" }
        // Azure's libraries also accept another address of the service, from an environment variable.
        let url = HTTPSURL.instanceMetadata(base: configuration.metadataService, target: target)
        guard let url else { throw .metadataServiceUnusable }
        return HTTPSRequest(.get, url, headers: [(name: "Metadata", value: "true")])
    }

    private static let assertion =
        "client_assertion_type=\(formEncoded("urn:ietf:params:oauth:client-assertion-type:jwt-bearer"))&client_assertion="

    /// `private_key_jwt` (RFC 7523) with PS256 and the certificate's SHA-256 thumbprint.
    ///
    /// Source: Microsoft identity platform, certificate credentials.
    private static func signedAssertion(
        _ path: String,
        clientID: String,
        audience: String,
        now: Timestamp
    ) throws(DirectoryError) -> String {
        guard var pem = try? FileIO.read(path) else { throw .secretUnreadable }
        defer { pem.withUnsafeMutableBytes { cleanse($0) } }
        guard let certificate = try? Certificate(pem: pem),
            let key = try? PrivateKey(pem: pem)
        else { throw .secretUnreadable }
        let thumbprint = Base64URL.encode(certificate.der.withUnsafeBytes { SHA256Digest(hashing: $0) }.bytes)
        let header = JSON.object([("alg", "PS256"), ("typ", "JWT"), ("x5t#S256", .string(thumbprint))])
        let claims = JSON.object([
            ("aud", .string(audience)), ("iss", .string(clientID)), ("sub", .string(clientID)),
            ("jti", .string(Base64URL.encode(randomBytes(16)))), ("nbf", .integer(now.secondsSinceEpoch - 60)),
            ("exp", .integer(now.secondsSinceEpoch + 600)),
        ])
        let signed = Base64URL.encode(header.render()) + "." + Base64URL.encode(claims.render())
        guard let signature = try? Array(signed.utf8).withUnsafeBytes({ try key.sign(.ps256, message: $0) }) else {
            throw .secretUnreadable
        }
        return signed + "." + Base64URL.encode(signature)
    }

    /// A file's bytes without the line ending that editors add.
    private static func text(_ path: String) throws(DirectoryError) -> [UInt8] {
        guard var bytes = try? FileIO.read(path, maximumBytes: 65_536) else { throw .secretUnreadable }
        guard (try? UTF8Span(validating: bytes.span)) != nil else {
            bytes.withUnsafeMutableBytes { cleanse($0) }
            throw .secretUnreadable
        }
        while let start = bytes.lastIndex(where: { !UTF8.isContinuation($0) }),
            String(decoding: bytes[start...], as: UTF8.self).allSatisfy(\.isWhitespace)
        {
            bytes.removeSubrange(start...)
        }
        guard !bytes.isEmpty else { throw .secretUnreadable }
        return bytes
    }

    private static func formEncoded(_ text: String) -> String {
        var encoded: [UInt8] = []
        appendFormEncoded(Array(text.utf8), to: &encoded)
        return String(decoding: encoded, as: UTF8.self)
    }

    private static func appendFormEncoded(_ text: [UInt8], to encoded: inout [UInt8]) {
        let digits = Array("0123456789ABCDEF".utf8)
        for byte in text {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                encoded.append(byte)
            default:
                encoded += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
    }

    /// The token and its lifetime in seconds, at most two days.
    static func read(_ response: HTTPSResponse) throws(DirectoryError) -> (token: String, lifetime: Int64) {
        guard response.status == 200 else { throw .tokenRefused(status: response.status) }
        guard let root = try? JSONDocument(parsing: response.body).root,
            let token = root["access_token"]?.string, !token.isEmpty,
            token.utf8.allSatisfy({ $0 > 32 && $0 < 127 })
        else { throw .malformed }
        // The metadata service writes the number as a string.
        let lifetime = root["expires_in"]?.integer ?? root["expires_in"]?.string.flatMap { Int64($0) } ?? 300
        return (token, max(0, min(lifetime, 2 * 86_400)))
    }
}
