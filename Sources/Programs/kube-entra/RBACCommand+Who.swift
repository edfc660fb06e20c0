import ArgumentParser
import ClusterAccess
import CommandInput
import Terminal

extension RBACCommand {
    /// `kube-entra rbac who`: who of Entra's principals can do something.
    struct Who: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "who",
            abstract: "Who can do something in the cluster, and by which path.",
            usage: "kube-entra rbac who --can <verb> <resource> [-n <namespace>] [--name <name>] --config <file> "
                + "--cluster <path> ... [--output <output>]",
            discussion: """
                A resource is the plural in lower case, with .GROUP and /SUBRESOURCE where it has them, or a path:

                  kube-entra rbac who --config kube-entra.yaml --cluster rbac.json \\
                    --can create pods/exec -n payments
                  kube-entra rbac who --config kube-entra.yaml --cluster rbac.json \\
                    --can '*' '*.*'
                  kube-entra rbac who --config kube-entra.yaml --cluster rbac.json \\
                    --can get /metrics

                Without --name, every name is asked for: a rule that is limited to names does not count.

                Exit status: 0 somebody of Entra can; 1 nobody; 2 could not check, also because the input lacks roles \
                that every cluster has.
                """)

        @Flag(help: "Stands before the verb and the resource.") var can = false
        @Argument(
            help: .init(
                "For example get, create, delete, or '*'; then RESOURCE[.GROUP][/SUBRESOURCE], or a path.",
                valueName: "verb resource"))
        var words: [String] = []

        @Option(
            name: [.customShort("n"), .long],
            help: .init("What holds in this namespace; without, everywhere and in single ones.", valueName: "name"))
        var namespace: String?

        @Option(help: .init("The object's name; without, every name.", valueName: "name")) var name: String?
        @Option(help: .init("The same as behind a slash, as in pods/log.", valueName: "name")) var subresource: String?
        @Option(help: .config, completion: .file()) var config: String
        @Option(parsing: .upToNextOption, help: .cluster, completion: .file()) var cluster: [String]
        @Option(help: .emergencyTime) var at: String?
        @Option(help: .output) var output: OutputFormat = .text

        private var question: QuestionText {
            get throws(UsageProblem) {
                guard words.count == 2 else {
                    throw UsageProblem("give a verb and a resource, such as --can get pods")
                }
                return try QuestionText(
                    verb: words[0], resource: words[1], subresource: subresource, name: name, namespace: namespace)
            }
        }

        mutating func validate() throws {
            // `--cluster PATH… VERB RESOURCE` makes the two words paths.
            if words.isEmpty {
                let (taken, lists) = CommandWords.pair(takenBy: [cluster])
                (words, cluster) = (taken, lists[0])
            }
            try checked { try TimeArgument.read(at) }
            try checked { try question }
        }

        func run() throws {
            let question = try question
            Console.notes(question.notes, isNamed: true)
            let inputs = try ClusterInputs(config: config, cluster: cluster)
            let report = AccessReport(
                question.question, cluster: inputs.cluster, names: inputs.names(now: try TimeArgument.read(at)))
            Console.notes(inputs.notes + (report.note.map { [$0] } ?? []), isNamed: true)
            Console.print(
                as: output, text: report.text(inputs.displayNames, namesTenants: inputs.hasSeveralTenants),
                json: report.json)
            guard report.isKnown else { throw ExitCode.cannot }
            if report.who.isEmpty { throw ExitCode.no }
        }
    }
}
