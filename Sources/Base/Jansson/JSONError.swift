/// Why bytes are no acceptable JSON. Carries no text of the parser, since that echoes the input.
public struct JSONError: Error, Hashable, Sendable {
    public enum Code: Hashable, Sendable {
        case tooLarge
        case tooDeep
        case tooManyValues
        case duplicateMember
        /// Everything else that RFC 8259 and this project's strictness refuse.
        case invalid
    }

    public var code: Code
    /// From 1; nil where the place is not known.
    public var line: Int?
    public var column: Int?

    public init(_ code: Code, line: Int? = nil, column: Int? = nil) {
        self.code = code
        self.line = line
        self.column = column
    }

    /// What is wrong, for people.
    public var sentence: String {
        let problem =
            switch code {
            case .tooLarge: "this JSON is too large"
            case .tooDeep: "this JSON is nested too deeply"
            case .tooManyValues: "this JSON has too many values"
            case .duplicateMember: "this JSON has a member twice"
            case .invalid: "this is not valid JSON"
            }
        guard let line, let column else { return problem }
        return "\(problem) (line \(line), column \(column))"
    }
}
