import Installation
import Testing

@Suite("The mount in kubeadm's ClusterConfiguration")
struct ClusterConfigurationMountTests {
    typealias Case = (name: String, volumes: String, added: String)

    private static func volume(_ name: String, host: String, path: String) -> String {
        "  - hostPath: \(host)\n    mountPath: \(path)\n    name: \(name)\n"
    }

    private static func own(_ name: String) -> String {
        volume(name, host: "/etc/kube-entra", path: "/etc/kube-entra")
            + "    pathType: Directory\n    readOnly: true\n"
    }

    static let cases: [Case] = [
        ("a name that nobody has", volume("audit", host: "/a", path: "/a"), own("kube-entra")),
        (
            "a name that another volume has", volume("kube-entra", host: "/etc/authz", path: "/etc/authz"),
            own("kube-entra-2")
        ),
        (
            "two names that others have",
            volume("kube-entra-2", host: "/a", path: "/a") + volume("kube-entra", host: "/b", path: "/b"),
            own("kube-entra-3")
        ),
        (
            "the folder, mounted under another name",
            volume("entra", host: "/etc/kube-entra/", path: "/etc/kube-entra"), ""
        ),
        ("the folder around it", volume("etc", host: "/etc", path: "/etc/"), ""),
        (
            "another folder around it", volume("etc", host: "/srv/etc", path: "/etc"), own("kube-entra")
        ),
    ]

    @Test("gets a free name, and goes with the flags; those of others stay", arguments: cases)
    func change(_ case: Case) throws {
        let old = document(`case`.volumes)
        let new = try ClusterConfiguration.adding(WebhookFlags(), to: Array(old.utf8))
        #expect(String(decoding: new, as: UTF8.self) == document(`case`.volumes + `case`.added, flags: true))
        #expect(try ClusterConfiguration.adding(WebhookFlags(), to: new) == new)
        let back = try ClusterConfiguration.removing(WebhookFlags(), from: new)
        #expect(String(decoding: back, as: UTF8.self) == old)
    }

    @Test("something else at the folder's path is not taken for it")
    func taken() {
        let text = document(Self.volume("x", host: "/srv/x", path: "/etc/kube-entra"))
        let error = #expect(throws: ManifestProblem.self) {
            try ClusterConfiguration.adding(WebhookFlags(), to: Array(text.utf8))
        }
        #expect(error == .folderTaken("/etc/kube-entra"))
    }

    @Test("and stays if a volume of ours is at the folder's path, for another folder")
    func foreign() throws {
        let volume = Self.volume("kube-entra", host: "/srv/x", path: "/etc/kube-entra")
        let back = try ClusterConfiguration.removing(WebhookFlags(), from: Array(document(volume, flags: true).utf8))
        #expect(String(decoding: back, as: UTF8.self) == document(volume))
    }

    private func document(_ volumes: String, flags: Bool = false) -> String {
        let arguments =
            flags
            ? """

              - name: authentication-token-webhook-config-file
                value: /etc/kube-entra/webhook.yaml
              - name: authentication-token-webhook-version
                value: v1
            """ : ""
        return KubeadmManifests.configuration(
            "v1beta4",
            apiServer:
                "apiServer:\n  extraArgs:\n  - name: v\n    value: \"2\"\(arguments)\n  extraVolumes:\n\(volumes)"
                + "  timeoutForControlPlane: 4m0s")
    }
}
