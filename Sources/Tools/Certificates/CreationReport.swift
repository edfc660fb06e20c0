public import Jansson
public import OpenSSL
import Timestamps

/// The result of `certs create`, for people and programs.
public struct CreationReport {
    private let folder: CertificateFolder
    private let plan: CertificatePlan
    private let files: [CertificateFile]
    private let authority: Certificate?

    /// - Parameters:
    ///   - files: what was written.
    ///   - authority: the existing CA that signed; nil if a new one was made.
    public init(folder: CertificateFolder, plan: CertificatePlan, files: [CertificateFile], authority: Certificate?) {
        self.folder = folder
        self.plan = plan
        self.files = files
        self.authority = authority
    }

    /// The report as JSON.
    public var json: JSON {
        let kept = authority.map { authority in
            JSON.object([
                ("subject", .string(authority.subject)),
                ("expires", .string(authority.notAfter.rfc3339)),
                ("sha256Fingerprint", .string(authority.sha256Fingerprint.hex)),
            ])
        }
        return .object([
            ("folder", .string(folder.path)),
            ("hosts", JSON(plan.hosts.map(\.text))),
            ("clientName", .string(plan.terms.chosenClientName)),
            ("keptAuthority", kept ?? .null),
            (
                "files",
                .array(
                    files.map { file in
                        .object([
                            ("path", .string(folder.path(of: file.name))),
                            ("purpose", .string(file.purpose)),
                            ("expires", JSON(file.expires?.rfc3339)),
                        ])
                    })
            ),
        ])
    }

    /// One line for each file.
    public var lines: [String] {
        files.map { file in
            let expires = file.expires.map { ", valid until \($0.rfc3339.prefix(10))" } ?? ""
            return "\(folder.path(of: file.name))  \(file.purpose)\(expires)"
        }
    }

    /// What else people should know.
    public var notes: [String] {
        let last: String
        if let authority {
            let end = authority.notAfter.rfc3339.prefix(10)
            let fingerprint = authority.sha256Fingerprint.hex.prefix(16)
            last = "Signed by: \(authority.subject), valid until \(end), SHA-256 \(fingerprint)…"
        } else {
            last =
                "Keep \(folder.path(of: CertificateFolder.FileName.authorityKey)) away from the cluster;"
                + " --renew needs it."
        }
        return [
            "Server names: \(plan.hosts.map(\.text).joined(separator: ", "))",
            "Client name: \(plan.terms.chosenClientName)", last,
        ]
    }
}
