import YAML

/// Files that people pass to commands instead of a configuration.
enum ForeignDocument {
    case kubeconfig
    case policySuite
    case aksProfile
    case tokenHints
    case kubernetesObject(kind: String)

    /// Nil for anything that may be a configuration with mistakes.
    init?(_ root: YAMLNode) {
        guard let members = root.mapping else { return nil }
        let names = Set(members.compactMap(\.key.text))
        let kind = root["kind"]?.text
        guard kind != "TokenHints" else {
            self = .tokenHints
            return
        }
        guard !names.contains("tenants"), kind != "WebhookConfiguration" else { return nil }
        if names.isSuperset(of: ["clusters", "contexts"]) || (kind == "Config" && names.contains("clusters")) {
            self = .kubeconfig
        } else if names.contains("tests"), kind == nil {
            self = .policySuite
        } else if names.contains("aadProfile") || names.contains("aad_profile")
            || root["properties"]?["aadProfile"] != nil || names.contains("adminGroupObjectIDs")
        {
            self = .aksProfile
        } else if let kind, let version = root["apiVersion"]?.text, !version.utf8.starts(with: "kube-entra.dev/".utf8),
            !names.contains("server")
        {
            let isName = kind.utf8.allSatisfy { (65...90).contains($0) || (97...122).contains($0) }
            self = .kubernetesObject(kind: isName && kind.utf8.count <= 63 ? kind : "")
        } else {
            return nil
        }
    }

    var sentence: String {
        switch self {
        case .kubeconfig:
            "this is a kubeconfig, not the webhook's configuration; `kube-entra config init` writes one, and"
                + " `kube-entra doctor --kubeconfig` explains a kubeconfig"
        case .policySuite:
            "this is a policy suite, not the webhook's configuration; `kube-entra policy test --config FILE SUITE` runs"
                + " suites"
        case .aksProfile:
            "this is an AKS cluster's profile, not the webhook's configuration; `kube-entra config import-aks`"
                + " translates it"
        case .tokenHints:
            "this is a file of hints already, not the webhook's configuration from which `kube-entra config hints` makes"
                + " one"
        case .kubernetesObject(let kind):
            "this is a Kubernetes object\(kind.isEmpty ? "" : " (\(kind))"), not the webhook's configuration; it begins"
                + " with apiVersion: kube-entra.dev/v1 and kind: WebhookConfiguration"
        }
    }
}
