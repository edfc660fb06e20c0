import ArgumentParser
import Terminal

/// The destination of a result.
struct OutputArguments: ParsableArguments {
    @Option(
        help: .init("Where to write; standard output without it, or for -.", valueName: "file"), completion: .file())
    var out: String?

    @Flag(help: "Overwrite a file that is there.") var force = false

    func validate() throws {
        guard out?.isEmpty != true else { throw ValidationError("--out must name a file") }
    }

    func write(_ text: String, mode: UInt32 = 0o644) throws {
        try Console.write(Array(text.utf8), to: out, mode: mode, replacing: force)
    }
}
