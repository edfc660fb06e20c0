import Installation
import Testing

@Suite("kubeadm's ClusterConfiguration")
struct ClusterConfigurationTests {
    static let volumes = """
          extraVolumes:
          - hostPath: /etc/kube-entra
            mountPath: /etc/kube-entra
            name: kube-entra
            pathType: Directory
            readOnly: true
        """
    static let list = """
          extraArgs:
          - name: authentication-token-webhook-config-file
            value: /etc/kube-entra/webhook.yaml
          - name: authentication-token-webhook-version
            value: v1
        """
    static let map = """
          extraArgs:
            authentication-token-webhook-config-file: /etc/kube-entra/webhook.yaml
            authentication-token-webhook-version: v1
        """
    @Test(
        "another version of the TokenReview is not what enable writes, so it stays", arguments: ["v1beta3", "v1beta4"])
    func otherVersion(api: String) throws {
        let name = "authentication-token-webhook-version"
        let arguments = api == "v1beta3" ? "    \(name): v1beta1" : "  - name: \(name)\n    value: v1beta1"
        let old = KubeadmManifests.configuration(api, apiServer: "apiServer:\n  extraArgs:\n\(arguments)")
        let new = try ClusterConfiguration.adding(WebhookFlags(), to: Array(old.utf8))
        #expect(String(decoding: new, as: UTF8.self).ranges(of: name).count == 1)
        #expect(try ClusterConfiguration.removing(WebhookFlags(), from: new) == Array(old.utf8))
    }

    static let cases: [(name: String, version: String, old: String, new: String)] = [
        ("v1beta4 with nothing in it", "v1beta4", "apiServer: {}", "apiServer:\n\(list)\n\(volumes)"),
        ("v1beta3 with nothing in it", "v1beta3", "apiServer: {}", "apiServer:\n\(map)\n\(volumes)"),
        (
            "v1beta3 as kubeadm 1.27 writes it", "v1beta3",
            "apiServer:\n  extraArgs:\n    authorization-mode: Node,RBAC\n  timeoutForControlPlane: 4m0s",
            """
            apiServer:
              extraArgs:
                authorization-mode: Node,RBAC
                authentication-token-webhook-config-file: /etc/kube-entra/webhook.yaml
                authentication-token-webhook-version: v1
              timeoutForControlPlane: 4m0s
            \(volumes)
            """
        ),
        (
            "v1beta4 with names for the certificate", "v1beta4", "apiServer:\n  certSANs:\n  - controlplane",
            "apiServer:\n  certSANs:\n  - controlplane\n\(list)\n\(volumes)"
        ),
        (
            "v1beta4 with arguments and volumes", "v1beta4",
            "apiServer:\n  extraArgs:\n  - name: v\n    value: \"2\"\n  extraVolumes:\n  - hostPath: /a\n    mountPath: /a\n    name: a",
            """
            apiServer:
              extraArgs:
              - name: v
                value: "2"
              - name: authentication-token-webhook-config-file
                value: /etc/kube-entra/webhook.yaml
              - name: authentication-token-webhook-version
                value: v1
              extraVolumes:
              - hostPath: /a
                mountPath: /a
                name: a
              - hostPath: /etc/kube-entra
                mountPath: /etc/kube-entra
                name: kube-entra
                pathType: Directory
                readOnly: true
            """
        ),
        (
            "v1beta4 with certificate names only", "v1beta4", "apiServer:\n  certSANs:\n  - a.example",
            "apiServer:\n  certSANs:\n  - a.example\n\(list)\n\(volumes)"
        ),
    ]

    @Test("flags and mount are added, once, and taken away again", arguments: cases)
    func change(_ case: (name: String, version: String, old: String, new: String)) throws {
        let old = KubeadmManifests.configuration(`case`.version, apiServer: `case`.old)
        let new = String(
            decoding: try ClusterConfiguration.adding(WebhookFlags(), to: Array(old.utf8)), as: UTF8.self)
        #expect(new == KubeadmManifests.configuration(`case`.version, apiServer: `case`.new))
        #expect(try ClusterConfiguration.adding(WebhookFlags(), to: Array(new.utf8)) == Array(new.utf8))
        let back = try ClusterConfiguration.removing(WebhookFlags(), from: Array(new.utf8))
        #expect(String(decoding: back, as: UTF8.self) == old)
        #expect(try ClusterConfiguration.removing(WebhookFlags(), from: Array(old.utf8)) == Array(old.utf8))
    }

    @Test("a cluster configuration without an apiServer gets one")
    func missing() throws {
        let old = KubeadmManifests.configuration("v1beta4", apiServer: "# no API server")
        let new = String(decoding: try ClusterConfiguration.adding(WebhookFlags(), to: Array(old.utf8)), as: UTF8.self)
        #expect(new.contains("apiServer:\n  extraArgs:\n  - name: authentication-token-webhook-config-file\n"))
    }

    @Test(
        "what is not understood is refused",
        arguments: [
            ("another version", "v1beta9", "apiServer: {}"),
            (
                "another webhook", "v1beta4",
                "apiServer:\n  extraArgs:\n  - name: authentication-token-webhook-config-file\n    value: /x"
            ),
        ])
    func refused(_ case: (name: String, version: String, apiServer: String)) {
        let text = KubeadmManifests.configuration(`case`.version, apiServer: `case`.apiServer)
        #expect(throws: ManifestProblem.self) { try ClusterConfiguration.adding(WebhookFlags(), to: Array(text.utf8)) }
    }
}

@Suite("The drop-in for RKE2 and k3s")
struct DropInTests {
    @Test("adds to lists in place of replacing them")
    func text() {
        let rke2 = DropIn(flags: WebhookFlags(), needsMount: true).text
        #expect(
            rke2 == """
                # Written by `kube-entra enable`. `kube-entra disable` removes it.
                kube-apiserver-arg+:
                  - authentication-token-webhook-config-file=/etc/kube-entra/webhook.yaml
                  - authentication-token-webhook-version=v1
                kube-apiserver-extra-mount+:
                  - /etc/kube-entra:/etc/kube-entra:ro

                """)
        #expect(!DropIn(flags: WebhookFlags(), needsMount: false).text.contains("mount"))
    }

    static let cases: [(name: String, file: String, text: String, isRefused: Bool)] = [
        ("other flags in the user's file", "config.yaml", "kube-apiserver-arg:\n  - v=2\n", false),
        ("a single flag", "config.yaml", "kube-apiserver-arg: v=2\n", false),
        (
            "another webhook in the user's file", "config.yaml",
            "kube-apiserver-arg:\n  - authentication-token-webhook-config-file=/x\n", true
        ),
        (
            "another webhook in a drop-in", "50.yaml",
            "kube-apiserver-arg+: authentication-token-webhook-config-file=/x\n", true
        ),
        ("an earlier drop-in that replaces", "50.yaml", "kube-apiserver-arg: [v=2]\n", false),
        ("a later drop-in that replaces", "zz.yaml", "kube-apiserver-arg: [v=2]\n", true),
        ("a later drop-in that adds", "zz.yaml", "kube-apiserver-arg+: [v=2]\n", false),
        ("a later drop-in with the key and no value", "zz.yaml", "kube-apiserver-arg:\n", true),
        ("a later drop-in that replaces mounts", "zz.yaml", "kube-apiserver-extra-mount: /srv/x:/srv/x\n", true),
        ("a later drop-in that adds mounts", "zz.yaml", "kube-apiserver-extra-mount+: [/srv/x:/srv/x]\n", false),
        ("an earlier drop-in that replaces mounts", "50.yaml", "kube-apiserver-extra-mount: /srv/x:/srv/x\n", false),
        ("the user's file with mounts", "config.yaml", "kube-apiserver-extra-mount: /srv/x:/srv/x\n", false),
        ("a file of comments", "50.yaml", "# nothing\n", false),
        ("a damaged file", "50.yaml", "a: [\n", true),
    ]

    @Test("other files are looked at", arguments: cases)
    func check(_ case: (name: String, file: String, text: String, isRefused: Bool)) {
        let dropIn = DropIn(flags: WebhookFlags(), needsMount: true)
        let isRefused = (try? dropIn.check([(`case`.file, Array(`case`.text.utf8))])) == nil
        #expect(isRefused == `case`.isRefused)
    }

    @Test("a list that a later file replaces is named with its key, and what to write", arguments: [true, false])
    func laterFile(needsMount: Bool) {
        let dropIn = DropIn(flags: WebhookFlags(), needsMount: needsMount)
        let error = #expect(throws: ManifestProblem.self) {
            try dropIn.check([("zz.yaml", Array("kube-apiserver-arg: [v=2]\n".utf8))])
        }
        #expect(error == .replacedLater(file: "zz.yaml", key: "kube-apiserver-arg"))
        #expect(error?.hint.contains("kube-apiserver-arg+") == true)
        let mounts = Array("kube-apiserver-extra-mount: [/srv/x:/srv/x]\n".utf8)
        #expect(((try? dropIn.check([("zz.yaml", mounts)])) == nil) == needsMount, "k3s has no mounts")
    }
}

@Suite("Unified diffs")
struct UnifiedDiffTests {
    @Test("are what diff -u prints")
    func render() {
        let old = "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\nk\nl\n"
        let new = "a\nb\nc\nd\nX\ne\nf\ng\nh\ni\nj\nk\nL"
        #expect(
            UnifiedDiff.render(old: old, new: new, oldName: "x", newName: "y") == """
                --- x
                +++ y
                @@ -2,6 +2,7 @@
                 b
                 c
                 d
                +X
                 e
                 f
                 g
                @@ -9,4 +10,4 @@
                 i
                 j
                 k
                -l
                +L
                \\ No newline at end of file

                """)
        #expect(UnifiedDiff.render(old: old, new: old, oldName: "x", newName: "y").isEmpty)
        #expect(UnifiedDiff.render(old: "", new: "a\n", oldName: "x", newName: "y").contains("@@ -0,0 +1,1 @@\n+a\n"))
    }
}
