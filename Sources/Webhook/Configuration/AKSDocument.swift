import EntraTokens
public import Jansson

/// Finds AKS clusters in the output of Azure's tools: `az aks show` and `list`, REST answers, ARM templates, or only an
/// `aadProfile`, in ARM's or the CLI's spelling.
public enum AKSDocument {
    /// All clusters in the order of the document; empty if there are none.
    public static func clusters(in document: JSONDocument) -> [AKSCluster] {
        let expressions = ARMExpressions(document.root)
        var clusters: [AKSCluster] = []
        let elements = document.root.array.map { Array($0) } ?? [document.root]
        if !elements.isEmpty, elements.allSatisfy(AKSProfile.isProfile) {
            return elements.map { AKSProfile($0, expressions).cluster(around: nil) }
        }
        collect(document.root, expressions, &clusters)
        return clusters
    }

    private static func collect(_ value: JSONValue, _ expressions: ARMExpressions, _ clusters: inout [AKSCluster]) {
        if let array = value.array {
            for element in array { collect(element, expressions, &clusters) }
            return
        }
        guard let members = value.members else { return }
        let properties = value.member("properties")
        if let profile = value.member("aadProfile") ?? properties?.member("aadProfile") {
            clusters.append(AKSProfile(expressions.resolved(profile), expressions).cluster(around: value))
        } else if value.member("type")?.string?.lowercased() == "microsoft.containerservice/managedclusters" {
            clusters.append(AKSProfile(nil, expressions).cluster(around: value))
        } else {
            for member in members { collect(member.value, expressions, &clusters) }
        }
    }
}

extension JSONValue {
    /// A member by its name, ignoring case: ARM and the CLI spell the same names differently.
    func member(_ name: String) -> JSONValue? {
        let wanted = name.lowercased()
        return members?.first { $0.name.lowercased() == wanted }?.value
    }
}

/// `[parameters('x')]` and `[variables('x')]` of ARM templates, if the template itself contains the value.
struct ARMExpressions {
    private let root: JSONValue

    init(_ root: JSONValue) {
        self.root = root
    }

    /// The value of an expression; any other value is returned unchanged.
    func resolved(_ value: JSONValue) -> JSONValue {
        guard let text = value.string else { return value }
        if let name = argument(of: "parameters", in: text), let parameter = root.member("parameters")?.member(name) {
            return parameter.member("value") ?? parameter.member("defaultValue") ?? value
        }
        if let name = argument(of: "variables", in: text), let variable = root.member("variables")?.member(name) {
            return variable
        }
        return value
    }

    static func isExpression(_ text: String) -> Bool {
        text.utf8.first == UInt8(ascii: "[") && text.utf8.last == UInt8(ascii: "]")
    }

    private func argument(of function: String, in text: String) -> String? {
        guard ARMExpressions.isExpression(text) else { return nil }
        let inner = text.dropFirst().dropLast()
        guard inner.lowercased().utf8.starts(with: (function + "('").utf8),
            inner.utf8.suffix(2).elementsEqual("')".utf8)
        else { return nil }
        let name = inner.dropFirst(function.count + 2).dropLast(2)
        return name.utf8.contains(UInt8(ascii: "'")) ? nil : String(name)
    }
}
