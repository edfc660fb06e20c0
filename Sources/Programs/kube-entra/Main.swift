import ArgumentParser
import CommandInput
import Configuration
import Glibc
import RBAC
import Scheduling
import Terminal

extension KubeEntra {
    /// Like the argument parser's own, except that every message passes through ``Console``, so that none repeats a
    /// token.
    static func main() async {
        ProcessMemory.keepPrivate()
        StandardStreams.openIfClosed()
        // The standard library reads the arguments from /proc, which may not be mounted.
        guard access("/proc/self/cmdline", R_OK) == 0 else {
            Console.notes(["kube-entra: the arguments cannot be read: /proc is not mounted here", "→ mount it"])
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
            Console.notes(["Error: \(unknown.sentence)"] + CommandWords.lines(of: "Usage: \(usageString())"))
            Glibc.exit(ExitCode.validationFailure.rawValue)
        }
        var usage: [String] = []
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
            let isUsage = failure.status == .usage
            Console.notes(isUsage ? ["Error: \(failure.sentence)"] + failure.furtherLines + usage : failure.lines)
            Glibc.exit(failure.status.rawValue)
        } catch let error as ClusterError {
            Console.note(error.commandLine)
            Glibc.exit(CommandFailure.Status.cannot.rawValue)
        } catch let error as ConfigurationError {
            Console.notes(error.problems.flatMap(\.commandLines))
            Glibc.exit(CommandFailure.Status.cannot.rawValue)
        } catch let problem as UsageProblem {
            Console.notes(["Error: \(problem.sentence)"] + usage)
            Glibc.exit(CommandFailure.Status.usage.rawValue)
        } catch {
            let status = exitCode(for: error)
            let message = isPlugin ? KubectlEntra.fullMessage(for: error) : fullMessage(for: error)
            if !message.isEmpty {
                if status.isSuccess {
                    Console.print(message)
                } else {
                    Console.notes(CommandWords.lines(of: message, quoting: arguments))
                }
            }
            Glibc.exit(status.rawValue)
        }
    }
}

extension KubeEntra {
    private static func usageText(of command: any ParsableCommand.Type, isPlugin: Bool) -> [String] {
        let usage = isPlugin ? KubectlEntra.usageString(for: command) : usageString(for: command)
        let name = usage.split(separator: " ").prefix { !$0.hasPrefix("[") && !$0.hasPrefix("<") && !$0.hasPrefix("-") }
        return CommandWords.lines(of: "Usage: \(usage)") + [
            "  See '\(name.joined(separator: " ")) --help' for more information."
        ]
    }
}

extension ParsableCommand {
    /// The names of this command and of those below it.
    static var tree: CommandTree {
        CommandTree(configuration.commandName ?? "", configuration.subcommands.map { $0.tree })
    }
}
