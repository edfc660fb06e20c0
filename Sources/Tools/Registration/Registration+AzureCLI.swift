import Entra
import Jansson

extension Registration {
    /// A bash script for the Azure CLI. It can be run again: existing objects with the same name are changed, not
    /// duplicated.
    public var azureCLIScript: String {
        """
        #!/usr/bin/env bash
        # Registers in Microsoft Entra what a cluster needs. Made by `kube-entra register --format az`.
        # Run it where `az login` has signed in somebody who may register applications (Cloud Application
        # Administrator)\(withDirectory ? " and consent to Microsoft Graph (Privileged Role Administrator)" : "") and make groups. It can be run again.
        set -euo pipefail

        graph=\(cloud.graphEndpoint)/v1.0

        # Makes an object, or changes the one that has the name. Prints its object ID.
        ensure() {
            local collection=$1 name=$2 body=$3 ids
            ids=$(az rest --method get --url "$graph/$collection" \\
                --url-parameters "\\$filter=displayName eq '$name'" "\\$select=id" --query 'value[].id' --output tsv)
            if [ "$(grep -c . <<<"$ids")" -gt 1 ]; then
                echo "$0: there are several $collection with the name $name" >&2
                exit 1
            fi
            if [ -n "$ids" ]; then
                az rest --method patch --url "$graph/$collection/$ids" --body "$body" --output none
                echo "$ids"
            else
                az rest --method post --url "$graph/$collection" --body "$body" --query id --output tsv
            fi
        }

        # Entra needs some seconds until every part of it knows what was just made.
        again() {
            local attempt
            for attempt in 1 2 3 4 5 6 7 8 9; do
                if "$@" 2>/dev/null; then return; fi
                sleep $((attempt * 2))
            done
            "$@"
        }

        # The enterprise application of an application. Prints its object ID.
        principal() {
            az ad sp show --id "$1" --query id --output tsv 2>/dev/null || again az ad sp create --id "$1" --query id --output tsv
        }

        echo "server application: \(name)" >&2
        server=$(ensure applications '\(name)' '\(serverBody)')
        audience=$(again az rest --method get --url "$graph/applications/$server" --query appId --output tsv)
        again az rest --method patch --url "$graph/applications/$server" --output none \\
            --body "{\\"identifierUris\\": [\\"api://$audience\\"]}"
        principal "$audience" >/dev/null

        echo "client application: \(clientName)" >&2
        client=$(ensure applications '\(clientName)' "$(cat <<JSON
        \(clientBody)
        JSON
        )")
        client_id=$(again az rest --method get --url "$graph/applications/$client" --query appId --output tsv)
        principal "$client_id" >/dev/null
        again az rest --method patch --url "$graph/applications/$server" --output none --body "$(cat <<JSON
        \(preAuthorizationBody)
        JSON
        )"

        echo "group: \(groupName)" >&2
        group=$(ensure groups '\(groupName)' '\(groupBody)')
        \(addsCaller ? addCallerPart : "")\(onlyAssignedGroups ? assignGroupPart : "")\(withDirectory ? directoryPart : "")
        tenant=$(az account show --query tenantId --output tsv)
        cat <<END

        On each control-plane node, as root:

          \(nextCommands(tenant: "$tenant", audience: "$audience", group: "$group", client: "$client_id").joined(separator: "\n\nFor people:\n\n  "))
        \(endNotes)END

        """
    }

    private var serverBody: String {
        JSON.object(
            [
                ("displayName", .string(name)), ("signInAudience", .string("AzureADMyOrg")),
                (Setting.groupClaims.rawValue, .string(groupClaims)),
                (
                    Setting.optionalClaims.rawValue,
                    .object([("accessToken", .array(Self.optionalClaims.map { .object([("name", .string($0))]) }))])
                ),
                ("api", .object(apiMembers)),
            ] + (appRoles.isEmpty ? [] : [(Setting.appRoles.rawValue, .array(appRoles.map(Self.role)))])
        ).text(pretty: true)
    }

    private var apiMembers: [(String, JSON)] {
        [
            (Setting.tokenVersion.rawValue, .integer(Int64(Self.tokenVersion))),
            (
                Setting.scopes.rawValue,
                .array([
                    .object([
                        ("id", .string(Self.scopeID)), ("value", .string(Self.scope)), ("type", .string("User")),
                        ("isEnabled", .bool(true)),
                        ("adminConsentDisplayName", .string(Self.scopeText.title)),
                        ("adminConsentDescription", .string(Self.scopeText.description)),
                        ("userConsentDisplayName", .string(Self.scopeText.title)),
                        ("userConsentDescription", .string(Self.scopeText.description)),
                    ])
                ])
            ),
        ]
    }

    private static func role(_ value: String) -> JSON {
        .object([
            ("id", .string(roleID(value))), ("value", .string(value)), ("displayName", .string(value)),
            ("description", .string("Kubernetes: \(value)")), ("isEnabled", .bool(true)),
            ("allowedMemberTypes", JSON(roleMembers)),
        ])
    }

    private var clientBody: String {
        JSON.object([
            ("displayName", .string(clientName)), ("signInAudience", .string("AzureADMyOrg")),
            (Setting.publicClient.rawValue, .bool(true)),
            ("publicClient", .object([(Setting.redirectURIs.rawValue, JSON([Self.redirectURI]))])),
            (
                Setting.permissions.rawValue,
                .array([
                    .object([
                        ("resourceAppId", .string("$audience")),
                        (
                            "resourceAccess",
                            .array([.object([("id", .string(Self.scopeID)), ("type", .string("Scope"))])])
                        ),
                    ])
                ])
            ),
        ]).text(pretty: true)
    }

    private var preAuthorizationBody: String {
        let clients = ["$client_id"] + (withAzureCLI ? [Self.azureCLIAppID] : [])
        let list = clients.map { client in
            JSON.object([("appId", .string(client)), ("delegatedPermissionIds", JSON([Self.scopeID]))])
        }
        return JSON.object([("api", .object(apiMembers + [(Setting.preAuthorized.rawValue, .array(list))]))])
            .text(pretty: true)
    }

    private var groupBody: String {
        JSON.object([
            ("displayName", .string(groupName)), ("mailEnabled", .bool(false)),
            ("mailNickname", .string(mailNickname)), ("securityEnabled", .bool(true)),
        ]).text(pretty: true)
    }

    private var addCallerPart: String {
        """
        me=$(az ad signed-in-user show --query id --output tsv)
        if [ "$(az ad group member check --group "$group" --member-id "$me" --query value --output tsv)" != true ]; then
            again az ad group member add --group "$group" --member-id "$me"
        fi

        """
    }

    /// With `ApplicationGroup`, only groups assigned to the application are in its tokens.
    private var assignGroupPart: String {
        """
        resource=$(principal "$audience")
        assigned=$(az rest --method get --url "$graph/servicePrincipals/$resource/appRoleAssignedTo" \\
            --query "value[?principalId=='$group'].id" --output tsv)
        if [ -z "$assigned" ]; then
            again az rest --method post --url "$graph/servicePrincipals/$resource/appRoleAssignedTo" --output none --body \\
                "{\\"principalId\\": \\"$group\\", \\"resourceId\\": \\"$resource\\", \\"appRoleId\\": \\"00000000-0000-0000-0000-000000000000\\"}"
        fi

        """
    }

    private var directoryPart: String {
        """

        echo "directory application: \(directoryName)" >&2
        directory=$(ensure applications '\(directoryName)' '{"displayName": "\(directoryName)", "signInAudience": "AzureADMyOrg"}')
        directory_id=$(again az rest --method get --url "$graph/applications/$directory" --query appId --output tsv)
        directory_principal=$(principal "$directory_id")
        microsoft_graph=$(az ad sp show --id \(Self.graphAppID) --query id --output tsv)
        for permission in \(Self.graphPermissions.joined(separator: " ")); do
            role=$(az ad sp show --id \(Self.graphAppID) --query "appRoles[?value=='$permission'].id | [0]" --output tsv)
            granted=$(az rest --method get --url "$graph/servicePrincipals/$directory_principal/appRoleAssignments" \\
                --query "value[?appRoleId=='$role'].id" --output tsv)
            if [ -z "$granted" ]; then
                again az rest --method post --url "$graph/servicePrincipals/$directory_principal/appRoleAssignments" \\
                    --output none --body \\
                    "{\\"principalId\\": \\"$directory_principal\\", \\"resourceId\\": \\"$microsoft_graph\\", \\"appRoleId\\": \\"$role\\"}"
            fi
        done
        if [ ! -e secret ]; then
            (umask 077; again az ad app credential reset --id "$directory_id" --append --display-name kube-entra \\
                --query password --output tsv >secret)
        fi

        """
    }

    /// Further values for the configuration.
    private var endNotes: String {
        let parts = configurationNotes(clientID: "$directory_id")
        return parts.isEmpty ? "" : "\nIn the configuration:\n\n" + parts.map { "  \($0)\n" }.joined()
    }

    func configurationNotes(clientID: String) -> [String] {
        var lines: [String] = []
        if withDirectory {
            lines += ["groupOverage: resolve", "directory:", "  clientID: \(clientID)", "  clientSecretFile: secret"]
        }
        if !appRoles.isEmpty {
            lines += ["appRoleMappings:"]
            lines += appRoles.flatMap { ["  - appRole: \($0)", "    kubernetesGroups: [\($0.lowercased())]"] }
        }
        if let clusterHost { lines += ["proofOfPossession: accept", "clusterHost: \(clusterHost)"] }
        return lines
    }
}
