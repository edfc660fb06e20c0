import Files
import Glibc
public import Terminal

/// Where a command's token comes from: an argument, a file, or standard input.
public struct TokenSource: Sendable {
    /// Largest input, in bytes.
    public static let maximumBytes = 16 << 20

    /// The token itself, or `-` for standard input.
    public var token: String?
    /// A file that holds the token.
    public var file: String?

    /// Without both, standard input.
    public init(token: String?, file: String?) {
        self.token = token
        self.file = file
    }

    /// Whether a token or a file was named. Otherwise, standard input is read.
    public var isGiven: Bool { token != nil || file != nil }

    /// - Throws: ``UsageProblem`` if there are two tokens, or the token is the path of a file.
    public func check() throws(UsageProblem) {
        guard token == nil || file == nil else { throw UsageProblem("give the token or --token-file, not both") }
        try checkToken()
    }

    /// Rejects the path of an existing file as a token. The argument is not shown, because it might be a token after
    /// all.
    func checkToken() throws(UsageProblem) {
        guard let token, token != "-", FileVersion(path: token) != nil else { return }
        throw UsageProblem("this is a file: use --token-file")
    }

    /// Reads the bytes. At a terminal, a line says that standard input is read.
    ///
    /// - Throws: `CommandFailure` if they cannot be read.
    public func read() throws(CommandFailure) -> [UInt8] {
        if let file { return try CommandFile.read(file, maximumBytes: TokenSource.maximumBytes) }
        if let token, token != "-" { return Array(token.utf8) }
        if token == nil, isatty(STDIN_FILENO) == 1 { Console.note("reading the token from standard input") }
        return try CommandFile.readStandardInput(maximumBytes: TokenSource.maximumBytes)
    }
}
