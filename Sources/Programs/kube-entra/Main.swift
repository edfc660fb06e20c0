import ArgumentParser
import CommandInput
import Configuration
import Glibc
import RBAC
import Terminal

extension KubeEntra {
    /// Like the argument parser's own, except that every message passes through ``Console``, so that none repeats a
    /// token.
    static func main() async {
        StandardStreams.openIfClosed()
        // The standard library reads the arguments from /proc, which may not be mounted.
        guard access("/proc/self/cmdline", R_OK) == 0 else {
            Console.note("kube-entra: the arguments cannot be read: /proc is not mounted here\n→ mount it")
            Glibc.exit(CommandFailure.Status.cannot.rawValue)
        }
        let arguments = CommandWords.joiningHeader(Array(CommandLine.arguments.dropFirst()))
        let isPlugin = ProgramName.isKubectlPlugin(CommandLine.arguments.first)
        if isPlugin,
            let problem = ProgramName.wrongPluginUsage(arguments, commands: KubectlEntra.tree.subcommands.map(\.name))
        {
            Console.note("Error: \(problem.sentence)")
            Glibc.exit(ExitCode.validationFailure.rawValue)
        }
        if !isPlugin, let unknown = tree.unknownCommand(in: arguments) {
            // The parser's own message would call it an unexpected argument, and would accept a wrong help topic.
            Console.note("Error: \(unknown.sentence)\nUsage: \(usageString())")
            Glibc.exit(ExitCode.validationFailure.rawValue)
        }
        var usage = ""
        do {
            var command: any ParsableCommand =
                isPlugin ? try KubectlEntra.parseAsRoot(arguments) : try await asyncParseAsRoot(arguments)
            usage = usageText(of: type(of: command), isPlugin: isPlugin)
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch let failure as CommandFailure {
            // Like what the parser finds itself.
            Console.note(failure.status == .usage ? "Error: \(failure.explanation)\n\(usage)" : failure.message)
            Glibc.exit(failure.status.rawValue)
        } catch let error as ClusterError {
            Console.note(error.commandLine)
            Glibc.exit(CommandFailure.Status.cannot.rawValue)
        } catch let error as ConfigurationError {
            for problem in error.problems { Console.note(problem.commandLine) }
            Glibc.exit(CommandFailure.Status.cannot.rawValue)
        } catch let problem as UsageProblem {
            Console.note("Error: \(problem.sentence)\n\(usage)")
            Glibc.exit(CommandFailure.Status.usage.rawValue)
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

extension KubeEntra {
    private static func usageText(of command: any ParsableCommand.Type, isPlugin: Bool) -> String {
        let usage = isPlugin ? KubectlEntra.usageString(for: command) : usageString(for: command)
        let name = usage.split(separator: " ").prefix { !$0.hasPrefix("[") && !$0.hasPrefix("<") && !$0.hasPrefix("-") }
        return "Usage: \(usage)\n  See '\(name.joined(separator: " ")) --help' for more information."
    }
}

extension ParsableCommand {
    /// The names of this command and of those below it.
    static var tree: CommandTree {
        CommandTree(configuration.commandName ?? "", configuration.subcommands.map { $0.tree })
    }
}
