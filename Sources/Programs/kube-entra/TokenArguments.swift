import ArgumentParser
import CommandInput

/// How a token is passed to a command.
struct TokenArguments: ParsableArguments {
    @Argument(
        help: .init(
            "The token; - or nothing reads standard input, which keeps it out of the process list.", valueName: "token")
    )
    var token: String?

    @Option(help: .init("A file that holds the token.", valueName: "file"), completion: .file()) var tokenFile: String?

    var source: TokenSource { TokenSource(token: token, file: tokenFile) }

    func validate() throws { try checked { try source.check() } }
}
