internal import ArgumentParser
internal import Files
internal import Glibc
internal import Terminal

/// How a token is passed to a command.
struct TokenArguments: ParsableArguments {
    @Argument(
        help: .init(
            "The token; - or nothing reads standard input, which keeps it out of the process list.", valueName: "token")
    )
    var token: String?

    @Option(help: .init("A file that holds the token.", valueName: "file"), completion: .file()) var tokenFile: String?

    /// Largest input, in bytes.
    static let maximumBytes = 16 << 20

    func validate() throws {
        if token != nil && tokenFile != nil { throw ValidationError("give the token or --token-file, not both") }
        try TokenArguments.refuseFile(token)
    }

    /// Rejects the path of an existing file as a token. The argument is not shown, because it might be a token after
    /// all.
    static func refuseFile(_ token: String?) throws {
        guard let token, token != "-", FileVersion(path: token) != nil else { return }
        throw ValidationError("this is a file: use --token-file")
    }

    var isGiven: Bool { token != nil || tokenFile != nil }

    /// The passed bytes; throws if they cannot be read.
    func read() throws -> [UInt8] {
        try TokenArguments.read(token: token, tokenFile: tokenFile)
    }

    /// The same for commands that declare the arguments themselves.
    static func read(token: String?, tokenFile: String?) throws -> [UInt8] {
        do throws(FileError) {
            if let tokenFile { return try FileIO.read(tokenFile, maximumBytes: TokenArguments.maximumBytes) }
            if let token, token != "-" { return Array(token.utf8) }
            if token == nil && isatty(STDIN_FILENO) == 1 { Console.note("reading the token from standard input") }
            return try FileIO.read(descriptor: STDIN_FILENO, maximumBytes: TokenArguments.maximumBytes)
        } catch {
            throw CommandFailure("\(tokenFile ?? "standard input"): \(error.sentence)")
        }
    }
}
