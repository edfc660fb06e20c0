internal import ArgumentParser
internal import Configuration
internal import Glibc
internal import RBAC
internal import SafeText
internal import Terminal

extension KubeEntra {
    /// Like the argument parser's own, except that every message passes through ``Console``, so that none repeats a
    /// token.
    static func main() async {
        // The standard library reads the arguments from /proc, which may not be mounted.
        guard access("/proc/self/cmdline", R_OK) == 0 else {
            Console.note("kube-entra: the arguments cannot be read: /proc is not mounted here\n→ mount it")
            Glibc.exit(CommandFailure.Status.cannot.rawValue)
        }
        let arguments = CommandArguments.joined(Array(CommandLine.arguments.dropFirst()))
        let isPlugin = KubectlEntra.isMeant
        if isPlugin, let problem = KubectlEntra.wrongUsage(arguments) {
            Console.note("Error: \(problem)")
            Glibc.exit(ExitCode.validationFailure.rawValue)
        }
        if !isPlugin, let unknown = CommandArguments.unknownCommand(arguments, of: Self.self) {
            // The parser's own message would call it an unexpected argument, and would accept a wrong help topic.
            Console.note("Error: \(unknown.sentence)\nUsage: \(usageString())")
            Glibc.exit(ExitCode.validationFailure.rawValue)
        }
        do {
            var command: any ParsableCommand =
                isPlugin ? try KubectlEntra.parseAsRoot(arguments) : try await asyncParseAsRoot(arguments)
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch let failure as CommandFailure {
            Console.note(failure.message)
            Glibc.exit(failure.status.rawValue)
        } catch let error as ClusterError {
            Console.note(error.description)
            Glibc.exit(CommandFailure.Status.cannot.rawValue)
        } catch let error as ConfigurationError {
            for problem in error.problems { Console.note(problem.commandLine) }
            Glibc.exit(CommandFailure.Status.cannot.rawValue)
        } catch {
            let status = exitCode(for: error)
            let message = isPlugin ? KubectlEntra.fullMessage(for: error) : fullMessage(for: error)
            if !message.isEmpty {
                if status.isSuccess { Console.print(message) } else { Console.note(message) }
            }
            Glibc.exit(status.rawValue)
        }
    }
}

/// The arguments as the shell passes them.
enum CommandArguments {
    /// A word in place of a command that is not one.
    struct UnknownCommand: Equatable {
        var name: String
        /// The command that was probably meant.
        var suggestion: String?
        var isHelpTopic = false

        var sentence: String {
            (isHelpTopic
                ? "there is no command '\(PrintableText.clean(name))'" : "unknown command \(PrintableText.clean(name))")
                + (suggestion.map { ", did you mean \(PrintableText.clean($0))?" } ?? "")
        }
    }

    /// The first word that is not a command of its group; nil if all are.
    static func unknownCommand(_ arguments: [String], of root: any ParsableCommand.Type) -> UnknownCommand? {
        var group = root
        let isHelp = arguments.first == "help"
        for word in isHelp ? arguments.dropFirst() : arguments[...] {
            let known = group.configuration.subcommands
            guard !known.isEmpty || isHelp, !word.hasPrefix("-"), word != "help" else { return nil }
            guard let next = known.first(where: { $0.configuration.commandName == word }) else {
                let names = known.compactMap { $0.configuration.commandName }
                return UnknownCommand(
                    name: word, suggestion: Suggestion.best(for: word, among: names), isHelpTopic: isHelp)
            }
            group = next
        }
        return nil
    }

    /// Joins an authorization header that was pasted without quotation marks: `inspect Authorization: Bearer TOKEN`.
    static func joined(_ arguments: [String]) -> [String] {
        var joined: [String] = []
        var isOpen = false
        // After -- comes another program's command line.
        let end = arguments.firstIndex(of: "--") ?? arguments.endIndex
        for argument in arguments[..<end] {
            if isOpen, !argument.hasPrefix("-"), let last = joined.popLast() {
                joined.append(last + " " + argument)
            } else {
                joined.append(argument)
            }
            isOpen = ["authorization:", "bearer", "authorization: bearer"].contains((joined.last ?? "").lowercased())
        }
        return joined + arguments[end...]
    }
}
