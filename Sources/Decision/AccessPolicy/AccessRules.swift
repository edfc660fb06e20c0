/// The rules for the access of one tenant's principals.
///
/// A class, so that passing them on is one reference and not a copy of every list.
package final class AccessRules: Sendable {
    /// The tenant's own rules.
    package let tenant: TenantPolicy
    /// The rules that all tenants share.
    package let kubernetes: KubernetesPolicy

    package init(tenant: TenantPolicy, kubernetes: KubernetesPolicy) {
        self.tenant = tenant
        self.kubernetes = kubernetes
    }
}
