import ArgumentParser
import Certificates
import Terminal
import Timestamps

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

        @Argument(
            help: .init("Certificate files in PEM, or folders of .crt files.", valueName: "file"), completion: .file())
        var files: [String]

        @Option(help: .init("The private key of the (only) file.", valueName: "file"), completion: .file())
        var key: String?

        @Option(help: .output) var output: OutputFormat = .text

        func validate() throws {
            guard key == nil || files.count == 1 else {
                throw ValidationError("--key goes with one certificate file, not with \(files.count)")
            }
        }

        func run() throws {
            let reports = try CertificateReports(files: files, key: key, now: .now())
            Console.notes(reports.failures.flatMap(\.lines))
            if output == .json { Console.print(reports.json) } else if let text = reports.text { Console.print(text) }
            if !reports.failures.isEmpty { throw ExitCode.cannot }
            if !reports.isGood { throw ExitCode.no }
        }
    }
}
