import Configuration
import Entra
import Jansson
import SafeText
import Timestamps

extension EntraHolder {
    /// For people: `members of group 9999… (Developers) of tenant 1111…`.
    ///
    /// - Parameter namesTenant: whether there are several tenants to distinguish.
    func words(_ names: DirectoryNames, namesTenant: Bool) -> String {
        let tenant = namesTenant ? tenantID.map { " of tenant \($0)" } ?? "" : ""
        let object = (objectID?.description ?? "") + PrintableText.clean(names.remark(objectID))
        switch kind {
        case .group: return "members of group \(object)\(tenant)"
        case .appRole: return "holders of app role \(PrintableText.clean(appRole ?? ""))\(tenant)"
        case .emergencyAccess:
            return "object \(object)\(tenant) by emergency access" + (until.map { " until \($0.rfc3339)" } ?? "")
        case .user: return "user \(PrintableText.clean(username ?? ""))\(PrintableText.clean(names.remark(objectID)))"
        case .everybody: return "everybody who signs in"
        }
    }

    var jsonMembers: [(String, JSON)] {
        [
            ("kind", .string(kind.rawValue)), ("tenantID", JSON(tenantID?.description)),
            ("objectID", JSON(objectID?.description)), ("appRole", JSON(appRole)), ("username", JSON(username)),
            ("until", JSON(until?.rfc3339)),
        ]
    }
}

extension EntraNames {
    var hasSeveralTenants: Bool { configuration.tenants.count > 1 }
}
