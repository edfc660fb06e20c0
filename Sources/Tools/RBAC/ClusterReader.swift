import SafeText
import YAML

/// Collects the RBAC objects of files: JSON or YAML, several documents in a file, nested lists.
public struct ClusterReader {
    private let limits: ClusterLimits
    private var roles: [Role] = []
    private var bindings: [Binding] = []
    private var bindingPlaces: [Place] = []
    private var known: [ObjectName: (index: Int, place: Place)] = [:]
    private var input = ClusterInput()
    private var ruleCount = 0

    /// A reader that has read nothing.
    public init(limits: ClusterLimits = ClusterLimits()) {
        self.limits = limits
    }

    /// Everything that was read.
    ///
    /// - Throws: ``ClusterError`` if too many ClusterRoles are selected by the `aggregationRule` of others.
    public func cluster() throws(ClusterError) -> Cluster {
        var input = input
        input.objects = roles.count + bindings.count
        return try Cluster(roles: roles, bindings: bindings, input: input, bindingPlaces: bindingPlaces)
    }

    /// Whether no role and no binding was read.
    var isEmpty: Bool { roles.isEmpty && bindings.isEmpty }

    /// Adds a remark about the reading.
    mutating func note(_ notice: String) { input.notices.append(notice) }

    /// Reads one file's bytes.
    ///
    /// - Parameter file: its path, for messages and for telling JSON by `.json`.
    /// - Returns: whether there was anything but white space and comments.
    /// - Throws: ``ClusterError`` with the place of the first problem.
    @discardableResult
    public mutating func read(_ bytes: [UInt8], file: String) throws(ClusterError) -> Bool {
        if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) {
            throw ClusterError(
                "this is UTF-16, as PowerShell writes it; it must be UTF-8 (Out-File -Encoding utf8)", file: file,
                line: 1,
                column: 1)
        }
        let isJSON = file.utf8.suffix(5).elementsEqual(".json".utf8)
        let first = (bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? bytes.dropFirst(3) : bytes[...]).first {
            !" \t\r\n".utf8.contains($0)
        }
        let looksLikeJSON = first == UInt8(ascii: "{") || first == UInt8(ascii: "[")
        let remaining = limits.rules - ruleCount
        let batch: ManifestBatch
        if isJSON && first != nil {
            batch = try ManifestBatch.read(JSONEventReader(bytes, maximumDepth: 200), file, rules: remaining).get(file)
        } else if looksLikeJSON {
            switch ManifestBatch.read(JSONEventReader(bytes, maximumDepth: 200), file, rules: remaining) {
            case .failure(.syntax(let error)):
                // YAML may start like JSON. If it is not valid YAML either, the error of the reader that came further
                // is better.
                let second = ManifestBatch.readYAML(bytes, file, rules: remaining)
                if case .failure(.syntax(let other)) = second,
                    (other.line, other.column) <= (error.line, error.column)
                {
                    throw ManifestFailure.syntax(error).placed(file)
                }
                batch = try second.get(file)
            case let result: batch = try result.get(file)
            }
        } else {
            batch = try ManifestBatch.readYAML(bytes, file, rules: remaining).get(file)
        }
        try take(batch)
        return batch.isSomething
    }

    /// The same object twice counts once; two different ones with the same name are an error.
    private mutating func take(_ batch: ManifestBatch) throws(ClusterError) {
        ruleCount += batch.ruleCount
        input.passedOver += batch.passedOver
        input.unknownKinds.merge(batch.unknownKinds) { $0 + $1 }
        input.notices += batch.notices
        for (role, place) in batch.roles {
            if let before = known[role.name] {
                guard roles[before.index] == role else { throw differs(role.name, place, before.place) }
                continue
            }
            known[role.name] = (roles.count, place)
            roles.append(role)
        }
        for (binding, place) in batch.bindings {
            if let before = known[binding.name] {
                guard bindings[before.index] == binding else { throw differs(binding.name, place, before.place) }
                continue
            }
            known[binding.name] = (bindings.count, place)
            bindings.append(binding)
            bindingPlaces.append(place)
        }
    }

    private func differs(_ name: ObjectName, _ place: Place, _ before: Place) -> ClusterError {
        ClusterError(
            "\(PrintableText.clean(name.description)) stands here and, otherwise, at \(before)", file: place.file,
            line: place.line, column: place.column)
    }
}
