/// A configuration with facts about its file.
public struct LoadedConfiguration: Hashable, Sendable {
    /// The path of the file, as the user wrote it.
    public var path: String
    /// The validated model.
    public var configuration: WebhookConfiguration
    /// The place of each field in the file, by path.
    public var positions: [String: FieldPosition]
    /// The comments that suppress lint rules.
    public var allowances: [LintSuppression]
    /// SHA-256 of the file's bytes, as hexadecimal digits.
    public var contentSHA256: String
}
