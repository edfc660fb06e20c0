extension CommandReference {
    /// A manual page for each command, in section 1.
    public var manualPages: [ReferenceDocument] {
        all.map { ReferenceDocument("man/\($0.words.joined(separator: "-")).1", text: $0.manual) }
    }

    private var manual: String {
        let title = words.joined(separator: "-").uppercased()
        var page = ".TH \"\(title)\" \"1\" \"\" \"kube-entra\" \"kube-entra\"\n.SH NAME\n"
        page += "\(escaped(words.joined(separator: "-"))) \\- \(escaped(abstract))\n"
        page += ".SH SYNOPSIS\n.B \(escaped(name))\n\(synopsis)\n"
        if !discussion.isEmpty { page += ".SH DESCRIPTION\n" + paragraphs(discussion) }
        if !ownArguments.isEmpty {
            page += ".SH OPTIONS\n"
            for argument in ownArguments {
                page += ".TP\n.B \(escaped(argument.form))\n\(line(argument.description))\n"
            }
        }
        if !commands.isEmpty {
            page += ".SH COMMANDS\n"
            for command in commands { page += ".TP\n.B \(escaped(command.name))\n\(line(command.abstract))\n" }
        }
        let others = (commands.isEmpty ? [] : commands).map { "\($0.words.joined(separator: "-"))(1)" }
        let above = words.count > 1 ? ["\(words.dropLast().joined(separator: "-"))(1)"] : []
        let main = words.first == "kube-entra" ? [] : ["kube-entra(1)"]
        let seeAlso = main + above + others
        return seeAlso.isEmpty ? page : page + ".SH SEE ALSO\n\(line(seeAlso.joined(separator: ", ")))\n"
    }

    private var synopsis: String {
        let parts = ownArguments.map { argument in
            let form = escaped(argument.form) + (argument.isRepeating ? " ..." : "")
            return argument.isOptional ? "[\(form)]" : form
        }
        return line((commands.isEmpty ? parts : parts + ["COMMAND"]).joined(separator: " "), isEscaped: true)
    }

    /// Examples keep their lines; other text is filled.
    private func paragraphs(_ text: String) -> String {
        var page = ""
        var isExample = false
        for row in text.split(separator: "\n", omittingEmptySubsequences: false) {
            let indented = row.hasPrefix("  ")
            if indented != isExample, !row.isEmpty {
                page += indented ? (page.hasSuffix(".PP\n") ? ".nf\n" : ".PP\n.nf\n") : ".fi\n"
                isExample = indented
            }
            page += row.isEmpty ? (isExample ? "\n" : ".PP\n") : line(String(row)) + "\n"
        }
        return isExample ? page + ".fi\n" : page
    }

    /// A line that cannot be mistaken for a troff request.
    private func line(_ text: String, isEscaped: Bool = false) -> String {
        let text = isEscaped ? text : escaped(text)
        return text.hasPrefix(".") || text.hasPrefix("'") ? "\\&" + text : text
    }

    private func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": result += "\\e"
            case "-": result += "\\-"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
