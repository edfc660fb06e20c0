import SafeText

/// kubectl command lines to copy into a POSIX shell.
public enum KubectlCommand {
    /// Asks the API server what somebody can do; nil if a name does not fit on one line.
    ///
    /// The API server adds `system:authenticated` itself. The object ID is left out: RBAC never uses it, and a caller
    /// who may impersonate users and groups but not `uids` would be refused.
    public static func canI(username: String, groups: [String]) -> String? {
        let groups = groups.filter { !$0.utf8.elementsEqual("system:authenticated".utf8) }
        guard ([username] + groups).allSatisfy({ isOneLine($0) }) else { return nil }
        let names = ["--as=" + ShellWord.quoted(username)] + groups.map { "--as-group=" + ShellWord.quoted($0) }
        return "kubectl auth can-i --list " + names.joined(separator: " ")
    }

    /// Whether a terminal shows the word unchanged on one line.
    private static func isOneLine(_ word: String) -> Bool {
        PrintableText.clean(word, maximum: .max).utf8.elementsEqual(word.utf8)
    }
}
