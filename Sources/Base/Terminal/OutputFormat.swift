/// The format of a command's result (`--output`).
public enum OutputFormat: String, CaseIterable, Sendable {
    case text
    case json
}
