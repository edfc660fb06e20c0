import Addresses
import Configuration
import DirectoryGroups
import Entra
import SafeText
import Testing

/// Each field of the contract, broken in each way: the problem has the field's path and line, or the value is valid.
@Suite struct EveryFieldBrokenTests {
    /// A file with every field of the table, each with a value other than its default.
    static let complete = WebhookConfiguration.form.examples[0].block.joined(separator: "\n") + "\n"

    struct FieldLine: CustomTestStringConvertible, Sendable {
        var number: Int
        var name: String
        var indent: String
        var value: String
        var testDescription: String { "line \(number): \(name)" }
    }

    private static let names = Set(FieldForm.section(WebhookConfiguration.form).fields().map(\.info.name))

    /// The lines with a field and its value.
    static let fields: [FieldLine] = complete.split(separator: "\n").enumerated().compactMap { index, line in
        guard let colon = line.firstRange(of: ": ") else { return nil }
        let head = line[..<colon.lowerBound]
        let indent = head.prefix { $0 == " " || $0 == "-" }
        let name = String(head.dropFirst(indent.count))
        // The author of the file chooses the names of claims.
        guard names.contains(name) else { return nil }
        return FieldLine(
            number: index + 1, name: name, indent: String(indent),
            value: String(line[colon.upperBound...]))
    }

    static func problems(_ field: FieldLine, line: String) -> [ConfigurationProblem] {
        var lines = complete.split(separator: "\n").map(String.init)
        lines[field.number - 1] = line
        do {
            _ = try ConfigurationLoaderTests.load(lines.joined(separator: "\n"))
            return []
        } catch {
            return error.problems
        }
    }

    /// The fields that exclude others in the complete file.
    static let excluded = ["directory.clientCertificateFile", "directory.federatedTokenFile"]

    @Test("the complete file is right, and has every field of the table")
    func complete() throws {
        let loaded = try ConfigurationLoader.parse(Array(Self.complete.utf8), path: "/etc/kube-entra/config.yaml")
        // `tenants[0].denied[1].until` is the table's `tenants[].denied[].until`; no field has a digit in its name.
        let present = loaded.positions.keys.map { path in String(path.filter { !$0.isNumber }) }
        for field in FieldForm.section(WebhookConfiguration.form).fields()
        where !Self.excluded.contains(where: field.path.hasSuffix) {
            #expect(present.contains(field.path), "\(field.path)")
        }
    }

    @Test("every property of the model is a field of the table: the complete file changes it")
    func properties() throws {
        var standard = Self.leaves(try ConfigurationLoaderTests.load(ConfigurationLoaderTests.minimal))
        // The minimal file has no directory, so the defaults of its properties come from here.
        let directory = Self.leaves(
            DirectorySettings(clientID: nil, credential: .managedIdentity), path: ".tenants[].directory")
        standard.merge(directory) { first, _ in first }
        let complete = Self.leaves(try ConfigurationLoaderTests.load(Self.complete))
        // These exclude a field of the complete file, or are in the minimal file too.
        let exclusive = [
            "insecureAllowAnyClient", "trust.tenantID", "trust.audiences", "directory.clientCertificateFile",
            "directory.federatedTokenFile", "directory.managedIdentity",
        ]
        // The index is made of the other properties when the file is read.
        for (path, value) in standard
        where !exclusive.contains(where: path.hasSuffix) && !path.contains(".policy.index.") {
            #expect(complete[path] != value, "\(path) has no field, or its example is the default")
        }
        let sections = ["limits.server.", "tenants[].trust.", "tenants[].signingKeys.", "tenants[].directory."]
        for section in sections {
            #expect(standard.keys.contains { $0.contains(section) }, "\(section) is compared as a whole")
        }
    }

    /// Every stored property of the settings, by its path; the first element of a list stands for all.
    private static func leaves(_ value: Any, path: String = "") -> [String: String] {
        let mirror = Mirror(reflecting: value)
        if mirror.displayStyle == .collection || mirror.displayStyle == .optional, let first = mirror.children.first,
            path.hasSuffix("tenants") || path.hasSuffix("directory")
        {
            return leaves(first.value, path: path + (path.hasSuffix("tenants") ? "[]" : ""))
        }
        let isOneValue = value is Duration || value is GUID || value is ExactText || value is ListenAddress
        guard mirror.displayStyle == .struct, !mirror.children.isEmpty, !isOneValue else { return [path: "\(value)"] }
        return mirror.children.reduce(into: [:]) { result, child in
            result.merge(leaves(child.value, path: path + "." + (child.label ?? ""))) { first, _ in first }
        }
    }

    @Test("a configuration that is written out reads back as the same")
    func roundTrip() throws {
        let configuration = try ConfigurationLoaderTests.load(Self.complete)
        let text = configuration.written.block.joined(separator: "\n")
        #expect(try ConfigurationLoaderTests.load(text) == configuration)
        #expect(try ConfigurationLoaderTests.load(configuration.written.flow) == configuration)
    }

    static let wrong = [
        "[[a]]", "{}", "[{}]", "[5]", "[null]", "[\"\"]", "true", "-5", "1.5", "99999999999999999999", "\"\"",
        "\"a\\nb\"", "nonsense nonsense", "https://u:p@x/?q#f", "2026-13-45",
    ]

    @Test("a wrong value is refused at its field, in its line, and alone", arguments: fields)
    func values(field: FieldLine) {
        for value in Self.wrong {
            for problem in Self.problems(field, line: "\(field.indent)\(field.name): \(value)") {
                // A problem that a missing value causes elsewhere is reported there, in words that name the field.
                let isHere = problem.line == field.number && problem.field.contains(field.name)
                let isConsequence = problem.message.contains(field.name) || problem.message.contains("exactly one of")
                #expect(isHere || isConsequence, "\(value): \(problem)")
                #expect(problem.column > 0 && !problem.message.isEmpty)
                #expect(!problem.message.contains("nonsense") && !problem.message.contains("u:p"))
            }
        }
    }

    @Test("a mapping in the place of a value is an error everywhere", arguments: fields)
    func mappings(field: FieldLine) {
        let isMapping = field.name == "requiredClaims"
        #expect(Self.problems(field, line: "\(field.indent)\(field.name): {nonsense: {}}").isEmpty == false)
        #expect(Self.problems(field, line: "\(field.indent)\(field.name): {nonsense: 1}").isEmpty == isMapping)
        #expect(Self.problems(field, line: "\(field.indent)\(field.name): [[]]").isEmpty == false)
    }

    @Test("a misspelt field is named with the one that was meant", arguments: fields)
    func spelling(field: FieldLine) {
        var letters = Array(field.name)
        letters.swapAt(letters.count / 2, letters.count / 2 - 1)
        let misspelt = String(letters) == field.name ? field.name + "x" : String(letters)
        let problems = Self.problems(field, line: "\(field.indent)\(misspelt): \(field.value)")
        let problem = problems.first { $0.line == field.number && $0.field.hasSuffix(misspelt) }
        #expect(problem?.message == "is not a field that is known here: did you mean \(field.name)?", "\(problems)")
    }

    @Test("a field that stands twice is an error that names the first", arguments: fields)
    func twice(field: FieldLine) {
        let again = String(repeating: " ", count: field.indent.count)
        let line = "\(field.indent)\(field.name): \(field.value)\n\(again)\(field.name): \(field.value)"
        let problems = Self.problems(field, line: line)
        #expect(problems.map(\.line) == [field.number + 1])
        #expect(problems.first?.message == "stands here again; it was set in line \(field.number)")
    }

    @Test(
        "every duration may be as short as a second",
        arguments: fields.filter { $0.value.last.map("smhd".contains) == true && $0.value.first?.isNumber == true })
    func durations(field: FieldLine) {
        #expect(Self.problems(field, line: "\(field.indent)\(field.name): 1s").isEmpty)
        for value in ["1", "1.5h", "1 h", "h", "-1s", "1H", "P1D", "[1s]"] {
            let problems = Self.problems(field, line: "\(field.indent)\(field.name): \(value)")
            #expect(problems.map(\.line) == [field.number], "\(value)")
        }
    }

    @Test("null is the default, and missing where something is required", arguments: fields)
    func null(field: FieldLine) {
        let problems = Self.problems(field, line: "\(field.indent)\(field.name): null")
        for problem in problems { #expect(problem.message.contains("is missing")) }
    }
}
