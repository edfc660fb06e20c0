import Jansson

// What an application that is there already becomes: what the cluster needs, and everything that somebody else added.
// Microsoft Graph takes whole lists only. The Azure CLI computes them from what it read, by JMESPath (jmespath.org).

extension Registration {
    /// The server application, apart from what needs an appId.
    var serverQuery: String {
        let claims = Self.merged(
            "\(Setting.optionalClaims.rawValue).accessToken", by: "name", keys: Self.optionalClaims, with: Self.claims)
        var members = [
            ("displayName", Self.literal(.string(name))), ("signInAudience", Self.literal("AzureADMyOrg")),
            (Setting.groupClaims.rawValue, Self.literal(.string(groupClaims))),
            (
                Setting.optionalClaims.rawValue,
                Self.object(Setting.optionalClaims.rawValue, with: [("accessToken", claims)])
            ),
            ("api", Self.object("api", with: Self.apiMembers)),
        ]
        if !appRoles.isEmpty {
            members.append(
                (
                    Setting.appRoles.rawValue,
                    Self.merged(
                        Setting.appRoles.rawValue, by: "id", keys: appRoles.map(Self.roleID),
                        with: appRoles.map(Self.role))
                ))
        }
        return Self.query(members)
    }

    /// The names of the server application, and the clients that need no consent.
    var namesQuery: String {
        let name = "api://@audience@"
        let clients = ["@client@"] + (withAzureCLI ? [Self.azureCLIAppID] : [])
        let authorized = Self.merged(
            "api.\(Setting.preAuthorized.rawValue)", by: "appId", keys: clients,
            with: clients.map { .object([("appId", .string($0)), ("delegatedPermissionIds", JSON([Self.scopeID]))]) })
        return Self.query([
            (
                Setting.identifierURIs.rawValue,
                Self.merged(Setting.identifierURIs.rawValue, by: "@", keys: [name], with: [.string(name)])
            ),
            // The scope again: soon after it was made, another part of Entra may not have it.
            ("api", Self.object("api", with: Self.apiMembers + [(Setting.preAuthorized.rawValue, authorized)])),
        ])
    }

    var clientQuery: String {
        let permissions = Self.list(Setting.permissions.rawValue)
        let audience = Self.literal("@audience@")
        let access = Self.merged(
            "\(permissions)[?resourceAppId==\(audience)].resourceAccess[]", by: "id", keys: [Self.scopeID],
            with: [Self.access])
        return Self.query([
            ("displayName", Self.literal(.string(clientName))), ("signInAudience", Self.literal("AzureADMyOrg")),
            (Setting.publicClient.rawValue, Self.literal(.bool(true))),
            (
                "publicClient",
                Self.object(
                    "publicClient",
                    with: [
                        (
                            Setting.redirectURIs.rawValue,
                            Self.merged(
                                "publicClient.\(Setting.redirectURIs.rawValue)", by: "@", keys: [Self.redirectURI],
                                with: [.string(Self.redirectURI)])
                        )
                    ])
            ),
            (
                Setting.permissions.rawValue,
                "[\(permissions)[?resourceAppId!=\(audience)],"
                    + " [{resourceAppId: \(audience), resourceAccess: \(access)}]][]"
            ),
        ])
    }

    private static var apiMembers: [(String, String)] {
        [
            (Setting.tokenVersion.rawValue, literal(.integer(Int64(tokenVersion)))),
            (
                Setting.scopes.rawValue,
                merged("api.\(Setting.scopes.rawValue)", by: "id", keys: [scopeID], with: [scopeObject])
            ),
        ]
    }

    // JMESPath

    private static func query(_ members: [(String, String)]) -> String {
        "{" + members.map { "\n  \($0): \($1)" }.joined(separator: ",") + "\n}"
    }

    /// The object of that name with other members.
    private static func object(_ name: String, with members: [(String, String)]) -> String {
        "merge(not_null(\(name), `{}`), {\(members.map { "\($0): \($1)" }.joined(separator: ", "))})"
    }

    /// A list without the elements that have one of these keys, and then with these elements.
    private static func merged(_ path: String, by key: String, keys: [String], with elements: [JSON]) -> String {
        "[\(list(path))[?!contains(\(literal(JSON(keys))), \(key))], \(literal(.array(elements)))][]"
    }

    private static func list(_ path: String) -> String { "not_null(\(path), `[]`)" }

    private static func literal(_ value: JSON) -> String { "`\(value.text(pretty: false))`" }
}
