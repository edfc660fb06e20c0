public import Authentication
public import Configuration
import CredentialPlugin
public import DirectoryGroups
import Entra
import Files
import Glibc
import HTTPSClient
import Inspection
import Kubeconfigs
import OpenSSL
import SafeText
import Terminal
import Timestamps

/// Follows a sign-in step by step.
public struct Doctor {
    let attempt: SignInAttempt
    let configuration: WebhookConfiguration?
    let keyFile: String?
    /// What Microsoft Graph says about a principal now; returns nil if nobody is watched.
    let askDirectory: ((WatchInterest) -> DirectoryProbe?)?
    /// The findings so far.
    public internal(set) var report = DoctorReport()
    /// Seconds by which the API server's clock is ahead of this host's; nil if it did not say what time it has.
    private(set) var clockOffset: Int64?
    /// Whether Microsoft Graph did not answer, and the webhook refuses whom it does not hear about.
    var refusesInSilence = false
    /// Hints that `kubeconfig user --explain` wrote into the kubeconfig, if no configuration was passed.
    var hints: TokenHints?

    /// The time of the API server's clock, against which tokens are checked; this host's if it is unknown.
    var serverTime: Timestamp { Timestamp.now().adding(seconds: clockOffset ?? 0) }

    /// What the cluster accepts, as far as known: the passed configuration, else the hints in the kubeconfig.
    var knownConfiguration: WebhookConfiguration? { configuration ?? hints?.configuration }

    /// - Parameters:
    ///   - attempt: which sign-in to follow.
    ///   - configuration: the webhook's, if it is known here.
    ///   - keyFile: signing keys to verify the token with.
    ///   - askDirectory: asks Microsoft Graph as the webhook's watch does; nil to ask nobody.
    public init(
        _ attempt: SignInAttempt, configuration: WebhookConfiguration? = nil, keyFile: String? = nil,
        askDirectory: ((WatchInterest) -> DirectoryProbe?)? = nil
    ) {
        self.askDirectory = askDirectory
        self.attempt = attempt
        self.configuration = configuration
        self.keyFile = keyFile
    }

    /// Runs the steps until one makes the next ones pointless. Failures are part of ``report``.
    ///
    /// - Throws: `CommandFailure` if a file with keys, or one that the kubeconfig names, cannot be used.
    public mutating func examine() throws {
        guard let access = readKubeconfig() else { return }
        let server = reachServer(access)
        guard let token = try signIn(access) else {
            for step in [DoctorReport.StepName.token, .identity, .permissions] {
                report.add(step, .skipped, "there is no token")
            }
            return
        }
        report.secret = SecretFilter(token.text)
        try inspect(token, access: access)
        checkDirectory()
        guard let server else {
            for step in [DoctorReport.StepName.identity, .permissions] {
                report.add(step, .skipped, "the API server cannot be asked")
            }
            return
        }
        askServer(server, token: token.text, access: access)
        if clockOffset == nil, report.user != nil { report.believeServerAboutTime() }
    }

    // MARK: Kubeconfig

    mutating func readKubeconfig() -> KubeconfigAccess? {
        let home = getenv("HOME").map { String(cString: $0) }
        let variable = getenv("KUBECONFIG").map { String(cString: $0) }
        let paths = attempt.kubeconfig.map { [$0] } ?? Kubeconfig.paths(variable: variable, home: home)
        var files: [Kubeconfig] = []
        for path in paths {
            do {
                let bytes = try FileIO.read(path, maximumBytes: 4 << 20, waits: true)
                files.append(try Kubeconfig.parse(bytes, path: path))
            } catch FileError.missing where attempt.kubeconfig == nil {
                // kubectl skips files of the list that do not exist.
                continue
            } catch {
                let sentence =
                    (error as? FileError)?.sentence ?? (error as? KubeconfigError)?.sentence ?? "it cannot be read"
                noKubeconfig("\(path): \(sentence)", hint: nil)
                return nil
            }
        }
        guard !files.isEmpty else {
            noKubeconfig(
                paths.isEmpty
                    ? "there is no kubeconfig: neither KUBECONFIG nor HOME says where it would be"
                    : "there is no kubeconfig: \(paths.joined(separator: ", "))",
                hint: "ask the cluster's operator for one, or make it with `kube-entra kubeconfig user`")
            return nil
        }
        do throws(KubeconfigError) {
            let access = try Kubeconfig(merging: files).access(attempt.contextName)
            report.add(
                .kubeconfig, .passed,
                "context \(access.contextName), server \(access.cluster.server ?? ""), from \(access.cluster.file)")
            return access
        } catch {
            noKubeconfig(
                error.sentence, hint: "`kubectl config get-contexts` lists the contexts; choose one with --context")
            return nil
        }
    }

    private mutating func noKubeconfig(_ sentence: String, hint: String?) {
        report.couldNotCheck = true
        report.add(.kubeconfig, .failed, sentence, hint: hint)
    }

    // MARK: API server

    mutating func reachServer(_ access: KubeconfigAccess) -> APIServer? {
        let server: APIServer
        do throws(APIServer.Problem) {
            server = try APIServer(access, timeout: attempt.timeout)
        } catch {
            report.add(.apiServer, .failed, error.sentence, hint: error.hint)
            report.add(.clock, .skipped, "the API server was not asked")
            return nil
        }
        let before = Timestamp.now()
        let response: HTTPSResponse
        do throws(HTTPSError) {
            response = try server.send(.get, "/version")
        } catch {
            switch error {
            case .tls, .configuration: break
            default: report.couldNotCheck = true
            }
            report.add(
                .apiServer, .failed, "\(server.base): \(error.sentence)", hint: server.hint(for: error))
            report.add(.clock, .skipped, "the API server was not reached")
            return nil
        }
        let tls = response.connection.tlsVersion ?? "TLS"
        let time = "\(response.connection.total.milliseconds) ms"
        if response.status >= 500 {
            report.couldNotCheck = true
            report.add(
                .apiServer, .failed, "\(server.base) answered with status \(response.status)",
                hint: "is the control plane up? A load balancer in front of it may have answered")
        } else {
            let version = APIServer.version(response).map { "Kubernetes \($0)" } ?? "status \(response.status)"
            report.add(.apiServer, .passed, "\(version), \(tls), \(time)")
        }
        compareClocks(response, before: before)
        return response.status >= 500 ? nil : server
    }

    private mutating func compareClocks(_ response: HTTPSResponse, before: Timestamp) {
        guard let date = response.header("Date").flatMap({ Timestamp(httpDate: $0) }) else {
            report.add(.clock, .skipped, "the API server did not say what time it has")
            return
        }
        let now = Timestamp.now()
        // Any time between request and answer counts as equal, and the date has no fractions.
        let difference = date < before ? date.seconds(since: before) + 1 : date > now ? date.seconds(since: now) : 0
        clockOffset = difference
        if abs(difference) <= 60 {
            report.add(.clock, .passed, "the same as the API server's, to \(max(1, abs(difference))) s")
        } else {
            let span = RelativeTime.span(abs(difference))
            report.add(
                .clock, .warning,
                "this host's clock is \(span) \(difference > 0 ? "behind" : "ahead of") the API server's",
                hint: DoctorReport.clockHint)
        }
    }
}
