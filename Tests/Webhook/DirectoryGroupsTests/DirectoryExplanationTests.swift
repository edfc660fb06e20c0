import Entra
import HTTPSClient
import Testing

@testable import DirectoryGroups

@Suite struct DirectoryExplanationTests {
    struct Row: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var error: DirectoryError
        var credential = DirectoryCredential.clientSecretFile("/nowhere/secret")
        var hasProxy = false
        var explanation: DirectoryExplanation
    }

    private static let graph = "https://graph.example"
    private static let authority = "https://login.microsoftonline.com"
    private static let proxy = "proxy.example:3128 (from HTTPS_PROXY)"
    private static let wayOut = "if the way out is a proxy, set HTTPS_PROXY or signingKeys.proxy"
    private static let readable =
        "the webhook's user must be able to read the file; it is read again at the next attempt"

    private static func unreadable(_ field: String, _ path: String, _ problem: String) -> DirectoryExplanation {
        DirectoryExplanation(cause: "directory.\(field): \(path): \(problem)", hint: readable, file: path)
    }

    @Test(
        "a failure is explained with the address, the proxy or the file, and with what to do",
        arguments: [
            Row(
                testDescription: "Graph without a proxy", error: .graph(.connectionRefused),
                explanation: DirectoryExplanation(
                    cause: "Microsoft Graph: the connection was refused", hint: wayOut, address: graph)),
            Row(
                testDescription: "Graph through a proxy", error: .graph(.proxyUnreachable), hasProxy: true,
                explanation: DirectoryExplanation(
                    cause: "Microsoft Graph: the proxy cannot be reached", hint: "is the proxy the right one?",
                    address: graph, proxy: proxy)),
            Row(
                testDescription: "an answer that comes too late is a matter of the network", error: .deadline,
                explanation: DirectoryExplanation(
                    cause: DirectoryError.deadline.sentence, hint: wayOut, address: graph)),
            Row(
                testDescription: "a status of Graph names the proxy, which may be its author",
                error: .graph(.status(502)), hasProxy: true,
                explanation: DirectoryExplanation(
                    cause: DirectoryError.graph(.status(502)).sentence, address: graph, proxy: proxy)),
            Row(
                testDescription: "a token that cannot be fetched is about the authority", error: .token(.nameNotFound),
                explanation: DirectoryExplanation(
                    cause: "no token for Microsoft Graph: \(HTTPSError.nameNotFound.sentence)", hint: wayOut,
                    address: authority)),
            Row(
                testDescription: "a managed identity's token comes from the machine", error: .token(.connectTimeout),
                credential: .managedIdentity,
                explanation: DirectoryExplanation(
                    cause: "no token for Microsoft Graph: \(HTTPSError.connectTimeout.sentence)", hint: wayOut,
                    address: "http://169.254.169.254")),
            Row(
                testDescription: "a refused token names the credential's file", error: .tokenRefused(status: 401),
                explanation: DirectoryExplanation(
                    cause: DirectoryError.tokenRefused(status: 401).sentence, address: authority,
                    file: "/nowhere/secret")),
            Row(
                testDescription: "a secret that is not there", error: .secretUnreadable,
                explanation: unreadable("clientSecretFile", "/nowhere/secret", "there is no such file")),
            Row(
                testDescription: "a certificate that is not there", error: .secretUnreadable,
                credential: .clientCertificateFile("/nowhere/pem"),
                explanation: unreadable("clientCertificateFile", "/nowhere/pem", "there is no such file")),
            Row(
                testDescription: "a federated token that is a folder", error: .secretUnreadable,
                credential: .federatedTokenFile("/"),
                explanation: unreadable("federatedTokenFile", "/", "this is a folder, not a file")),
            Row(
                testDescription: "what Graph refuses says itself what to do", error: .forbidden,
                explanation: DirectoryExplanation(cause: DirectoryError.forbidden.sentence, address: graph)),
        ])
    func explains(_ row: Row) {
        var settings = DirectorySettings(clientID: nil, credential: row.credential)
        settings.graphEndpoint = Self.graph
        var configuration = DirectoryConfiguration(
            trust: TokenValidationRules(tenantID: .zero, audiences: []), settings: settings, groups: nil,
            graphClient: { () throws(HTTPSError) in throw .unreachable },
            authorityClient: { () throws(HTTPSError) in throw .unreachable })
        if row.hasProxy { configuration.proxyName = { _ in Self.proxy } }
        #expect(configuration.explanation(of: row.error) == row.explanation)
    }

    @Test("a line of the log has the next step behind an arrow, and only the fields that matter")
    func fields() {
        let whole = DirectoryExplanation(cause: "a", hint: "b", address: "c", proxy: "d", file: "e")
        #expect(text(whole) == ["cause": "a → b", "from": "c", "proxy": "d", "file": "e"])
        #expect(text(DirectoryExplanation(cause: "a")) == ["cause": "a"])
    }

    private func text(_ explanation: DirectoryExplanation) -> [String: String] {
        explanation.metadata.mapValues { "\($0)" }
    }
}
