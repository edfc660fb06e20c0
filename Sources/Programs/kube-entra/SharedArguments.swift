public import ArgumentParser
public import Configuration
public import Entra
public import Installation
public import Kubeconfigs
public import Logging
public import Terminal

/// Help texts of options that several commands have.
extension ArgumentHelp {
    static let config = ArgumentHelp("The webhook's configuration.", valueName: "file")
    static let cluster = ArgumentHelp("RBAC objects: a file, a folder or -. Repeatable.", valueName: "path")
    static let keys = ArgumentHelp("A JWK set, or what `keys fetch` wrote.", valueName: "file")
    static let kubeconfig = ArgumentHelp("Default: KUBECONFIG, else ~/.kube/config.", valueName: "file")
    static let context = ArgumentHelp("Default: the current context.", valueName: "name")
    static let tenantID = ArgumentHelp("The tenant's ID.", valueName: "id")
    static let cloud: ArgumentHelp = "The tenant's cloud."
    static let authority = ArgumentHelp("Another https:// base than the cloud's.", valueName: "url")
    static let audience = ArgumentHelp("The server application's ID. Repeatable.", valueName: "id")
    static let adminGroup = ArgumentHelp(
        "Object ID of a group whose members are admins. Repeatable.", valueName: "id")
    static let decisionTime = ArgumentHelp("Judge as of that time (RFC 3339); default: now.", valueName: "time")
    static let emergencyTime = ArgumentHelp(
        "Emergency access counts as of that time (RFC 3339); default: now.", valueName: "time")
    static let output: ArgumentHelp = "How the result is written."
}

/// Runs a module's check of arguments, whose problem becomes the parser's own error: exit status 64.
@discardableResult
func checked<Result>(_ check: () throws -> Result) throws -> Result {
    do {
        return try check()
    } catch let problem as UsageProblem {
        throw ValidationError(problem.sentence)
    }
}

extension ExitCode {
    /// The check ran, and the answer is no.
    static let no = ExitCode(CommandFailure.Status.no.rawValue)
    /// The check could not run.
    static let cannot = ExitCode(CommandFailure.Status.cannot.rawValue)
}

extension OutputFormat: ExpressibleByArgument {}
extension DiffFormat: ExpressibleByArgument {}
extension LintFormat: ExpressibleByArgument {}
extension Cloud: ExpressibleByArgument {}
extension ConfigurationTemplate.Deployment: ExpressibleByArgument {}
extension Logger.Level: @retroactive ExpressibleByArgument {}
extension Distribution: ExpressibleByArgument {}
extension KubeloginMethod: ExpressibleByArgument {}
extension UserKubeconfigOptions.Form: ExpressibleByArgument {}
