import DirectoryGroups
import HTTPSClient
import Terminal

/// Says to the user of a command why a directory gave no answer, with the file, the host or the proxy in question.
struct DirectoryFailure {
    let source: DirectorySource
    /// The directory as it was asked.
    let configuration: DirectoryConfiguration
    /// Whether names were asked for, rather than a principal's groups.
    let isAboutNames: Bool

    /// The failure of the command.
    func explained(_ error: (any Error)?) -> CommandFailure {
        guard let error = error as? DirectoryError else { return failure("Microsoft Graph cannot be asked") }
        let explanation = configuration.explanation(of: error)
        switch error {
        case .secretUnreadable: return failure(explanation.cause)
        case .token(let cause): return network("no token for Microsoft Graph from", cause, explanation)
        case .graph(let cause): return network("Microsoft Graph at", cause, explanation)
        case .principalUnknown where isAboutNames:
            return failure(
                "Microsoft Graph at \(configuration.graph): there is nothing that answers about names (status 404)",
                "is directory.graphEndpoint right?")
        case .forbidden where isAboutNames:
            return failure(
                "Microsoft Graph refuses: grant the application Directory.Read.All, or GroupMember.Read.All with"
                    + " User.Read.All and Application.Read.All, and admin consent")
        default: return failure(error.sentence)
        }
    }

    private func failure(_ sentence: String, _ hint: String? = nil) -> CommandFailure {
        CommandFailure("tenant \(source.tenantID): \(sentence)", hint: hint)
    }

    private func network(_ start: String, _ cause: HTTPSError, _ explanation: DirectoryExplanation) -> CommandFailure {
        let isOfProxy = ["proxy", "dns"].contains(cause.label)
        return failure(
            "\(start) \(explanation.address ?? ""): \(cause.sentence)"
                + (isOfProxy ? explanation.proxy.map { "; the proxy is \($0)" } ?? "" : ""),
            hint(cause, explanation))
    }

    private func hint(_ cause: HTTPSError, _ explanation: DirectoryExplanation) -> String? {
        guard isAboutNames, let hint = explanation.hint, ["dns", "connect", "timeout", "proxy"].contains(cause.label)
        else { return explanation.hint }
        return explanation.proxy == nil
            ? hint + ", or write the file by hand" : hint + " Otherwise write the file by hand"
    }
}
