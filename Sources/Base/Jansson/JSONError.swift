/// Why bytes are not acceptable JSON. Contains no text of the parser, because that repeats input.
public struct JSONError: Error, Hashable, Sendable {
    /// The kind of fault.
    public enum Code: Hashable, Sendable {
        case tooLarge
        case tooDeep
        case tooManyValues
        case duplicateMember
        /// Anything else that RFC 8259 or this parser's strictness forbids.
        case invalid
    }

    /// The kind of fault.
    public var code: Code
    /// From 1; nil if the place is unknown.
    public var line: Int?
    /// From 1; nil if the place is unknown.
    public var column: Int?

    /// A fault, with its place if that is known.
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
