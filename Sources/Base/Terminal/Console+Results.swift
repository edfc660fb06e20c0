public import Jansson

extension Console {
    /// Writes a result in one of its formats; the other one is not computed.
    public static func print(
        as format: OutputFormat, text: @autoclosure () throws -> String, json: @autoclosure () throws -> JSON
    ) rethrows {
        switch format {
        case .text: print(try text())
        case .json: print(try json())
        }
    }

    /// Writes a result in one of its formats; as text, each element is one line, whatever is in it.
    public static func print(
        as format: OutputFormat, lines: @autoclosure () throws -> [String], json: @autoclosure () throws -> JSON
    ) rethrows {
        switch format {
        case .text: print(try lines())
        case .json: print(try json())
        }
    }

    /// Writes a result in the format that was asked for.
    public static func print(_ result: FormattedResult) {
        switch result {
        case .text(let text): print(text)
        case .json(let json): print(json)
        }
    }

    /// Writes messages for people, each on its own line, after the program's name if `isNamed`.
    public static func notes(_ lines: [String], isNamed: Bool) {
        notes(isNamed ? lines.map { "kube-entra: \($0)" } : lines)
    }
}
