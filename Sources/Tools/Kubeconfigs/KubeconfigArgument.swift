public import Terminal

/// Checks of the values of `kubeconfig user` and `kubeconfig webhook`.
public enum KubeconfigArgument {
    /// - Parameter example: an address of the right form.
    /// - Throws: ``UsageProblem`` unless it is an `https://` address that kube-apiserver or kubectl could use.
    public static func checkServer(_ server: String, example: String) throws(UsageProblem) {
        guard KubeconfigText.isHTTPS(server) else {
            throw UsageProblem("--server must be an address such as \(example)")
        }
    }

    /// - Throws: ``UsageProblem`` if a value is empty, or has characters that cannot be seen.
    public static func checkPrintable(_ value: String?, option: String) throws(UsageProblem) {
        guard value.map(KubeconfigText.isPrintable) ?? true else {
            throw UsageProblem("\(option) is empty or has characters that a kubeconfig cannot hold")
        }
    }

    /// - Throws: ``UsageProblem`` if a path is empty, or has characters that cannot be seen.
    public static func checkPaths(_ paths: [String?]) throws(UsageProblem) {
        for path in paths { try checkPrintable(path, option: "a path") }
    }
}
