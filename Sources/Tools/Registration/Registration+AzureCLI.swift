import Entra
import Jansson

extension Registration {
    /// A bash script for the Azure CLI. It can be run again: what it made is changed, not made twice. What others made
    /// under the same names is left alone, unless `--adopt` names its ID.
    public var azureCLIScript: String {
        """
        #!/usr/bin/env bash
        # Registers in Microsoft Entra what a cluster needs. Made by `kube-entra register --format az`.
        # Run it where `az login` has signed in somebody who may register applications (Cloud Application
        # Administrator)\(withDirectory ? " and consent to Microsoft Graph (Privileged Role Administrator)" : "") and make groups. It can be run again
        # in the same folder: the file \(recordName) there has the IDs of what it made.
        #
        #   bash register.sh [--adopt ID]...    change the application or group with that object ID, which is there
        #
        # Literals of JMESPath stand in backticks.
        # shellcheck disable=SC2016
        #
        # bash reads all of it before it does anything, also out of a pipe: a half script does nothing.
        {
        set -euo pipefail
        umask 077

        if [ -n "${BASH_SOURCE[0]:-}" ]; then script="bash $0"; else script="kube-entra register ... | bash -s --"; fi

        graph=\(cloud.graphEndpoint)/v1.0
        made='\(recordName)'
        adopted=" "
        while [ $# -gt 0 ]; do
            if [ "$1" != --adopt ] || [ -z "${2:-}" ]; then
                echo "usage: $script [--adopt ID]..." >&2
                exit 64
            fi
            adopted="$adopted$2 "
            shift 2
        done
        errors=$(mktemp)
        trap 'rm -f "$errors"' EXIT

        \(AzureCLIFunctions.text)

        # What stands in the record is believed, so it must be the caller's own, and nobody else may put one there meanwhile.
        own . || fail "others may change this folder, and so what the script reads and writes here: mkdir -m 700 entra && cd entra"
        if [ -e "$made" ] || [ -L "$made" ]; then
            { [ -f "$made" ] && own "$made"; } || fail "$made is a link, is not yours, or others may change it: look at each ID in it, or use another folder"
        fi

        command -v az >/dev/null || fail "there is no Azure CLI (az) here: install it (https://aka.ms/azure-cli) and sign in with '\(signIn)', or run this script in Azure Cloud Shell, which has it"
        az rest --help >/dev/null 2>&1 || fail "this Azure CLI has no 'az rest', so it is too old: 'az upgrade', or https://aka.ms/azure-cli"
        tenant=$(az account show --query tenantId --output tsv) || fail "the Azure CLI is signed in nowhere: '\(signIn)', then run this script again"
        [ -n "$tenant" ] || fail "the tenant's ID cannot be read: '\(signIn)', then run this script again"

        echo "server application: \(name)" >&2
        server=$(ensure applications '\(name)' '\(serverBody)' '\(serverQuery)')
        audience=$(app_id "$server")
        principal "$audience" >/dev/null

        echo "client application: \(clientName)" >&2
        client=$(ensure applications '\(clientName)' "$(cat <<JSON
        \(clientBody)
        JSON
        )" "$(filled '\(clientQuery)')")
        client_id=$(app_id "$client")
        principal "$client_id" >/dev/null
        change applications "$server" "$(filled '\(namesQuery)')" || fail "applications $server (\(name)) cannot be changed"

        echo "group: \(groupName)" >&2
        group=$(ensure groups '\(groupName)' '\(groupBody)')
        \(addsCaller ? addCallerPart : "")\(onlyAssignedGroups ? assignGroupPart : "")\(withDirectory ? directoryPart : "")
        cat <<END

        On each control-plane node, as root:

          \(nextCommands(tenant: "$tenant", audience: "$audience", group: "$group", client: "$client_id").joined(separator: "\n\nFor people, on one of these nodes, which has the files that it names:\n\n  "))
        \(serverNote)\(endNotes)END
        exit
        }

        """
    }

    /// The command that signs the Azure CLI in; a tenant need not have a subscription.
    private var signIn: String {
        let login = "az login --allow-no-subscriptions"
        return switch cloud {
        case .public: login
        case .usGovernment: "az cloud set --name AzureUSGovernment && \(login)"
        case .china: "az cloud set --name AzureChinaCloud && \(login)"
        }
    }

    /// The file with the IDs of what the script made.
    private var recordName: String { String(name.map { $0 == " " ? "-" : $0 }) + ".entra-ids" }

    /// What to replace, if the address is not known.
    private var serverNote: String {
        server == nil
            ? "\nReplace \(Self.exampleServer) with the address at which people reach the API server.\n" : ""
    }

    private var serverBody: String {
        JSON.object(
            [
                ("displayName", .string(name)), ("signInAudience", .string("AzureADMyOrg")),
                (Setting.groupClaims.rawValue, .string(groupClaims)),
                (Setting.optionalClaims.rawValue, .object([("accessToken", .array(Self.claims))])),
                (
                    "api",
                    .object([
                        (Setting.tokenVersion.rawValue, .integer(Int64(Self.tokenVersion))),
                        (Setting.scopes.rawValue, .array([Self.scopeObject])),
                    ])
                ),
            ] + (appRoles.isEmpty ? [] : [(Setting.appRoles.rawValue, .array(appRoles.map(Self.role)))])
        ).text(pretty: true)
    }

    static let claims = optionalClaims.map { JSON.object([("name", .string($0))]) }

    static let scopeObject = JSON.object([
        ("id", .string(scopeID)), ("value", .string(scope)), ("type", .string("User")), ("isEnabled", .bool(true)),
        ("adminConsentDisplayName", .string(scopeText.title)),
        ("adminConsentDescription", .string(scopeText.description)),
        ("userConsentDisplayName", .string(scopeText.title)),
        ("userConsentDescription", .string(scopeText.description)),
    ])

    static func role(_ value: String) -> JSON {
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
                        ("resourceAccess", .array([Self.access])),
                    ])
                ])
            ),
        ]).text(pretty: true)
    }

    /// The client's permission to ask for the scope.
    static let access = JSON.object([("id", .string(scopeID)), ("type", .string("Scope"))])

    private var groupBody: String {
        JSON.object([
            ("displayName", .string(groupName)), ("mailEnabled", .bool(false)),
            ("mailNickname", .string(mailNickname)), ("securityEnabled", .bool(true)),
        ]).text(pretty: true)
    }

    private var addCallerPart: String {
        """
        me=$(az ad signed-in-user show --query id --output tsv)
        [ -n "$me" ] || fail "who is signed in cannot be read"
        is_member=$(again az ad group member check --group "$group" --member-id "$me" --query value --output tsv)
        if [ "$is_member" != true ]; then
            again az ad group member add --group "$group" --member-id "$me"
        fi

        """
    }

    /// With `ApplicationGroup`, only groups assigned to the application are in its tokens.
    private var assignGroupPart: String {
        """
        resource=$(principal "$audience")
        assigned=$(again az rest --method get --url "$graph/servicePrincipals/$resource/appRoleAssignedTo" \\
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
        directory_id=$(app_id "$directory")
        directory_principal=$(principal "$directory_id")
        microsoft_graph=$(az ad sp show --id \(Self.graphAppID) --query id --output tsv)
        for permission in \(Self.graphPermissions.joined(separator: " ")); do
            role=$(az ad sp show --id \(Self.graphAppID) --query "appRoles[?value=='$permission'].id | [0]" --output tsv)
            [ -n "$role" ] || fail "Microsoft Graph has no permission $permission"
            granted=$(again az rest --method get --url "$graph/servicePrincipals/$directory_principal/appRoleAssignments" \\
                --query "value[?appRoleId=='$role'].id" --output tsv)
            if [ -z "$granted" ]; then
                again az rest --method post --url "$graph/servicePrincipals/$directory_principal/appRoleAssignments" \\
                    --output none --body \\
                    "{\\"principalId\\": \\"$directory_principal\\", \\"resourceId\\": \\"$microsoft_graph\\", \\"appRoleId\\": \\"$role\\"}"
            fi
        done
        # The file appears as a whole or not at all; a file of that name that is somebody else's is not taken.
        secret_of=$(recorded secret "$directory_id")
        if [ -e secret ] && [ -z "$secret_of" ]; then
            fail "there is a file called secret, which this script did not write: move it away"
        fi
        if [ -e secret ] || [ -L secret ]; then
            { [ -f secret ] && own secret; } || fail "the file secret is a link, is not yours, or others may change it: move it away"
        fi
        if [ ! -s secret ]; then
            rm -f secret.new
            # Made anew or not at all: nobody else has it open.
            (set -C && exec 3>secret.new && set +C && again az ad app credential reset --id "$directory_id" --append --display-name kube-entra \\
                --query password --output tsv >&3) || fail "the secret cannot be made"
            [ -s secret.new ] || fail "the secret that was made is empty"
            [ -n "$secret_of" ] || record secret "$directory_id" "$directory"
            mv secret.new secret
        fi

        """
    }

    /// Further values for the configuration.
    private var endNotes: String {
        let lines = furtherSteps(clientID: "$directory_id")
        return lines.isEmpty ? "" : "\n" + lines.map { $0 + "\n" }.joined()
    }
}
