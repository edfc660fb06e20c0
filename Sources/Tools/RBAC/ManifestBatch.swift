import SafeText
import YAML

/// Why a file cannot be read.
enum ManifestFailure: Error {
    /// Neither YAML nor JSON, or a field occurs twice.
    case syntax(YAMLError)
    /// Not an RBAC object in Kubernetes' form.
    case object(ClusterError)

    func placed(_ file: String) -> ClusterError {
        switch self {
        case .syntax(let error):
            ClusterError(error.message, file: file, line: error.line, column: error.column)
        case .object(let error): error
        }
    }
}

extension Result where Success == ManifestBatch, Failure == ManifestFailure {
    func get(_ file: String) throws(ClusterError) -> ManifestBatch {
        switch self {
        case .success(let batch): return batch
        case .failure(let failure): throw failure.placed(file)
        }
    }
}

/// The content of one file.
struct ManifestBatch {
    var roles: [(Role, Place)] = []
    var bindings: [(Binding, Place)] = []
    var passedOver = 0
    var unknownKinds: [String: Int] = [:]
    var notices: [String] = []
    var ruleCount = 0
    /// Whether there was anything but white space and comments.
    var isSomething = false

    /// The kind of a list's elements that do not name it, as in a RoleList.
    struct ImpliedKind {
        var kind: String
        var group: String?
    }

    static let noKind = "(no kind)"
    static let rbacGroup = "rbac.authorization.k8s.io"

    static func readYAML(_ bytes: [UInt8], _ file: String, rules: Int) -> Result<ManifestBatch, ManifestFailure> {
        do throws(YAMLError) {
            return read(try YAMLEventReader(bytes), file, rules: rules)
        } catch {
            return .failure(.syntax(error))
        }
    }

    static func read(
        _ events: some DocumentEvents, _ file: String, rules: Int
    ) -> Result<ManifestBatch, ManifestFailure> {
        var reader = ManifestReader(events: events, file: file, maximumRules: rules)
        do throws(ManifestFailure) {
            try reader.readAll()
            return .success(reader.batch)
        } catch {
            return .failure(error)
        }
    }

    mutating func append(_ other: ManifestBatch) {
        roles += other.roles
        bindings += other.bindings
        passedOver += other.passedOver
        unknownKinds.merge(other.unknownKinds) { $0 + $1 }
        notices += other.notices
        ruleCount += other.ruleCount
    }

    /// Adds one object, or the elements of a list.
    mutating func add(
        _ node: YAMLNode, implied: ImpliedKind? = nil, file: String, maximumRules: Int
    ) throws(ClusterError) {
        let object = ManifestObject(file: file, node: node)
        if case .scalar(let scalar) = node.content, ManifestBatch.isPrintedForPeople(scalar.text) {
            throw object.error("this is what kubectl prints for people: add -o json to the command", at: node)
        }
        let ownKind = try object.optionalText("kind", of: node, "")
        let version = try object.optionalText("apiVersion", of: node, "")
        let group = version.map { ManifestBatch.group(of: $0) } ?? (ownKind == nil ? implied?.group : nil)
        guard let kind = ownKind ?? implied?.kind else { return passOver(ManifestBatch.noKind, group: nil) }
        if try ManifestBatch.isList(kind, object) {
            let implied = ManifestBatch.elements(of: kind, group: group)
            for element in try object.list("items", of: node, "") {
                try add(element, implied: implied, file: file, maximumRules: maximumRules)
            }
            return
        }
        guard let rbac = ObjectName.Kind(rawValue: kind), group == nil || group == ManifestBatch.rbacGroup else {
            return passOver(kind, group: group)
        }
        let place = Place(file: file, line: node.line, column: node.column)
        let (name, isDefaulted) = try object.objectName(rbac)
        if isDefaulted {
            notices.append(
                "\(place): \(rbac.rawValue) \(PrintableText.clean(name.name)) has no namespace; taken to be in default")
        }
        switch rbac {
        case .clusterRole, .role:
            let role = try object.role(name)
            ruleCount += role.rules.count
            guard ruleCount <= maximumRules else { throw object.error("there are more than a million rules", at: node) }
            roles.append((role, place))
        case .clusterRoleBinding, .roleBinding: bindings.append((try object.binding(name), place))
        }
    }

    /// Whether this is kubectl's table (`NAME … AGE`), or its list of names (`-o name`).
    private static func isPrintedForPeople(_ text: String) -> Bool {
        let words = text.split { $0 == " " || $0 == "\t" || $0 == "\n" }
        guard let first = words.first else { return false }
        return (first == "NAME" || first == "NAMESPACE") && words.count > 1
            || ObjectName.Kind.allCases.contains { kind in
                first.hasPrefix("\(kind.rawValue.lowercased()).rbac.authorization.k8s.io/")
            }
    }

    private mutating func passOver(_ kind: String, group: String?) {
        passedOver += 1
        guard !KubernetesResource.isKnown(kind: kind, group: group) else { return }
        // A kind of another group with a known name is another kind.
        let isFamiliar = KubernetesResource.isKnown(kind: kind, group: nil)
        unknownKinds[isFamiliar ? "\(kind).\(group ?? "")" : kind, default: 0] += 1
    }

    static func group(of version: String) -> String {
        version.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
    }

    /// Whether this is a list: it has elements and no name.
    static func isList(_ kind: String, _ object: ManifestObject) throws(ClusterError) -> Bool {
        guard kind.utf8.suffix(4).elementsEqual("List".utf8) else { return false }
        guard let metadata = try object.member("metadata", of: object.node, "") else { return true }
        return metadata["name"] == nil
    }

    static func elements(of kind: String, group: String?) -> ImpliedKind? {
        kind.utf8.count > 4 ? ImpliedKind(kind: String(kind.dropLast(4)), group: group) : nil
    }
}
