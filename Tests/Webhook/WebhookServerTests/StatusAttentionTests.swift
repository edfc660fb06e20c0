import Testing
import Timestamps

@testable import WebhookServer

/// What the status page puts on top.
@Suite struct StatusAttentionTests {
    private static let now = Timestamp(secondsSinceEpoch: 1_000_000)
    private static let tenantID = "11111111-2222-3333-4444-555555555555"

    private static func after(_ seconds: Int64) -> Timestamp { now.adding(seconds: seconds) }

    private static func tenant(
        keys: Int = 5, fetched: Int64 = 0, usable: Int64 = 86_400, problem: String? = nil, isOffline: Bool = false
    ) -> StatusInfo.Tenant {
        StatusInfo.Tenant(
            tenantID: tenantID, cloud: "public", keyCount: keys, lastSuccess: after(fetched), problem: problem,
            usableUntil: after(usable), isOffline: isOffline)
    }

    private static func certificate(_ field: String, expires: Int64) -> StatusInfo.Certificate {
        StatusInfo.Certificate(field: field, subject: "CN=x", expires: after(expires))
    }

    private static func report(
        tenants: [StatusInfo.Tenant] = [], certificates: [StatusInfo.Certificate] = [],
        readiness: [HealthReport.Line] = [], watch: StatusInfo.Watch? = nil, names: [String: String] = [:]
    ) -> StatusReport {
        StatusReport(
            info: StatusInfo(
                version: "1", cryptography: "OpenSSL 3", configurationFile: "c.yaml", configurationSHA256: "",
                watch: watch, tenants: tenants,
                certificates: certificates, names: names),
            started: now, now: now, readiness: readiness, openConnections: 0, history: DecisionHistory())
    }

    private static let day: Int64 = 86_400

    private struct Case: CustomTestStringConvertible, Sendable {
        var name: String
        var report: StatusReport
        var expected: [String]
        var testDescription: String { name }
    }

    private static let cases = [
        Case(
            name: "all is well",
            report: report(tenants: [tenant()], certificates: [certificate("a", expires: 14 * day)]), expected: []),
        Case(
            name: "certificates that end soon, the soonest in red and first",
            report: report(certificates: [
                certificate("a", expires: 14 * day - 1), certificate("b", expires: 2 * day - 1),
                certificate("c", expires: 2 * day), certificate("d", expires: 0),
            ]),
            expected: [
                "red b (CN=x) expires in 1 d 23 h", "red d (CN=x) has expired", "amber a (CN=x) expires in 13 d 23 h",
                "amber c (CN=x) expires in 2 d 0 h",
            ]),
        Case(
            name: "keys whose last fetch failed",
            report: report(tenants: [tenant(fetched: -43_200, usable: 43_200, problem: "no connection")]),
            expected: ["amber signing keys of tenant \(tenantID): the last fetch failed: no connection"]),
        Case(
            name: "keys in the second half of their time",
            report: report(tenants: [tenant(fetched: -43_201, usable: 43_199, problem: "no connection")]),
            expected: [
                "red signing keys of tenant \(tenantID): fetched 12 h 0 min ago, and used no longer than 11 h 59 min"
            ]),
        Case(
            name: "keys from a file do not age",
            report: report(tenants: [tenant(fetched: -43_201, usable: 43_199, isOffline: true)]), expected: []),
        Case(
            name: "a file whose keys were fetched two days ago",
            report: report(tenants: [tenant(fetched: -2 * day, isOffline: true)]), expected: []),
        Case(
            name: "a file that nobody replaces any longer",
            report: report(tenants: [tenant(fetched: -3 * day, isOffline: true)]),
            expected: [
                "amber signing keys of tenant \(tenantID): those in the file were fetched 3 d 0 h ago, and tokens with"
                    + " a newer key are refused"
            ]),
        Case(
            name: "keys that are too old",
            report: report(tenants: [tenant(fetched: -90_000, usable: 0, problem: "no connection")]),
            expected: ["red signing keys of tenant \(tenantID): none can be used: no connection"]),
        Case(
            name: "a tenant without keys",
            report: report(
                tenants: [StatusInfo.Tenant(tenantID: tenantID, cloud: "public", keyCount: 0)],
                names: [tenantID: "Contoso"]),
            expected: ["red signing keys of tenant \(tenantID) (Contoso): none can be used"]),
        Case(
            name: "a refused configuration, though ready",
            report: report(readiness: [
                HealthReport.Line(name: "configuration", note: "line 3 is wrong"), HealthReport.Line(name: "ping"),
                HealthReport.Line(name: "signing-keys", failure: "none"),
            ]),
            expected: ["red configuration: line 3 is wrong", "red signing-keys: none"]),
        Case(
            name: "what Graph forbids",
            report: report(
                watch: StatusInfo.Watch(principals: 1, oldestAnswer: nil, changedCount: 0, forbidden: "User.Read.All")),
            expected: ["amber Microsoft Graph forbids: User.Read.All"]),
    ]

    @Test("what needs attention is on top, red before amber", arguments: cases)
    private func attention(_ sent: Case) {
        #expect(sent.report.attention.map { "\($0.level.rawValue) \($0.sentence)" } == sent.expected)
        let top = sent.report.text.components(separatedBy: "\n\n")[1].split(separator: "\n")
        #expect(top.first == "Needs attention")
        #expect(top.count == max(1, sent.expected.count) + 1)
        #expect(sent.report.html.components(separatedBy: "<li class=").count == sent.expected.count + 1)
    }

    @Test("an ID has its name beside it, however the token writes it")
    func names() {
        let report = Self.report(names: ["aaaaaaaa-0000-0000-0000-00000000000b": "<kubelogin>"])
        #expect(
            report.annotated("AAAAAAAA-0000-0000-0000-00000000000B")
                == "AAAAAAAA-0000-0000-0000-00000000000B (<kubelogin>)")
        #expect(report.annotated("another") == "another")
        #expect(report.annotated("").isEmpty)
    }
}
