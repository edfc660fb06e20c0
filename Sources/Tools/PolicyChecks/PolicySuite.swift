import AccessPolicy
public import Entra
import SafeText
public import Timestamps

/// What a case expects. Nil accepts anything.
public struct PolicyExpectation: Hashable, Sendable {
    /// Whether the principal is accepted.
    public var admitted: Bool?
    /// Whether the principal is a cluster admin.
    public var admin: Bool?
    /// The exact user name.
    public var username: String?
    /// Exactly these groups, in any order.
    public var groups: [String]?
    /// Groups that the principal must have.
    public var groupsInclude: [String] = []
    /// Groups that the principal must not have.
    public var groupsExclude: [String] = []
    /// Why the principal is refused.
    public var reason: RefusalReason?

    /// An expectation that everything meets.
    public init() {}

    var isEmpty: Bool { self == PolicyExpectation() }
}

/// One case of a suite: a principal and the expected access.
public struct PolicyCase: Sendable {
    /// The name of the case.
    public var name: String
    /// The principal.
    public var question: PolicyQuestion
    /// The time of the check; nil for now.
    public var at: Timestamp?
    /// The expected access.
    public var expectation: PolicyExpectation
    /// Line of the case in its file.
    public var line: Int
}

/// A file of cases.
public struct PolicySuite: Sendable {
    /// The path of the file, as the user wrote it.
    public var path: String
    /// At least one case, in the order of the file.
    public var cases: [PolicyCase]
}

/// One expectation that was not met.
public struct PolicyMismatch: Hashable, Sendable {
    /// `admitted`, `admin`, `username`, `groups`, `groupsInclude`, `groupsExclude` or `reason`.
    public var field: String
    /// The expected value.
    public var expected: String
    /// The actual value.
    public var actual: String
}

/// The result of one case.
public struct PolicyCaseResult: Sendable {
    /// The name of the case.
    public var name: String
    /// Line of the case in its file.
    public var line: Int
    /// The actual access.
    public var answer: PolicyAnswer
    /// Expectations that were not met.
    public var mismatches: [PolicyMismatch]

    /// Whether all expectations were met.
    public var isPassed: Bool { mismatches.isEmpty }
}

/// The results of a suite's cases.
public struct PolicySuiteResult: Sendable {
    /// The path of the file.
    public var path: String
    /// The results in the order of the file.
    public var cases: [PolicyCaseResult]

    /// Number of cases that failed.
    public var failedCount: Int { cases.count { !$0.isPassed } }
}

extension PolicySuite {
    /// Runs every case.
    public func run(_ checker: PolicyChecker, now: Timestamp) -> PolicySuiteResult {
        PolicySuiteResult(
            path: path,
            cases: cases.map { one in
                let answer = checker.answer(one.question, now: one.at ?? now)
                return PolicyCaseResult(
                    name: one.name, line: one.line, answer: answer, mismatches: one.expectation.mismatches(answer))
            })
    }
}

extension PolicyExpectation {
    /// Expectations that the answer does not meet.
    func mismatches(_ answer: PolicyAnswer) -> [PolicyMismatch] {
        var mismatches: [PolicyMismatch] = []
        func expect(_ field: String, _ holds: Bool, _ expected: String, _ actual: String) {
            if !holds { mismatches.append(PolicyMismatch(field: field, expected: expected, actual: actual)) }
        }
        let refusal = answer.reason.map { "refused: \($0.code)" }
        if let admitted {
            let actual = refusal.map { "false (\($0))" } ?? "true"
            expect("admitted", admitted == answer.isAdmitted, String(admitted), actual)
        }
        if let admin {
            expect("admin", admin == answer.isAdmin, String(admin), refusal ?? String(answer.isAdmin))
        }
        if let reason {
            expect("reason", reason == answer.reason, reason.code, answer.reason?.code ?? "admitted")
        }
        if let username {
            let isSame = ExactText(username) == name(answer).map { ExactText($0) }
            expect("username", isSame, username, name(answer) ?? refusal ?? "")
        }
        let actual = answer.access?.user.groups ?? []
        let shown = refusal ?? PolicyExpectation.list(actual)
        func exact(_ groups: [String]) -> Set<ExactText> { Set(groups.map { ExactText($0) }) }
        if let groups {
            let isSame = answer.isAdmitted && exact(groups) == exact(actual)
            expect("groups", isSame, PolicyExpectation.list(groups), shown)
        }
        if !groupsInclude.isEmpty {
            let isThere = exact(groupsInclude).isSubset(of: exact(actual))
            expect("groupsInclude", isThere, PolicyExpectation.list(groupsInclude), shown)
        }
        if !groupsExclude.isEmpty {
            let isAbsent = exact(groupsExclude).isDisjoint(with: exact(actual))
            expect("groupsExclude", isAbsent, "none of " + PolicyExpectation.list(groupsExclude), shown)
        }
        return mismatches
    }

    private func name(_ answer: PolicyAnswer) -> String? { answer.access?.user.username }

    private static func list(_ groups: [String]) -> String {
        groups.isEmpty ? "no groups" : groups.joined(separator: ", ")
    }
}
