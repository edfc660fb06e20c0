internal import AccessPolicy
internal import ArgumentParser
internal import Configuration
internal import Terminal
internal import Timestamps

extension DenyCommand {
    struct Add: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "add",
            abstract: "Locks out by object ID, client application or token.",
            discussion: """
                With --issued-before, only tokens from before that time are refused, so that signing in again helps:

                  kube-entra deny add --file denied.json --object-id … \\
                    --issued-before now --reason "lost laptop"

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
            guard duration == nil || until == nil else { throw ValidationError("give --for or --until, not both") }
            _ = try times(now: .now())
        }

        private static let example = "a date and time with a zone, for example 2026-12-01T00:00:00Z"

        private func times(now: Timestamp) throws -> (issuedBefore: Timestamp?, until: Timestamp?) {
            var bound: Timestamp?
            if let issuedBefore {
                bound = issuedBefore == "now" ? now : Timestamp(rfc3339RoundingUp: issuedBefore)
                if bound == nil { throw ValidationError("--issued-before must be now, or \(Self.example)") }
            }
            var end: Timestamp?
            if let duration {
                guard let length = DurationText.parse(duration) else {
                    throw ValidationError("--for must be a duration with a unit, for example 90s, 5m, 29h or 1h30m")
                }
                end = now.adding(seconds: length.components.seconds)
            }
            if let until {
                end = Timestamp(rfc3339: until)
                if end == nil { throw ValidationError("--until must be \(Self.example)") }
            }
            if let end, end <= now {
                throw ValidationError(
                    "\(duration == nil ? "--until" : "--for") ends in the past: nobody would be denied")
            }
            return (bound, end)
        }

        func run() throws {
            let target = try target.read()
            let now = Timestamp.now()
            let (issuedBefore, until) = try times(now: now)
            let entry = DeniedEntry(target: target, issuedBefore: issuedBefore, until: until, reason: reason)
            let path = file.file
            let edit = try DenyCommand.using(path) { () throws(DenyFileError) in try DenyFile.add(entry, to: path) }
            switch output {
            case .json: Console.print(DenyFile.json(entry))
            case .text:
                if case .wasThere = edit {
                    Console.print("already denied: " + entry.line(at: now))
                } else {
                    Console.print("denied: " + entry.line(at: now))
                }
            }
        }
    }
}
