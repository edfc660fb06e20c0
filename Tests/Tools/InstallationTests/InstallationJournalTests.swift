import Jansson
import SafeText
import Testing

@testable import Installation

@Suite("The journal of an installation")
struct InstallationJournalTests {
    @Test("what was written is read again, at every step and in both directions", arguments: InstallationStep.allCases)
    func roundTrip(_ step: InstallationStep) throws {
        for direction in [InstallationJournal.Direction.enable, .disable] {
            for distribution in Distribution.allCases {
                var journal = InstallationJournal(
                    distribution: distribution, service: "systemd", began: "2026-11-29T12:00:00Z")
                journal.direction = direction
                journal.step = step
                journal.note("/etc/kube-entra")
                journal.note("/etc/kube-entra/webhook.yaml", sha256: "00ff")
                journal.changedSHA256 = "aa"
                journal.startedService = true
                journal.madeUser = true
                journal.bindings = ["kube-entra-cluster-admins"]
                journal.changedClusterConfiguration = true
                journal.boundGroups = ["a", "b"]
                journal.isPrepared = true
                journal.replaced = [
                    .init(
                        path: "/etc/kube-entra/webhook.yaml", sha256: "ee", owner: .init(user: 1, group: UInt32.max),
                        copy: "/var/lib/kube-entra-enable/replaced-0-webhook.yaml")
                ]
                let again = try #require(InstallationJournal(journal.json.render()))
                #expect(again.direction == direction && again.step == step && again.distribution == distribution)
                #expect(again.made == journal.made && again.bindings == journal.bindings)
                #expect(again.changedSHA256 == "aa" && again.began == journal.began && again.service == "systemd")
                #expect(again.startedService && again.madeUser && again.changedClusterConfiguration)
                #expect(again.replaced == journal.replaced)
                #expect(again.isPrepared && again.boundGroups == ["a", "b"])
            }
        }
    }

    @Test("what is noted twice stays in its place, with what was written last")
    func noteTwice() {
        var journal = InstallationJournal(distribution: .kubeadm, service: "systemd", began: "")
        journal.note("/a", sha256: "1")
        journal.note("/b")
        journal.note("/a", sha256: "2")
        #expect(journal.made == [.init(path: "/a", sha256: "2"), .init(path: "/b", sha256: nil)])
    }

    static let damaged: [(name: String, text: String)] = [
        ("empty", ""), ("half a text", #"{"version":1,"direction":"enable","step":"#),
        (
            "another version",
            #"{"version":2,"direction":"enable","step":"copy","distribution":"kubeadm","service":"x"}"#
        ),
        ("an unknown step", #"{"version":1,"direction":"enable","step":"fly","distribution":"kubeadm","service":"x"}"#),
        ("no direction", #"{"version":1,"step":"copy","distribution":"kubeadm","service":"x"}"#),
        ("an unknown direction", #"{"version":1,"direction":"up","step":"copy","distribution":"k3s","service":"x"}"#),
        (
            "an unknown distribution",
            #"{"version":1,"direction":"enable","step":"copy","distribution":"aks","service":"x"}"#
        ),
        ("no service", #"{"version":1,"direction":"enable","step":"copy","distribution":"kubeadm"}"#),
        ("a list", "[]"),
    ]

    @Test("a damaged journal is none", arguments: damaged)
    func damagedJournal(_ case: (name: String, text: String)) {
        #expect(InstallationJournal(Array(`case`.text.utf8)) == nil, "\(`case`.name)")
    }

    @Test("the steps after which kube-apiserver is another one come last")
    func order() {
        let before: [InstallationStep] = [
            .check, .program, .user, .certificates, .configuration, .kubeconfig, .service,
        ]
        for step in before + [.ready, .copy] { #expect(step.index < InstallationStep.change.index) }
        for step in [InstallationStep.apiServer, .bind, .kubeadm, .done] {
            #expect(step.index > InstallationStep.change.index)
        }
    }
}

@Suite("Control-plane nodes compared")
struct NodeComparisonTests {
    struct Node: Sendable {
        var configuration: String?
        var certificates: [String: String]

        init(_ configuration: String?, _ certificates: [String: String]) {
            self.configuration = configuration
            self.certificates = certificates
        }

        var status: InstallationStatus {
            var status = InstallationStatus(distribution: .kubeadm)
            status.configurationSHA256 = configuration
            status.certificates = certificates.sorted { $0.key < $1.key }.map { .init(path: $0.key, sha256: $0.value) }
            return status
        }
    }

    typealias Case = (name: String, here: Node, there: Node, isSame: Bool, text: String)
    static let cases: [Case] = [
        (
            "the same", Node("a", ["/c/ca.crt": "1"]), Node("a", ["/c/ca.crt": "1"]), true,
            "n: same: configuration, ca.crt"
        ),
        (
            "another CA", Node("a", ["/c/ca.crt": "1", "/c/server.crt": "2"]),
            Node("a", ["/c/ca.crt": "1", "/c/server.crt": "3"]), true,
            "n: same: configuration, ca.crt; different: server.crt"
        ),
        (
            "another configuration", Node("a", ["/c/ca.crt": "1"]), Node("b", [:]), false,
            "n: different: configuration; missing there: ca.crt"
        ),
        ("enabled here only", Node("a", [:]), Node(nil, [:]), false, "n: missing there: configuration"),
        ("enabled there only", Node(nil, [:]), Node("a", [:]), false, "n: different: configuration"),
        ("enabled nowhere", Node(nil, [:]), Node(nil, [:]), true, "n: same: configuration"),
    ]

    @Test("what is the same is said, and what is not", arguments: cases)
    func compares(_ case: Case) throws {
        let comparison = try NodeComparison(
            `case`.here.status, with: `case`.there.status.json.render(), source: "n")
        #expect(comparison.isSame == `case`.isSame, "\(`case`.name)")
        #expect(comparison.text == `case`.text, "\(`case`.name)")
    }

    @Test("a status of a version before deny lists were in it is compared in all else")
    func olderVersion() throws {
        let other = #"{"distribution":"kubeadm","configurationSHA256":"a","certificates":[]}"#
        let comparison = try NodeComparison(Node("a", [:]).status, with: Array(other.utf8), source: "n")
        #expect(comparison.isSame && comparison.denyLists.isEmpty)
    }

    @Test(
        "what is no status is refused", arguments: ["", "{}", "[]", #"{"distribution":"kubeadm"}"#, "state  enabled"])
    func refuses(_ text: String) {
        #expect(throws: (any Error).self) {
            try NodeComparison(Node("a", [:]).status, with: Array(text.utf8), source: "n")
        }
    }
}
