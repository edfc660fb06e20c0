import Addresses
import YAML

extension ServerSettings {
    static let description = SectionDescription<ServerSettings>(
        ServerSettings(), check: { server, section in checkCallers(server, &section) },
        [
            FieldDescription(
                "listen", \.listen, .address, "where TokenReviews are answered, with TLS",
                details: "A change takes effect after a restart.", example: .word("127.0.0.1:9443"), isShown: true),
            FieldDescription(
                "eventLoops", \.eventLoops, .autoOrCount(1...32), "number of event loops that answer reviews",
                details: "`auto`: as many as this process may use CPUs (affinity and quota), at most 4. A change takes"
                    + " effect after a restart.", example: .integer(2)),
            FieldDescription(
                "operations", \.operations, .address, "plain HTTP: /livez /readyz /healthz /metrics /statusz",
                details: "No credentials are needed. A change takes effect after a restart.",
                example: .word("127.0.0.1:9480"), isShown: true
            ) { server, place in
                server.operations.isLoopback
                    ? []
                    : place.finding(
                        .operationsArePublic, "metrics and status are open to everybody who reaches the address",
                        "listen on 127.0.0.1, or close the port to others")
            },
            FieldDescription(
                "certificate", \.certificate, .file(.serverCertificate), "the server's certificate chain",
                required: "the server's certificate chain in PEM, made by `kube-entra certs create`",
                isEssential: false),
            FieldDescription(
                "privateKey", \.privateKey, .file(.serverKey), "the private key of the server's certificate",
                required: "the private key of the server's certificate in PEM", isEssential: false),
            FieldDescription(
                "clientCA", \.clientCA, .optional(.file(.clientCA)),
                "callers must present a certificate from this CA",
                change: FieldChange { name, old, new, collector, context in
                    // The change of insecureAllowAnyClient reports this already.
                    let (before, after) = (context.old.configuration.server, context.new.configuration.server)
                    guard before.insecureAllowAnyClient == after.insecureAllowAnyClient else { return }
                    collector.values(
                        name, old.map { context.written($0, in: context.old) },
                        new.map { context.written($0, in: context.new) })
                }),
            FieldDescription(
                "allowedClientNames", \.allowedClientNames, .list(.name("a common name or a DNS name")),
                "common name or DNS name of those callers; empty: any certificate from the CA",
                example: .list([.name("kube-apiserver")]), change: .callers),
            FieldDescription(
                "protocols", \.protocols,
                .list(.choice(of: ["http/1.1", "h2"]), notEmpty: "list http/1.1, h2 or both"),
                "ALPN, in the server's order of preference", example: .list([.word("h2")])),
            FieldDescription(
                "insecureAllowAnyClient", \.insecureAllowAnyClient, .boolean,
                "instead of clientCA: anybody may send reviews",
                example: .boolean(false), change: .anyClient
            ) { server, place in
                server.insecureAllowAnyClient
                    ? place.finding(
                        .anybodyMayAsk, "anybody who reaches the address may have tokens judged",
                        "set clientCA, made by `kube-entra certs create`")
                    : []
            },
            FieldDescription(
                "cryptography", \.cryptography, .choice, "`fips`: only what OpenSSL's FIPS provider offers",
                details: "Without that provider, `serve` does not start with `fips`. A change takes effect after a"
                    + " restart."),
        ])

    private static func checkCallers(_ server: ServerSettings, _ section: inout ConfigSection) -> Bool {
        if server.insecureAllowAnyClient {
            if let node = section.value("clientCA") {
                section.collector.add(
                    section.fieldPath("clientCA"), node,
                    "contradicts insecureAllowAnyClient: true; remove one of them")
            }
            if let node = section.value("allowedClientNames"), !server.allowedClientNames.isEmpty {
                section.collector.add(
                    section.fieldPath("allowedClientNames"), node,
                    "has no effect with insecureAllowAnyClient: true; remove one of them")
            }
        } else if !section.has("clientCA") {
            section.missing(
                "clientCA",
                "callers must present a certificate from this CA; to do without, set insecureAllowAnyClient: true")
        }
        if server.listen.overlaps(server.operations), let node = section.value("operations") {
            section.collector.add(
                section.fieldPath("operations"), node, "must be another address than server.listen")
        }
        return true
    }
}

extension FieldChange where Value == Bool {
    fileprivate static var anyClient: Self {
        FieldChange { name, old, new, collector, _ in
            collector.add(
                name, new ? .gains : .loses,
                new
                    ? "anybody who reaches the webhook may ask it about tokens"
                    : "only callers with a client certificate may ask about tokens", before: "\(old)", after: "\(new)")
        }
    }
}

extension FieldType where Value == String {
    /// One of a few words.
    static func choice(of names: [String]) -> Self {
        FieldType(.choice(names)) { field in
            guard let name = field.node.text, names.contains(name) else {
                return field.refuse("must be \(names.joined(separator: " or "))")
            }
            return name
        } write: {
            .word($0)
        }
    }
}
