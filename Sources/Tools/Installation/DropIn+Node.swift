import SafeText
import YAML

extension DropIn {
    /// The distribution's files with flags, except our own, in the order of reading. A file that cannot be read is left
    /// out.
    ///
    /// Source: k3s, pkg/configfilearg/parser.go.
    static func files(_ distribution: Distribution, files: NodeFiles) -> [(path: String, file: File)] {
        guard let folder = distribution.configFolder else { return [] }
        let dropIns = files.names(in: folder + "/config.yaml.d").filter { name in
            [".yaml", ".yml"].contains { name.lowercased().hasSuffix($0) } && ExactText(name) != ExactText(fileName)
        }
        let paths = [("config.yaml", folder + "/config.yaml")] + dropIns.map { ($0, "\(folder)/config.yaml.d/\($0)") }
        return paths.compactMap { name, path in
            guard let bytes = (try? files.content(path)).flatMap({ $0 }) else { return nil }
            return (path: path, file: (name: name, bytes: bytes))
        }
    }
}
