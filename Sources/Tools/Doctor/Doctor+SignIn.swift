import CredentialPlugin
import Entra
import Files
import Glibc
import Jansson
import Kubeconfigs
import SafeText

/// A token and the plugin that returned it.
struct PluginToken {
    var text: String
    var plugin: ExecPlugin?
}

extension Doctor {
    /// Gets a token as kubectl does. Nil after a step that says why there is none.
    mutating func signIn(_ access: KubeconfigAccess) throws -> PluginToken? {
        let user = access.user
        if let provider = user.authProvider {
            noSignIn(
                "the user has the auth-provider \(provider.name)"
                    + (provider.name == "azure"
                        ? ", which kubectl does not know since 1.26" : ", which is not Entra's"),
                hint: AuthProviderAdvice.hint(provider, kubeconfig: user.file, configuration: configuration))
            return nil
        }
        if let name = user.impersonates {
            report.add(
                .method, .warning, "requests are made in the name of \(name)",
                hint: "`as` in the kubeconfig; doctor asks as the user itself")
        }
        if user.clientCertificate != nil, user.token != nil || user.tokenFile != nil || user.plugin != nil {
            report.add(
                .method, .warning, "the user has a client certificate as well, and the API server prefers it",
                hint: "remove client-certificate from the user, so that Entra decides who it is")
        }
        if user.tokenFile != nil || user.token != nil { return staticToken(user) }
        if let plugin = user.plugin {
            guard let behind = plugin.behindCredential else { return try run(plugin, access: access) }
            if configuration == nil, let text = behind.hints { hints = Doctor.hints(text) }
            return try run(behind.plugin, access: access)
        }
        if user.clientCertificate != nil {
            noSignIn(
                "the user signs in with a client certificate, so Entra and the webhook are never asked",
                hint: "choose a context whose user signs in with kubelogin; `kube-entra kubeconfig user` makes one")
        } else if user.username != nil {
            noSignIn("the user has a name and a password, which API servers do not know since 1.19", hint: nil)
        } else {
            noSignIn(
                "the user has no way to sign in",
                hint: "give it an exec plugin; `kube-entra kubeconfig user` makes such a kubeconfig")
        }
        return nil
    }

    /// Hints in a kubeconfig, or in a file that it names; nil if they cannot be read.
    private static func hints(_ text: String) -> TokenHints? {
        let isJSON = text.drop(while: \.isWhitespace).first == "{"
        guard let bytes = isJSON ? Array(text.utf8) : try? FileIO.read(text) else { return nil }
        return try? TokenHints(decoding: bytes)
    }

    private mutating func noSignIn(_ sentence: String, hint: String?) {
        report.add(.method, .failed, sentence, hint: hint)
        report.add(.plugin, .skipped, "there is no plugin to run")
    }

    private mutating func staticToken(_ user: KubeconfigUser) -> PluginToken? {
        var text = user.token ?? ""
        if let path = user.tokenFile {
            do throws(FileError) {
                text = String(decoding: try FileIO.read(path), as: UTF8.self)
            } catch {
                noSignIn("tokenFile \(path): \(error.sentence)", hint: "correct tokenFile in the kubeconfig")
                return nil
            }
        }
        while text.last?.isWhitespace == true { text.removeLast() }
        while text.first?.isWhitespace == true { text.removeFirst() }
        guard Doctor.isSendable(text) else {
            noSignIn("the token has characters that no token has", hint: "copy it again, in one line")
            return nil
        }
        report.add(
            .method, .warning, "the user has a fixed token, which ends when it expires",
            hint: "an exec plugin gets new ones: `kube-entra kubeconfig user`")
        report.add(.plugin, .skipped, "a fixed token needs no plugin")
        return PluginToken(text: text, plugin: nil)
    }

    /// Whether nothing in the token could end a header line.
    static func isSendable(_ token: String) -> Bool {
        !token.isEmpty && token.utf8.allSatisfy { $0 > 32 && $0 < 127 }
    }

    // MARK: Plugin

    private mutating func run(_ plugin: ExecPlugin, access: KubeconfigAccess) throws -> PluginToken? {
        if let refusal = plugin.refusal(hasTerminal: attempt.hasTerminal) {
            noSignIn(refusal.sentence, hint: refusal.hint)
            return nil
        }
        let name = plugin.command.split(separator: "/").last.map(String.init) ?? plugin.command
        let advice = KubeloginAdvice(plugin: plugin, configuration: knownConfiguration)
        let login = plugin.isKubelogin ? advice.method : nil
        let findings = plugin.isKubelogin ? advice.findings : []
        // The plugin runs anyway, because its own messages may help too.
        for finding in findings { report.add(.method, .failed, finding.sentence, hint: finding.hint) }
        if findings.isEmpty {
            report.add(.method, .passed, "by the plugin \(name)" + (login.map { ", \($0)" } ?? ""))
        }
        guard let path = try? ChildProcess.find(plugin.command) else {
            report.add(
                .plugin, .failed, "\(name) is not installed, or not in PATH",
                hint: plugin.installHint?.split(separator: "\n").first.map(String.init)
                    ?? KubeloginSignIn.installHint)
            return nil
        }
        if plugin.isKubelogin { checkProgram(path, plugin: plugin, method: login) }
        let process = PluginProcess(
            path: path, arguments: plugin.arguments,
            environment: plugin.environment.map { (name: $0.name, value: $0.value) } + [
                (name: "KUBERNETES_EXEC_INFO", value: try request(plugin, access: access))
            ], isInteractive: plugin.isInteractive(hasTerminal: attempt.hasTerminal), timeout: attempt.pluginTimeout)
        let result = process.run()
        if let failure = result.failure {
            report.add(
                .plugin, .failed, "\(name) \(sentence(failure))", hint: hint(result, plugin: plugin, failure: failure))
            return nil
        }
        return credential(result.output, plugin: plugin, name: name)
    }

    private mutating func credential(_ output: [UInt8], plugin: ExecPlugin, name: String) -> PluginToken? {
        do throws(ExecCredentialProblem) {
            let credential = try ExecCredential(decoding: output, apiVersion: plugin.apiVersion)
            guard let token = credential.token else {
                report.add(
                    .plugin, .failed, "\(name) gave a client certificate and no token", hint: "is it the right plugin?")
                return nil
            }
            guard Doctor.isSendable(token) else {
                report.add(.plugin, .failed, "\(name) gave a token with characters that no token has")
                return nil
            }
            report.add(.plugin, .passed, "\(name) gave a token")
            return PluginToken(text: token, plugin: plugin)
        } catch {
            let isMissing = plugin.isKubelogin && plugin.arguments.first != "get-token"
            report.add(
                .plugin, .failed, "\(name): \(error.sentence)",
                hint: isMissing ? "the first of args must be get-token" : "run it by hand and look at what it prints")
            return nil
        }
    }

    private func request(_ plugin: ExecPlugin, access: KubeconfigAccess) throws -> String {
        var cluster: JSON?
        if plugin.providesClusterInfo {
            var members: [(String, JSON)] = [("server", JSON(access.cluster.server))]
            if let name = access.cluster.tlsServerName { members.append(("tls-server-name", .string(name))) }
            if let authority = access.cluster.authority {
                let bytes = try authority.bytes("certificate-authority", of: access.cluster.file)
                members.append(("certificate-authority-data", .string(Base64.encode(bytes))))
            }
            if access.cluster.skipsVerification { members.append(("insecure-skip-tls-verify", .bool(true))) }
            if let proxy = access.cluster.proxyURL { members.append(("proxy-url", .string(proxy))) }
            members.append(("config", access.cluster.pluginConfiguration ?? .null))
            cluster = .object(members)
        }
        return ExecCredential.request(
            apiVersion: plugin.apiVersion, isInteractive: plugin.isInteractive(hasTerminal: attempt.hasTerminal),
            cluster: cluster)
    }

    private func sentence(_ failure: PluginProcess.Failure) -> String {
        switch failure {
        case .notFound: "cannot be started: a program that it needs is missing"
        case .cannotStart(let code): "cannot be started: \(String(cString: strerror(code)))"
        case .exited(let status): "ended with status \(status)"
        case .killed(let signal): "was ended by signal \(signal)"
        case .timedOut: "took longer than \(attempt.pluginTimeout.components.seconds) s"
        case .tooMuchOutput: "printed more than any credential is long"
        }
    }

    private func hint(
        _ result: PluginProcess.Result, plugin: ExecPlugin, failure: PluginProcess.Failure
    ) -> String? {
        if let code = SignInError.code(in: result.said) {
            guard let advice = SignInError.advice(code) else {
                return "Entra refused with \(code): \(SignInError.lookUp)"
            }
            return "Entra refused with \(code), \(advice.meaning): \(advice.hint)"
        }
        let method = plugin.isKubelogin ? KubeloginAdvice(plugin: plugin, configuration: configuration).method : nil
        switch (failure, method) {
        case (.timedOut, _): return "did it wait for somebody? Run it by hand, or sign in with --login azurecli"
        case (.exited, "interactive"):
            return "it needs a browser on this host; --login devicecode does not. What it said stands above"
        case (.exited, "azurecli"): return "what it said stands above; `az login` signs the Azure CLI in again"
        case (.exited, "azd"): return "what it said stands above; `azd auth login` signs it in again"
        case (.exited, "msi"):
            return
                "a managed identity is there on Azure's machines only; elsewhere use --login devicecode or spn. What it"
                + " said stands above"
        case (.exited, _): return "what it said stands above; `kubelogin remove-cache-dir` forgets earlier sign-ins"
        case (.cannotStart, _): return "is it a program for this kind of machine?"
        default: return nil
        }
    }
}
