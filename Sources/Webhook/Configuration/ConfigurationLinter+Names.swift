import SafeText

extension ConfigurationLinter {
    /// Characters in names that are invisible or look like others: `kube-entra:cluster<U+200B>-admins` is another group
    /// for RBAC, but looks the same to readers.
    mutating func lintNames() {
        configuration.written.forEach { path, value in
            switch value {
            case .name(let text), .word(let text), .file(let text, _): lintName(text, path)
            case .mapping(let members):
                for member in members {
                    lintName(member.name, path.isEmpty ? member.name : "\(path).\(member.name)")
                }
            case .null, .boolean, .integer, .real, .list: break
            }
        }
    }

    private mutating func lintName(_ text: String, _ path: String) {
        if let scalar = HiddenText.invisible(in: text) {
            add(
                .invisibleCharacters, path, "this name holds \(HiddenText.name(of: scalar)), which nobody sees",
                "write the name again, by hand")
        } else if let scalar = HiddenText.lookAlike(in: text) {
            add(
                .invisibleCharacters, path,
                "this name holds \(HiddenText.name(of: scalar)), which looks like another character",
                "write the name again, by hand")
        }
    }
}
