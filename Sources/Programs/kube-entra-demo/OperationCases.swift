internal import Entra
internal import EntraSimulator
internal import Files
internal import Glibc

/// What happens to a cluster in a year, in a few seconds: keys are rotated, Entra fails, the configuration changes.
struct OperationCases {
    struct Act {
        let name: String
        let expected: DemoAnswer
        /// A few words about what it shows.
        let point: String
        /// Changes the environment; nil if the previous case did so.
        var prepare: (@Sendable (DemoEnvironment) throws -> Void)?
        let token: @Sendable (DemoEnvironment) throws -> String
    }

    let acts: [Act]

    init(_ signIns: SignInCases, _ environment: DemoEnvironment) throws {
        let admin = DemoAnswer.accepted(
            username: "ada@example.com", groups: [SignInCases.adminName, SignInCases.admins])
        let envelope = try signIns.admin(of: environment.tenant).enveloped(
            with: SimulatedKey(), host: DemoConfiguration.clusterHost)
        let crowded = signIns.crowded
        var open = environment.configuration
        open.directory = environment.directory
        open.acceptsProofs = true
        acts = [
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
