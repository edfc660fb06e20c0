import Authentication
import Configuration
import Entra
import EntraTokens
import Jansson
import PolicyChecks
import YAML

/// The text of a configuration file, and of a policy suite.
struct ConfigurationTarget: FuzzTarget {
    private let token: [UInt8]
    private let keys: KeySnapshot

    init() throws {
        token = try FuzzTenant.sign(header: FuzzTenant.header, payload: JSON.object(FuzzTenant.claims).render())
        keys = try FuzzTenant.keys.get()
        // The tables of fields are created once and kept. They are created here, where leaks are not checked, and not
        // by an input.
        for text in [Self.configuration, Self.suite, "tenants: 1"] {
            try Array(text.utf8).withUnsafeBytes { try run($0) }
        }
    }

    private static let configuration = """
        apiVersion: kube-entra.dev/v1
        kind: WebhookConfiguration
        server: {certificate: s.crt, privateKey: s.key, clientCA: ca.crt}
        tenants: [{tenantID: \(FuzzTenant.tenantID), audiences: [\(FuzzTenant.audience)]}]
        """

    private static let suite = """
        tests: [{name: a, given: {groups: [\(FuzzTenant.adminGroup)]}, expect: {admitted: true}}]
        """

    func run(_ input: UnsafeRawBufferPointer) throws {
        let bytes = Array(input)
        // For libyaml, each of CR, LF, NEL, LS and PS ends a line.
        let lines = bytes.count + 1
        do throws(ConfigurationError) {
            check(try ConfigurationLoader.parse(bytes, path: "/etc/kube-entra/config.yaml"), lines: lines)
        } catch {
            check(error, lines: lines)
            do throws(ConfigurationError) {
                _ = try ConfigurationLoader.parse(bytes, path: "/etc/kube-entra/config.yaml")
                violation("the same file is wrong once and right once")
            } catch let again {
                require(again == error, "the same file has the same problems")
            }
        }
        do throws(ConfigurationError) {
            let suite = try PolicySuite.parse(bytes, path: "suite.yaml")
            require(!suite.cases.isEmpty, "a suite has a case")
            let result = suite.run(PolicyChecker(FuzzTenant.settings()), now: FuzzTenant.now)
            require(parsedJSON(result.json.render()) != nil, "a result is valid JSON")
        } catch { check(error, lines: lines) }
    }

    private func check(_ error: ConfigurationError, lines: Int) {
        require(!error.problems.isEmpty, "what is refused has a problem")
        for problem in error.problems {
            require(!problem.message.isEmpty, "a problem says what it is")
            require((1...lines).contains(problem.line) && problem.column >= 1, "a problem has a place in the file")
        }
        let places = error.problems.map { ($0.line, $0.column) }
        require(zip(places, places.dropFirst()).allSatisfy { $0 <= $1 }, "problems come in the file's order")
    }

    private func check(_ loaded: LoadedConfiguration, lines: Int) {
        let configuration = loaded.configuration
        require(!configuration.tenants.isEmpty, "a configuration has a tenant")
        require(
            configuration.server.clientCA != nil || configuration.server.insecureAllowAnyClient, "callers are known")
        require(
            configuration.tenants.allSatisfy { !$0.trust.audiences.isEmpty && $0.trust.maximumTokenLifetime > 0 },
            "a tenant has an audience and takes tokens of some life")
        require(
            configuration.tenants.allSatisfy { $0.trust.proofOfPossession == .off || $0.trust.clusterHost != nil },
            "proofs need a host")
        for position in loaded.positions.values {
            require((1...lines).contains(position.line) && position.column >= 1, "a field has a place in the file")
        }
        for finding in ConfigurationLinter.findings(in: loaded, facts: LintEnvironment(now: FuzzTenant.now)) {
            require((1...lines).contains(finding.line) && finding.column >= 1, "a finding has a place in the file")
            require(!finding.message.isEmpty && !finding.advice.isEmpty, "a finding says what to do")
        }
        let authenticator = Authenticator(configuration.authentication)
        let decision = token.withUnsafeBytes { authenticator.decide(token: $0, keys: keys, now: FuzzTenant.now) }
        let tenants = configuration.tenants.map(\.trust.tenantID)
        require(
            decision.access == nil || tenants.contains(FuzzTenant.guid(FuzzTenant.tenantID)),
            "only configured tenants sign in")
    }
}
