import AccessPolicy
import ArgumentParser
import CommandInput
import Configuration
import Terminal
import Timestamps

extension DenyCommand {
    struct Add: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "add",
            abstract: "Locks out by object ID, client application or token.",
            discussion: """
                With --issued-before, only tokens from before that time are refused, so that signing in again helps:

                  kube-entra deny add --config /etc/kube-entra/kube-entra.yaml \\
                    --object-id … --issued-before now --reason "lost laptop"

                Exit status: 0 in force (also when the same entry was there); 2 the file or a token cannot be used; \
                64 wrong usage.
                """)

        @OptionGroup var file: FileOption
        @OptionGroup var target: Target
        @Option(help: .init("Why, for operators: 1 to 256 characters.", valueName: "text")) var reason: String

        @Option(help: .init("Only tokens issued before: now, or a time (RFC 3339).", valueName: "time"))
        var issuedBefore: String?

        @Option(name: .customLong("for"), help: .init("For so long, for example 8h.", valueName: "duration"))
        var duration: String?

        @Option(help: .init("Until that time (RFC 3339).", valueName: "time")) var until: String?
        @Option(help: .output) var output: OutputFormat = .text

        func validate() throws {
            guard DenyFile.isUsable(reason: reason) else {
                throw ValidationError("--reason must have between 1 and 256 characters")
            }
            try checked { try times(now: .now()) }
        }

        private func times(now: Timestamp) throws(UsageProblem) -> DenialTimes {
            try DenialTimes(issuedBefore: issuedBefore, duration: duration, until: until, now: now)
        }

        func run() throws {
            let (target, tenantID) = try target.target.read()
            let now = Timestamp.now()
            let times = try times(now: now)
            let entry = DeniedEntry(
                target: target, issuedBefore: times.issuedBefore, until: times.until, reason: reason)
            let edit = try file.use(
                of: tenantID, { path throws(DenyFileError) in try DenyFile.add(entry, to: path) }, more: { _ in [] })
            let word = if case .wasThere = edit { "already denied: " } else { "denied: " }
            Console.print(as: output, lines: [word + entry.line(at: now)], json: DenyFile.json(entry))
        }
    }
}
