internal import ArgumentParser
internal import Certificates
internal import Files
internal import Jansson
internal import OpenSSL
internal import Terminal
internal import Timestamps

extension CertsCommand {
    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "show",
            abstract: "Describes certificate files: names, dates, chain, whether the key fits, and what to look at.",
            discussion: """
                The private key is looked for beside the certificate (server.crt, server.key) unless --key names it.

                Exit status: 0 all is well; 1 a certificate is not valid now, the chain is out of order or a key does \
                not fit; 2 a file cannot be read.
                """)

        @Argument(help: .init("Certificate files in PEM.", valueName: "file"), completion: .file()) var files: [String]

        @Option(help: .init("The private key of the (only) file.", valueName: "file"), completion: .file())
        var key: String?

        @Option(help: .output) var output: OutputFormat = .text

        func validate() throws {
            guard key == nil || files.count == 1 else {
                throw ValidationError("--key goes with one certificate file, not with \(files.count)")
            }
        }

        func run() throws {
            let now = Timestamp.now()
            var reports: [CertificateReport] = []
            var isUnreadable = false
            for file in files {
                do {
                    reports.append(try CertificateReport(path: file, keyPath: key, now: now))
                } catch let failure as CommandFailure {
                    // The other files are still shown.
                    Console.note(failure.message)
                    isUnreadable = true
                }
            }
            switch output {
            case .text:
                guard !reports.isEmpty else { break }
                Console.print(reports.map(\.text).joined(separator: "\n\n"))
            case .json:
                Console.print(
                    .object([
                        ("ok", .bool(!isUnreadable && reports.allSatisfy(\.isGood))),
                        ("files", .array(reports.map(\.json))),
                    ]))
            }
            if isUnreadable { throw ExitCode.cannot }
            if !reports.allSatisfy(\.isGood) { throw ExitCode.no }
        }
    }
}
