/// What Talos Linux' machine configuration needs to call the webhook. Talos has no files of its own to name, so the
/// kubeconfig must hold its certificates.
///
/// Source: Talos documentation, "KubeAuthenticationWebhookConfig" (1.15) and "Config: machine.files,
/// cluster.apiServer" (up to 1.14). Not run.
public struct TalosDocument: Sendable {
    /// The form of a release of Talos.
    public enum Form: Hashable, Sendable {
        /// Up to 1.14: a file, flags and a mount in the machine configuration.
        case machineConfiguration
        /// Since 1.15: a document for exactly this, beside which the flags are refused.
        case webhookDocument

        /// Reads a release, such as `1.13`, `v1.15` or `1.15.2`; nil for what is none.
        public init?(release text: String) {
            let parts = (text.hasPrefix("v") ? text.dropFirst() : Substring(text)).split(
                separator: ".", omittingEmptySubsequences: false)
            guard (2...3).contains(parts.count),
                parts.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy { (48...57).contains($0) } }),
                parts[0] == "1", let minor = Int(parts[1])
            else { return nil }
            self = minor >= 15 ? .webhookDocument : .machineConfiguration
        }
    }

    public var form: Form
    /// A kubeconfig with certificates and key inside.
    public var kubeconfig: String

    public init(form: Form, kubeconfig: String) {
        self.form = form
        self.kubeconfig = kubeconfig
    }

    /// A document of its own, or a patch of the machine configuration; both are what `talosctl` takes as `--patch`.
    public var text: String {
        switch form {
        case .webhookDocument:
            """
            # A document of the machine configuration: talosctl patch machineconfig --patch @THIS FILE
            apiVersion: v1alpha1
            kind: KubeAuthenticationWebhookConfig
            version: v1
            cacheTTL: 2m0s
            kubeconfig: |
            \(indented(2))

            """
        case .machineConfiguration:
            """
            # A patch of the machine configuration: talosctl patch machineconfig --patch @THIS FILE
            # kube-apiserver does not run as root there, so the file must be readable by others than its owner.
            machine:
              files:
                - path: /var/etc/kube-entra/webhook.yaml
                  op: create
                  permissions: 0o644
                  content: |
            \(indented(8))
            cluster:
              apiServer:
                extraArgs:
                  authentication-token-webhook-config-file: /var/etc/kube-entra/webhook.yaml
                  authentication-token-webhook-version: v1
                extraVolumes:
                  - hostPath: /var/etc/kube-entra
                    mountPath: /var/etc/kube-entra
                    readonly: true

            """
        }
    }

    private func indented(_ columns: Int) -> String {
        let space = String(repeating: " ", count: columns)
        return kubeconfig.split(separator: "\n").map { space + $0 }.joined(separator: "\n")
    }
}
