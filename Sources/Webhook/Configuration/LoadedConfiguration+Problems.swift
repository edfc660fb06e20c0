extension LoadedConfiguration {
    /// A problem with a field's value or file, at that field's place.
    func problem(_ field: String, _ message: String, hint: String? = nil) -> ConfigurationProblem {
        let position = positions[field] ?? FieldPosition(line: 1, column: 1)
        return ConfigurationProblem(
            file: path, line: position.line, column: position.column, field: field, message: message,
            hint: hint)
    }
}
