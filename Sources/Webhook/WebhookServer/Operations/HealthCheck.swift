/// One named condition of readiness.
public struct HealthCheck: Sendable {
    /// The name in `?verbose` and `?exclude=`, for example `signing-keys`.
    public var name: String
    /// Why the check fails, as a short clause; nil if it passes.
    public var failure: @Sendable () -> String?
    /// What `?verbose` adds after ok; one line.
    public var note: @Sendable () -> String?
    /// Whether there is anything to check; otherwise the check has no line.
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

/// The results of some checks, in the format of Kubernetes' own health endpoints.
struct HealthReport {
    struct Line {
        var name: String
        var failure: String?
        var note: String?
    }

    /// `livez`, `readyz` or `healthz`
    var endpoint: String
    var lines: [Line]

    /// - Parameter excluded: names of checks whose results are ignored.
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

    /// A part of the request, without anything that could look like a line of the report.
    private static func printable(_ text: String) -> String {
        String(text.prefix(64).unicodeScalars.map { (0x20..<0x7F).contains($0.value) ? Character($0) : "?" })
    }
}
