import ArgumentParser
import Certificates
import Terminal
import Timestamps

extension CertsCommand {
    struct Create: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "create",
            abstract: "Makes a private CA, the server certificate and kube-apiserver's client certificate.",
            discussion: """
                Keys are readable by their owner only; server.key also by its group where it was before, and with \
                --renew client.key too. With --renew the CA stays, so nothing that trusts it has to \
                change; the server and client certificates are made anew, with the host names, the client name and \
                the kind of key that they have, unless other ones are given.

                  kube-entra certs create                      for a webhook on 127.0.0.1
                  kube-entra certs create --host 10.96.0.20    for one behind a Service

                Exit status: 0 made; 2 a file is there already or cannot be written.
                """)

        @Option(help: .init("The folder to write to.", valueName: "folder"), completion: .directory) var out = "certs"

        @Option(
            name: .long,
            help: ArgumentHelp(
                """
                A DNS name or IP address at which kube-apiserver reaches the webhook. Repeatable. (default: localhost, \
                127.0.0.1, ::1; with --renew as they are)
                """, valueName: "host"))
        var host: [String] = []

        @Option(help: .init("The client certificate's common name. (default: kube-apiserver)", valueName: "name"))
        var clientName: String?

        @Option(help: "How long the server and client certificates are valid.") var days = CertificateTerms().days
        @Option(name: .customLong("ca-days"), help: "How long the CA is valid.") var authorityDays = CertificateTerms()
            .authorityDays
        @Flag(help: "RSA keys (2048 bits; the CA 3072) instead of P-256.") var rsa = false
        @Flag(help: "Keep the CA; make the server and client certificates anew.") var renew = false
        @Flag(help: "Replace files that are there, the CA included.") var force = false
        @Option(help: .output) var output: OutputFormat = .text

        private var request: CertificateRequest {
            CertificateRequest(
                folder: out, hosts: host,
                terms: CertificateTerms(
                    clientName: clientName, days: days, authorityDays: authorityDays, usesRSA: rsa),
                isRenewal: renew, isReplacing: force)
        }

        func validate() throws { try checked { try request.check() } }

        func run() throws {
            let report = try request.run(now: .now(), note: Console.note)
            Console.print(as: output, lines: report.lines, json: report.json)
            if output == .text { Console.notes(report.notes) }
        }
    }
}
