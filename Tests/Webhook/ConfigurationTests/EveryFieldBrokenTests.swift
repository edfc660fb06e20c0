import Configuration
import Testing

/// Each field of the contract, broken in each way: the problem stands at the field and in its line, or the value is fine.
@Suite struct EveryFieldBrokenTests {
    static let complete = """
        apiVersion: kube-entra.dev/v1
        kind: WebhookConfiguration
        server:
          listen: 127.0.0.1:8443
          eventLoops: 2
          operations: 127.0.0.1:8480
          certificate: server.crt
          privateKey: server.key
          clientCA: ca.crt
          allowedClientNames: [kube-apiserver]
          protocols: [h2, http/1.1]
          insecureAllowAnyClient: false
          cryptography: default
        tenants:
          - tenantID: 11111111-2222-3333-4444-555555555555
            cloud: public
            authority: https://entra.example
            authorityCA: authority.crt
            audiences: [aaaaaaaa-0000-0000-0000-000000000000]
            allowedClientAppIDs: [80faf920-1908-4b52-b5ef-a8e7bedfc67a]
            subjects: [user, guest, app, managedIdentity]
            requiredClaims: {acrs: c1}
            maximumTokenLifetime: 29h
            adminGroupObjectIDs: [5d24aaaa-bbbb-cccc-dddd-eeeeafa27aed]
            groupMappings:
              - groupObjectID: 9999aaaa-bbbb-cccc-dddd-eeeeffff0000
                kubernetesGroups: [developers]
            appRoleMappings:
              - appRole: Cluster.Viewer
                kubernetesGroups: [viewers]
            groupOverage: resolve
            directory:
              clientID: bbbbbbbb-0000-0000-0000-000000000000
              clientSecretFile: secret
              managedIdentity: false
              groups: configured
              timeout: 2s
              cacheFor: 5m
              staleFor: 0s
              graphEndpoint: https://graph.example
              graphCA: graph.crt
              watch: admins
              watchEvery: 30s
              whenSilent: keep
            denied:
              - objectID: 7777aaaa-bbbb-cccc-dddd-eeeeffff0000
                issuedBefore: 2026-11-01T00:00:00Z
                until: 2026-12-01T00:00:00Z
                reason: incident 4711
              - clientAppID: bbbbbbbb-0000-0000-0000-000000000000
                reason: incident 4711
              - tokenID: Xa1b2c3d4e5f6g7h8i9j0k
                reason: incident 4711
            deniedFile: denied.json
            emergencyAccess:
              - objectID: 7777aaaa-bbbb-cccc-dddd-eeeeffff0000
                until: 2026-12-01T00:00:00Z
                kubernetesGroups: [kube-entra:cluster-admins]
                reason: incident 4711
            proofOfPossession: accept
            clusterHost: cluster.example
            signingKeys:
              refreshEvery: 1h
              unknownKeyRefreshInterval: 5m
              maximumAge: 24h
              cacheFile: cache.json
              file: keys.json
              proxy: http://proxy.example:3128
        kubernetes:
          adminGroups: [kube-entra:cluster-admins]
          username: upn
          usernamePrefix: "e:"
          groupObjectIDs: include
          groupPrefix: "g:"
        limits:
          tokenBytes: 65536
          headerBytes: 32768
          bodyBytes: 4194304
          bytesInFlight: 67108864
          connections: 4096
          connectionsPerPeer: 1000
          streamsPerConnection: 250
          handshakeTimeout: 10s
          requestTimeout: 10s
          idleTimeout: 120s
          reviewDeadline: 5s
          clockSkew: 60s
        verifiedTokenCache:
          entries: 10000
          maximumAge: 10m
        logging:
          level: info
          format: text
          audit: audit.jsonl
        names: names.json

        """

    struct FieldLine: CustomTestStringConvertible, Sendable {
        var number: Int
        var name: String
        var indent: String
        var value: String
        var testDescription: String { "line \(number): \(name)" }
    }

    /// The lines that hold a field and its value.
    static let fields: [FieldLine] = complete.split(separator: "\n").enumerated().compactMap { index, line in
        guard let colon = line.firstRange(of: ": ") else { return nil }
        let head = line[..<colon.lowerBound]
        let indent = head.prefix { $0 == " " || $0 == "-" }
        return FieldLine(
            number: index + 1, name: String(head.dropFirst(indent.count)), indent: String(indent),
            value: String(line[colon.upperBound...]))
    }

    static func problems(_ field: FieldLine, line: String) -> [ConfigurationProblem] {
        var lines = complete.split(separator: "\n").map(String.init)
        lines[field.number - 1] = line
        do {
            _ = try ConfigurationLoaderTests.load(lines.joined(separator: "\n"))
            return []
        } catch {
            return error.problems
        }
    }

    @Test("the complete file is right, and there are as many fields as the contract has")
    func complete() throws {
        _ = try ConfigurationLoaderTests.load(Self.complete)
        #expect(Self.fields.count == 83)
    }

    static let wrong = [
        "[[a]]", "{}", "[{}]", "[5]", "[null]", "[\"\"]", "true", "-5", "1.5", "99999999999999999999", "\"\"",
        "\"a\\nb\"", "nonsense nonsense", "https://u:p@x/?q#f", "2026-13-45",
    ]

    @Test("a wrong value is refused at its field, in its line, and alone", arguments: fields)
    func values(field: FieldLine) {
        for value in Self.wrong {
            for problem in Self.problems(field, line: "\(field.indent)\(field.name): \(value)") {
                // What a missing value breaks elsewhere is said there, in words that name it.
                let isHere = problem.line == field.number && problem.field.contains(field.name)
                let isConsequence = problem.message.contains(field.name) || problem.message.contains("exactly one of")
                #expect(isHere || isConsequence, "\(value): \(problem)")
                #expect(problem.column > 0 && !problem.message.isEmpty)
                #expect(!problem.message.contains("nonsense") && !problem.message.contains("u:p"))
            }
        }
    }

    @Test("a mapping in the place of a value is an error everywhere", arguments: fields)
    func mappings(field: FieldLine) {
        let isMapping = field.name == "requiredClaims"
        #expect(Self.problems(field, line: "\(field.indent)\(field.name): {nonsense: {}}").isEmpty == false)
        #expect(Self.problems(field, line: "\(field.indent)\(field.name): {nonsense: 1}").isEmpty == isMapping)
        #expect(Self.problems(field, line: "\(field.indent)\(field.name): [[]]").isEmpty == false)
    }

    @Test("a misspelt field is named with the one that was meant", arguments: fields)
    func spelling(field: FieldLine) {
        var letters = Array(field.name)
        letters.swapAt(letters.count / 2, letters.count / 2 - 1)
        let misspelt = String(letters) == field.name ? field.name + "x" : String(letters)
        let problems = Self.problems(field, line: "\(field.indent)\(misspelt): \(field.value)")
        let problem = problems.first { $0.line == field.number && $0.field.hasSuffix(misspelt) }
        #expect(problem?.message == "is not a field that is known here: did you mean \(field.name)?", "\(problems)")
    }

    @Test("a field that stands twice is an error that names the first", arguments: fields)
    func twice(field: FieldLine) {
        let again = String(repeating: " ", count: field.indent.count)
        let line = "\(field.indent)\(field.name): \(field.value)\n\(again)\(field.name): \(field.value)"
        let problems = Self.problems(field, line: line)
        #expect(problems.map(\.line) == [field.number + 1])
        #expect(problems.first?.message == "stands here again; it was set in line \(field.number)")
    }

    @Test(
        "every duration may be as short as a second",
        arguments: fields.filter { $0.value.last.map("smhd".contains) == true && $0.value.first?.isNumber == true })
    func durations(field: FieldLine) {
        #expect(Self.problems(field, line: "\(field.indent)\(field.name): 1s").isEmpty)
        for value in ["1", "1.5h", "1 h", "h", "-1s", "1H", "P1D", "[1s]"] {
            let problems = Self.problems(field, line: "\(field.indent)\(field.name): \(value)")
            #expect(problems.map(\.line) == [field.number], "\(value)")
        }
    }

    @Test("null is the default, and missing where something is required", arguments: fields)
    func null(field: FieldLine) {
        let problems = Self.problems(field, line: "\(field.indent)\(field.name): null")
        for problem in problems { #expect(problem.message.contains("is missing")) }
    }
}
