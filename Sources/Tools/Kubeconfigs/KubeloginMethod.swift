/// kubelogin's login methods; the raw value is that of `--login`.
public enum KubeloginMethod: String, CaseIterable, Sendable {
    case devicecode, interactive, ropc, spn, msi, azurecli, azd, workloadidentity, azurepipelines

    /// Whether a person signs in, with a client application that has no credential of its own.
    public var signsInPeople: Bool { [.devicecode, .interactive, .ropc].contains(self) }

    /// Whether kubelogin's `--pop-enabled` has an effect with this method.
    public var makesProofs: Bool { [.interactive, .ropc, .spn].contains(self) }
}
