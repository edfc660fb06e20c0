import SafeText
public import Terminal

/// The words of a command line, as the shell passes them.
public enum CommandWords {
    /// Joins an authorization header that was pasted without quotation marks: `inspect Authorization: Bearer TOKEN`.
    /// The words after `--` are another program's and stay as they are.
    public static func joiningHeader(_ words: [String]) -> [String] {
        var joined: [String] = []
        var isOpen = false
        let end = words.firstIndex(of: "--") ?? words.endIndex
        for word in words[..<end] {
            if isOpen, !word.hasPrefix("-"), let last = joined.popLast() {
                joined.append(last + " " + word)
            } else {
                joined.append(word)
            }
            isOpen = ["authorization:", "bearer", "authorization: bearer"].contains((joined.last ?? "").lowercased())
        }
        return joined + words[end...]
    }

    /// The lines of the parser's message. Arguments that it repeats, and their values, stay on their line.
    public static func lines(of message: String, quoting words: [String] = []) -> [String] {
        let quoted = words.flatMap { word in
            [word] + word.split(separator: "=", maxSplits: 1).dropFirst().map(String.init)
        }
        return quoted.filter { !$0.isEmpty && !PrintableText.isVisible($0) }
            .reduce(message) { $0.replacing($1, with: PrintableText.line($1)) }
            .split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }

    /// Takes the token off the end of an option's values, which are paths; nil if the last one does not begin as a
    /// token does, with the letters of `{"` in base64.
    public static func token(takenBy paths: inout [String]) -> String? {
        guard paths.count > 1, let last = paths.last, last.hasPrefix("eyJ"), last.utf8.count(where: { $0 == 46 }) >= 2
        else { return nil }
        return paths.popLast()
    }

    /// Returns the two words that an option with several values took as its last values.
    ///
    /// - Parameter lists: the values of the options, in the order of the search.
    public static func pair(takenBy lists: [[String]]) -> (pair: [String], lists: [[String]]) {
        var lists = lists
        guard let index = lists.firstIndex(where: { $0.count > 2 }) else { return ([], lists) }
        let pair = Array(lists[index].suffix(2))
        lists[index].removeLast(2)
        return (pair, lists)
    }
}

/// The name under which the program was started.
public enum ProgramName {
    /// Whether kubectl runs it as its plugin, for `kubectl entra`.
    ///
    /// - Parameter path: the first word of the process's command line.
    public static func isKubectlPlugin(_ path: String?) -> Bool {
        ["kubectl-entra", "kubectl_entra"].contains(path?.split(separator: "/").last ?? "")
    }

    /// Nil if the first word is one of the plugin's commands, or asks for help.
    public static func wrongPluginUsage(_ arguments: [String], commands: [String]) -> UsageProblem? {
        if let first = arguments.first, (commands + ["help", "--help", "-h", "--version"]).contains(first) {
            return nil
        }
        return UsageProblem("use one of: \(commands.map { "kubectl entra \($0)" }.joined(separator: ", "))")
    }
}
