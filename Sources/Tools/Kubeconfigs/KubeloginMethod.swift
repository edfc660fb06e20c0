/// kubelogin's login methods; the raw value is that of `--login`.
public enum KubeloginMethod: String, CaseIterable, Sendable {
    case devicecode, interactive, ropc, spn, msi, azurecli, azd, workloadidentity, azurepipelines

    /// Whether kubelogin's `--pop-enabled` has an effect with this method.
    public var makesProofs: Bool { [.interactive, .ropc, .spn].contains(self) }
}
