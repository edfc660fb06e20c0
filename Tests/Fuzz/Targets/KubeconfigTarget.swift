import Kubeconfigs
import YAML

/// The bytes of a kubeconfig, and a context that is merged into it.
struct KubeconfigTarget: FuzzTarget {
    private static let added = Array(
        """
        apiVersion: v1
        kind: Config
        clusters: [{name: new, cluster: {server: "https://new.example"}}]
        users: [{name: new, user: {}}]
        contexts: [{name: new, context: {cluster: new, user: new}}]
        current-context: new

        """.utf8)

    init() throws {
        try Self.added.withUnsafeBytes { try run($0) }
    }

    func run(_ input: UnsafeRawBufferPointer) throws {
        let bytes = Array(input)
        var isUsable = false
        do throws(KubeconfigError) {
            let read = try Kubeconfig.parse(bytes, path: "/home/ada/.kube/config")
            _ = try Kubeconfig(merging: [read]).access()
            isUsable = true
        } catch {
            require(!error.sentence.isEmpty, "a refusal has a sentence")
        }
        do throws(KubeconfigMergeError) {
            let merged = try KubeconfigMerge.merge(Self.added, into: bytes, replacing: false)
            guard isUsable else { return }
            do throws(KubeconfigError) {
                let access = try Kubeconfig.parse(merged, path: "merged").access()
                require(access.contextName == "new", "the merged context is the current one")
            } catch { violation("a merged file can be read: \(error.sentence)") }
        } catch {}
    }
}
