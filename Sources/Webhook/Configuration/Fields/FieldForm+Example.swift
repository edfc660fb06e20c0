extension FieldForm {
    /// A valid value other than the default.
    func example(otherThan standard: ConfigValue) -> ConfigValue {
        switch self {
        case .constant(let text): .word(text)
        case .boolean: .boolean(standard.flow != "true")
        case .count(let range), .autoOrCount(let range):
            .integer(standard.integer == range.lowerBound ? range.upperBound : range.lowerBound + 1)
        case .duration: .word(standard.flow == "90s" ? "91s" : "90s")
        case .time: .word("2026-12-01T00:00:00Z")
        case .identifier: .word("9999aaaa-bbbb-cccc-dddd-eeeeffff0000")
        case .choice(let names): .word(names.first { $0 != standard.words } ?? "")
        case .string: .name("example")
        case .file(let role): .file(role.example, role)
        case .list(.section(let section), _): .list(section.examples)
        case .list(let element, _): .list([element.example(otherThan: .null)])
        case .section(let section): section.examples.first ?? .null
        case .anything: .mapping([])
        case .claims: .mapping([ConfigValue.Member("acrs", .list([.name("c1")]))])
        }
    }
}

extension SectionForm {
    /// Valid mappings that together have every field: one for each of the fields that exclude each other.
    public var examples: [ConfigValue] {
        let choices: [String?] = exactlyOne.isEmpty ? [nil] : exactlyOne
        return choices.map { chosen in
            let present = fields.filter { $0.name == chosen || !exactlyOne.contains($0.name) }
            return .mapping(present.map { ConfigValue.Member($0.name, $0.example) })
        }
    }
}

extension FieldInfo {
    /// Whether a file without the field means the same as with this value.
    func isStandard(_ value: ConfigValue) -> Bool { !isRequired && value.isSame(as: standard) }
}
