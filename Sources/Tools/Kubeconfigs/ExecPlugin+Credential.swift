extension ExecPlugin {
    /// What `kube-entra credential` runs, where this entry is one: the plugin behind `--`, and the hints that it is told.
    ///
    /// `kubeconfig user --explain` writes such entries. The plugin behind is run under the same rules as this one.
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
