import YAML

/// One field of a mapping: its name, its place in the model, how it is read and written, what a change means, what is
/// unwise, and its documentation.
///
/// The reader, the starting file of `config init`, `policy diff`, the linter, the reference, the JSON Schema and the
/// tests of every field are built on these.
struct FieldDescription<Owner: Sendable>: Sendable {
    let name: String
    /// Facts for documents, made from an owner with all defaults.
    let info: @Sendable (_ standard: Owner) -> FieldInfo
    /// Stores the field in the owner; false if the owner is useless without it.
    let read: @Sendable (inout ConfigSection, inout Owner) -> Bool
    let write: @Sendable (Owner) -> ConfigValue
    let compare: @Sendable (Owner, Owner, inout ChangeCollector, ChangeContext) -> Void
    let lint: @Sendable (Owner, LintPlace) -> [FieldFinding]
    /// Whether the field grants access, so that it is reported when a tenant is added or removed.
    let isGrant: Bool

    /// - Parameters:
    ///   - advice: what to write if a required field is missing; nil for optional fields.
    ///   - isEssential: whether the owner is dropped if a required field is missing.
    ///   - isShown: whether the starting file has the field even with its default.
    ///   - change: what a change means; nil reports the two values.
    init<Value: Sendable>(
        _ name: String,
        _ path: any WritableKeyPath<Owner, Value> & Sendable,
        _ type: FieldType<Value>,
        _ summary: String,
        details: String = "",
        required advice: String? = nil,
        isEssential: Bool = true,
        example: ConfigValue? = nil,
        isShown: Bool = false,
        isGrant: Bool = false,
        change: FieldChange<Value>? = nil,
        lint: (@Sendable (Owner, LintPlace) -> [FieldFinding])? = nil
    ) {
        self.name = name
        info = { standard in
            let written = advice == nil ? type.write(standard[keyPath: path]) : .null
            return FieldInfo(
                name: name, form: type.form, isRequired: advice != nil, summary: summary, details: details,
                standard: written, example: example ?? type.form.example(otherThan: written), isShown: isShown)
        }
        self.isGrant = isGrant
        read = { section, owner in
            guard let node = section.value(name) else {
                if let advice {
                    section.missing(name, advice)
                    return !isEssential
                }
                if let value = type.readMissing?(section.fieldPath(name), section.collector) {
                    owner[keyPath: path] = value
                }
                return true
            }
            let field = ConfigField(node: node, path: section.fieldPath(name), collector: section.collector)
            guard let value = type.read(field) else { return advice == nil || !isEssential }
            owner[keyPath: path] = value
            return true
        }
        write = { type.write($0[keyPath: path]) }
        let say = change ?? type.compare ?? .values(type.write)
        compare = { old, new, collector, context in
            let (before, after) = (type.write(old[keyPath: path]), type.write(new[keyPath: path]))
            guard !context.isSame(before, after) else { return }
            say.say(name, old[keyPath: path], new[keyPath: path], &collector, context)
        }
        self.lint = { owner, place in
            let place = place.field(name)
            return (lint?(owner, place) ?? []) + (type.lint?(owner[keyPath: path], place) ?? [])
        }
    }
}

/// The fields of one mapping, and the rules between them.
struct SectionDescription<Owner: Sendable>: Sendable {
    let standard: Owner
    let fields: [FieldDescription<Owner>]
    let exactlyOne: [String]
    /// Reports values that contradict each other; false if the owner cannot be used.
    let check: @Sendable (inout Owner, inout ConfigSection) -> Bool
    /// Differences that belong to no single field.
    let compareTogether: (@Sendable (Owner, Owner, inout ChangeCollector, ChangeContext) -> Void)?

    init(
        _ standard: Owner,
        exactlyOne: [String] = [],
        check: @escaping @Sendable (inout Owner, inout ConfigSection) -> Bool = { _, _ in true },
        compareTogether: (@Sendable (Owner, Owner, inout ChangeCollector, ChangeContext) -> Void)? = nil,
        _ fields: [FieldDescription<Owner>]
    ) {
        self.standard = standard
        self.exactlyOne = exactlyOne
        self.check = check
        self.compareTogether = compareTogether
        self.fields = fields
    }

    /// Facts for documents, schema, template and tests.
    var form: SectionForm { SectionForm(fields: fields.map { $0.info(standard) }, exactlyOne: exactlyOne) }

    /// Reads a mapping, or a missing one; nil if it is useless. Unknown and duplicate fields are reported.
    func read(_ node: YAMLNode?, path: String, collector: ProblemCollector) -> Owner? {
        var section = ConfigSection(node, path: path, collector: collector)
        var owner = standard
        var isComplete = true
        for field in fields where !field.read(&section, &owner) { isComplete = false }
        if !check(&owner, &section) { isComplete = false }
        section.finish()
        return isComplete ? owner : nil
    }

    func write(_ owner: Owner) -> ConfigValue {
        .mapping(fields.map { ConfigValue.Member($0.name, $0.write(owner)) })
    }

    func compare(_ old: Owner, _ new: Owner, _ collector: inout ChangeCollector, _ context: ChangeContext) {
        for field in fields { field.compare(old, new, &collector, context) }
        compareTogether?(old, new, &collector, context)
    }

    /// Compares only the fields that grant access.
    func compareGrants(_ old: Owner, _ new: Owner, _ collector: inout ChangeCollector, _ context: ChangeContext) {
        for field in fields where field.isGrant { field.compare(old, new, &collector, context) }
    }

    func lint(_ owner: Owner, _ place: LintPlace) -> [FieldFinding] {
        fields.flatMap { $0.lint(owner, place) }
    }
}
