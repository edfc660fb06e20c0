/// Which program is called kubelogin, and its known faults.
struct KubeloginVersion: Hashable, Comparable, Sendable {
    var major: Int
    var minor: Int
    var patch: Int

    init(_ major: Int, _ minor: Int, _ patch: Int) {
        (self.major, self.minor, self.patch) = (major, minor, patch)
    }

    static func < (left: KubeloginVersion, right: KubeloginVersion) -> Bool {
        (left.major, left.minor, left.patch) < (right.major, right.minor, right.patch)
    }

    var text: String { "v\(major).\(minor).\(patch)" }

    /// What `--version` reveals about the program.
    enum Program: Hashable, Sendable {
        /// The kubelogin of github.com/Azure/kubelogin.
        case azure(KubeloginVersion)
        /// int128/kubelogin, which signs in to any OpenID Connect provider and has other arguments.
        case another
        case unknown
    }

    /// Reads the output of `kubelogin --version`. Azure's names the commit it was built from, the other's does not.
    static func program(in output: String) -> Program {
        if let start = output.split(separator: "git hash: v", maxSplits: 1, omittingEmptySubsequences: false)
            .dropFirst().first
        {
            let numbers = start.prefix { $0 == "." || $0.isASCII && $0.isNumber }.split(separator: ".").compactMap {
                Int($0)
            }
            guard numbers.count == 3 else { return .unknown }
            return .azure(KubeloginVersion(numbers[0], numbers[1], numbers[2]))
        }
        let words = output.split(whereSeparator: \.isWhitespace)
        guard words.count >= 3, words[0] == "kubelogin", words[1] == "version" else { return .unknown }
        return words[2].drop { $0 == "v" }.first?.isNumber == true ? .another : .unknown
    }

    /// A fault of released versions.
    struct Fault: Hashable, Sendable {
        var first: KubeloginVersion
        var last: KubeloginVersion
        /// The affected login methods; empty for all.
        var methods: [String]
        var onlyLegacy = false
        var sentence: String
        /// In the tracker of Azure/kubelogin.
        var issue: Int
    }

    /// Source: the issue tracker of Azure/kubelogin. The last version is the last one known to have the fault.
    static let faults = [
        Fault(
            first: .init(0, 0, 21), last: .init(0, 0, 21), methods: [],
            sentence: "fails without KUBERNETES_EXEC_INFO, so it cannot be run by hand", issue: 150),
        Fault(
            first: .init(0, 0, 30), last: .init(0, 0, 32), methods: ["spn"], onlyLegacy: true,
            sentence: "ignores --legacy, so the audience lacks spn:", issue: 331),
        Fault(
            first: .init(0, 2, 0), last: .init(0, 2, 7), methods: ["devicecode"],
            sentence: "does not show the device code", issue: 641),
        Fault(
            first: .init(0, 2, 0), last: .init(0, 2, 7), methods: [],
            sentence: "fails where there is no user keyring, as in containers", issue: 642),
        Fault(
            first: .init(0, 2, 4), last: .init(0, 2, 4), methods: ["azurecli"],
            sentence: "wants a --server-id when it converts a kubeconfig", issue: 633),
        Fault(
            first: .init(0, 2, 4), last: .init(0, 2, 5), methods: ["azurecli"],
            sentence: "fails without --tenant-id", issue: 636),
        Fault(
            first: .init(0, 2, 11), last: .init(0, 2, 11), methods: ["azurecli"],
            sentence: "fails where there is no user keyring, also without proof of possession", issue: 711),
    ]

    /// The faults of this version that affect a login method.
    func faults(method: String?, isLegacy: Bool) -> [Fault] {
        KubeloginVersion.faults.filter { fault in
            (fault.first...fault.last).contains(self) && (isLegacy || !fault.onlyLegacy)
                && (fault.methods.isEmpty || method.map(fault.methods.contains) ?? true)
        }
    }
}
