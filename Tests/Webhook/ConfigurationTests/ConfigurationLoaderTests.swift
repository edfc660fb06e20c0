import AccessPolicy
import Addresses
import Authentication
import Configuration
import DirectoryGroups
import Entra
import SafeText
import SigningKeys
import Testing
import Timestamps
import WebhookServer

@Suite struct ConfigurationLoaderTests {
    static let minimal = """
        apiVersion: kube-entra.dev/v1
        kind: WebhookConfiguration
        server:
          certificate: server.crt
          privateKey: server.key
          clientCA: ca.crt
        tenants:
          - tenantID: 11111111-2222-3333-4444-555555555555
            audiences: [aaaaaaaa-0000-0000-0000-000000000000]

        """

    static func load(_ text: String) throws(ConfigurationError) -> WebhookConfiguration {
        try ConfigurationLoader.parse(Array(text.utf8), path: "/etc/kube-entra/config.yaml").configuration
    }

    static func problems(_ text: String) -> [String] {
        do {
            _ = try load(text)
            return []
        } catch {
            return error.problems.map { "\($0.line):\($0.column) \($0.field): \($0.message)" }
        }
    }

    @Test("cache files whose names look the same are two files")
    func cacheFilesByByte() {
        let second = """
                signingKeys: {cacheFile: "caf\u{E9}.json"}
              - tenantID: 99999999-2222-3333-4444-555555555555
                audiences: [b]
                signingKeys: {cacheFile: "cafe\u{301}.json"}

            """
        #expect(Self.problems(Self.minimal + second).isEmpty)
        #expect(Self.problems(Self.minimal + second.replacing("e\u{301}", with: "\u{E9}")).count == 1)
    }

    @Test("a fraction of a second ends a denial no earlier, and emergency access no later")
    func fractions() throws {
        let time = "1970-01-01T00:00:01.5Z"
        let lists = """
                denied: [{tokenID: a, reason: r, until: "\(time)", issuedBefore: "\(time)"}]
                emergencyAccess: [{objectID: \(GUID.zero), kubernetesGroups: [a], until: "\(time)", reason: r}]

            """
        let policy = try #require(try Self.load(Self.minimal + lists).tenants.first).policy
        #expect(policy.denied.first?.until?.secondsSinceEpoch == 2)
        #expect(policy.denied.first?.issuedBefore?.secondsSinceEpoch == 2)
        #expect(policy.emergencyAccess.first?.until.secondsSinceEpoch == 1)
    }

    @Test("a minimal file has the contract's defaults")
    func defaults() throws {
        let configuration = try Self.load(Self.minimal)
        #expect(configuration.server.listen == ListenAddress(host: "127.0.0.1", port: 8443))
        #expect(configuration.server.operations == ListenAddress(host: "127.0.0.1", port: 8480))
        #expect(configuration.server.certificate == "/etc/kube-entra/server.crt")
        #expect(configuration.server.protocols == ["h2", "http/1.1"])
        #expect(configuration.tenants.count == 1)
        let tenant = configuration.tenants[0]
        #expect(tenant.trust.subjects == [.user, .guest, .app, .managedIdentity])
        #expect(tenant.trust.maximumTokenLifetime == 29 * 3600)
        #expect(tenant.trust.groupOverage == .deny)
        #expect(tenant.signingKeys.refreshEvery == .seconds(3600))
        #expect(tenant.signingKeys.unknownKeyRefreshInterval == .seconds(300))
        #expect(configuration.kubernetes == KubernetesPolicy())
        #expect(configuration.limits == LimitSettings())
        #expect(configuration.verifiedTokenCache == .init(entries: 10_000, maximumAge: .seconds(600)))
        #expect(configuration.logging == LoggingSettings())
    }

    @Test("every field of the contract is read")
    func everything() throws {
        let text = """
            {"apiVersion": "kube-entra.dev/v1", "kind": "WebhookConfiguration",
            "server": {"listen": "[::1]:9443", "operations": ":0", "certificate": "/c.crt", "privateKey": "k/s.key",
              "clientCA": "../ca.crt", "allowedClientNames": ["kube-apiserver"], "protocols": ["h2"],
              "eventLoops": 3, "cryptography": "fips"}, "names": "names.json",
            "tenants": [{"tenantID": "{11111111-2222-3333-4444-55555555555A}", "cloud": "china",
              "authority": "https://entra.example:8443/base/", "authorityCA": "authority.crt",
              "audiences": ["AAAAAAAA-0000-0000-0000-000000000000", "https://api.example"],
              "allowedClientAppIDs": ["80faf920-1908-4b52-b5ef-a8e7bedfc67a"], "subjects": ["agent", "device"],
              "requiredClaims": {"acrs": ["c1", "c2"], "acct": 0, "x": [true, "true", 1.5, "0"]}, "maximumTokenLifetime": "1h30m",
              "adminGroupObjectIDs": ["5D24aaaa-bbbb-cccc-dddd-eeeeafa27aed"],
              "groupMappings": [{"groupObjectID": "9999aaaa-bbbb-cccc-dddd-eeeeffff0000", "kubernetesGroups": ["d"]}],
              "appRoleMappings": [{"appRole": "Cluster.Viewer", "kubernetesGroups": ["viewers"]}],
              "groupOverage": "resolve", "directory": {"clientID": "bbbbbbbb-0000-0000-0000-000000000000",
                "clientSecretFile": "secret", "groups": "all", "timeout": "3s", "cacheFor": "0s", "staleFor": "1h",
                "graphEndpoint": "https://graph.example", "graphCA": "graph.crt", "watch": "everyone", "watchEvery": "2s",
                "whenSilent": "refuse"},
              "denied": [{"objectID": "7777AAAA-bbbb-cccc-dddd-eeeeffff0000", "reason": "left"},
                {"clientAppID": "bbbbbbbb-0000-0000-0000-000000000000", "issuedBefore": "2026-11-01T00:00:00Z",
                  "reason": "leaked"}, {"tokenID": "aB", "until": "2026-12-01T00:00:00Z", "reason": "lost"}],
              "deniedFile": "denied.json",
              "emergencyAccess": [{"objectID": "7777aaaa-bbbb-cccc-dddd-eeeeffff0000", "until": "2026-12-01T00:00:00Z",
                "kubernetesGroups": ["kube-entra:cluster-admins"], "reason": "incident 4711"}],
              "proofOfPossession": "require", "clusterHost": "cluster.example",
              "signingKeys": {"refreshEvery": "2h", "unknownKeyRefreshInterval": "1s", "maximumAge": "3h",
                "cacheFile": "cache.json", "file": "keys.json", "proxy": "http://u:p@proxy:3128"}}],
            "kubernetes": {"adminGroups": ["system:masters"], "username": "upnLowercase", "usernamePrefix": "e:",
              "groupObjectIDs": "drop", "groupPrefix": "g:"},
            "limits": {"tokenBytes": 1, "headerBytes": 2, "bodyBytes": 3, "bytesInFlight": 4, "connections": 5,
              "connectionsPerPeer": 3, "streamsPerConnection": 6, "handshakeTimeout": "1s", "requestTimeout": "2s", "idleTimeout": "3s",
              "reviewDeadline": "4s", "clockSkew": "0s"},
            "verifiedTokenCache": {"entries": 0, "maximumAge": "1m"},
            "logging": {"level": "debug", "format": "json", "audit": "audit.jsonl"}}
            """
        let configuration = try Self.load(text)
        #expect(configuration.server.listen.description == "[::1]:9443")
        #expect(configuration.server.operations == ListenAddress(host: "0.0.0.0", port: 0))
        #expect(configuration.server.certificate == "/c.crt")
        #expect(configuration.server.clientCA == "/etc/kube-entra/../ca.crt")
        let tenant = try #require(configuration.tenants.first)
        #expect(tenant.trust.tenantID.description == "11111111-2222-3333-4444-55555555555a")
        #expect(tenant.trust.authority == "https://entra.example:8443/base")
        #expect(tenant.trust.audiences == ["aaaaaaaa-0000-0000-0000-000000000000", "https://api.example"])
        #expect(tenant.trust.subjects == [.agent, .device])
        #expect(tenant.trust.requiredClaims.map(\.values) == [["c1", "c2"], [0], [true, "true", .real(1.5), "0"]])
        #expect(tenant.trust.maximumTokenLifetime == 5400)
        #expect(tenant.trust.clusterHost == "cluster.example")
        #expect(tenant.policy.emergencyAccess.first?.until.rfc3339 == "2026-12-01T00:00:00Z")
        #expect(tenant.directory?.credential == .clientSecretFile("/etc/kube-entra/secret"))
        #expect(tenant.directory?.staleFor == .seconds(3600))
        #expect(tenant.directory?.watch == .everyone)
        #expect(tenant.directory?.watchEvery == .seconds(2))
        #expect(tenant.directory?.whenSilent == .refuse)
        #expect(tenant.deniedFile == "/etc/kube-entra/denied.json")
        #expect(
            tenant.policy.denied.map(\.target) == [
                .objectID(try #require(GUID("7777aaaa-bbbb-cccc-dddd-eeeeffff0000"))),
                .clientAppID(try #require(GUID("bbbbbbbb-0000-0000-0000-000000000000"))), .tokenID("aB"),
            ])
        #expect(tenant.policy.denied.map { $0.issuedBefore?.rfc3339 } == [nil, "2026-11-01T00:00:00Z", nil])
        #expect(tenant.policy.denied.map { $0.until?.rfc3339 } == [nil, nil, "2026-12-01T00:00:00Z"])
        #expect(configuration.server.eventLoops == 3)
        #expect(configuration.server.cryptography == .fips)
        #expect(configuration.names == "/etc/kube-entra/names.json")
        #expect(configuration.kubernetes.username == .upnLowercase)
        #expect(tenant.signingKeys.file == "/etc/kube-entra/keys.json")
        #expect(configuration.kubernetes.groupObjectIDs == .drop)
        #expect(configuration.limits.clockSkew == .zero)
        #expect(configuration.limits.server.connectionsPerPeer == 3)
        #expect(configuration.limits.server.streamsPerConnection == 6)
        #expect(configuration.logging.audit == "/etc/kube-entra/audit.jsonl")
    }

    @Test("the starting file loads without a problem and holds what was asked for")
    func template() throws {
        let id = try #require(GUID("11111111-2222-3333-4444-555555555555"))
        let template = ConfigurationTemplate(
            tenantID: id, audiences: ["api://my \"cluster\"", id.description], adminGroups: [id], cloud: .usGovernment)
        let configuration = try Self.load(template.render())
        #expect(configuration.tenants.first?.trust.audiences == ["api://my \"cluster\"", ExactText(id.description)])
        #expect(configuration.tenants.first?.trust.cloud == .usGovernment)
        #expect(configuration.tenants.first?.policy.adminGroupObjectIDs == [id])
    }

    @Test("all problems are found in one run, in the order of the file")
    func allAtOnce() {
        let text = Self.minimal + "limits: {tokenBytes: many, clockSkew: 1}\nlogging: {level: loud}\nloging: {}\n"
        #expect(
            Self.problems(text) == [
                "10:22 limits.tokenBytes: must be a whole number",
                "10:39 limits.clockSkew: must be a duration with a unit, for example 90s, 5m, 29h or 1h30m",
                "11:18 logging.level: must be one of trace, debug, info, notice, warning, error, critical",
                "12:1 loging: is not a field that is known here: did you mean logging?",
            ])
    }

    @Test("a problem is printed with file, line, column, field and sentence")
    func printed() {
        #expect {
            try Self.load(Self.minimal + "logging: {format: xml}\n")
        } throws: { error in
            "\(error)" == "/etc/kube-entra/config.yaml:10:19: error: logging.format: must be one of text, json"
        }
    }

    @Test(
        "files that cannot be read say why",
        arguments: [
            ("/nonexistent/x", "there is no such file"), ("/etc", "this is a folder, not a file"),
            ("/etc/passwd/x", "a part of the path is no folder"), ("/dev/zero", "the file is larger than 1 MiB"),
        ])
    func unreadable(path: String, message: String) {
        #expect {
            try ConfigurationLoader.load(path: path)
        } throws: { "\($0)" == "\(path): \(message)" }
    }
}
