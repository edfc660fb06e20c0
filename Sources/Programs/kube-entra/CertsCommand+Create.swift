internal import ArgumentParser
internal import Certificates
internal import Files
internal import Glibc
internal import Jansson
internal import OpenSSL
internal import Terminal
internal import Timestamps

extension CertsCommand {
    struct Create: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "create",
            abstract: "Makes a private CA, the server certificate and kube-apiserver's client certificate.",
            discussion: """
                Keys are readable by their owner only. With --renew the CA stays, so nothing that trusts it has to \
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

        @Option(help: "How long the server and client certificates are valid.") var days = 365
        @Option(name: .customLong("ca-days"), help: "How long the CA is valid.") var authorityDays = 3650
        @Flag(help: "RSA keys (2048 bits; the CA 3072) instead of P-256.") var rsa = false
        @Flag(help: "Keep the CA; make the server and client certificates anew.") var renew = false
        @Flag(help: "Replace files that are there, the CA included.") var force = false
        @Option(help: .output) var output: OutputFormat = .text

        func validate() throws {
            guard !out.isEmpty else { throw ValidationError("--out must name a folder") }
            guard (1...36_500).contains(days) else { throw ValidationError("--days must be from 1 to 36500") }
            guard (1...36_500).contains(authorityDays) else {
                throw ValidationError("--ca-days must be from 1 to 36500")
            }
            guard renew || days <= authorityDays else {
                throw ValidationError("--days must not be more than --ca-days (\(authorityDays))")
            }
            guard !(renew && force) else {
                throw ValidationError("--renew replaces what it makes anyway; --force would replace the CA too")
            }
            for host in host where CertificateHost(host) == nil {
                throw ValidationError("--host must be a DNS name or an IP address, without a scheme or a port")
            }
            if let clientName {
                guard CertificateHost.isCommonName(clientName) else {
                    throw ValidationError("--client-name must be 1 to 64 characters that can be seen")
                }
            }
        }

        func run() throws {
            let folder = CertificateFolder(path: out)
            var plan = CertificatePlan(
                hosts: host.compactMap { CertificateHost($0)?.name },
                clientName: clientName,
                usesRSA: rsa,
                days: days,
                authorityDays: authorityDays,
                now: .now())
            let authority: (certificate: Certificate, key: PrivateKey)?
            if renew {
                authority = try folder.loadAuthority(now: plan.now)
                try folder.adoptNames(into: &plan)
            } else {
                authority = nil
            }
            let files: [CertificateFile]
            do {
                files = try plan.make(authority: authority)
            } catch {
                throw CommandFailure("\(error)")
            }
            if let end = authority?.certificate.notAfter, end < plan.now.adding(seconds: Int64(days) * 86_400) {
                Console.note("note: the new certificates end with the CA, on \(end.rfc3339.prefix(10))")
            }
            try folder.write(files, replacing: force || renew)
            let report = CreationReport(
                folder: folder, plan: plan, files: files, authority: authority?.certificate)
            switch output {
            case .json: Console.print(report.json)
            case .text:
                for line in report.lines { Console.print(line) }
                for note in report.notes { Console.note(note) }
            }
        }
    }
}
