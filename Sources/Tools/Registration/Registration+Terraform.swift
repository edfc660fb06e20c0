import Entra

extension Registration {
    /// A configuration for Terraform's `hashicorp/azuread` provider.
    public var terraformConfiguration: String {
        """
        # What a cluster needs in Microsoft Entra. Made by `kube-entra register --format terraform`.
        # In a folder of its own: `terraform init`, then `terraform apply`, where `az login` has signed in somebody who
        # may register applications (Cloud Application Administrator), or as the azuread provider's documentation says.
        # Terraform stops where something with one of the names is there already, since anybody in the tenant could have
        # made it. If it is yours, look at its owners (and at a group's members), then `terraform import` it.
        terraform {
          required_version = ">= 1.3"
          required_providers {
            azuread = {
              source  = "hashicorp/azuread"
              version = ">= 3.0, < 4.0"
            }
          }
        }

        provider "azuread" {
          environment = "\(environment)"
        }

        data "azuread_client_config" "current" {}

        # Stands for the cluster: tokens are made for it.
        resource "azuread_application" "server" {
          display_name            = "\(name)"
          prevent_duplicate_names = true
          sign_in_audience        = "AzureADMyOrg"
          group_membership_claims = ["\(groupClaims)"]

          api {
            requested_access_token_version = \(Self.tokenVersion)

            oauth2_permission_scope {
              id                         = "\(Self.scopeID)"
              value                      = "\(Self.scope)"
              type                       = "User"
              enabled                    = true
              admin_consent_display_name = "\(Self.scopeText.title)"
              admin_consent_description  = "\(Self.scopeText.description)"
              user_consent_display_name  = "\(Self.scopeText.title)"
              user_consent_description   = "\(Self.scopeText.description)"
            }
          }

          optional_claims {
        \(Self.optionalClaims.map { "    access_token {\n      name = \"\($0)\"\n    }" }.joined(separator: "\n"))
          }
        \(appRoles.map(terraformRole).joined())
          lifecycle {
            ignore_changes = [identifier_uris]
          }
        }

        resource "azuread_application_identifier_uri" "server" {
          application_id = azuread_application.server.id
          identifier_uri = "api://${azuread_application.server.client_id}"
        }

        resource "azuread_service_principal" "server" {
          client_id = azuread_application.server.client_id
        }

        # Signs people in. It is public: there is no secret.
        resource "azuread_application" "client" {
          display_name                   = "\(clientName)"
          prevent_duplicate_names        = true
          sign_in_audience               = "AzureADMyOrg"
          fallback_public_client_enabled = true

          public_client {
            redirect_uris = ["\(Self.redirectURI)"]
          }

          required_resource_access {
            resource_app_id = azuread_application.server.client_id

            resource_access {
              id   = "\(Self.scopeID)"
              type = "Scope"
            }
          }
        }

        resource "azuread_service_principal" "client" {
          client_id = azuread_application.client.client_id
        }

        resource "azuread_application_pre_authorized" "client" {
          application_id       = azuread_application.server.id
          authorized_client_id = azuread_application.client.client_id
          permission_ids       = ["\(Self.scopeID)"]
        }
        \(withAzureCLI ? terraformAzureCLI : "")
        # Its members are admins of the cluster.
        resource "azuread_group" "admins" {
          display_name            = "\(groupName)"
          prevent_duplicate_names = true
          security_enabled        = true
        }
        \(addsCaller ? terraformCaller : "")\(onlyAssignedGroups ? terraformAssignment : "")\(withDirectory ? terraformDirectory : "")
        # On each control-plane node, as root.
        output "enable" {
          value = "\(terraformCommands[0])"
        }

        # For people, on one of these nodes, which has the files that it names.\(server == nil ? " Replace \(Self.exampleServer)\n# with the address at which people reach the API server." : "")
        output "kubeconfig" {
          value = "\(terraformCommands[1])"
        }

        output "client_id" {
          value = azuread_application.client.client_id
        }
        \(terraformNotes)
        """
    }

    private var terraformCommands: [String] {
        nextCommands(
            tenant: "${data.azuread_client_config.current.tenant_id}",
            audience: "${azuread_application.server.client_id}", group: "${azuread_group.admins.object_id}",
            client: "${azuread_application.client.client_id}")
    }

    private var environment: String {
        switch cloud {
        case .public: "global"
        case .usGovernment: "usgovernment"
        case .china: "china"
        }
    }

    private func terraformRole(_ value: String) -> String {
        """

          app_role {
            id                   = "\(Self.roleID(value))"
            value                = "\(value)"
            display_name         = "\(value)"
            description          = "Kubernetes: \(value)"
            enabled              = true
            allowed_member_types = [\(Self.roleMembers.map { "\"\($0)\"" }.joined(separator: ", "))]
          }

        """
    }

    private var terraformAzureCLI: String {
        """

        resource "azuread_application_pre_authorized" "azure_cli" {
          application_id       = azuread_application.server.id
          authorized_client_id = "\(Self.azureCLIAppID)"
          permission_ids       = ["\(Self.scopeID)"]
        }

        """
    }

    /// A resource of its own: the group's `members` would be the whole list, and would remove members who were added
    /// elsewhere.
    private var terraformCaller: String {
        """

        # Whoever applies this first is an admin. Other members stay, also when somebody else applies it.
        resource "azuread_group_member" "me" {
          group_object_id  = azuread_group.admins.object_id
          member_object_id = data.azuread_client_config.current.object_id

          lifecycle {
            ignore_changes = [member_object_id]
          }
        }

        """
    }

    private var terraformAssignment: String {
        """

        # Only groups that are assigned to the application come into its tokens.
        resource "azuread_app_role_assignment" "admins" {
          app_role_id         = "00000000-0000-0000-0000-000000000000"
          principal_object_id = azuread_group.admins.object_id
          resource_object_id  = azuread_service_principal.server.object_id
        }

        """
    }

    private var terraformDirectory: String {
        """

        # For reading only: who is in which group, and whether accounts are enabled.
        data "azuread_service_principal" "graph" {
          client_id = "\(Self.graphAppID)"
        }

        resource "azuread_application" "directory" {
          display_name            = "\(directoryName)"
          prevent_duplicate_names = true
          sign_in_audience        = "AzureADMyOrg"

          required_resource_access {
            resource_app_id = data.azuread_service_principal.graph.client_id

        \(Self.graphPermissions.map { permission in
            """
                resource_access {
                  id   = data.azuread_service_principal.graph.app_role_ids["\(permission)"]
                  type = "Role"
                }
            """
        }.joined(separator: "\n\n"))
          }
        }

        resource "azuread_service_principal" "directory" {
          client_id = azuread_application.directory.client_id
        }

        resource "azuread_app_role_assignment" "directory" {
          for_each            = toset([\(Self.graphPermissions.map { "\"\($0)\"" }.joined(separator: ", "))])
          app_role_id         = data.azuread_service_principal.graph.app_role_ids[each.key]
          principal_object_id = azuread_service_principal.directory.object_id
          resource_object_id  = data.azuread_service_principal.graph.object_id
        }

        # The secret stands in Terraform's state: keep that as safe as the secret.
        resource "azuread_application_password" "directory" {
          application_id = azuread_application.directory.id
          display_name   = "kube-entra"
        }

        output "directory_client_id" {
          value = azuread_application.directory.client_id
        }

        # (umask 077 && terraform output -raw directory_secret >secret)
        output "directory_secret" {
          value     = azuread_application_password.directory.value
          sensitive = true
        }

        """
    }

    private var terraformNotes: String {
        let lines = furtherSteps(clientID: "the output directory_client_id")
        return lines.isEmpty ? "" : "\n" + lines.map { $0.isEmpty ? "#\n" : "# \($0)\n" }.joined()
    }
}
