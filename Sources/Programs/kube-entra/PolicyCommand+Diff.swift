internal import ArgumentParser
internal import ClusterAccess
internal import Configuration
internal import Jansson
internal import PolicyChecks
internal import Terminal
internal import Timestamps

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
            // An option with several files also takes the configurations after it.
            if configurations.isEmpty {
                if claims.count > 2 {
                    configurations = claims.suffix(2)
                    claims.removeLast(2)
                } else if suite.count > 2 {
                    configurations = suite.suffix(2)
                    suite.removeLast(2)
                } else if cluster.count > 2 {
                    configurations = cluster.suffix(2)
                    cluster.removeLast(2)
                }
            }
            guard configurations.count == 2 else {
                throw ValidationError("give two configuration files: OLD and NEW")
            }
            if let at, Timestamp(rfc3339: at) == nil {
                throw ValidationError("--at must be a date and time with a zone, for example 2026-12-01T00:00:00Z")
            }
        }

        func run() throws {
            let before = try DenyFiles.load(path: configurations[0])
            let after = try DenyFiles.load(path: configurations[1])
            var witnesses = try claims.map { file in
                SamplePrincipal(name: file, question: .claims(try ClaimsFile.read(file), resolvedGroups: nil))
            }
            witnesses += try PolicySuite.load(paths: suite).flatMap { SamplePrincipal.from($0) }
            let now = at.flatMap { Timestamp(rfc3339: $0) } ?? .now()
            let diff = PolicyDiff(from: before, to: after, witnesses: witnesses, now: now)
            let permissions = try cluster.isEmpty ? nil : permissions(before, after, now: now)
            let names = DirectoryNames.loadOrNote(after.configuration)
                .merging(DirectoryNames.loadOrNote(before.configuration))
            let namesTenants = [before, after].contains { $0.configuration.tenants.count > 1 }
            switch output {
            case .text:
                Console.print(names.annotate(diff.text))
                if let permissions { Console.print("\n" + permissions.text(names, namesTenants: namesTenants)) }
            case .markdown:
                Console.print(diff.markdown(annotate: names.annotate))
                if let permissions { Console.print("\n" + permissions.markdown(names, namesTenants: namesTenants)) }
            case .json:
                guard let permissions, case .object(let members) = diff.json else {
                    Console.print(diff.json)
                    break
                }
                Console.print(.object(members + [("permissions", permissions.json)]))
            }
            if !diff.isEmpty { throw ExitCode.no }
        }

        private func permissions(
            _ before: LoadedConfiguration, _ after: LoadedConfiguration, now: Timestamp
        ) throws -> PermissionDiff {
            PermissionDiff(
                from: EntraNames(before.configuration, now: now), to: EntraNames(after.configuration, now: now),
                cluster: try ClusterInputs.readCluster(cluster))
        }
    }
}
