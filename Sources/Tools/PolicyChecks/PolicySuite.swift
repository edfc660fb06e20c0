internal import AccessPolicy
public import EntraTokens
public import Timestamps

/// What a case expects. What is nil may be anything.
public struct PolicyExpectation: Hashable, Sendable {
    public var admitted: Bool?
    public var admin: Bool?
    public var username: String?
    /// Exactly these groups, in any order.
    public var groups: [String]?
    public var groupsInclude: [String] = []
    public var groupsExclude: [String] = []
    public var reason: RefusalReason?

    public init() {}

    var isEmpty: Bool { self == PolicyExpectation() }
}

/// One case of a suite: somebody, and what is expected to become of them.
public struct PolicyCase: Sendable {
    public var name: String
    public var question: PolicyQuestion
    /// Nil: judged as of now.
    public var at: Timestamp?
    public var expectation: PolicyExpectation
    /// Line of the case in its file.
    public var line: Int
}

/// A file of cases.
public struct PolicySuite: Sendable {
    public var path: String
    public var cases: [PolicyCase]
}

/// One expectation that did not come true.
public struct PolicyMismatch: Hashable, Sendable {
    /// `admitted`, `admin`, `username`, `groups`, `groupsInclude`, `groupsExclude` or `reason`.
    public var field: String
    public var expected: String
    public var actual: String
}

/// How one case ended.
public struct PolicyCaseResult: Sendable {
    public var name: String
    public var line: Int
    public var answer: PolicyAnswer
    public var mismatches: [PolicyMismatch]

    public var isPassed: Bool { mismatches.isEmpty }
}

/// How the cases of a suite ended.
public struct PolicySuiteResult: Sendable {
    public var path: String
    public var cases: [PolicyCaseResult]

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
    /// What is otherwise than expected.
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
            expect("username", username == answer.access?.user.username, username, name(answer) ?? refusal ?? "")
        }
        let actual = answer.access?.user.groups ?? []
        let shown = refusal ?? PolicyExpectation.list(actual)
        if let groups {
            let isSame = answer.isAdmitted && Set(groups) == Set(actual)
            expect("groups", isSame, PolicyExpectation.list(groups), shown)
        }
        if !groupsInclude.isEmpty {
            let isThere = Set(groupsInclude).isSubset(of: actual)
            expect("groupsInclude", isThere, PolicyExpectation.list(groupsInclude), shown)
        }
        if !groupsExclude.isEmpty {
            let isAbsent = Set(groupsExclude).isDisjoint(with: actual)
            expect("groupsExclude", isAbsent, "none of " + PolicyExpectation.list(groupsExclude), shown)
        }
        return mismatches
    }

    private func name(_ answer: PolicyAnswer) -> String? { answer.access?.user.username }

    private static func list(_ groups: [String]) -> String {
        groups.isEmpty ? "no groups" : groups.joined(separator: ", ")
    }
}
