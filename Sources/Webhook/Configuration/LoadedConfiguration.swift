/// A configuration with what is known about its file.
public struct LoadedConfiguration: Hashable, Sendable {
    public var path: String
    public var configuration: WebhookConfiguration
    /// Each field that stands in the file, by its path.
    public var positions: [String: FieldPosition]
    public var allowances: [LintSuppression]
    /// SHA-256 of the file's bytes, hexadecimal.
    public var contentSHA256: String
}
