internal import Files
internal import YAML

extension CryptographyRule {
    /// What a configuration file asks for, before it is loaded: loading computes a digest and reads certificates, and
    /// these have to come from the provider that it asks for.
    ///
    /// Nothing else is looked at. A file that can't be read says nothing here; loading it says what is wrong.
    public static func wanted(by path: String) -> CryptographyRule {
        guard let bytes = try? FileIO.read(path), let root = try? YAMLNode.parse(bytes) else { return .default }
        return root["server"]?["cryptography"]?.text.flatMap(CryptographyRule.init(rawValue:)) ?? .default
    }
}
