import Addresses
import Entra
import Files
import HTTPSClient
import Logging
import OpenSSL

/// Why a directory gave no answer, with the address, the proxy or the file in question, and what to do: for the log and
/// for commands.
public struct DirectoryExplanation: Hashable, Sendable {
    /// What is wrong; does not name the address or the proxy.
    public var cause: String
    /// What to do next; nil if the cause says it, or if nobody can tell.
    public var hint: String?
    /// Who was asked, or would have been; nil if the failure came before that.
    public var address: String?
    /// The proxy on the way there, and where it is configured; nil without one.
    public var proxy: String?
    /// The file of the application's credential; nil if the failure has nothing to do with it.
    public var file: String?

    /// The fields of a line of the log.
    var metadata: Logger.Metadata {
        var fields: Logger.Metadata = ["cause": "\(cause)\(hint.map { " → \($0)" } ?? "")"]
        if let address { fields["from"] = "\(address)" }
        if let proxy { fields["proxy"] = "\(proxy)" }
        if let file { fields["file"] = "\(file)" }
        return fields
    }
}

extension DirectoryConfiguration {
    /// Explains a failure.
    public func explanation(of error: DirectoryError) -> DirectoryExplanation {
        switch error {
        case .secretUnreadable:
            let file = credentialFile
            return DirectoryExplanation(
                cause: file?.problem ?? error.sentence,
                hint: (file?.isReadable == false ? "the webhook's user must be able to read the file" : "replace it")
                    + "; it is read again at the next attempt",
                file: file?.path)
        case .metadataServiceUnusable: return DirectoryExplanation(cause: error.sentence)
        case .token(let cause):
            return network("no token for Microsoft Graph: \(cause.sentence)", tokenAddress, cause)
        case .tokenRefused:
            return DirectoryExplanation(
                cause: error.sentence, address: tokenAddress, proxy: proxy(tokenAddress), file: credentialFile?.path)
        case .graph(let cause): return network(error.sentence, graph, cause)
        case .deadline: return network(error.sentence, graph, .deadline)
        case .unauthorized, .forbidden, .principalUnknown, .throttled, .malformed, .foreignNextLink, .tooMany, .busy,
            .circuitOpen:
            return DirectoryExplanation(cause: error.sentence, address: graph, proxy: proxy(graph))
        }
    }

    private func network(_ sentence: String, _ address: String, _ cause: HTTPSError) -> DirectoryExplanation {
        let proxy = proxy(address)
        return DirectoryExplanation(
            cause: sentence, hint: Self.hint(cause, isThroughProxy: proxy != nil), address: address, proxy: proxy)
    }

    private func proxy(_ address: String) -> String? { HTTPSURL(address).flatMap(proxyName) }

    /// What to do about a failure on the way to the directory.
    private static func hint(_ cause: HTTPSError, isThroughProxy: Bool) -> String? {
        switch cause {
        case .status(404): return "are authority and directory.graphEndpoint right?"
        case .tls(.untrustedCertificate):
            return "does a proxy inspect TLS on the way? Name the CA of the certificate that it shows with authorityCA"
                + " and directory.graphCA"
        default:
            guard ["dns", "connect", "timeout", "proxy"].contains(cause.label) else { return nil }
            return isThroughProxy
                ? "is the proxy the right one?" : "if the way out is a proxy, set HTTPS_PROXY or signingKeys.proxy"
        }
    }

    /// Where the application's token comes from.
    private var tokenAddress: String {
        guard settings.credential == .managedIdentity else { return trust.authorityBase }
        return metadataService ?? "http://169.254.169.254"
    }

    /// The credential's file, and what is wrong with its field; nil if the credential has no file.
    private var credentialFile: (path: String, problem: String, isReadable: Bool)? {
        let (field, path, content): (String, String, String)
        switch settings.credential {
        case .clientSecretFile(let file): (field, path, content) = ("clientSecretFile", file, "secret")
        case .clientCertificateFile(let file):
            (field, path, content) = ("clientCertificateFile", file, "certificate with its RSA private key")
        case .federatedTokenFile(let file): (field, path, content) = ("federatedTokenFile", file, "token")
        case .managedIdentity: return nil
        }
        do throws(FileError) {
            _ = try FileIO.read(path)
            return (path, "directory.\(field): \(path): the file holds no \(content)", true)
        } catch {
            return (path, "directory.\(field): \(path): \(error.sentence)", false)
        }
    }
}
