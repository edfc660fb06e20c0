import Entra
import EntraSimulator
import Files
import Glibc

/// Operational events, one after the other: keys are rotated, Entra fails, the configuration changes.
struct OperationCases {
    struct Act {
        let name: String
        let expected: DemoAnswer
        /// A few words about what it shows.
        let point: String
        /// Whether the user has signed in already and sends a request, about which the API server asks an authorizer.
        var isRequest = false
        /// Changes the environment; nil if the previous case did so.
        var prepare: (@Sendable (DemoEnvironment) throws -> Void)?
        let token: @Sendable (DemoEnvironment) throws -> String
    }

    let acts: [Act]

    init(_ signIns: SignInCases, _ environment: DemoEnvironment, webhook: String) throws {
        let admin = DemoAnswer.accepted(
            username: "ada@example.com", groups: [SignInCases.adminName, SignInCases.admins])
        let envelope = try signIns.admin(of: environment.tenant).enveloped(
            with: SimulatedKey(), host: DemoConfiguration.clusterHost)
        let crowded = signIns.crowded
        var open = environment.configuration
        open.directory = environment.directory
        open.acceptsProofs = true
        let unwatched = [
            Act(
                name: "Entra signs with a new key", expected: admin, point: "taken at its first token",
                prepare: { try $0.tenant.rotate() },
                token: { try signIns.admin(of: $0.tenant).signed() }),
            Act(
                name: "Entra is down", expected: admin, point: "a review asks nobody",
                prepare: { $0.simulator.setFault(.hangUp) },
                token: { try signIns.admin(of: $0.tenant).signed() }),
            Act(
                name: "201 groups, Graph is asked",
                expected: .accepted(username: "judy@example.com", groups: [SignInCases.adminName, SignInCases.admins]),
                point: "changed while it runs",
                prepare: { [open] environment in
                    environment.simulator.setFault(nil)
                    environment.directory.setGroups(signIns.crowd, of: signIns.crowdedID)
                    try environment.reconfigure(open)
                },
                token: { _ in crowded }),
            Act(
                name: "a proof-of-possession token", expected: admin, point: "bound to kubelogin's key",
                token: { _ in envelope }),
            Act(
                name: "the same one, stolen", expected: .refused(reason: "proof_of_possession_replayed"),
                point: "each is taken once", token: { _ in envelope }),
        ]
        acts = try unwatched + Self.watched(signIns, open, webhook: webhook)
    }

    /// What changes in Entra, or on the deny list, while somebody is signed in.
    private static func watched(_ signIns: SignInCases, _ open: DemoConfiguration, webhook: String) throws -> [Act] {
        var watching = open
        watching.watches = true
        let ada = try signIns.admin(of: open.tenant).signed()
        let developer = signIns.developer
        return [
            Act(
                name: "the watch is turned on",
                expected: .accepted(username: "ada@example.com", groups: [SignInCases.adminName, SignInCases.admins]),
                point: "Graph says the same",
                prepare: { [watching] environment in
                    environment.directory.setGroups([signIns.adminsID], of: signIns.adminID)
                    try FileIO.write(Array("{\"denied\":[]}".utf8), to: environment.folder + "/denied.json")
                    try environment.reconfigure(watching)
                },
                token: { _ in ada }),
            Act(
                name: "the admin leaves the group", expected: .accepted(username: "ada@example.com", groups: []),
                point: "the same token, seconds later",
                prepare: { $0.directory.setGroups([], of: signIns.adminID) }, token: { _ in ada }),
            Act(
                name: "her account is disabled", expected: .refused(reason: "account_disabled"),
                point: "the same token",
                prepare: { $0.directory.setEnabled(false, of: signIns.adminID) }, token: { _ in ada }),
            Act(
                name: "a token is denied", expected: .refused(reason: "principal_denied"),
                point: "at the next request of its session", isRequest: true,
                prepare: { try $0.deny(developer, webhook: webhook) }, token: { _ in developer }),
        ]
    }
}

extension DemoEnvironment {
    /// The first lines of `kube-entra inspect` for a token, with keys saved by `kube-entra keys fetch`.
    func explanation(of token: String, webhook: String) throws -> String {
        try FileIO.write(Array(token.utf8), to: folder + "/token")
        _ = try output(of: [
            webhook, "keys", "fetch", "--tenant-id", "\(tenant.tenantID)", "--authority", authority,
            "--authority-ca", folder + "/ca.crt", "--out", folder + "/keys.json",
        ])
        let text = try output(of: [
            webhook, "inspect", "--config", folder + "/config.yaml", "--keys", folder + "/keys.json",
            "--token-file", folder + "/token",
        ])
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        return lines.prefix { !$0.isEmpty }.joined(separator: "\n")
    }

    /// Puts one token on the deny list.
    fileprivate func deny(_ token: String, webhook: String) throws {
        try FileIO.write(Array(token.utf8), to: folder + "/token")
        _ = try output(of: [
            webhook, "deny", "add", "--file", folder + "/denied.json", "--token-file", folder + "/token",
            "--only-this-token", "--reason", "a laptop was stolen",
        ])
    }

    /// The whole output of a command.
    private func output(of arguments: [String]) throws -> String {
        let path = folder + "/output"
        unlink(path)
        let process = try ChildProcess(arguments, output: path)
        for _ in 0..<1000 where process.exitStatus == nil { usleep(10_000) }
        process.end()
        return String(decoding: try FileIO.read(path), as: UTF8.self)
    }
}
