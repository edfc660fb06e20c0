import Kubeconfigs

extension Doctor {
    /// Reports known faults of the installed kubelogin; nothing if its version is unknown.
    mutating func checkProgram(_ path: String, plugin: ExecPlugin, method: String?) {
        let process = PluginProcess(
            path: path, arguments: ["--version"], environment: [], isInteractive: false, timeout: .seconds(3),
            passesMessagesOn: false)
        let result = process.run()
        guard result.failure == nil else { return }
        switch KubeloginVersion.program(in: String(decoding: result.output, as: UTF8.self) + result.said) {
        case .unknown: break
        case .another:
            report.add(
                .method, .failed,
                "the kubelogin that is installed is another program of the same name (int128/kubelogin): it does not"
                    + " know Entra's arguments",
                hint: "install Azure's, \(KubeloginSignIn.address), and put it first in PATH or name its full path"
                    + " in the kubeconfig")
        case .azure(let version):
            let isLegacy = plugin.arguments.contains { $0.hasPrefix("--legacy") }
            for fault in version.faults(method: method, isLegacy: isLegacy) {
                report.add(
                    .method, .warning,
                    "kubelogin \(version.text) \(fault.sentence) (Azure/kubelogin#\(fault.issue))",
                    hint: "install a newer kubelogin")
            }
        }
    }
}
