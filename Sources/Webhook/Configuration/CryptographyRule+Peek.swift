import Files
import YAML

extension CryptographyRule {
    /// Reads what a configuration file requires, before it is loaded: loading computes a digest and reads certificates,
    /// and these must come from the required provider.
    ///
    /// Nothing else is read. For an unreadable file this returns the default; loading it reports the problem.
    public static func wanted(by path: String) -> CryptographyRule {
        guard let bytes = try? FileIO.read(path), let root = try? YAMLNode.parse(bytes) else { return .default }
        return root["server"]?["cryptography"]?.text.flatMap(CryptographyRule.init(rawValue:)) ?? .default
    }
}
