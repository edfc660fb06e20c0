/// Writes fields as YAML, each with its summary as a comment.
struct TemplatePage {
    private struct Line {
        var text: String
        var summary = ""
    }

    /// Lines above a field, by its path.
    let comments: [String: [String]]
    private var lines: [Line] = []

    /// The column of comments, unless the text is longer.
    private static let column = 42

    init(comments: [String: [String]]) {
        self.comments = comments
    }

    var text: String {
        lines.map { line in
            guard !line.summary.isEmpty else { return line.text + "\n" }
            let gap = max(2, TemplatePage.column - line.text.count)
            return line.text + String(repeating: " ", count: gap) + "# " + line.summary + "\n"
        }.joined()
    }

    /// A comment on its own line.
    mutating func note(_ text: String, indent: String = "") {
        lines.append(Line(text: text.isEmpty ? "\(indent)#" : "\(indent)# \(text)"))
    }

    /// Every field of a mapping; those with their default are comments.
    ///
    /// - Parameters:
    ///   - indent: the beginning of each line.
    ///   - isComment: whether the whole mapping is a comment.
    mutating func section(
        _ form: SectionForm, _ value: ConfigValue, path: String = "", indent: String = "", isComment: Bool = false
    ) {
        // The first of the fields that exclude each other names the others.
        let others = isComment ? form.exactlyOne.dropFirst() : []
        for info in form.fields where !others.contains(info.name) {
            let inner = path.isEmpty ? info.name : "\(path).\(info.name)"
            field(info, value[info.name] ?? .null, path: inner, indent: indent, isComment: isComment)
        }
    }

    private mutating func field(
        _ info: FieldInfo, _ value: ConfigValue, path: String, indent: String, isComment: Bool
    ) {
        for comment in comments[path] ?? [] { note(comment, indent: indent) }
        let isActive = !isComment && (info.isRequired || info.isShown || !info.isStandard(value))
        let start = isActive || isComment ? indent : indent + "# "
        switch info.form {
        case .section(let section):
            if path == info.name { lines.append(Line(text: "")) }
            lines.append(Line(text: "\(start)\(info.name):", summary: isActive ? "" : info.summary))
            self.section(
                section, value.isNull ? info.example : value, path: path, indent: start + "  ",
                isComment: isComment || !isActive)
        case .list(.section(let section), _):
            guard case .list(let elements) = value, !elements.isEmpty, isActive else {
                lines.append(Line(text: "\(start)\(info.name): []", summary: info.summary))
                let example = ConfigValue.list(Array(section.examples.prefix(1))).block
                for line in example { lines.append(Line(text: "\(indent)#  \(line)")) }
                return
            }
            if path == info.name { lines.append(Line(text: "")) }
            lines.append(Line(text: "\(start)\(info.name):"))
            for element in elements {
                let first = lines.count
                self.section(section, element, path: path + "[]", indent: start + "    ")
                // The first field has the dash.
                lines[first].text = start + "  - " + lines[first].text.dropFirst(start.count + 4)
            }
        default:
            // A comment shows the default, or an example if there is no default.
            let standard = info.standard.isNull || info.standard.flow == "[]" ? info.example : info.standard
            lines.append(
                Line(
                    text: "\(start)\(info.name): \((isActive ? value : standard).flow)",
                    summary: info.isRequired && path == info.name ? "" : info.summary))
        }
    }
}
