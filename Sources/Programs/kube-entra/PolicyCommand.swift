import ArgumentParser

/// `kube-entra policy`: the access of principals under a configuration, and what a change of it means for them.
struct PolicyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "policy",
        abstract: "Tells what principals become under a configuration, and what a change of it means for them.",
        discussion: "Answers come from the decision code of `serve`. Nothing is asked over the network.",
        subcommands: [Check.self, Test.self, Diff.self, List.self]
    )
}
