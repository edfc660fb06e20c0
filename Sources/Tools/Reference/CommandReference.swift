import Jansson

/// A command with its arguments and subcommands, from the argument parser's dump.
public struct CommandReference: Sendable {
    /// One argument, option or flag.
    struct Argument: Sendable {
        /// The form in the synopsis, for example `--out <file>`.
        var form: String
        var abstract: String
        var isOptional: Bool
        var isRepeating: Bool
        var standard: String?
        var values: [String]
    }

    /// All words, for example `kube-entra config check`.
    let words: [String]
    let abstract: String
    let discussion: String
    let arguments: [Argument]
    let commands: [CommandReference]

    /// Reads the output of `--experimental-dump-help`; nil for anything else.
    public init?(dump: String) {
        guard let document = try? JSONDocument(parsing: Array(dump.utf8), maximumBytes: 8 << 20, maximumDepth: 32),
            let root = document.root["command"]
        else { return nil }
        self.init(root, above: [])
    }

    private init(_ value: JSONValue, above: [String]) {
        let name = value["commandName"]?.string ?? ""
        words = above + [name]
        abstract = value["abstract"]?.string ?? ""
        discussion = value["discussion"]?.string ?? ""
        arguments = (value["arguments"]?.array?.compactMap { Argument($0) } ?? [])
        let words = words
        commands =
            value["subcommands"]?.array?
            // The parser's own command, which is the same in every program.
            .filter { $0["shouldDisplay"]?.bool != false && $0["commandName"]?.string != "help" }
            .map { CommandReference($0, above: words) } ?? []
    }

    var name: String { words.joined(separator: " ") }

    /// This command and all below it, the outer ones first.
    var all: [CommandReference] { [self] + commands.flatMap(\.all) }

    /// One page about every command.
    var markdown: String {
        "# Commands\n\n" + all.map(\.section).joined(separator: "\n")
    }

    private var section: String {
        var text = "## `\(name)`\n\n\(abstract)\n"
        if !discussion.isEmpty { text += "\n```text\n\(discussion)\n```\n" }
        if !commands.isEmpty {
            text += "\n" + Markdown.table(["command", "what it does"], commands.map { ["`\($0.name)`", $0.abstract] })
        }
        let own = ownArguments
        guard !own.isEmpty else { return text }
        return text + "\n" + Markdown.table(["argument", "what it is"], own.map { ["`\($0.form)`", $0.description] })
    }

    /// Without the arguments that every command has.
    var ownArguments: [Argument] {
        arguments.filter { !["--help", "-h, --help", "--version"].contains($0.form) }
    }
}

extension CommandReference.Argument {
    fileprivate init?(_ value: JSONValue) {
        guard value["shouldDisplay"]?.bool != false else { return nil }
        let names =
            (value["names"]?.array?.compactMap { name -> String? in
                guard let text = name["name"]?.string else { return nil }
                return name["kind"]?.string == "long" ? "--\(text)" : "-\(text)"
            } ?? [])
        let valueName = value["valueName"]?.string ?? "value"
        switch value["kind"]?.string {
        case "positional": form = "<\(valueName)>"
        case "option": form = names.joined(separator: ", ") + " <\(valueName)>"
        default: form = names.joined(separator: ", ")
        }
        abstract = value["abstract"]?.string ?? ""
        isOptional = value["isOptional"]?.bool ?? true
        isRepeating = value["isRepeating"]?.bool ?? false
        standard = value["kind"]?.string == "flag" ? nil : value["defaultValue"]?.string
        values = value["allValues"]?.array?.compactMap(\.string) ?? []
    }

    /// The summary, with possible values and the default.
    var description: String {
        var text = abstract
        if !values.isEmpty { text += " One of: \(values.joined(separator: ", "))." }
        if let standard, !standard.isEmpty { text += " Default: \(standard)." }
        return text
    }
}
