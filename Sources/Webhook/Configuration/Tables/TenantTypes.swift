import AccessPolicy
import Entra
import SafeText
import YAML

extension FieldType where Value == GUID {
    /// The ID of one tenant; names that mean all tenants are rejected.
    static var tenantID: Self {
        FieldType(.identifier(ConfigField.tenantID)) { field in
            if let name = field.node.text, ["common", "organizations", "consumers"].contains(name) {
                return field.refuse("must be one tenant's ID: \(name) stands for every tenant there is")
            }
            return field.guid(ConfigField.tenantID)
        } write: {
            .word($0.description)
        }
    }
}

extension FieldType where Value == ExactText {
    /// An audience; an application ID in its usual form.
    static var audience: Self {
        FieldType(.string(StringForm("an application ID or an identifier URI"))) { field in
            guard let text = field.nonEmptyText() else { return nil }
            return ExactText(GUID(lenient: text)?.description ?? text)
        } write: {
            .name($0.text)
        }
    }
}

extension FieldType where Value == String {
    static var hostName: Self {
        word(StringForm("a host name", pattern: "^[^ /:@?#]+$")) { field in
            guard let text = field.nonEmptyText() else { return nil }
            guard text.utf8.allSatisfy({ $0 > 32 && !"/:@?#".utf8.contains($0) }) else {
                return field.refuse("must be a bare host name, without scheme, port or path")
            }
            return text
        }
    }
}

extension FieldType where Value == Set<SubjectKind> {
    static var subjects: Self {
        let list = FieldType<[SubjectKind]>.list(
            .choice(among: SubjectKind.configurable), notEmpty: "nobody could sign in")
        return list.map(
            { Set($0) }, back: { kinds in SubjectKind.configurable.filter { kinds.contains($0) } })
    }
}

extension SubjectKind {
    /// The values that `subjects` accepts.
    static let configurable = allCases.filter { $0 != .unknown }
}

extension FieldType where Value == [RequiredClaim] {
    static var requiredClaims: Self {
        FieldType(.claims) { field in
            let section = ConfigSection(field.node, path: field.path, collector: field.collector)
            return (section.node?.mapping ?? []).compactMap { member in
                let name = member.key.text ?? ""
                let field = ConfigField(
                    node: member.value, path: section.fieldPath(name), collector: field.collector)
                field.collector.note(field.path, at: member.value)
                guard !name.isEmpty else { return field.refuse("must have the name of a claim") }
                if member.value.sequence != nil {
                    let values = field.nonEmptyList("list the accepted values") { $0.claimValue() }
                    return values.map { RequiredClaim(claim: name, values: $0) }
                }
                guard member.value.mapping == nil else { return field.refuse("must be a value or a list of values") }
                return field.claimValue().map { RequiredClaim(claim: name, values: [$0]) }
            }
        } write: { required in
            .mapping(required.map { ConfigValue.Member($0.claim.text, .list($0.values.map(\.written))) })
        }
    }
}

extension ClaimValue {
    fileprivate var written: ConfigValue {
        switch self {
        case .string(let text): .name(text.text)
        case .integer(let number): .integer(Int(number))
        case .real(let number): .real(number)
        case .boolean(let isTrue): .boolean(isTrue)
        }
    }
}

extension ConfigField {
    /// A string, a number or a boolean, which matches only a claim of the same JSON type.
    fileprivate func claimValue() -> ClaimValue? {
        if let isTrue = node.bool { return .boolean(isTrue) }
        guard node.isNumber else { return scalar().map { .string(ExactText($0)) } }
        if let number = node.integer { return .integer(Int64(number)) }
        guard let text = node.text, let number = Double(text), number.isFinite,
            text.utf8.allSatisfy({ (48...57).contains($0) || "+-.eE".utf8.contains($0) })
        else { return refuse("must be a decimal number, or a string in quotes") }
        return .real(number)
    }
}
