import Installation
import Testing

@Suite("The way back of a manifest that nobody changed since")
struct ManifestUndoTests {
    typealias Case = (name: String, change: @Sendable (String) -> String)

    private static let volumesLast: @Sendable (String) -> String = {
        // Ours sorts behind the others.
        let text = $0.replacingEvery("status: {}\n", with: "").replacingEvery("name: usr-", with: "name: k8s-usr-")
        return String(text.dropLast())
    }

    static let cases: [Case] = [
        ("the volumes are last, and their last line has no line end", volumesLast),
        ("the same with Windows line ends", { volumesLast($0).replacingEvery("\n", with: "\r\n") }),
        (
            "a list in brackets with a comma at its end",
            {
                $0.replacingPart(
                    from: "    volumeMounts:\n", to: "  hostNetwork",
                    with: "    volumeMounts: [\n      {mountPath: /a, name: ca-certs},\n    ]\n")
            }
        ),
        (
            "an empty list of mounts on the line of the container's dash",
            {
                $0.replacingPart(from: "    volumeMounts:\n", to: "  hostNetwork", with: "")
                    .replacingEvery("  - command:\n", with: "  - volumeMounts: []\n    command:\n")
            }
        ),
    ]

    @Test("gives the same bytes", arguments: cases)
    func undo(_ case: Case) throws {
        let old = Array(`case`.change(KubeadmManifests.manifest(33)).utf8)
        let new = try APIServerManifest.adding(WebhookFlags(), to: old)
        #expect(new.count > old.count)
        let back = try APIServerManifest.removing(WebhookFlags(), from: new)
        #expect(String(decoding: back, as: UTF8.self) == String(decoding: old, as: UTF8.self))
    }

    @Test("leaves the volume while another container uses it", arguments: ["containers", "initContainers"])
    func shared(list: String) throws {
        let user = "  - name: copy\n    image: x\n    volumeMounts:\n    - {name: kube-entra, mountPath: /x}\n"
        let new = try APIServerManifest.adding(WebhookFlags(), to: Array(KubeadmManifests.manifest(33).utf8))
        let text = String(decoding: new, as: UTF8.self)
        let shared =
            list == "containers"
            ? text.replacingEvery("  containers:\n", with: "  containers:\n" + user)
            : text.replacingEvery("  hostNetwork:", with: "  initContainers:\n\(user)  hostNetwork:")
        let back = try APIServerManifest.removing(WebhookFlags(), from: Array(shared.utf8))
        let left = String(decoding: back, as: UTF8.self)
        #expect(left.contains("      path: /etc/kube-entra\n") && !left.contains("mountPath: /etc/kube-entra\n"))
    }

    @Test(
        "a volume of the folder's path that is no folder is not mounted", arguments: ["File", "FileOrCreate", "Socket"])
    func otherType(type: String) throws {
        let volume = "  - {name: other, hostPath: {path: /etc/kube-entra, type: \(type)}}\n"
        let old = KubeadmManifests.manifest(33).replacingEvery("  volumes:\n", with: "  volumes:\n" + volume)
        let new = try APIServerManifest.adding(WebhookFlags(), to: Array(old.utf8))
        #expect(String(decoding: new, as: UTF8.self).ranges(of: "name: kube-entra\n").count == 2)
        #expect(try APIServerManifest.removing(WebhookFlags(), from: new) == Array(old.utf8))
    }

    typealias Own = (name: String, manifest: String)
    private static let volume = "  - {name: kube-entra, hostPath: {path: /etc/kube-entra}}\n"
    private static let mount = "    - {mountPath: /etc/kube-entra, name: kube-entra}\n"
    private static let plain = KubeadmManifests.manifest(33)
    private static let withVolume = plain.replacingEvery("  volumes:\n", with: "  volumes:\n" + volume)
    static let owns: [Own] = [
        (
            "a mount of its own by our name",
            withVolume.replacingEvery("volumeMounts:\n", with: "volumeMounts:\n" + mount)
        ),
        ("a volume of its own by our name", withVolume),
        ("a volume of its own by another name", withVolume.replacingEvery("name: kube-entra,", with: "name: mine,")),
        (
            "the version's flag",
            plain.replacingEvery(
                "    - --tls-cert", with: "    - --authentication-token-webhook-version=v1\n    - --tls-cert")
        ),
    ]

    @Test("keeps what was there before, and takes what was not, beside a later change", arguments: owns)
    func own(_ own: Own) throws {
        let flags = WebhookFlags()
        let later = { (text: String) in text.replacingEvery("kube-apiserver:v1", with: "kube-apiserver:v9") }
        let new = String(decoding: try APIServerManifest.adding(flags, to: Array(own.manifest.utf8)), as: UTF8.self)
        #expect(later(new) != new && later(own.manifest) != later(new))
        let back = try APIServerManifest.removing(
            flags, from: Array(later(new).utf8), before: Array(own.manifest.utf8))
        #expect(String(decoding: back, as: UTF8.self) == later(own.manifest))
    }

    static let empties = [
        "", " null", " ~   # none", " []", " [ ]  # none", "\n      null", "   # none\n    # yet\n",
    ]

    @Test(
        "puts an empty list back as it was, beside a later change", arguments: empties, ["\n", "\r\n"])
    func empty(value: String, end: String) throws {
        let flags = WebhookFlags()
        let old = Self.plain
            .replacingPart(from: "  annotations:\n", to: "  labels", with: "  annotations:\(value)\n")
            .replacingPart(from: "    volumeMounts:\n", to: "  hostNetwork", with: "    volumeMounts:\(value)\n")
            .replacingPart(from: "  volumes:\n", to: "status:", with: "  volumes:\(value)\n")
            .replacingEvery("\n", with: end)
        let later = { (text: String) in text.replacingEvery("kube-apiserver:v1", with: "kube-apiserver:v9") }
        let new = String(decoding: try APIServerManifest.adding(flags, to: Array(old.utf8)), as: UTF8.self)
        #expect(new.contains("mountPath") && later(new) != new)
        let back = try APIServerManifest.removing(flags, from: Array(later(new).utf8), before: Array(old.utf8))
        #expect(back == Array(later(old).utf8), "\(String(decoding: back, as: UTF8.self))")
    }

    @Test("the same in JSON, and on the line of the container's dash", arguments: ["null", "[]", "[ ]"])
    func emptyInBrackets(value: String) throws {
        let flags = WebhookFlags()
        let container =
            "{\"name\": \"kube-apiserver\", \"volumeMounts\": \(value), \"command\": [\"kube-apiserver\", \"--v=2\"]}"
        let json = "{\"kind\": \"Pod\", \"spec\": {\"volumes\": \(value), \"containers\": [\(container)]}}\n"
        let dash = Self.plain.replacingPart(from: "    volumeMounts:\n", to: "  hostNetwork", with: "")
            .replacingEvery("  - command:\n", with: "  - volumeMounts: \(value)\n    command:\n")
        for old in [json, dash] {
            let new = String(decoding: try APIServerManifest.adding(flags, to: Array(old.utf8)), as: UTF8.self)
            let later = { (text: String) in
                text.replacingEvery("--v=2", with: "--v=4").replacingEvery(":v1", with: ":v9")
            }
            let back = try APIServerManifest.removing(flags, from: Array(later(new).utf8), before: Array(old.utf8))
            #expect(later(new) != new && back == Array(later(old).utf8), "\(String(decoding: back, as: UTF8.self))")
        }
    }

    @Test("takes the only item out of brackets with a comma after it")
    func comma() throws {
        func text(_ flags: String) -> [UInt8] {
            let api =
                "apiServer:\n  extraArgs: {\(flags)\n  }\n  extraVolumes: [\n    {hostPath: /etc, mountPath: /etc, name: etc},\n  ]"
            return Array(KubeadmManifests.configuration("v1beta3", apiServer: api).utf8)
        }
        let name = "authentication-token-webhook-config-file"
        let back = try ClusterConfiguration.removing(
            WebhookFlags(), from: text("\n    \(name): /etc/kube-entra/webhook.yaml,"))
        #expect(String(decoding: back, as: UTF8.self) == String(decoding: text("\n    "), as: UTF8.self))
    }
}
