internal import ArgumentParser
internal import Configuration
internal import Glibc
internal import RBAC
internal import Terminal

extension KubeEntra {
    /// As the argument parser's own, except that everything that it says passes through ``Console``, so that no message
    /// repeats a token.
    static func main() async {
        let arguments = CommandArguments.joined(Array(CommandLine.arguments.dropFirst()))
        if let unknown = CommandArguments.unknownTopic(arguments) {
            // The parser's own would print the general help and call it a success.
            Console.note("Error: there is no command '\(unknown)'\nUsage: \(usageString())")
            Glibc.exit(ExitCode.validationFailure.rawValue)
        }
        do {
            var command = try await asyncParseAsRoot(arguments)
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
            for problem in error.problems { Console.note(problem.description) }
            Glibc.exit(CommandFailure.Status.cannot.rawValue)
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
    /// What help is wanted for and there is no such command; nil when there is, or no help is wanted.
    static func unknownTopic(_ arguments: [String]) -> String? {
        guard arguments.first == "help" else { return nil }
        var command: any ParsableCommand.Type = KubeEntra.self
        for name in arguments.dropFirst() where !name.hasPrefix("-") && name != "help" {
            guard let next = command.configuration.subcommands.first(where: { $0.configuration.commandName == name })
            else { return name }
            command = next
        }
        return nil
    }

    /// Puts an authorization header together again that was pasted without quotation marks:
    /// `inspect Authorization: Bearer TOKEN`.
    static func joined(_ arguments: [String]) -> [String] {
        var joined: [String] = []
        var isOpen = false
        // Behind -- stands another program's command line.
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
