/// What decides about the access of a tenant's principals.
///
/// A class, so that a decision doesn't copy every list of the policy.
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
