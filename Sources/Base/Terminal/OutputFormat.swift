/// How a command writes its result.
public enum OutputFormat: String, CaseIterable, Sendable {
    case text
    case json
}
