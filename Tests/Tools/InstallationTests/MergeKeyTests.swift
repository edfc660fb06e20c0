import Installation
import Testing

@Suite("Merge keys, which Kubernetes' YAML reader follows")
struct MergeKeyTests {
    typealias Case = (name: String, change: @Sendable (String) -> String)

    private static let common = """
        x: &common
          volumeMounts:
          - mountPath: /etc/kubernetes/pki
            name: k8s-certs
          volumes: []

        """
    static let manifests: [Case] = [
        (
            "the container's mounts",
            { $0.replacingPart(from: "    volumeMounts:\n", to: "  hostNetwork", with: "    <<: *common\n") }
        ),
        ("the pod's volumes", { $0.replacingPart(from: "  volumes:\n", to: "status", with: "  <<: *common\n") }),
        ("one volume", { $0.replacingEvery("\nstatus", with: "\n    <<: *common\nstatus") }),
        ("the whole pod", { $0 + "<<: *common\n" }),
    ]

    @Test("are not switched off in a manifest: it is refused", arguments: manifests)
    func manifest(_ case: Case) throws {
        let text = Self.common + `case`.change(KubeadmManifests.manifest(33))
        #expect(text.contains("<<"))
        expectMerged { try APIServerManifest.adding(WebhookFlags(), to: Array(text.utf8)) }
        // Somebody may have written it so after `enable`.
        let flag = "    - --authentication-token-webhook-config-file=/etc/kube-entra/webhook.yaml\n    image: "
        let asking = Array(text.replacingEvery("    image: ", with: flag).utf8)
        #expect(try APIServerManifest(asking).asks(WebhookFlags()))
        expectMerged { try APIServerManifest.removing(WebhookFlags(), from: asking) }
    }

    @Test("elsewhere in the manifest do not matter, and neither does the string <<")
    func elsewhere() throws {
        let old = KubeadmManifests.manifest(33)
            .replacingEvery("metadata:\n", with: "metadata:\n  managedFields:\n  - &field\n    a: b\n  - <<: *field\n")
            .replacingEvery("  hostNetwork: true\n", with: "  hostNetwork: true\n  \"<<\": x\n")
        let new = try APIServerManifest.adding(WebhookFlags(), to: Array(old.utf8))
        #expect(try APIServerManifest.removing(WebhookFlags(), from: new) == Array(old.utf8))
    }

    static let configurations: [(name: String, apiServer: String)] = [
        ("the arguments", "x: &x\n  extraArgs:\n  - name: v\n    value: \"2\"\napiServer:\n  <<: *x\n  certSANs: [a]"),
        ("the API server's part", "x: &x\n  apiServer: {}\n<<: *x"),
        (
            "one volume",
            "x: &x\n  name: a\napiServer:\n  extraVolumes:\n  - <<: *x\n    hostPath: /a\n    mountPath: /a"
        ),
    ]

    @Test("are not switched off in kubeadm's configuration: it is refused", arguments: configurations)
    func configuration(_ case: (name: String, apiServer: String)) {
        let text = KubeadmManifests.configuration("v1beta4", apiServer: `case`.apiServer)
        expectMerged { try ClusterConfiguration.adding(WebhookFlags(), to: Array(text.utf8)) }
    }

    private func expectMerged(_ change: () throws -> [UInt8]) {
        let error = #expect(throws: ManifestProblem.self) { try change() }
        #expect(error?.sentence.contains("merge key (<<)") == true, "\(error?.sentence ?? "")")
        #expect(error?.hint.contains("without the merge key") == true)
    }
}
