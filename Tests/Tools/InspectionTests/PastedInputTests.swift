import Entra
import Inspection
import Jansson
import TestSupport
import Testing

/// What people paste into `inspect`, as the report describes it.
@Suite struct PastedInputTests {
    private static func report(_ input: [UInt8], isConfigured: Bool = true) throws -> InspectionReport {
        InspectionReport(
            TokenInput(input), settings: isConfigured ? TestTenant.aloneSettings() : nil,
            keys: isConfigured ? try TestTenant.ownKeys() : nil, now: TestTokens.now)
    }

    struct Wrapping: Sendable, CustomTestStringConvertible {
        let name: String
        let wrap: @Sendable (String) -> String
        /// What the report says that the token was in.
        var origin: String?
        var note: String?
        var testDescription: String { name }
    }

    private static func broken(_ token: String, by end: String) -> String {
        var text = ""
        for (index, character) in token.enumerated() {
            text += (index > 0 && index % 80 == 0 ? end : "") + "\(character)"
        }
        return text
    }

    private static let header = "an Authorization header"

    @Test(
        "a token is found and accepted in every wrapping",
        arguments: [
            Wrapping(name: "alone", wrap: { $0 }),
            Wrapping(name: "white space around", wrap: { "\n  \($0) \r\n\n" }),
            Wrapping(
                name: "line breaks of a terminal", wrap: { broken($0, by: "\n") },
                note: "line breaks"),
            Wrapping(
                name: "line breaks and indentation", wrap: { broken($0, by: "\r\n    ") }, note: "line breaks"),
            Wrapping(name: "Bearer", wrap: { "Bearer \($0)" }, origin: header),
            Wrapping(name: "bearer, two spaces", wrap: { "bearer  \($0)\n" }, origin: header),
            Wrapping(name: "a header", wrap: { "Authorization: Bearer \($0)" }, origin: header),
            Wrapping(name: "a header in other case", wrap: { "AUTHORIZATION: BEARER \($0)" }, origin: header),
            Wrapping(name: "a header in a curl command", wrap: { "-H 'Authorization: Bearer \($0)'" }, origin: header),
            Wrapping(name: "a header in curl's output", wrap: { "> Authorization: Bearer \($0)" }, origin: header),
            Wrapping(name: "quotation marks", wrap: { "\"\($0)\"" }, origin: "quotation marks"),
            Wrapping(name: "apostrophes", wrap: { "'\($0)'\n" }, origin: "quotation marks"),
            Wrapping(name: "a line of JSON", wrap: { #"  "token": "\#($0)","# }, origin: "a field named token"),
            Wrapping(
                name: "ExecCredential",
                wrap: {
                    #"{"kind": "ExecCredential", "apiVersion": "client.authentication.k8s.io/v1beta1", "spec": "#
                        + #"{"interactive": false}, "status": {"expirationTimestamp": "2026-01-01T00:00:00Z", "#
                        + #""token": "\#($0)"}}"#
                }, origin: "an ExecCredential"),
            Wrapping(
                name: "MSAL's cache: the token of the cluster, which expires last",
                wrap: {
                    """
                    {"AccessToken": {
                       "a": {"credential_type": "AccessToken", "secret": "old.old.old", "expires_on": "100"},
                       "b": {"credential_type": "AccessToken", "secret": "\($0)", "expires_on": "200",
                             "target": "\(TestTenant.audience)/.default"}},
                     "RefreshToken": {"r": {"credential_type": "RefreshToken", "secret": "0.AXoAxxxxxxxx"}},
                     "IdToken": {"i": {"credential_type": "IdToken", "secret": "id.id.id"}},
                     "Account": {}, "AppMetadata": {}}
                    """
                }, origin: "a token cache"),
            Wrapping(
                name: "kubelogin's cache of ADAL times",
                wrap: {
                    #"{"access_token": "\#($0)", "refresh_token": "0.AXoAxxxx", "expires_in": "3599", "#
                        + #""expires_on": "1605", "not_before": "1600", "token_type": "Bearer", "resource": "x"}"#
                }, origin: "a token cache"),
            Wrapping(
                name: "az account get-access-token",
                wrap: {
                    #"{"accessToken": "\#($0)", "expiresOn": "2026-01-01 00:00:00.000000", "expires_on": 1767225600, "#
                        + #""subscription": "s", "tenant": "\#(TestTenant.id)", "tokenType": "Bearer"}"#
                }, origin: "the Azure CLI's output"),
            Wrapping(
                name: "the Azure CLI's old file",
                wrap: { #"[{"accessToken": "\#($0)", "expiresOn": "2020-01-01", "refreshToken": "x"}]"# },
                origin: "the Azure CLI's output"),
            Wrapping(
                name: "the token endpoint's answer",
                wrap: {
                    #"{"token_type": "Bearer", "scope": "x", "expires_in": 3599, "access_token": "\#($0)", "#
                        + #""id_token": "a.b.c"}"#
                }, origin: "a token endpoint's answer"),
            Wrapping(
                name: "a TokenReview", wrap: { #"{"kind": "TokenReview", "spec": {"token": "\#($0)"}}"# },
                origin: "a TokenReview"),
            Wrapping(
                name: "a kubeconfig",
                wrap: { "apiVersion: v1\nkind: Config\nusers:\n- name: a\n  user:\n    token: \($0)\n" },
                origin: "a kubeconfig"),
            Wrapping(
                name: "a kubeconfig in JSON",
                wrap: { #"{"kind": "Config", "users": [{"name": "a", "user": {"token": "\#($0)"}}]}"# },
                origin: "a kubeconfig"),
            Wrapping(
                name: "a redirect", wrap: { "http://localhost/#access_token=\($0)&token_type=Bearer" },
                origin: "a redirect address"),
            Wrapping(name: "a shell's export", wrap: { "export TOKEN=\($0)\n" }, origin: "a shell variable"),
            Wrapping(name: "an assignment in quotes", wrap: { "ID_TOKEN2='\($0)'" }, origin: "a shell variable"),
            Wrapping(name: "cmd's set", wrap: { "set TOKEN=\($0)" }, origin: "a shell variable"),
            Wrapping(name: "PowerShell", wrap: { "$env:TOKEN = \"\($0)\"" }, origin: "a shell variable"),
            Wrapping(name: "UTF-8 with a byte order mark", wrap: { "\u{FEFF}\($0)" }, note: "byte order mark"),
        ])
    func wrappings(_ sample: Wrapping) throws {
        let report = try Self.report(Array(sample.wrap(try TestTokens.token()).utf8))
        #expect(report.verdict == .accepted && report.form.kind == .accessToken)
        #expect(report.origin == sample.origin)
        for word in ["line breaks", "UTF-16", "byte order mark"] {
            #expect(report.notes.contains { $0.contains(word) } == (word == sample.note), "\(report.notes)")
        }
    }

    struct Other: Sendable, CustomTestStringConvertible {
        let name: String
        let input: [UInt8]
        let kind: CredentialKind
        let reason: RefusalReason
        var testDescription: String { name }

        init(_ name: String, _ input: [UInt8], _ kind: CredentialKind, _ reason: RefusalReason = .tokenMalformed) {
            self.name = name
            self.input = input
            self.kind = kind
            self.reason = reason
        }

        init(_ name: String, _ input: String, _ kind: CredentialKind, _ reason: RefusalReason = .tokenMalformed) {
            self.init(name, Array(input.utf8), kind, reason)
        }
    }

    private static let consent = """
        Error: failed to get token: expected an empty error but received: AADSTS65001: The user or administrator has \
        not consented to use the application with ID '80faf920-1908-4b52-b5ef-a8e7bedfc67a'.
        """

    @Test("an error of Entra is explained as doctor explains it; an unknown one says where to look it up")
    func signInError() throws {
        let report = try Self.report(Array(Self.consent.utf8))
        let advice = try #require(SignInError.advice("AADSTS65001"))
        #expect(report.message == "this is Entra's error AADSTS65001 and no token: \(advice.meaning)")
        #expect(report.hint == advice.hint)
        let unknown = try Self.report(Array("Error: AADSTS1234567: x".utf8))
        #expect(unknown.message == "this is Entra's error AADSTS1234567 and no token: the sign-in failed")
        #expect(unknown.hint?.contains("https://login.microsoftonline.com/error") == true)
    }

    private static func long(_ count: Int, _ text: String = "x") -> String { String(repeating: text, count: count) }

    @Test(
        "what is not a token has its name and its reason, and is not repeated",
        arguments: [
            Other("nothing", "", .nothing, .tokenMissing),
            Other("white space", " \n\t", .nothing, .tokenMissing),
            Other("Bearer alone", "Bearer \n", .nothing, .tokenMissing),
            Other("Entra's refresh token", "0.AXoA9Tc-\(long(400)).AgABAwEAAAD\(long(500, "y"))", .refreshToken),
            Other("its newer form", "1.AXoA9Tc-xxxxxxxxx.AgABAwEAAAD.\(long(500, "y"))", .refreshToken),
            Other("its older form", "AwABAAAAvPM1KaPlrEqdFSBzjqfTGBCmLdgfSTLEMPGYuNHSUYBrq", .refreshToken),
            Other("a personal account's", "M.C507_BAY.0.U.-CkY\(long(300))", .refreshToken),
            Other("a code", "http://localhost/?code=0.AXoAabc&state=1", .authorizationCode),
            Other(
                "device login",
                "To sign in, use a web browser to open the page https://microsoft.com/devicelogin and enter the code"
                    + " ABCD to authenticate.", .deviceLogin),
            Other("kubelogin's error", consent, .signInError),
            Other("an error with as many dots as a token", "ERROR: AADSTS50076: a. b. c", .signInError),
            Other(
                "the token endpoint's error", #"{"error":"invalid_grant","error_description":"AADSTS50034: x"}"#,
                .signInError),
            Other(
                "an error after the device login's invitation",
                "use a web browser to open the page https://microsoft.com/devicelogin\nError: AADSTS70016: Pending",
                .signInError),
            Other("a bootstrap token", "abcdef.0123456789abcdef", .bootstrapToken),
            Other("a client secret", "abc8Q~abcdefghijklmnopqrstuvwxyzABCDEFGH", .clientSecret),
            Other("a certificate", "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n", .pem),
            Other("a proxy's page", "<!DOCTYPE html><html><body>403</body></html>", .markup),
            Other("a kubeconfig without a token", "apiVersion: v1\nkind: Config\nusers: []\n", .kubeconfig),
            Other("JSON of another kind", #"{"hello": "world"}"#, .json),
            Other("an ExecCredential without a token", #"{"kind":"ExecCredential","status":{}}"#, .json),
            Other("binary", (0..<10).flatMap { _ in Array(UInt8(128)...UInt8(255)) }, .notText),
            Other("invalid UTF-8", Array("eyJhbGciOiJSUzI1NiJ9.".utf8) + [0xFF, 0xFE] + Array(".x".utf8), .notText),
            Other("a word", "hello", .garbage),
            Other("long garbage", long(500), .garbage),
            Other("three words", "hello.dear.world", .garbage),
            Other("JSON that is cut off", #"{"kind": "ExecCred"#, .garbage),
            Other("deep JSON", long(30_000, "["), .garbage),
            Other("dots", long(60_000, "."), .garbage),
            Other("a million dots", long(1_000_000, "."), .garbage, .tokenTooLarge),
        ], [false, true])
    func others(_ sample: Other, isConfigured: Bool) throws {
        let report = try Self.report(sample.input, isConfigured: isConfigured)
        #expect(report.verdict == .rejected && report.reason == sample.reason)
        #expect(report.form.kind == sample.kind)
        #expect(report.claims == nil && report.user == nil)
        let text = report.text()
        #expect(text.hasPrefix("REJECTED (\(sample.reason.code)): "))
        #expect(!text.contains("xxxxxxxxxxxxxxxxxxxxxxxx") && !text.contains("yyyyyyyyyyyyyyyyyyyyyyyy"))
    }
}
