import Files
import Glibc
public import Jansson
import SafeText

/// Standard output for results, standard error for everything else. Tokens, terminal control characters and invisible
/// characters are removed.
public enum Console {
    /// Writes a result and a line feed.
    public static func print(_ text: String) {
        write(Array(PrintableText.lines(TokenMask.hide(text) + "\n").utf8))
    }

    /// Writes a result: each element is one line, whatever is in it.
    public static func print(_ lines: [String]) { print(PrintableText.page(lines)) }

    /// Writes a result as indented JSON.
    public static func print(_ json: JSON) {
        write(PrintableText.escapingJSON(json.hidingTokens().render(pretty: true)) + [UInt8(ascii: "\n")])
    }

    /// Writes a result unchanged. If it cannot be written, the command fails.
    public static func write(_ result: [UInt8]) {
        guard !FileIO.writeAll(result, to: STDOUT_FILENO) else { return }
        note("kube-entra: the result cannot be written to standard output: \(String(cString: strerror(errno)))")
        exit(2)
    }

    /// Writes a line of text for a command that must not end in the middle.
    ///
    /// - Returns: why the line cannot be written; nil if it was.
    public static func tryPrint(_ text: String) -> String? {
        let bytes = Array(PrintableText.lines(TokenMask.hide(text) + "\n").utf8)
        return FileIO.writeAll(bytes, to: STDOUT_FILENO) ? nil : String(cString: strerror(errno))
    }

    /// Writes a message for people: one line, whatever is in it.
    public static func note(_ line: String) { notes([line]) }

    /// Writes messages for people: each is one line, whatever is in it.
    public static func notes(_ lines: [String]) {
        guard !lines.isEmpty else { return }
        let safe = PrintableText.page(lines.map { TokenMask.hide($0, in: .messages) })
        _ = FileIO.writeAll(Array((safe + "\n").utf8), to: STDERR_FILENO)
    }

    /// Whether results go to a terminal that accepts colour (https://no-color.org).
    public static var wantsColor: Bool {
        isatty(STDOUT_FILENO) == 1 && getenv("NO_COLOR").map { $0.pointee == 0 } ?? true
            && getenv("TERM").map { String(cString: $0) != "dumb" } ?? true
    }

    /// Formats results: colour, rules and arrows only on a terminal that accepts them.
    public static var page: TerminalWriter { TerminalWriter(color: wantsColor, width: terminalWidth) }

    /// Columns of the terminal; nil if results go to a file.
    static var terminalWidth: Int? {
        guard isatty(STDOUT_FILENO) == 1 else { return nil }
        if let columns = getenv("COLUMNS").flatMap({ Int(String(cString: $0)) }), columns > 0 { return columns }
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
        return Int(size.ws_col)
    }
}
