import SafeText
import Testing

@testable import Installation

/// `==` on `String` treats these two as equal; for the kernel and kube-apiserver, they are different paths.
private let composed = "/etc/caf\u{E9}"
private let decomposed = "/etc/cafe\u{301}"

@Suite("Paths that look the same and are not")
struct ExactPathTests {
    private static let flags = WebhookFlags(
        configFile: ExactText(composed + "/webhook.yaml"), folder: ExactText(composed))

    @Test("the journal keeps both of two files whose names look the same")
    func journal() {
        var journal = InstallationJournal(distribution: .kubeadm, service: "systemd", began: "")
        journal.note(composed, sha256: "1")
        journal.note(decomposed, sha256: "2")
        #expect(journal.made.count == 2)
        #expect(journal.made(at: composed)?.sha256 == "1" && journal.made(at: decomposed)?.sha256 == "2")
    }

    @Test("a flag with a file whose name looks the same is another webhook's", arguments: [composed, decomposed])
    func flag(folder: String) throws {
        let flag = "    - --authentication-token-webhook-config-file=\(folder)/webhook.yaml\n"
        let old = KubeadmManifests.manifest(30).replacingEvery(
            "    - --secure-port", with: flag + "    - --secure-port")
        let add = { try APIServerManifest.adding(Self.flags, to: Array(old.utf8)) }
        guard ExactText(folder) == ExactText(composed) else {
            #expect(throws: ManifestProblem.self) { try add() }
            #expect(try !APIServerManifest(Array(old.utf8)).asks(Self.flags))
            return
        }
        #expect(try APIServerManifest(add()).asks(Self.flags))
    }

    @Test("a folder whose name looks the same needs a mount of its own", arguments: [composed, decomposed])
    func mount(folder: String) throws {
        let old = KubeadmManifests.manifest(30)
            .replacingEvery("/etc/kubernetes/pki\n      name", with: "\(folder)\n      name")
            .replacingEvery("      path: /etc/kubernetes/pki\n", with: "      path: \(folder)\n")
        let new = try APIServerManifest(APIServerManifest.adding(Self.flags, to: Array(old.utf8)))
        let isKnown = ExactText(folder) == ExactText(composed)
        #expect(new.mounts.filter { $0.path == ExactText(composed) }.count == 1)
        #expect(new.mounts.filter { $0.path == ExactText(decomposed) }.count == (isKnown ? 0 : 1))
        #expect(new.mounts.contains { $0.volume == "kube-entra" } != isKnown)
    }
}
