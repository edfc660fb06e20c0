public import Jansson

extension FieldForm {
    /// The JSON Schema (2020-12) of a value, for editors and repository checks.
    ///
    /// Optional fields may also be null. Rules that depend on other fields or on files are not included.
    public func schema(orNull: Bool = false) -> JSON {
        var members = schemaMembers
        if orNull { members = FieldForm.withNull(members) }
        return .object(members)
    }

    private var schemaMembers: [(String, JSON)] {
        switch self {
        case .constant(let text): return [("const", .string(text))]
        case .boolean: return [("type", .string("boolean"))]
        case .count(let range): return FieldForm.integer(range)
        case .autoOrCount(let range):
            return [("anyOf", .array([.object([("const", .string("auto"))]), .object(FieldForm.integer(range))]))]
        case .duration: return FieldForm.string(pattern: "^([0-9]{1,12}(d|h|m|s|ms))+$")
        case .time:
            return FieldForm.string(
                pattern:
                    "^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})$"
            )
        case .identifier:
            let id = "[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}"
            return FieldForm.string(pattern: "^(\(id)|\\{\(id)\\})$")
        case .choice(let names): return [("enum", JSON(names))]
        case .string(let form):
            var members: [(String, JSON)] = [("type", .string("string"))]
            if !form.canBeEmpty { members.append(("minLength", .integer(1))) }
            if let maximum = form.maximumLength { members.append(("maxLength", .integer(Int64(maximum)))) }
            if let pattern = form.pattern { members.append(("pattern", .string(pattern))) }
            if let refused = form.refusedPattern {
                members.append(("not", .object([("pattern", .string(refused))])))
            }
            return members
        case .file: return [("type", .string("string")), ("minLength", .integer(1))]
        case .list(let element, let canBeEmpty):
            let size: [(String, JSON)] = canBeEmpty ? [] : [("minItems", .integer(1))]
            return [("type", .string("array"))] + size + [("items", element.schema())]
        case .section(let form): return form.schemaMembers
        case .anything: return [("type", .string("object"))]
        case .claims:
            let scalar = JSON.object([("type", JSON(["string", "number", "boolean"]))])
            let list = JSON.object([("type", .string("array")), ("minItems", .integer(1)), ("items", scalar)])
            return [
                ("type", .string("object")),
                ("additionalProperties", .object([("anyOf", .array([scalar, list]))])),
            ]
        }
    }

    private static func integer(_ range: ClosedRange<Int>) -> [(String, JSON)] {
        [
            ("type", .string("integer")), ("minimum", .integer(Int64(range.lowerBound))),
            ("maximum", .integer(Int64(range.upperBound))),
        ]
    }

    private static func string(pattern: String) -> [(String, JSON)] {
        [("type", .string("string")), ("pattern", .string(pattern))]
    }

    /// Extends a schema so that null is accepted too.
    private static func withNull(_ members: [(String, JSON)]) -> [(String, JSON)] {
        members.map { member in
            switch member {
            case ("type", .string(let type)): ("type", JSON([type, "null"]))
            case ("enum", .array(let names)): ("enum", .array(names + [.null]))
            case ("anyOf", .array(let forms)): ("anyOf", .array(forms + [.object([("type", .string("null"))])]))
            default: member
            }
        }
    }
}

extension SectionForm {
    /// The version of JSON Schema.
    public static let dialect = "https://json-schema.org/draft/2020-12/schema"

    /// The schema of the mapping.
    public var schema: JSON { .object(schemaMembers) }

    fileprivate var schemaMembers: [(String, JSON)] {
        let properties = fields.map { info -> (String, JSON) in
            guard case .object(var members) = info.form.schema(orNull: !info.mustBeThere) else {
                return (info.name, .null)
            }
            members.insert(("description", .string(info.description)), at: 0)
            if case .section = info.form { return (info.name, .object(members)) }
            if !info.standard.isNull { members.append(("default", info.standard.json)) }
            return (info.name, .object(members))
        }
        var members: [(String, JSON)] = [
            ("type", .string("object")), ("additionalProperties", .bool(false)), ("properties", .object(properties)),
        ]
        let required = fields.filter(\.mustBeThere).map(\.name)
        if !required.isEmpty { members.append(("required", JSON(required))) }
        return members
    }
}

extension FieldInfo {
    /// Also true for a mapping with a required field.
    fileprivate var mustBeThere: Bool {
        if case .section(let form) = self.form { return isRequired || form.fields.contains(where: \.isRequired) }
        return isRequired
    }

    fileprivate var description: String {
        let details = details.filter { $0 != "`" }
        return details.isEmpty ? summary : "\(summary). \(details)"
    }
}

extension ConfigValue {
    /// The value as JSON.
    var json: JSON {
        switch self {
        case .null: .null
        case .boolean(let isTrue): .bool(isTrue)
        case .integer(let number): .integer(Int64(number))
        case .real(let number): .real(number)
        case .word(let text), .name(let text), .file(let text, _): .string(text)
        case .list(let elements): .array(elements.map(\.json))
        case .mapping(let members): .object(members.map { ($0.name, $0.value.json) })
        }
    }
}

extension WebhookConfiguration {
    /// The JSON Schema of a configuration file.
    public static var schema: JSON {
        guard case .object(let members) = form.schema else { return .null }
        return .object(
            [
                ("$schema", .string(SectionForm.dialect)),
                ("title", .string("kube-entra WebhookConfiguration")),
            ] + members)
    }
}
