import AccessPolicy
import Certificates
import CommandInput
import Configuration
import Entra
import Inspection
import PolicyChecks
import SigningKeys
import Terminal
import TestSupport
import Testing
import Timestamps
import TokenReviewAPI
import WebhookReview

/// Tries every reader of a file that is named on a command line with every kind of file that it cannot use.
@Suite struct UnusableFilesTests {
    struct Unusable: Sendable, CustomTestStringConvertible {
        let testDescription: String
        /// Writes it, and returns its path.
        let path: @Sendable (TemporaryFolder) throws -> String

        init(_ name: String, _ path: @escaping @Sendable (TemporaryFolder) throws -> String) {
            testDescription = name
            self.path = path
        }

        init(_ name: String, content: @escaping @Sendable () -> [UInt8]) {
            self.init(name) { folder in
                try folder.write("file", content())
                return folder.path("file")
            }
        }
    }

    static let files = [
        Unusable("an empty file", content: { [] }),
        Unusable(
            "random bytes",
            content: {
                var random = SplitMix(seed: 13)
                return (0..<50_000).map { _ in UInt8.random(in: 0...255, using: &random) }
            }),
        Unusable("ten megabytes of one letter", content: { [UInt8](repeating: UInt8(ascii: "a"), count: 10_000_000) }),
        Unusable("a million dots", content: { [UInt8](repeating: UInt8(ascii: "."), count: 1_000_000) }),
        Unusable("a deep list", content: { [UInt8](repeating: UInt8(ascii: "["), count: 100_000) }),
        Unusable("deep objects", content: { (0..<100_000).flatMap { _ in Array(#"{"a":"#.utf8) } }),
        Unusable("Latin-1", content: { Array(#"{"name": ""#.utf8) + [0xE9] + Array(#""}"#.utf8) }),
        Unusable("a folder") { folder in folder.path },
        Unusable("a missing file") { folder in folder.path("missing") },
        Unusable("/dev/null") { _ in "/dev/null" },
    ]

    /// What a command does with a file, called without starting the program.
    struct Reader: Sendable, CustomTestStringConvertible {
        let testDescription: String
        /// Returns what the command prints if it ends without success; nil for success.
        let read: @Sendable (_ path: String) throws -> String?

        init(_ name: String, _ read: @escaping @Sendable (_ path: String) throws -> String?) {
            testDescription = name
            self.read = read
        }
    }

    private static let now = Timestamp(secondsSinceEpoch: 1_800_000_000)

    private static func inspected(_ input: [UInt8], settings: WebhookConfiguration?, keys: String?) throws -> String? {
        let inspection = try TokenInspection(
            TokenInput(input), settings: settings, keys: keys, now: now, isPast: false, isRedacted: false)
        return inspection.isAccepted ? nil : inspection.text(on: TerminalWriter(color: false), failedOnly: false)
    }

    private static func answered(source: TokenSource, claims: String?) throws -> String? {
        var configuration = WebhookConfiguration()
        configuration.tenants = [
            TenantSettings(
                trust: TokenValidationRules(tenantID: TestTenant.guid(TestTenant.id), audiences: [TestTenant.audience]),
                policy: TenantPolicy())
        ]
        let request = PrincipalRequest(
            source: source, tokenOption: nil, keys: [], claims: claims,
            description: .init(tenantID: nil, objectID: nil, user: nil, groups: [], roles: [], isApp: false), at: nil,
            isOnline: false)
        let answer = try request.answer(configuration) { _ in [] }
        return answer.isAdmitted ? nil : answer.text(DirectoryNames())
    }

    static let readers = [
        Reader("inspect --token-file") { path in
            try inspected(TokenSource(token: nil, file: path).read(), settings: nil, keys: nil)
        },
        Reader("inspect --keys") { path in try inspected(Array("a.b.c".utf8), settings: nil, keys: path) },
        Reader("policy check --token-file") { path in
            try answered(source: TokenSource(token: nil, file: path), claims: nil)
        },
        Reader("policy check --claims") { path in
            try answered(source: TokenSource(token: nil, file: nil), claims: path)
        },
        Reader("policy test") { path in
            _ = try PolicySuite.load(paths: [path])
            return nil
        },
        Reader("a configuration, of most commands") { path in
            _ = try DenyFiles.load(path: path)
            return nil
        },
        Reader("config check") { path in
            let report = try ConfigurationReport(checking: path, looksAtFiles: true, format: .text, now: now)
            return report.problems.isEmpty ? nil : report.lines.joined(separator: "\n")
        },
        Reader("serve") { path in
            _ = try ServableConfiguration.load(path)
            return nil
        },
        Reader("config import-aks") { path in
            let translation = AKSImport(tenantID: nil, cloud: nil, certificates: "certs")
            return try translation.run(source: path, named: nil, destination: .file(nil), isReplacing: false)
                ? nil : "incomplete"
        },
        Reader("keys show") { path in
            let report = try KeyFileReport(path: path, tenantID: nil, cloud: .public, authority: nil)
            return report.usableCount > 0 ? nil : report.text
        },
        Reader("certs show") { path in
            let reports = try CertificateReports(files: [path], key: nil, now: now)
            return reports.failures.isEmpty && reports.isGood
                ? nil : reports.failures.flatMap(\.lines).joined(separator: "\n") + (reports.text ?? "")
        },
        Reader("review --config") { path in
            let request = ReviewRequest(
                config: path, kubeconfig: nil, server: nil, authority: nil, certificate: nil, key: nil, timeout: 1)
            _ = try request.run(
                token: { Array("a.b.c".utf8) }, audiences: [], version: .v1, note: { _ in })
            return nil
        },
        Reader("review --kubeconfig") { path in
            let request = ReviewRequest(
                config: nil, kubeconfig: path, server: nil, authority: nil, certificate: nil, key: nil, timeout: 1)
            _ = try request.run(
                token: { Array("a.b.c".utf8) }, audiences: [], version: .v1, note: { _ in })
            return nil
        },
    ]

    @Test("a command that cannot use a file says so shortly, and does not repeat it", arguments: readers, files)
    func unusable(_ reader: Reader, _ file: Unusable) throws {
        try TemporaryFolder.with { folder in
            let path = try file.path(folder)
            let said: String?
            do {
                said = try reader.read(path)
            } catch let failure as CommandFailure {
                said = failure.sentence
            } catch let error as ConfigurationError {
                said = error.problems.map(\.description).joined(separator: "\n")
            }
            let text = try #require(said, "it was used")
            #expect(!text.isEmpty && text.utf8.count < 20_000)
            #expect(!text.contains("aaaaaaaaaaaaaaaaaaaaaaaa"))
        }
    }
}
