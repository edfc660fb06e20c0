public import Jansson
public import Terminal
public import Timestamps

/// The result of `certs show` for all its files.
public struct CertificateReports {
    private var reports: [CertificateReport] = []
    /// Why files could not be read. The other files are reported anyway.
    public private(set) var failures: [CommandFailure] = []

    /// Reads all files; ``failures`` has those that cannot be read.
    ///
    /// - Parameters:
    ///   - files: paths of certificates. Without `key`, also folders, for their `.crt` files.
    ///   - key: path of the private key of the only file; nil for the key beside each certificate.
    public init(files: [String], key: String?, now: Timestamp) throws {
        for file in files.flatMap({ key == nil ? CertificateReports.expanded($0) : [$0] }) {
            do {
                reports.append(try CertificateReport(path: file, keyPath: key, now: now))
            } catch let failure as CommandFailure {
                failures.append(failure)
            }
        }
    }

    /// The paths of a folder's `.crt` files; the path itself if it is not a folder, or has none.
    private static func expanded(_ path: String) -> [String] {
        let files = CertificateFolder(path: path).certificateFiles
        return files.isEmpty ? [path] : files
    }

    /// Whether nothing is wrong with the files that could be read.
    public var isGood: Bool { reports.allSatisfy(\.isGood) }

    /// The reports for people; nil if there are none.
    public var text: String? { reports.isEmpty ? nil : reports.map(\.text).joined(separator: "\n\n") }

    /// The reports for programs.
    public var json: JSON {
        .object([("ok", .bool(failures.isEmpty && isGood)), ("files", .array(reports.map(\.json)))])
    }
}
