import NIOCore
import OpenSSL

/// Whether the other end of a connection may ask, and if not, who it is.
enum Caller {
    case allowed
    /// Its certificate is good, but its name is not among `server.allowedClientNames`.
    case refused(name: String?, peer: SocketAddress?)

    var isAllowed: Bool {
        if case .allowed = self { true } else { false }
    }

    /// A certificate's name for people: at most 64 characters, which is the longest common name (RFC 5280 appendix
    /// A.1), and none that could reorder, hide or break a line. Control characters of ASCII are left for the log's
    /// and JSON's own escapes.
    static func name(of certificate: Certificate) -> String? {
        guard let name = certificate.commonName ?? certificate.dnsNames.first else { return nil }
        var short = String.UnicodeScalarView()
        for scalar in name.unicodeScalars {
            guard short.count < 64 else {
                short.append("…")
                break
            }
            short.append(isHarmless(scalar) ? scalar : "\u{FFFD}")
        }
        return String(short)
    }

    private static func isHarmless(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control: scalar.isASCII
        case .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: false
        default: true
        }
    }
}
