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

    @Option(
        help: .init(
            "Only the manual pages of another program: what it prints for --experimental-dump-help.",
            valueName: "file", visibility: .hidden), completion: .file())
    var helpDump: String?

    func validate() throws {
        guard !folder.isEmpty else { throw ValidationError("--folder must name a folder") }
    }

    func run() throws {
        let dump =
            if let helpDump { String(decoding: try CommandFile.read(helpDump), as: UTF8.self) } else {
                KubeEntra._dumpHelp()
            }
        guard let commands = CommandReference(dump: dump) else {
            throw CommandFailure("\(helpDump ?? "the program itself"): this is no program's help")
        }
        let documents = helpDump == nil ? ReferenceDocument.all(commands: commands) : commands.manualPages
        let count = try ReferenceDocument.write(documents, into: folder)
        Console.note("wrote \(count) documents to \(folder)")
    }
}
