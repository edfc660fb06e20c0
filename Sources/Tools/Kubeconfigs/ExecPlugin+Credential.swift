extension ExecPlugin {
    /// For an entry that runs `kube-entra credential`: the plugin after `--`, and the hints. Nil for other entries.
    ///
    /// `kubeconfig user --explain` writes such entries. The inner plugin runs under the same rules as this one.
    public var behindCredential: (plugin: ExecPlugin, hints: String?)? {
        let name = command.split { $0 == "/" || $0 == "\\" }.last ?? ""
        guard name == "kube-entra" || name == "kube-entra.exe", arguments.first == "credential",
            let end = arguments.firstIndex(of: "--"), end + 1 < arguments.count
        else { return nil }
        var own = self
        own.arguments = Array(arguments[..<end])
        var plugin = self
        plugin.command = arguments[end + 1]
        plugin.arguments = Array(arguments[(end + 2)...])
        return (plugin, own.option("--hints"))
    }
}
