import ArgumentParser
import Reference
import Terminal

/// `kube-entra reference`: the reference documents, generated from the program itself.
struct ReferenceCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reference",
        abstract: "Writes the reference documents and manual pages.",
        discussion: """
            Fields of the configuration, lint rules, reasons, metrics, fields of the log, commands; JSON Schemas and \
            manual pages. Files that are there are replaced.
            """)

    @Option(help: .init("The folder to write to; it is made.", valueName: "folder"), completion: .directory)
    var folder: String

    func validate() throws {
        guard !folder.isEmpty else { throw ValidationError("--folder must name a folder") }
    }

    func run() throws {
        guard let commands = CommandReference(dump: KubeEntra._dumpHelp()) else {
            throw CommandFailure("the program's own help cannot be read")
        }
        let count = try ReferenceDocument.write(commands, into: folder)
        Console.note("wrote \(count) documents to \(folder)")
    }
}
