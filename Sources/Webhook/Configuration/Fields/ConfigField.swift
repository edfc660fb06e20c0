package import Entra
package import Timestamps
package import YAML

/// One value of the file with its path. It is read as a type, or a problem is reported.
package struct ConfigField {
    package let node: YAMLNode
    package let path: String
    package let collector: ProblemCollector

    /// What ``guid(_:)`` calls a group in messages.
    package static let groupID = "a group object ID"
    /// What ``guid(_:)`` calls a tenant in messages.
    package static let tenantID = "a tenant ID"
    /// What ``guid(_:)`` calls an application in messages.
    package static let applicationID = "an application ID"

    package init(node: YAMLNode, path: String, collector: ProblemCollector) {
        self.node = node
        self.path = path
        self.collector = collector
    }

    package func refuse<Value>(_ message: String) -> Value? {
        collector.add(path, node, message)
        return nil
    }

    /// Reports a problem at this place.
    package func report(_ message: String) {
        collector.add(path, node, message)
    }

    /// A field within this mapping; nil if it does not exist.
    func inner(_ name: String) -> ConfigField? {
        node[name].map { ConfigField(node: $0, path: "\(path).\(name)", collector: collector) }
    }

    /// A string. Numbers and booleans are strings only in quotes.
    package func text() -> String? {
        if node.bool != nil || node.isNumber {
            let kind = node.isNumber ? "a number" : "true or false"
            return refuse("must be a string, not \(kind): put it in quotes if it is meant so")
        }
        return scalar()
    }

    /// Any single value as text, numbers and booleans included.
    package func scalar() -> String? {
        guard let text = node.text, !node.isNull else { return refuse("must be a string, not \(node.kindName)") }
        guard text.unicodeScalars.allSatisfy({ $0.value >= 32 && $0.value != 127 }) else {
            return refuse("must not hold control characters")
        }
        return text
    }

    package func nonEmptyText() -> String? {
        guard let text = text() else { return nil }
        return text.isEmpty ? refuse("must not be empty") : text
    }

    package func nonEmptyScalar() -> String? {
        guard let text = scalar() else { return nil }
        return text.isEmpty ? refuse("must not be empty") : text
    }

    /// A path; relative ones start at the file's folder.
    package func filePath() -> String? {
        guard let text = nonEmptyText() else { return nil }
        if text.utf8.first == UInt8(ascii: "/") { return text }
        return collector.folder == "/" ? "/" + text : collector.folder + "/" + text
    }

    package func bool() -> Bool? {
        node.bool ?? refuse("must be true or false")
    }

    package func count(from minimum: Int = 1, to maximum: Int = 1 << 40) -> Int? {
        guard let number = node.integer else { return refuse("must be a whole number") }
        guard (minimum...maximum).contains(number) else {
            return refuse("must be between \(minimum) and \(maximum)")
        }
        return number
    }

    package func choice<Value: RawRepresentable & CaseIterable>() -> Value? where Value.RawValue == String {
        choice(among: Array(Value.allCases))
    }

    package func choice<Value: RawRepresentable>(among values: [Value]) -> Value? where Value.RawValue == String {
        let names = values.map(\.rawValue)
        guard let text = node.text, !node.isNull else {
            return refuse("must be one of \(names.joined(separator: ", ")), not \(node.kindName)")
        }
        if let value = values.first(where: { $0.rawValue == text }) { return value }
        let advice = Suggestion.best(for: text, among: names).map { ": did you mean \($0)?" } ?? ""
        return refuse("must be one of \(names.joined(separator: ", "))\(advice)")
    }

    /// An ID in either case, with or without braces.
    package func guid(_ what: String) -> GUID? {
        guard let text = node.text, !node.isNull else { return refuse("must be \(what), not \(node.kindName)") }
        if let id = GUID(lenient: text) { return id }
        collector.add(
            path, node, "must be \(what), for example 5d24aaaa-bbbb-cccc-dddd-eeeeafa27aed; names are not accepted",
            hint: ConfigField.whereToFind(what), rule: what == ConfigField.groupID ? .groupNameForID : nil)
        return nil
    }

    private static func whereToFind(_ what: String) -> String? {
        switch what {
        case tenantID:
            "the Entra admin center shows it under Overview, or ask `az account show --query tenantId --output tsv`"
        case groupID:
            "the Entra admin center shows it as the group's Object ID, or ask `az ad group show --group NAME --query id"
                + " --output tsv`"
        case applicationID:
            "the Entra admin center shows it under App registrations as Application (client) ID, or ask `az ad app list"
                + " --display-name NAME --query [].appId --output tsv`"
        default: nil
        }
    }

    package func time(roundingUp: Bool = false) -> Timestamp? {
        guard let text = scalar() else { return nil }
        guard let time = roundingUp ? Timestamp(rfc3339RoundingUp: text) : Timestamp(rfc3339: text) else {
            return refuse("must be a date and time with a zone, for example 2026-12-01T00:00:00Z")
        }
        return time
    }

    package func duration(from minimum: Duration = .seconds(1)) -> Duration? {
        guard let text = scalar() else { return nil }
        guard let duration = DurationText.parse(text) else {
            return refuse("must be a duration with a unit, for example 90s, 5m, 29h or 1h30m")
        }
        guard duration >= minimum else { return refuse("must be at least \(DurationText.render(minimum))") }
        guard duration <= .seconds(3650 * 86_400) else { return refuse("must not be longer than ten years") }
        return duration
    }

    package func list<Value>(_ read: (ConfigField) -> Value?) -> [Value] {
        guard let elements = node.sequence else {
            collector.add(path, node, "must be a list, not \(node.kindName)")
            return []
        }
        return elements.enumerated().compactMap { index, element in
            let field = ConfigField(node: element, path: "\(path)[\(index)]", collector: collector)
            collector.note(field.path, at: element)
            return read(field)
        }
    }

    package func nonEmptyList<Value>(_ advice: String, _ read: (ConfigField) -> Value?) -> [Value]? {
        if node.sequence?.isEmpty == true { return refuse("must not be empty: \(advice)") }
        return list(read)
    }
}

extension GUID {
    /// Also accepts braces, as some tools print them.
    package init?(lenient text: String) {
        if text.utf8.first == UInt8(ascii: "{"), text.utf8.last == UInt8(ascii: "}") {
            self.init(String(text.dropFirst().dropLast()))
        } else {
            self.init(text)
        }
    }
}
