import Addresses
import ArgumentParser
import Entra
import SigningKeys
import Terminal
import Timestamps
import WebhookService

/// `kube-entra keys`: signing keys in files.
struct KeysCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keys",
        abstract: "Saves a tenant's signing keys for offline use, and describes key files.",
        subcommands: [Fetch.self, Show.self])

    struct Fetch: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "fetch",
            abstract: "Fetches a tenant's signing keys as `serve` does, and writes them to a file.",
            discussion: """
                The file is a JWK set. Name it in signingKeys.file, or pass it to `inspect --keys`.

                  kube-entra keys fetch --out keys.json \\
                    --tenant-id 11111111-2222-3333-4444-555555555555

                Exit status: 0 saved; 2 no usable keys, or they could not be fetched or written.
                """)

        @Option(help: .tenantID) var tenantID: String
        @Option(help: .cloud) var cloud: Cloud = .public
        @Option(help: .authority) var authority: String?

        @Option(
            help: .init("PEM of the CA that signs the authority's certificate.", valueName: "file"), completion: .file()
        )
        var authorityCA: String?

        @Option(help: .init("http://[user:password@]host:port; default: HTTPS_PROXY and NO_PROXY.", valueName: "url"))
        var proxy: String?

        @Option(help: .init("Where to write; - is standard output.", valueName: "file"), completion: .file())
        var out: String

        func validate() throws {
            guard !out.isEmpty else { throw ValidationError("--out must name a file") }
            guard GUID(tenantID) != nil else { throw ValidationError("--tenant-id must be a tenant's ID (a GUID)") }
            if let authority, HTTPSURL(authority) == nil {
                throw ValidationError("--authority must be an https:// address")
            }
            if let proxy, HTTPProxy(proxy) == nil {
                throw ValidationError("--proxy must be http://[user:password@]host:port")
            }
        }

        func run() throws {
            guard let id = GUID(tenantID) else { throw ExitCode.cannot }
            let trust = TokenValidationRules(
                tenantID: id, cloud: cloud, authority: authority.map(Cloud.base), audiences: [])
            try KeySourceFactory.save(trust, authorityCA: authorityCA, proxy: proxy, to: out, now: .now())
        }
    }

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "show",
            abstract: "Describes each key of a file, and says why a key cannot be used.",
            discussion: "Exit status: 0 some key can be used; 1 none can; 2 the file cannot be read.")

        @Argument(help: .keys, completion: .file()) var file: String

        @Option(help: .init("The tenant that the keys are for; default: as the file says.", valueName: "id"))
        var tenantID: String?

        @Option(help: .cloud) var cloud: Cloud = .public
        @Option(help: .authority) var authority: String?
        @Option(help: .output) var output: OutputFormat = .text

        func validate() throws {
            if let tenantID, GUID(tenantID) == nil {
                throw ValidationError("--tenant-id must be a tenant's ID (a GUID)")
            }
            if let authority, HTTPSURL(authority) == nil {
                throw ValidationError("--authority must be an https:// address")
            }
        }

        func run() throws {
            let report = try KeyFileReport(
                path: file, tenantID: tenantID.flatMap { GUID($0) }, cloud: cloud, authority: authority)
            Console.print(as: output, text: report.text, json: report.json)
            if report.usableCount == 0 { throw ExitCode.no }
        }
    }
}
