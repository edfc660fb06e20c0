import AccessPolicy
import Addresses
import Entra
import SafeText
import Timestamps
import YAML

/// How values of one kind are read from a file and written to it, and how documents describe them.
struct FieldType<Value: Sendable>: Sendable {
    let form: FieldForm
    /// The value; nil after a problem was reported.
    let read: @Sendable (ConfigField) -> Value?
    let write: @Sendable (Value) -> ConfigValue
    /// The value if the field is missing, with the problems that this causes; nil keeps the default.
    var readMissing: (@Sendable (_ path: String, _ collector: ProblemCollector) -> Value?)?
    /// What is unwise in the value.
    var lint: (@Sendable (Value, LintPlace) -> [FieldFinding])?
    /// What differs within the value; nil compares it as a whole.
    var compare: FieldChange<Value>?

    init(
        _ form: FieldForm, read: @escaping @Sendable (ConfigField) -> Value?,
        write: @escaping @Sendable (Value) -> ConfigValue
    ) {
        self.form = form
        self.read = read
        self.write = write
    }

    /// The same form in the file, another type in the model.
    func map<Other: Sendable>(
        _ from: @escaping @Sendable (Value) -> Other, back: @escaping @Sendable (Other) -> Value
    ) -> FieldType<Other> {
        let (read, write) = (read, write)
        return FieldType<Other>(form, read: { read($0).map(from) }, write: { write(back($0)) })
    }
}

extension FieldType {
    /// An optional field without a default.
    static func optional<Wrapped: Sendable>(_ inner: FieldType<Wrapped>) -> Self where Value == Wrapped? {
        let (read, write) = (inner.read, inner.write)
        let readOptional: @Sendable (ConfigField) -> Wrapped?? = { field in
            guard let value = read(field) else { return nil }
            return .some(value)
        }
        let writeOptional: @Sendable (Wrapped?) -> ConfigValue = { value in
            guard let value else { return .null }
            return write(value)
        }
        var type = FieldType<Wrapped?>(inner.form, read: readOptional, write: writeOptional)
        if let lint = inner.lint {
            type.lint = { value, place in
                guard let value else { return [] }
                return lint(value, place)
            }
        }
        return type
    }
}

// MARK: Single values

extension FieldType where Value == Bool {
    static var boolean: Self { FieldType(.boolean, read: { $0.bool() }, write: { .boolean($0) }) }
}

extension FieldType where Value == Int {
    static func count(_ range: ClosedRange<Int> = 1...(1 << 40)) -> Self {
        FieldType(
            .count(range), read: { $0.count(from: range.lowerBound, to: range.upperBound) }, write: { .integer($0) })
    }
}

extension FieldType where Value == Int? {
    /// A count, or `auto` for nil.
    static func autoOrCount(_ range: ClosedRange<Int>) -> Self {
        let read: @Sendable (ConfigField) -> Int?? = { field in
            if field.node.text == "auto" { return .some(.none) }
            guard let count = field.node.integer, range.contains(count) else {
                field.report("must be auto or a whole number between \(range.lowerBound) and \(range.upperBound)")
                return nil
            }
            return .some(count)
        }
        let write: @Sendable (Int?) -> ConfigValue = { count in
            guard let count else { return .word("auto") }
            return .integer(count)
        }
        return FieldType<Int?>(.autoOrCount(range), read: read, write: write)
    }
}

extension FieldType where Value == Duration {
    static func duration(atLeast least: Duration = .seconds(1)) -> Self {
        FieldType(
            .duration(atLeast: least), read: { $0.duration(from: least) }, write: { .word(DurationText.render($0)) })
    }
}

extension FieldType where Value == Timestamp {
    static var time: Self { FieldType(.time, read: { $0.time() }, write: { .word($0.rfc3339) }) }

    /// A bound of a denial. A fraction is rounded up to the next second, so that the denial ends no earlier, and no
    /// token slips through.
    static var timeRoundedUp: Self {
        FieldType(.time, read: { $0.time(roundingUp: true) }, write: { .word($0.rfc3339) })
    }
}

extension FieldType where Value == GUID {
    /// - Parameter what: for messages, such as `a tenant ID`.
    static func identifier(_ what: String) -> Self {
        FieldType(.identifier(what), read: { $0.guid(what) }, write: { .word($0.description) })
    }
}

extension FieldType where Value: RawRepresentable & CaseIterable, Value.RawValue == String {
    static var choice: Self { choice(among: Array(Value.allCases)) }
}

extension FieldType where Value: RawRepresentable, Value.RawValue == String {
    static func choice(among values: [Value]) -> Self {
        FieldType(
            .choice(values.map(\.rawValue)), read: { $0.choice(among: values) }, write: { .word($0.rawValue) })
    }
}

extension FieldType where Value == String {
    /// One fixed word.
    static func constant(_ text: String) -> Self {
        FieldType(
            .constant(text), read: { $0.node.text == text ? text : $0.refuse("must be \(text)") }, write: { .word($0) })
    }

    /// A path; relative ones start at the configuration's folder.
    static func file(_ role: FileRole) -> Self {
        FieldType(.file(role), read: { $0.filePath() }, write: { .file($0, role) })
    }

    /// A string.
    static func name(
        _ words: String = "a string", canBeEmpty: Bool = false, maximumLength: Int? = nil,
        refusedPattern: String? = nil, refusing problem: @escaping @Sendable (String) -> String? = { _ in nil }
    ) -> Self {
        let form = StringForm(
            words, refusedPattern: refusedPattern, canBeEmpty: canBeEmpty, maximumLength: maximumLength)
        return FieldType(.string(form)) { field in
            guard let text = canBeEmpty ? field.text() : field.nonEmptyText() else { return nil }
            if let maximumLength, text.unicodeScalars.count > maximumLength {
                return field.refuse("must not be longer than \(maximumLength) characters")
            }
            return problem(text).map { field.refuse($0) } ?? text
        } write: {
            .name($0)
        }
    }

    /// A string of a fixed form.
    static func word(_ form: StringForm, _ read: @escaping @Sendable (ConfigField) -> String?) -> Self {
        FieldType(.string(form), read: read, write: { .word($0) })
    }

    /// An `https://` base, stored without a trailing slash.
    static var secureBase: Self {
        word(StringForm("an https:// address", pattern: "^https://[^?#@]+$")) { field in
            guard let text = field.nonEmptyText() else { return nil }
            guard let url = BaseURL(text), url.scheme == "https", !url.hasUserInfo else {
                return field.refuse("must be an https:// address without user, query and fragment")
            }
            return url.withoutTrailingSlash
        }
    }
}

extension FieldType where Value == ExactText {
    /// A string that is compared with another one, byte by byte.
    static func name(_ words: String = "a string") -> Self {
        FieldType<String>.name(words).map({ ExactText($0) }, back: { $0.text })
    }
}

extension FieldType where Value == ListenAddress {
    static var address: Self {
        FieldType(.string(StringForm("host:port", pattern: ":[0-9]{1,5}$"))) { field in
            guard let text = field.scalar() else { return nil }
            guard let address = ListenAddress(text) else {
                return field.refuse("must be host:port, for example 127.0.0.1:8443 or [::1]:8443")
            }
            return address
        } write: {
            .word($0.description)
        }
    }
}

// MARK: Lists and mappings

extension FieldType {
    /// - Parameter advice: why the list must not be empty; nil if it may be.
    static func list<Element>(_ element: FieldType<Element>, notEmpty advice: String? = nil) -> Self
    where Value == [Element] {
        let (read, write) = (element.read, element.write)
        var type = FieldType<[Element]>(.list(element.form, canBeEmpty: advice == nil)) { field in
            advice.map { field.nonEmptyList($0, read) } ?? field.list(read)
        } write: {
            .list($0.map(write))
        }
        if let lint = element.lint {
            type.lint = { elements, place in
                elements.enumerated().flatMap { lint($1, place.element($0)) }
            }
        }
        return type
    }

    /// A mapping with its own fields.
    static func section(_ description: SectionDescription<Value>) -> Self {
        var type = FieldType(.section(description.form)) { field in
            description.read(field.node, path: field.path, collector: field.collector)
        } write: {
            description.write($0)
        }
        // A missing mapping can still lack required fields.
        type.readMissing = { path, collector in description.read(nil, path: path, collector: collector) }
        type.lint = { value, place in description.lint(value, place) }
        type.compare = FieldChange { name, old, new, collector, context in
            collector.inside("\(name).") { description.compare(old, new, &$0, context) }
        }
        return type
    }
}
