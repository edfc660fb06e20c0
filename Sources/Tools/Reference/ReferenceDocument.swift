import Jansson
public import Terminal

/// One file of the reference.
public struct ReferenceDocument: Sendable {
    /// The path below the reference's folder.
    public var path: String
    /// The file's content.
    public var bytes: [UInt8]

    init(_ path: String, text: String) {
        self.path = path
        bytes = Array(text.utf8)
    }

    init(_ path: String, json: JSON) {
        self.path = path
        bytes = json.render(pretty: true) + [UInt8(ascii: "\n")]
    }

    /// Every document, generated from the program's own tables.
    ///
    /// - Parameter commands: the tree of commands.
    public static func all(commands: CommandReference) -> [ReferenceDocument] {
        [
            ReferenceDocument("README.md", text: ReferenceIndex.text),
            ReferenceDocument("configuration.md", text: ConfigurationReference.text),
            ReferenceDocument("configuration.schema.json", json: ConfigurationReference.schema),
            ReferenceDocument("policy-suite.md", text: ConfigurationReference.suiteText),
            ReferenceDocument("policy-suite.schema.json", json: ConfigurationReference.suiteSchema),
            ReferenceDocument("lint-rules.md", text: LintReference.text),
            ReferenceDocument("reasons.md", text: ReasonReference.text),
            ReferenceDocument("metrics.md", text: MetricReference.text),
            ReferenceDocument("log.md", text: LogReference.text),
            ReferenceDocument("log.schema.json", json: LogReference.schema(isAudit: false)),
            ReferenceDocument("audit.schema.json", json: LogReference.schema(isAudit: true)),
            ReferenceDocument("commands.md", text: commands.markdown),
        ] + commands.manualPages
    }

    /// Writes documents into a folder, which is made.
    ///
    /// - Returns: the number of documents.
    /// - Throws: `CommandFailure` if a file cannot be written.
    public static func write(_ documents: [ReferenceDocument], into folder: String) throws(CommandFailure) -> Int {
        try CommandFile.makeFolder(folder + "/man")
        for document in documents { try CommandFile.write(document.bytes, to: "\(folder)/\(document.path)") }
        return documents.count
    }
}

/// The front page.
enum ReferenceIndex {
    static let text = """
        # Reference

        Everything in this folder is written by the program itself: `kube-entra reference --folder deploy/reference`. A
        test fails when it is not what the program says.

        - [configuration.md](configuration.md): every field, with [its JSON Schema](configuration.schema.json)
        - [policy-suite.md](policy-suite.md): policy suites, with [their JSON Schema](policy-suite.schema.json)
        - [lint-rules.md](lint-rules.md): what `config check` and `rbac lint` look for
        - [reasons.md](reasons.md): every reason of a refusal, what causes it and what helps
        - [metrics.md](metrics.md): every metric
        - [log.md](log.md): the fields of log and audit lines, with JSON Schemas of
          [log lines](log.schema.json) and [audit lines](audit.schema.json)
        - [commands.md](commands.md): every command with its options; manual pages are in `man`

        """
}

/// Text in Markdown tables.
enum Markdown {
    static func cell(_ text: String) -> String {
        text.split(separator: "|", omittingEmptySubsequences: false).joined(separator: "\\|")
            .split(separator: "\n").joined(separator: " ")
    }

    static func row(_ cells: [String]) -> String { "| \(cells.map(cell).joined(separator: " | ")) |\n" }

    static func table(_ heads: [String], _ rows: [[String]]) -> String {
        row(heads) + "|\(heads.map { _ in "---|" }.joined())\n" + rows.map(row).joined()
    }
}
