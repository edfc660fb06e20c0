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
                + "[--cluster <path> ...] [--cluster-after <path> ...] [--at <time>] [--output <output>]",
            discussion: """
                + somebody can do more, - somebody can do less, ~ neither. With --cluster, also what that means in the \
                cluster: the permissions that somebody gains or loses, and by which path. With --cluster-after, roles and \
                bindings are compared too: --cluster has them as they are, --cluster-after as they shall be.

                  kube-entra policy diff old.yaml new.yaml --cluster old/rbac builtin.json \\
                    --cluster-after new/rbac builtin.json

                Exit status: 0 no difference; 1 the configurations differ or, with --cluster-after, permissions do; \
                2 could not check.
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

        @Option(
            parsing: .upToNextOption,
            help: .init("The same objects after the change, if they change too.", valueName: "path"),
            completion: .file())
        var clusterAfter: [String] = []

        @Option(help: .decisionTime) var at: String?
        @Option(help: .output) var output: DiffFormat = .text

        mutating func validate() throws {
            if configurations.isEmpty {
                let (taken, lists) = CommandWords.pair(takenBy: [claims, suite, cluster, clusterAfter])
                (configurations, claims, suite, cluster, clusterAfter) = (taken, lists[0], lists[1], lists[2], lists[3])
            }
            guard configurations.count == 2 else { throw ValidationError("give two configuration files: OLD and NEW") }
            guard clusterAfter.isEmpty || !cluster.isEmpty else {
                throw ValidationError("--cluster-after needs --cluster: the objects before the change")
            }
            guard (cluster + clusterAfter).count(where: { $0 == "-" }) <= 1 else {
                throw ValidationError("--cluster and --cluster-after cannot both read standard input")
            }
            try checked { try TimeArgument.read(at) }
        }

        func run() throws {
            let (before, notesBefore) = try DenyFiles.loadKnown(path: configurations[0])
            let (after, notesAfter) = try DenyFiles.loadKnown(path: configurations[1])
            Console.notes(notesBefore + notesAfter.filter { !notesBefore.contains($0) }, isNamed: true)
            let principals = try SamplePrincipal.load(claims: claims, suites: suite)
            let diff = AccessDiff(
                from: before, to: after, principals: principals,
                cluster: cluster.isEmpty ? nil : try ClusterInputs.readCluster(cluster),
                clusterAfter: clusterAfter.isEmpty ? nil : try ClusterInputs.readCluster(clusterAfter),
                now: try TimeArgument.read(at))
            Console.notes(diff.notes, isNamed: true)
            Console.print(diff.formatted(as: output))
            if !diff.isEmpty { throw ExitCode.no }
        }
    }
}
