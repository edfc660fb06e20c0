/// Which values a field accepts: for documents, the JSON Schema, the starting file and tests.
public indirect enum FieldForm: Sendable {
    case constant(String)
    case boolean
    case count(ClosedRange<Int>)
    /// A whole number, or the word `auto`.
    case autoOrCount(ClosedRange<Int>)
    case duration(atLeast: Duration)
    case time
    /// A GUID; the text says of what, for example `a tenant ID`.
    case identifier(String)
    case choice([String])
    case string(StringForm)
    case file(FileRole)
    case list(FieldForm, canBeEmpty: Bool)
    case section(SectionForm)
    /// A mapping from claims to accepted values.
    case claims
    /// A mapping with any members.
    case anything

    /// A few words for a table.
    public var words: String {
        switch self {
        case .constant(let text): "`\(text)`"
        case .boolean: "`true` or `false`"
        case .count(let range): "a whole number from \(range.lowerBound) to \(range.upperBound)"
        case .autoOrCount(let range): "`auto`, or a whole number from \(range.lowerBound) to \(range.upperBound)"
        case .duration(let least) where least > .zero: "a duration of at least \(DurationText.render(least))"
        case .duration: "a duration"
        case .time: "a date and time with a zone (RFC 3339)"
        case .identifier(let what): what
        case .choice(let names): names.map { "`\($0)`" }.joined(separator: ", ")
        case .string(let form): form.words
        case .file(let role): role.words
        case .list(.section, _): "a list of mappings"
        case .list(.choice(let names), _): "a list of " + names.map { "`\($0)`" }.joined(separator: ", ")
        case .list(let element, _): "a list; each element is \(element.words)"
        case .section: "a mapping"
        case .claims: "a mapping from claims to a value or a list of values"
        case .anything: "a mapping"
        }
    }
}

/// A string of a certain form.
public struct StringForm: Sendable {
    /// A few words for a table.
    public var words: String
    /// A regular expression (ECMA 262) that every accepted value matches; nil if there is none.
    public var pattern: String?
    /// A regular expression (ECMA 262) that no accepted value matches; nil if there is none.
    public var refusedPattern: String?
    /// Whether the empty string is accepted.
    public var canBeEmpty = false
    /// The longest accepted string, in characters; nil for no limit.
    public var maximumLength: Int?

    package init(
        _ words: String, pattern: String? = nil, refusedPattern: String? = nil, canBeEmpty: Bool = false,
        maximumLength: Int? = nil
    ) {
        self.words = words
        self.pattern = pattern
        self.refusedPattern = refusedPattern
        self.canBeEmpty = canBeEmpty
        self.maximumLength = maximumLength
    }
}

/// The fields of one mapping.
public struct SectionForm: Sendable {
    /// In the order of the reference and the starting file.
    public var fields: [FieldInfo]
    /// Exactly one of these fields must be set; empty if there is no such rule.
    public var exactlyOne: [String]

    package init(fields: [FieldInfo], exactlyOne: [String] = []) {
        self.fields = fields
        self.exactlyOne = exactlyOne
    }
}

/// Facts about one field, without its type.
public struct FieldInfo: Sendable {
    /// The field's name in the file.
    public var name: String
    /// Which values it accepts.
    public var form: FieldForm
    /// Whether a file without it is invalid.
    public var isRequired: Bool
    /// What the field is for, in one line.
    public var summary: String
    /// More for the reference; may be empty.
    public var details: String
    /// The value if the field is missing; null if there is none.
    public var standard: ConfigValue
    /// A valid value, for documents and tests.
    public var example: ConfigValue
    /// Whether the starting file has the field even with its default.
    public var isShown: Bool

    package init(
        name: String, form: FieldForm, isRequired: Bool, summary: String, details: String = "",
        standard: ConfigValue = .null, example: ConfigValue = .null, isShown: Bool = false
    ) {
        self.name = name
        self.form = form
        self.isRequired = isRequired
        self.summary = summary
        self.details = details
        self.standard = standard
        self.example = example
        self.isShown = isShown
    }
}

extension FieldForm {
    /// Every field within this one, with its path; elements of lists are `[]`.
    public func fields(at path: String = "") -> [(path: String, info: FieldInfo)] {
        switch self {
        case .section(let section):
            section.fields.flatMap { info -> [(path: String, info: FieldInfo)] in
                let inner = path.isEmpty ? info.name : "\(path).\(info.name)"
                return [(inner, info)] + info.form.fields(at: inner)
            }
        case .list(let element, _): element.fields(at: path + "[]")
        default: []
        }
    }
}
