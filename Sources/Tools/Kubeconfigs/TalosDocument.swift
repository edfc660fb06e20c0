/// The part of Talos Linux' machine configuration that calls the webhook. The kubeconfig must contain its certificates,
/// because Talos has no files to name.
///
/// Source: Talos documentation, "KubeAuthenticationWebhookConfig" (1.15) and "Config: machine.files, cluster.apiServer"
/// (up to 1.14), and Talos' issue 14394, "KubeAPIServerConfig is missing extraVolumes". Not tested on a real node.
public struct TalosDocument: Sendable {
    /// The form that a Talos release needs.
    public enum Form: Hashable, Sendable {
        /// Up to 1.14: a file, flags and a mount in the machine configuration.
        case machineConfiguration
        /// Since 1.15: a separate document; the flags are then rejected.
        case webhookDocument

        /// Reads a release, such as `1.13`, `v1.15` or `1.15.2`; nil for anything else.
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

    /// The form to write.
    public var form: Form
    /// A kubeconfig that contains its certificates and key.
    public var kubeconfig: String

    public init(form: Form, kubeconfig: String) {
        self.form = form
        self.kubeconfig = kubeconfig
    }

    /// A separate document, or a patch of the machine configuration; `talosctl` accepts both as `--patch`.
    public var text: String {
        switch form {
        case .webhookDocument:
            """
            # A document of the machine configuration: talosctl patch machineconfig --patch @THIS FILE
            # For Talos 1.15 and later; `--talos-version 1.14` writes what earlier releases take.
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
            # For Talos up to 1.14; `--talos-version 1.15` writes what later releases take.
            # Talos 1.14 refuses it beside a KubeAPIServerConfig document, which cannot mount files: see deploy/kubeadm.
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
        // Comments are left out, because they name flags, which Talos sets itself.
        let lines = kubeconfig.split(separator: "\n").filter { !$0.hasPrefix("#") }
        return lines.map { space + $0 }.joined(separator: "\n")
    }
}
