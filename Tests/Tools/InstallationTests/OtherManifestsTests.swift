import Testing

@testable import Installation

@Suite("Other files that run a kube-apiserver")
struct OtherManifestsTests {
    private static let manifest = KubeadmManifests.manifest(36)

    typealias Case = (name: String, text: String, runs: Bool)
    static let cases: [Case] = [
        ("a copy", manifest, true),
        ("JSON", #"{"kind":"Pod","metadata":{"name":"x"},"spec":{"containers":[{"name":"kube-apiserver"}]}}"#, true),
        ("the pod alone, its container without a name", "kind: Pod\nmetadata: {name: kube-apiserver}\n", true),
        ("a second document, which the kubelet does not read", manifest + "---\nkind: Pod\na: [\n", true),
        ("a repeated key, which the kubelet accepts", manifest + "kind: Pod\n", true),
        ("the pod in the second document only", "kind: ConfigMap\n---\n" + manifest, false),
        ("another pod", manifest.replacing("kube-apiserver", with: "etcd"), false),
        (
            "a name that begins alike",
            manifest.replacing("name: kube-apiserver", with: "name: kube-apiserver-proxy"), false
        ),
        ("another kind", manifest.replacing("kind: Pod", with: "kind: Deployment"), false),
        ("half a manifest", "apiVersion: v1\nkind: Pod\nmetadata:\n  name: \"kube-", false),
        ("damaged", "kind: Pod\nmetadata: [\n", false),
        ("a list", "- kind: Pod\n", false),
        ("prose", "the old manifest was here\n", false),
        ("nothing", "", false),
        ("no text", "\u{0}\u{1}", false),
    ]

    @Test("what the kubelet would run as kube-apiserver is known", arguments: cases)
    func runs(_ case: Case) {
        #expect(OtherManifests.runsAPIServer(Array(`case`.text.utf8)) == `case`.runs, "\(`case`.name)")
    }
}
