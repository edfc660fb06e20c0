import Entra
import Files
import Testing

@Suite("Entra's error codes")
struct SignInErrorTests {
    /// The codes in the troubleshooting table of `deploy/entra`.
    static let documented: [String] = {
        let folder = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(4).joined(
            separator: "/")
        let bytes = (try? FileIO.read(folder + "/deploy/entra/README.md")) ?? []
        var codes: Set<String> = []
        for part in String(decoding: bytes, as: UTF8.self).split(separator: "`AADSTS").dropFirst() {
            codes.insert("AADSTS" + part.prefix { $0.isNumber })
        }
        return codes.sorted()
    }()

    @Test("the document has codes to compare")
    func hasCodes() {
        #expect(Self.documented.count >= 11)
    }

    @Test("every code that the document explains is explained by doctor", arguments: documented)
    func explained(code: String) {
        #expect(SignInError.advice(code) != nil)
        #expect(SignInError.code(in: "error: \(code): something") == code)
    }

    @Test(
        "Entra's codes are found in what a plugin says",
        arguments: [
            ("error: AADSTS50020: User", "AADSTS50020"), ("AADSTS7000222", "AADSTS7000222"), ("", nil), ("AADSTS", nil),
            ("AADSTSx AADSTS65001.", "AADSTS65001"), ("xAADST50020", nil),
        ] as [(String, String?)])
    func codes(text: String, code: String?) {
        #expect(SignInError.code(in: text) == code)
    }

    @Test("a code has its advice, or none")
    func advice() {
        #expect(SignInError.advice("AADSTS500011")?.hint.contains("--server-id") == true)
        #expect(SignInError.advice("AADSTS1") == nil)
    }
}
