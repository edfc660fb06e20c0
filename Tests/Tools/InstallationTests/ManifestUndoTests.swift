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
