/// kubelogin's ways to sign in.
public enum KubeloginMethod: String, CaseIterable, Sendable {
    case devicecode, interactive, ropc, spn, msi, azurecli, azd, workloadidentity, azurepipelines

    /// Whether kubelogin's `--pop-enabled` does anything there.
    public var makesProofs: Bool { [.interactive, .ropc, .spn].contains(self) }
}
