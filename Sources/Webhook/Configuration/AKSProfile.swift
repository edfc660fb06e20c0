import Entra
import Jansson
import SafeText

/// One `aadProfile`, read field by field.
struct AKSProfile {
    private let profile: JSONValue?
    private let expressions: ARMExpressions

    private static let known = [
        "managed", "enableazurerbac", "admingroupobjectids", "clientappid", "serverappid", "serverappsecret",
        "tenantid",
    ]

    /// - Parameter profile: nil if the cluster has none.
    init(_ profile: JSONValue?, _ expressions: ARMExpressions) {
        self.profile = profile
        self.expressions = expressions
    }

    /// Whether an object is a profile itself.
    static func isProfile(_ value: JSONValue) -> Bool {
        value.member("aadProfile") == nil && value.member("properties") == nil
            && ["managed", "adminGroupObjectIDs", "serverAppID", "clientAppID", "enableAzureRBAC"].contains {
                value.member($0) != nil
            }
    }

    /// - Parameter resource: the object of the whole cluster.
    func cluster(around resource: JSONValue?) -> AKSCluster {
        var reader = Reader(expressions: expressions)
        var cluster = AKSCluster(
            name: resource?.member("name")?.string.map(PrintableText.line),
            cloud: resource.map(cloud) ?? .public,
            adminGroups: [],
            audiences: [],
            clientAppIDs: [],
            notes: [],
            problems: []
        )
        guard let profile, profile.kind == .object else {
            cluster.usesEntra = profile.map { !$0.isNull } ?? false
            cluster.problems = [
                !cluster.usesEntra
                    ? "the cluster has no aadProfile, so it does not use Entra"
                    : profile?.string.map(ARMExpressions.isExpression) == true
                        ? "aadProfile is an expression whose value is not in the document"
                        : "aadProfile must be an object"
            ]
            return cluster
        }
        cluster.tenantID = reader.id("tenantID", in: profile)
        if profile.member("tenantID")?.isNull ?? true, let id = resource?.member("identity")?.member("tenantId") {
            cluster.tenantID = id.string.flatMap { GUID(lenient: $0) }
            if cluster.tenantID != nil {
                reader.notes.append("the profile names no tenant, so it is the one of the cluster's identity")
            }
        }
        cluster.adminGroups = reader.ids("adminGroupObjectIDs", in: profile)
        if cluster.adminGroups.isEmpty && reader.problems.isEmpty {
            reader.notes.append("there are no admin groups, so nobody becomes admin: fill in adminGroupObjectIDs")
        }
        applications(profile, &reader, &cluster)
        if reader.flag("enableAzureRBAC", in: profile) {
            reader.notes.append(
                "enableAzureRBAC cannot be carried over: what Azure role assignments gave must be granted with"
                    + " Kubernetes RBAC")
        }
        if let secret = profile.member("serverAppSecret"), !secret.isNull {
            reader.notes.append("serverAppSecret was left out: it is not needed to check tokens")
        }
        // Null members are skipped: `az aks show` prints "adminUsers": null for every cluster.
        for member in profile.members ?? []
        where !AKSProfile.known.contains(member.name.lowercased()) && !member.value.isNull {
            reader.notes.append("aadProfile.\(PrintableText.line(member.name)) is not known and was left out")
        }
        cluster.notes = reader.notes
        cluster.problems = reader.problems
        return cluster
    }

    private func applications(_ profile: JSONValue, _ reader: inout Reader, _ cluster: inout AKSCluster) {
        let server = reader.id("serverAppID", in: profile)
        let client = reader.id("clientAppID", in: profile)
        let isManaged = reader.flag("managed", in: profile)
        if let server { cluster.audiences.append(server) }
        if isManaged || server == nil, let shared = AKSCluster.sharedServerApp, server != shared {
            cluster.audiences.insert(shared, at: 0)
            reader.notes.append(
                "the audience \(shared) is the one of every AKS cluster in the tenant, so a token for one of them is"
                    + " good for this cluster too; an application registration of its own is safer")
        }
        if let client, !isManaged {
            cluster.clientAppIDs = [client]
            reader.notes.append(
                "only tokens that application \(client) asked for are accepted; for service principals and other"
                    + " clients, add their application IDs to allowedClientAppIDs or remove it")
        }
    }

    /// The cloud, derived from the name of the cluster's API server.
    private func cloud(_ resource: JSONValue) -> Cloud {
        let names = ["fqdn", "privateFqdn", "azurePortalFqdn"]
        let places = [resource, resource.member("properties")].compactMap { $0 }
        for name in names {
            for place in places {
                guard let host = place.member(name)?.string?.lowercased() else { continue }
                if host.utf8.suffix(3).elementsEqual(".us".utf8) { return .usGovernment }
                if host.utf8.suffix(3).elementsEqual(".cn".utf8) { return .china }
            }
        }
        return .public
    }

    private struct Reader {
        let expressions: ARMExpressions
        var notes: [String] = []
        var problems: [String] = []

        init(expressions: ARMExpressions) { self.expressions = expressions }

        mutating func id(_ name: String, in profile: JSONValue) -> GUID? {
            guard let value = profile.member(name).map(expressions.resolved), !value.isNull else { return nil }
            guard let text = value.string else {
                problems.append("aadProfile.\(name) must be a text")
                return nil
            }
            if text.isEmpty { return nil }
            return id(text, "aadProfile.\(name)", canBeGiven: name == "tenantID")
        }

        mutating func ids(_ name: String, in profile: JSONValue) -> [GUID] {
            guard let value = profile.member(name).map(expressions.resolved), !value.isNull else { return [] }
            guard let elements = value.array else {
                problems.append(
                    "aadProfile.\(name) "
                        + (value.string.map(ARMExpressions.isExpression) == true
                            ? "is an expression whose value is not in the document" : "must be a list of object IDs"))
                return []
            }
            var ids: [GUID] = []
            for (index, element) in elements.enumerated() {
                guard let text = expressions.resolved(element).string else {
                    problems.append("aadProfile.\(name)[\(index)] must be a text")
                    continue
                }
                if let id = id(text, "aadProfile.\(name)[\(index)]", canBeGiven: false), !ids.contains(id) {
                    ids.append(id)
                }
            }
            return ids
        }

        mutating func flag(_ name: String, in profile: JSONValue) -> Bool {
            guard let value = profile.member(name).map(expressions.resolved), !value.isNull else { return false }
            if let flag = value.bool { return flag }
            problems.append("aadProfile.\(name) must be true or false")
            return false
        }

        private mutating func id(_ text: String, _ place: String, canBeGiven: Bool) -> GUID? {
            if let id = GUID(lenient: text) { return id }
            if ARMExpressions.isExpression(text) {
                // The user can pass the tenant that an expression stands for.
                guard !canBeGiven else { return nil }
                problems.append("\(place) is an expression whose value is not in the document")
            } else {
                problems.append("\(place) is not an ID; names are not accepted")
            }
            return nil
        }
    }
}
