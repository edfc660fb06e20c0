import Configuration
import Jansson
import PolicyChecks

/// The fields of configurations and suites, from their descriptions in code.
enum ConfigurationReference {
    static var schema: JSON { WebhookConfiguration.schema }
    static var suiteSchema: JSON { PolicySuite.schema }

    static var text: String {
        """
        # Configuration

        YAML, or JSON. Unknown and repeated fields, wrong types and values that cannot work are errors with file, line,
        column and field. Relative paths begin in the file's folder. A duration is one whole number or more, each
        followed by `d`, `h`, `m`, `s` or `ms`, such as `1h30m`. A field that may be missing may also be `null`.


        """ + sections(WebhookConfiguration.form, path: "") + """

            ## A file with every field

            Every field has a value other than its default. Of fields that exclude each other, it has one.

            ```yaml
            \(WebhookConfiguration.form.examples.first?.block.joined(separator: "\n") ?? "")
            ```

            """
    }

    static var suiteText: String {
        "# Policy suites\n\nFiles for `kube-entra policy test`, in YAML. They are read as strictly as a configuration.\n\n"
            + sections(PolicySuite.form, path: "")
    }

    /// A table for each mapping, the outer ones first.
    private static func sections(_ form: SectionForm, path: String) -> String {
        var text = path.isEmpty ? "## The file\n\n" : "\n## `\(path)`\n\n"
        text += Markdown.table(
            ["field", "values", "default", "what it is for"],
            form.fields.map { info in
                [
                    "`\(info.name)`", info.form.words, standard(of: info),
                    info.summary + (info.details.isEmpty ? "" : ". \(info.details)"),
                ]
            })
        if !form.exactlyOne.isEmpty {
            text += "\nOf \(form.exactlyOne.map { "`\($0)`" }.joined(separator: ", ")) one at most may be set.\n"
        }
        for info in form.fields {
            let inner = path.isEmpty ? info.name : "\(path).\(info.name)"
            switch info.form {
            case .section(let section): text += sections(section, path: inner)
            case .list(.section(let section), _): text += sections(section, path: inner + "[]")
            default: break
            }
        }
        return text
    }

    private static func standard(of info: FieldInfo) -> String {
        if info.isRequired { return "must be set" }
        if case .section = info.form { return "" }
        let written = info.standard.flow
        return written == "null" ? "" : "`\(written)`"
    }
}
