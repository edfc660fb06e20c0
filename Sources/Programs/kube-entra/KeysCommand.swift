internal import Addresses
internal import ArgumentParser
internal import Entra
internal import EntraTokens
internal import Files
internal import HTTPSClient
internal import JOSE
internal import Jansson
internal import NIOCore
internal import NIOPosix
internal import SigningKeys
internal import Terminal
internal import Timestamps
internal import WebhookService

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

        @Option(name: .customLong("tenant-id"), help: ArgumentHelp("The tenant's ID.", valueName: "id"))
        var tenantID: String

        @Option(name: .long, help: "The tenant's cloud.")
        var cloud: Cloud = .public

        @Option(name: .long, help: ArgumentHelp("Another https:// base than the cloud's.", valueName: "url"))
        var authority: String?

        @Option(
            name: .customLong("authority-ca"),
            help: ArgumentHelp("PEM of the CA that signs the authority's certificate.", valueName: "file"),
            completion: .file())
        var authorityCA: String?

        @Option(
            name: .long,
            help: ArgumentHelp("http://[user:password@]host:port; default: HTTPS_PROXY and NO_PROXY.", valueName: "url")
        )
        var proxy: String?

        @Option(
            name: .long, help: ArgumentHelp("Where to write; - is standard output.", valueName: "file"),
            completion: .file())
        var out: String

        func validate() throws {
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
                tenantID: id, cloud: cloud, authority: authority.map(KeysCommand.withoutSlash), audiences: [])
            let (keys, warnings) = try fetch(trust)
            for warning in warnings { Console.note("kube-entra: \(warning)") }
            let bytes = KeyFile.render(keys: keys, trust: trust, fetchedAt: .now())
            if out == "-" {
                Console.write(bytes)
                return
            }
            do throws(FileError) {
                try FileIO.write(bytes, to: out, mode: 0o644)
            } catch {
                throw CommandFailure("\(out): \(error.sentence)")
            }
            Console.note("wrote \(keys.count) usable keys of tenant \(id) to \(out)")
        }

        private func sentence(_ error: KeyFetchError, _ trust: TokenValidationRules) -> String {
            let proxy = HTTPSURL(trust.authorityBase).flatMap { url in
                KeySourceFactory.proxies(self.proxy, from: "--proxy").proxyName(for: url)
            }
            return "\(trust.authorityBase): \(error.sentence)"
                + (error.isOfProxy ? proxy.map { "; the proxy is \($0)" } ?? "" : "")
                + (error.hint(authorityCA: "--authority-ca").map { "\n→ \($0)" } ?? "")
        }

        private func fetch(_ trust: TokenValidationRules) throws -> (keys: [JWK], warnings: [String]) {
            let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
            defer { try? group.syncShutdownGracefully() }
            let (authorityCA, proxy) = (authorityCA, proxy)
            let fetcher = KeyFetcher(trust: trust) { () throws(HTTPSError) in
                try KeySourceFactory.client(authorityCA: authorityCA, proxy: proxy)
            }
            var reports: [KeySetReport] = []
            var failures: [(version: TokenVersion, error: KeyFetchError)] = []
            let attempts = [TokenVersion.v2, .v1].map { ($0, fetcher.fetch($0, on: group.next())) }
            for (version, attempt) in attempts {
                do {
                    reports.append(try attempt.wait().report)
                } catch {
                    failures.append((version, error as? KeyFetchError ?? .metadata(.unreachable)))
                }
            }
            // As in `serve`, an authority with only one of the versions is not a failure.
            if !reports.isEmpty { failures.removeAll { $0.error.isNotServed } }
            let warnings =
                failures.count == 2 && failures[0].error == failures[1].error
                ? [sentence(failures[0].error, trust)]
                : failures.map { "version \($0.version.rawValue): \(sentence($0.error, trust))" }
            guard !reports.isEmpty else { throw CommandFailure(warnings.joined(separator: "\nkube-entra: ")) }
            return (KeyFile.usableJWKs(reports), warnings)
        }
    }

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "show",
            abstract: "Describes each key of a file, and says why a key cannot be used.",
            discussion: "Exit status: 0 some key can be used; 1 none can; 2 the file cannot be read.")

        @Argument(help: ArgumentHelp("A JWK set, or what `keys fetch` wrote.", valueName: "file"), completion: .file())
        var file: String

        @Option(
            name: .customLong("tenant-id"),
            help: ArgumentHelp("The tenant that the keys are for; default: as the file says.", valueName: "id"))
        var tenantID: String?

        @Option(name: .long, help: "The tenant's cloud.")
        var cloud: Cloud = .public

        @Option(name: .long, help: ArgumentHelp("Another https:// base than the cloud's.", valueName: "url"))
        var authority: String?

        @Option(name: .long, help: "How the result is written.")
        var output: OutputFormat = .text

        func validate() throws {
            if let tenantID, GUID(tenantID) == nil {
                throw ValidationError("--tenant-id must be a tenant's ID (a GUID)")
            }
            if let authority, HTTPSURL(authority) == nil {
                throw ValidationError("--authority must be an https:// address")
            }
        }

        func run() throws {
            let keyFile = try read()
            let keys = keyFile.descriptions
            let usable = keys.filter(\.isUsable).count
            if output == .json {
                Console.print(
                    .object([
                        ("file", .string(file)), ("tenantID", JSON(keyFile.tenantID?.description)),
                        ("authority", JSON(keyFile.authority)), ("fetchedAt", JSON(keyFile.fetchedAt?.rfc3339)),
                        ("usable", .integer(Int64(usable))), ("keys", .array(keys.map(\.json))),
                    ]))
            } else {
                var head = "\(file): \(keys.count == 1 ? "1 key" : "\(keys.count) keys"), \(usable) usable"
                if let tenant = keyFile.tenantID { head += "\ntenant      \(tenant)" }
                if let fetched = keyFile.fetchedAt { head += "\nfetched     \(fetched.rfc3339)" }
                Console.print(([head] + keys.map(\.text)).joined(separator: "\n\n"))
            }
            if usable == 0 { throw ExitCode.no }
        }

        private func read() throws -> KeyFile {
            do throws(FileError) {
                let bytes = try FileIO.read(file, maximumBytes: KeySetReader.maximumBytes)
                let said = KeyFile.origin(of: bytes)
                let nobody = "00000000-0000-0000-0000-000000000000"
                guard let id = tenantID.flatMap({ GUID($0) }) ?? said.tenantID ?? GUID(nobody) else {
                    throw FileError.notReadable
                }
                var base = authority.map(KeysCommand.withoutSlash) ?? said.authority
                if base == cloud.authority { base = nil }
                let known = base.flatMap { base in Cloud.allCases.first { $0.authority == base } }
                let trust = TokenValidationRules(
                    tenantID: id, cloud: known ?? cloud, authority: known == nil ? base : nil, audiences: [])
                do {
                    return try KeyFile.parse(bytes, trust: trust)
                } catch {
                    Console.note("kube-entra: \(file): \(error.sentence)")
                    throw FileError.notReadable
                }
            } catch {
                if error != .notReadable { Console.note("kube-entra: \(file): \(error.sentence)") }
                throw ExitCode.cannot
            }
        }
    }

    static func withoutSlash(_ base: String) -> String {
        var base = Substring(base)
        while base.last == "/" { base = base.dropLast() }
        return String(base)
    }
}
