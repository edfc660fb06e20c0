import ArgumentParser
import ClusterAccess
import CommandInput
import Configuration
import PolicyChecks
import Terminal

extension PolicyCommand {
    /// `kube-entra policy diff`: what a change of the configuration means for people's access.
    struct Diff: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "diff",
            abstract: "Who gains and who loses what between two configurations.",
            usage: "kube-entra policy diff <old> <new> [--claims <file> ...] [--suite <file> ...] "
                + "[--cluster <path> ...] [--at <time>] [--output <output>]",
            discussion: """
                + somebody can do more, - somebody can do less, ~ neither. With --cluster, also what that means in the \
                cluster: the permissions that somebody gains or loses, and by which path.

                Exit status: 0 no difference; 1 different; 2 could not check.
                """
        )

        @Argument(help: .init("The configurations: as it is, and as it shall be.", valueName: "old new"))
        var configurations: [String] = []

        @Option(
            parsing: .upToNextOption, help: .init("JSON claims of principals to compare.", valueName: "file"),
            completion: .file())
        var claims: [String] = []

        @Option(
            parsing: .upToNextOption, help: .init("Test suites whose principals to compare.", valueName: "file"),
            completion: .file())
        var suite: [String] = []

        @Option(
            parsing: .upToNextOption,
            help: .init("The cluster's RBAC objects: files, folders or -.", valueName: "path"), completion: .file())
        var cluster: [String] = []

        @Option(help: .decisionTime) var at: String?
        @Option(help: .output) var output: DiffFormat = .text

        mutating func validate() throws {
            if configurations.isEmpty {
                let (taken, lists) = CommandWords.configurations(takenBy: [claims, suite, cluster])
                (configurations, claims, suite, cluster) = (taken, lists[0], lists[1], lists[2])
            }
            guard configurations.count == 2 else { throw ValidationError("give two configuration files: OLD and NEW") }
            try checked { try TimeArgument.read(at) }
        }

        func run() throws {
            let before = try DenyFiles.load(path: configurations[0])
            let after = try DenyFiles.load(path: configurations[1])
            let principals = try SamplePrincipal.load(claims: claims, suites: suite)
            let diff = AccessDiff(
                from: before, to: after, principals: principals,
                cluster: cluster.isEmpty ? nil : try ClusterInputs.readCluster(cluster), now: try TimeArgument.read(at))
            Console.notes(diff.notes, isNamed: true)
            Console.print(diff.formatted(as: output))
            if !diff.isEmpty { throw ExitCode.no }
        }
    }
}
