/// One named condition of readiness.
public struct HealthCheck: Sendable {
    /// As it stands in `?verbose` and `?exclude=`, for example `signing-keys`.
    public var name: String
    /// Nil when all is well, else why not, in one short sentence without a full stop.
    public var failure: @Sendable () -> String?
    /// What `?verbose` says beside ok; one line without a line break.
    public var note: @Sendable () -> String?
    /// Whether there is anything to check; a check without it has no line.
    public var isShown: @Sendable () -> Bool

    public init(
        name: String, note: @escaping @Sendable () -> String? = { nil },
        isShown: @escaping @Sendable () -> Bool = { true },
        failure: @escaping @Sendable () -> String?
    ) {
        self.isShown = isShown
        self.name = name
        self.note = note
        self.failure = failure
    }

    var line: HealthReport.Line { HealthReport.Line(name: name, failure: failure(), note: note()) }
}

/// The outcome of some checks, written as Kubernetes' own health endpoints write it.
struct HealthReport {
    struct Line {
        var name: String
        var failure: String?
        var note: String?
    }

    /// `livez`, `readyz` or `healthz`
    var endpoint: String
    var lines: [Line]

    /// - Parameter excluded: names of checks whose outcome does not count.
    func response(excluded: [String], isVerbose: Bool) -> (status: Int, text: String) {
        let failed = lines.contains { $0.failure != nil && !excluded.contains($0.name) }
        if !failed && !isVerbose { return (200, "ok") }
        var text = ""
        for line in lines {
            if excluded.contains(line.name) {
                text += "[+]\(line.name) excluded: ok\n"
            } else if let failure = line.failure {
                text += "[-]\(line.name) failed: \(failure)\n"
            } else {
                text += "[+]\(line.name) ok\(line.note.map { " (\($0))" } ?? "")\n"
            }
        }
        let known = Set(lines.map(\.name))
        let unknown = excluded.filter { !known.contains($0) }.map { "\"\(Self.printable($0))\"" }
        if !unknown.isEmpty {
            text += "warn: some health checks cannot be excluded: no matches for \(unknown.joined(separator: ", "))\n"
        }
        text += "\(endpoint) check \(failed ? "failed" : "passed")\n"
        return (failed ? 500 : 200, text)
    }

    /// What somebody asked for, without what could pass for a line of the report.
    private static func printable(_ text: String) -> String {
        String(text.prefix(64).unicodeScalars.map { (0x20..<0x7F).contains($0.value) ? Character($0) : "?" })
    }
}
