internal import ArgumentParser
internal import Glibc

extension KubeEntra {
    /// As the argument parser's own, except that everything that it says passes through ``Console``, so that no message
    /// repeats a token.
    static func main() async {
        do {
            var command = try await asyncParseAsRoot(CommandArguments.joined(Array(CommandLine.arguments.dropFirst())))
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch {
            let status = exitCode(for: error)
            let message = fullMessage(for: error)
            if !message.isEmpty {
                if status.isSuccess { Console.print(message) } else { Console.note(message) }
            }
            Glibc.exit(status.rawValue)
        }
    }
}

/// What the shell made of what somebody typed.
enum CommandArguments {
    /// Puts an authorization header together again that was pasted without quotation marks:
    /// `inspect Authorization: Bearer TOKEN`.
    static func joined(_ arguments: [String]) -> [String] {
        var joined: [String] = []
        var isOpen = false
        for argument in arguments {
            if isOpen, !argument.hasPrefix("-"), let last = joined.popLast() {
                joined.append(last + " " + argument)
            } else {
                joined.append(argument)
            }
            isOpen = ["authorization:", "bearer", "authorization: bearer"].contains((joined.last ?? "").lowercased())
        }
        return joined
    }
}
