import Testing

@testable import Installation

@Suite("Whose a drop-in of RKE2 and k3s is")
struct DropInOwnersTests {
    private static let flag = "authentication-token-webhook-config-file"
    private static let written = DropIn(flags: WebhookFlags(), needsMount: false).text

    typealias Case = (name: String, text: String, asks: Bool, isOurs: Bool)
    static let cases: [Case] = [
        ("what enable writes for k3s", written, true, true),
        ("what enable writes for RKE2", DropIn(flags: WebhookFlags(), needsMount: true).text, true, false),
        ("with a line more", written + "disable: [traefik]\n", true, false),
        ("under the other key", "kube-apiserver-arg: [\(flag)=/etc/kube-entra/webhook.yaml]\n", true, false),
        ("with one flag", "kube-apiserver-arg: --\(flag)=/etc/kube-entra/webhook.yaml\n", true, false),
        ("another webhook", "kube-apiserver-arg+: [\(flag)=/etc/guard.yaml]\n", false, false),
        ("other flags", "kube-apiserver-arg+: [audit-log-path=/var/log/audit.log]\n", false, false),
        ("only a remark", "# mine\n", false, false),
        ("damaged", "a: [\n", false, false),
        ("empty", "", false, false),
    ]

    @Test("whether it asks the webhook, and whether enable wrote it", arguments: cases)
    func judges(_ case: Case) {
        let bytes = Array(`case`.text.utf8)
        #expect(APIServerFiles.asks(bytes, .k3s, WebhookFlags()) == `case`.asks, "\(`case`.name)")
        #expect(APIServerFiles.isOurs(bytes, .k3s, WebhookFlags(), nil) == `case`.isOurs, "\(`case`.name)")
    }

    @Test("what an earlier version wrote is known by the journal")
    func known() {
        let text = Array("kube-apiserver-arg+: [\(Self.flag)=/etc/kube-entra/webhook.yaml]\n".utf8)
        var journal = InstallationJournal(distribution: .k3s, service: "systemd", began: "")
        #expect(!APIServerFiles.isOurs(text, .k3s, WebhookFlags(), journal))
        journal.changedSHA256 = NodeFiles.digest(text)
        #expect(APIServerFiles.isOurs(text, .k3s, WebhookFlags(), journal))
        journal.changedSHA256 = "00"
        journal.note(Distribution.k3s.flagFile, sha256: NodeFiles.digest(text))
        #expect(APIServerFiles.isOurs(text, .k3s, WebhookFlags(), journal))
    }
}

@Suite("kube-apiserver's arguments in the files of RKE2 and k3s")
struct DropInArgumentsTests {
    typealias Case = (name: String, files: [String], expected: [String])
    static let cases: [Case] = [
        ("no files", [], []),
        ("a list", ["kube-apiserver-arg: [a=1, --b=2]"], ["a=1", "--b=2"]),
        ("a string", ["kube-apiserver-arg: a=1"], ["a=1"]),
        ("a later file adds", ["kube-apiserver-arg: [a=1]", "kube-apiserver-arg+: [b=2]"], ["a=1", "b=2"]),
        ("a later file replaces", ["kube-apiserver-arg+: [a=1]", "kube-apiserver-arg: [b=2]"], ["b=2"]),
        ("a later file has other keys", ["kube-apiserver-arg: [a=1]", "disable: [traefik]"], ["a=1"]),
        ("no value", ["kube-apiserver-arg: [a=1]", "kube-apiserver-arg:"], ["a=1"]),
        ("a damaged file", ["kube-apiserver-arg: [", "kube-apiserver-arg: [a=1]"], ["a=1"]),
        ("only a remark", ["# mine"], []),
    ]

    @Test("a key with + adds, one without replaces", arguments: cases)
    func merged(_ case: Case) {
        let files = `case`.files.map { (name: "x.yaml", bytes: Array($0.utf8)) }
        #expect(DropIn.arguments(files) == `case`.expected, "\(`case`.name)")
    }
}
