internal import ArgumentParser
internal import Files
internal import Glibc

/// Where commands get a token from: an argument, a file, or standard input.
enum TokenInput {
    /// More than any configuration lets in.
    private static let maximumBytes = 1 << 20

    /// Reads the token and takes white space and a `Bearer ` in front of it off.
    static func read(argument: String?, file: String?) throws -> [UInt8] {
        if let file {
            do {
                return trimmed(try FileBytes.read(file, maximumBytes: maximumBytes))
            } catch {
                throw cannot("\(file): \(error.sentence)")
            }
        }
        if let argument, argument != "-" { return trimmed(Array(argument.utf8)) }
        if isatty(STDIN_FILENO) == 1 { Console.note("Paste the token and end with Ctrl-D.") }
        do {
            return trimmed(try FileBytes.read(descriptor: STDIN_FILENO, maximumBytes: maximumBytes))
        } catch {
            throw cannot("standard input: \(error.sentence)")
        }
    }

    static func trimmed(_ bytes: [UInt8]) -> [UInt8] {
        var rest = withoutSpace(bytes[...])
        let scheme = rest.prefix(7).map { (65...90).contains($0) ? $0 + 32 : $0 }
        if scheme.dropLast().elementsEqual("bearer".utf8), let space = scheme.last, isSpace(space) {
            rest = withoutSpace(rest.dropFirst(7))
        }
        return Array(rest)
    }

    private static func withoutSpace(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var rest = bytes.drop(while: isSpace)
        while let last = rest.last, isSpace(last) { rest = rest.dropLast() }
        return rest
    }

    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == 32 || (9...13).contains(byte)
    }
}
