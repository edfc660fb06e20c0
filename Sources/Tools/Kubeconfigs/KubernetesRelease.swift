/// A release of Kubernetes, without the number of its patch.
public struct KubernetesRelease: Comparable, Sendable {
    /// The first number.
    public var major: Int
    /// The second number.
    public var minor: Int

    /// For example `KubernetesRelease(1, 34)`.
    public init(_ major: Int, _ minor: Int) {
        self.major = major
        self.minor = minor
    }

    /// Reads a version such as `1.34`, `v1.34.2` or `v1.34.2+k3s1`. Nil for anything else.
    public init?(_ version: String) {
        let parts = (version.hasPrefix("v") ? version.dropFirst() : Substring(version)).split(
            separator: ".", omittingEmptySubsequences: false)
        guard parts.count >= 2, let major = Int(parts[0]), let minor = Int(parts[1].prefix { $0.isNumber }),
            major >= 0, minor >= 0
        else { return nil }
        self.init(major, minor)
    }

    /// Older releases come first.
    public static func < (left: KubernetesRelease, right: KubernetesRelease) -> Bool {
        (left.major, left.minor) < (right.major, right.minor)
    }
}
