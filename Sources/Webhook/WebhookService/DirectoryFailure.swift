import Addresses
import DirectoryGroups
import Entra
import Files
import HTTPSClient
import OpenSSL
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
        switch error {
        case .secretUnreadable: return failure(unreadableFile)
        case .token(let cause): return network("no token for Microsoft Graph from", tokenAddress, cause)
        case .graph(let cause): return network("Microsoft Graph at", configuration.graph, cause)
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

    private func network(_ start: String, _ address: String, _ cause: HTTPSError) -> CommandFailure {
        let url = HTTPSURL(address)
        let proxy = url.flatMap { KeySourceFactory.proxies(source.proxy).proxyName(for: $0) }
        let isOfProxy = proxy != nil && ["proxy", "dns"].contains(cause.label)
        return failure(
            "\(start) \(address): \(cause.sentence)" + (isOfProxy ? proxy.map { "; the proxy is \($0)" } ?? "" : ""),
            hint(cause, isThroughProxy: proxy != nil))
    }

    private func hint(_ cause: HTTPSError, isThroughProxy: Bool) -> String? {
        let byHand = isAboutNames ? ", or write the file by hand" : ""
        switch cause {
        case .status(404): return "are authority and directory.graphEndpoint right?"
        case .tls(.untrustedCertificate):
            return "does a proxy inspect TLS on the way? Name the CA of the certificate that it shows with authorityCA"
                + " and directory.graphCA"
        default:
            guard ["dns", "connect", "timeout", "proxy"].contains(cause.label) else { return nil }
            return isThroughProxy
                ? "is the proxy the right one?" + (isAboutNames ? " Otherwise write the file by hand" : "")
                : "if the way out is a proxy, set HTTPS_PROXY or signingKeys.proxy" + byHand
        }
    }

    private var tokenAddress: String {
        guard configuration.settings.credential == .managedIdentity else { return configuration.trust.authorityBase }
        return configuration.metadataService ?? "http://169.254.169.254"
    }

    /// The credential's field and file, and what is wrong with it.
    private var unreadableFile: String {
        let (field, path, content): (String, String, String)
        switch configuration.settings.credential {
        case .clientSecretFile(let file): (field, path, content) = ("clientSecretFile", file, "secret")
        case .clientCertificateFile(let file):
            (field, path, content) = ("clientCertificateFile", file, "certificate with its private key")
        case .federatedTokenFile(let file): (field, path, content) = ("federatedTokenFile", file, "token")
        case .managedIdentity: return DirectoryError.secretUnreadable.sentence
        }
        do throws(FileError) {
            _ = try FileIO.read(path)
            return "directory.\(field): \(path): the file holds no \(content)"
        } catch {
            return "directory.\(field): \(path): \(error.sentence)"
        }
    }
}
