import Configuration
import Testing

@Suite struct BrokenConfigurationTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let name: String
        let replaced: String
        let replacement: String
        let problems: [String]
        var testDescription: String { name }

        init(_ name: String, _ replaced: String, _ replacement: String, _ problems: [String]) {
            self.name = name
            self.replaced = replaced
            self.replacement = replacement
            self.problems = problems
        }
    }

    @Test("one thing wrong is reported exactly, with its place", arguments: cases)
    func broken(sent: Case) throws {
        let minimal = ConfigurationLoaderTests.minimal
        let parts = minimal.split(separator: sent.replaced, maxSplits: 1, omittingEmptySubsequences: false)
        try #require(parts.count == 2)
        #expect(ConfigurationLoaderTests.problems(parts.joined(separator: sent.replacement)) == sent.problems)
    }

    static let cases = inServer + inTenants + inPolicy + inSections
}
