import Files
import Glibc
import OpenSSL
public import Timestamps

/// What `certs show` reports about one file.
public struct CertificateReport {
    /// A private key that was named, or found beside the certificates.
    struct Key {
        let path: String
        let fits: Bool
    }

    let path: String
    let certificates: [Certificate]
    let key: Key?
    let now: Timestamp
    /// Why the file cannot be used.
    public private(set) var faults: [String] = []
    /// What works, but not for long or not everywhere.
    public private(set) var warnings: [String] = []

    /// Whether nothing is wrong.
    public var isGood: Bool { faults.isEmpty }

    /// Files that contain only CAs are lists of trusted authorities, in any order.
    var isAuthorityList: Bool { certificates.allSatisfy(\.isCA) }

    /// Whether each certificate is signed by the next one.
    var isChainInOrder: Bool {
        zip(certificates, certificates.dropFirst()).allSatisfy { $0.isSigned(by: $1) }
    }

    /// - Parameter keyPath: the private key; nil for the one beside the certificates, if there is one.
    /// - Throws: `CommandFailure` if a file cannot be read.
    public init(path: String, keyPath: String?, now: Timestamp) throws {
        self.path = path
        self.now = now
        certificates = try PEMFile.certificates(path)
        let candidate = keyPath ?? CertificateReport.sibling(of: path)
        if let candidate {
            key = Key(path: candidate, fits: certificates[0].matches(try PEMFile.privateKey(candidate)))
        } else {
            key = nil
        }
        evaluate()
    }

    private mutating func evaluate() {
        for (index, certificate) in certificates.enumerated() {
            let which = certificates.count == 1 ? "it" : "certificate \(index + 1)"
            let left = certificate.notAfter.seconds(since: now)
            if left < 0 {
                faults.append("\(which) has expired")
            } else if certificate.notBefore > now {
                faults.append("\(which) is not valid yet")
            } else if left < 30 * 86_400 {
                warnings.append("\(which) \(CertificateReport.remaining(left))")
            }
            if let bits = (try? certificate.publicKey).map({ $0.kind == .rsa ? $0.bits : 2048 }), bits < 2048 {
                warnings.append("\(which) has an RSA key of \(bits) bits; 2048 is the least that is safe")
            }
        }
        if let first = certificates.first, first.mayServe, first.dnsNames.isEmpty, first.ipAddresses.isEmpty {
            warnings.append(
                "it has no names (subjectAltName); kube-apiserver refuses a server certificate without them")
        }
        if !isAuthorityList, !isChainInOrder {
            faults.append("the chain is out of order: each certificate must be followed by the one that signed it")
        }
        guard let key else { return }
        if !key.fits { faults.append("the private key in \(key.path) does not belong to it") }
        var status = stat()
        if stat(key.path, &status) == 0, status.st_mode & 0o007 != 0 {
            warnings.append("everybody on this machine can read or change the private key \(key.path)")
        }
    }

    /// `server.key` for `server.crt`, if it exists.
    private static func sibling(of path: String) -> String? {
        for suffix in [".crt", ".pem", ".cer"] where path.hasSuffix(suffix) {
            let candidate = path.dropLast(suffix.count) + ".key"
            return FileVersion(path: String(candidate)) == nil ? nil : String(candidate)
        }
        return nil
    }

    /// "expires in 200 days", or how long ago it expired.
    static func remaining(_ seconds: Int64) -> String {
        func amount(_ seconds: Int64) -> String {
            let (count, unit) =
                seconds >= 2 * 86_400
                ? (seconds / 86_400, "day") : seconds >= 3600 ? (seconds / 3600, "hour") : (seconds / 60, "minute")
            return "\(count) \(unit)\(count == 1 ? "" : "s")"
        }
        return seconds < 0 ? "expired \(amount(-seconds)) ago" : "expires in \(amount(seconds))"
    }
}
