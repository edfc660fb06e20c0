import ClusterAccess
import Configuration
import Entra
import Glibc
import Jansson
import RBAC
import SafeText
import Testing

/// The evaluation of RBAC against a second one, which was written in Python from the documentation of Kubernetes alone
/// (Tests/Integration/support/rbac_model.py), on random configurations, roles, bindings and questions.
///
/// `KUBE_ENTRA_RBAC_QUESTIONS` says how many.
@Suite struct RBACDifferenceTests {
    private static let count = getenv("KUBE_ENTRA_RBAC_QUESTIONS").flatMap { Int(String(cString: $0)) } ?? 1000

    @Test(
        "two evaluations have the same answers",
        arguments: [(count, "fixed"), (max(1, count / 5), "random \(UInt32.random(in: 0...UInt32.max))")])
    func sameAnswers(count: Int, seed: String) throws {
        let path = "\(#filePath)"
        let tests = path[..<path.index(afterLast: "/Tests/")]
        let lines = try Lines("python3 '\(tests)Integration/support/rbac_cases.py' \(count) '\(seed)'")
        var seen = 0
        var differences = 0
        while let line = lines.next() {
            seen += 1
            let sent = try JSONDocument(parsing: line, maximumBytes: 1 << 24).root
            let (who, others) = try Self.answer(sent)
            guard who != Self.texts(sent["who"]) || others != Self.texts(sent["others"]) else { continue }
            differences += 1
            if differences <= 3 { Issue.record("question \(sent["number"]?.integer ?? -1) of seed '\(seed)'") }
        }
        #expect(differences == 0)
        // A generator that fails would leave nothing to compare.
        #expect(seen == count)
    }

    private static func texts(_ value: JSONValue?) -> [ExactText] {
        guard let array = value?.array else { return [] }
        var texts: [ExactText] = []
        for element in array { texts.append(ExactText(element.string ?? "")) }
        return texts
    }

    private static func answer(_ sent: JSONValue) throws -> (who: [ExactText], others: [ExactText]) {
        let loaded = try ConfigurationLoader.parse(
            Array((sent["configuration"]?.string ?? "").utf8), path: "random.yaml")
        var reader = ClusterReader()
        try reader.read(Array((sent["cluster"]?.string ?? "").utf8), file: "random.json")
        let question = try QuestionText(
            verb: sent["verb"]?.string ?? "", resource: sent["resource"]?.string ?? "", subresource: nil,
            name: sent["name"]?.string, namespace: sent["namespace"]?.string)
        let report = try AccessReport(
            question.question, cluster: reader.cluster(), names: EntraNames(loaded.configuration, now: TestCluster.now))
        let who = report.who.flatMap { holder, paths in
            let id = holder.kind == .user ? holder.username : holder.objectID?.description ?? holder.appRole
            return paths.map { line([holder.kind.rawValue, holder.tenantID?.description, id], $0) }
        }
        let others = report.others.flatMap { subject, paths in
            paths.map { line([subject.kind.rawValue, subject.namespace, subject.name], $0) }
        }
        return (sorted(who), sorted(others))
    }

    private static func line(_ holder: [String?], _ path: AccessPath) -> ExactText {
        func parts(_ name: ObjectName?) -> [String?] { [name?.kind.rawValue, name?.namespace, name?.name] }
        let all: [String?] =
            holder + [path.kubernetesGroup, path.username] + parts(path.binding) + parts(path.role) + [path.namespace]
        return ExactText(all.map { $0 ?? "" }.joined(separator: "|"))
    }

    /// By bytes, which for UTF-8 is the order of Python's strings.
    private static func sorted(_ lines: [ExactText]) -> [ExactText] {
        lines.sorted { $0.text.utf8.lexicographicallyPrecedes($1.text.utf8) }
    }
}

/// What a command prints, line by line.
private final class Lines {
    private let file: UnsafeMutablePointer<FILE>
    private var buffer: UnsafeMutablePointer<CChar>?
    private var capacity = 0

    struct CannotStart: Error {}

    init(_ command: String) throws {
        guard let file = popen(command, "r") else { throw CannotStart() }
        self.file = file
    }

    deinit {
        pclose(file)
        free(buffer)
    }

    func next() -> [UInt8]? {
        let count = getline(&buffer, &capacity, file)
        guard count > 0, let buffer else { return nil }
        return Array(UnsafeRawBufferPointer(start: buffer, count: count))
    }
}

extension String {
    /// The index after the last place of a text; the start where there is none.
    fileprivate func index(afterLast text: String) -> Index {
        var found = startIndex
        for index in indices where self[index...].hasPrefix(text) { found = self.index(index, offsetBy: text.count) }
        return found
    }
}
