import Glibc
import SafeText

/// Folders that a kubelet has mounted into this process's container, for this pod alone.
///
/// The kubelet makes them writable for everybody (`0777`, and with `fsGroup` for that group), because it does not know
/// as whom a container runs. Nobody else reaches them: they are mounted in this pod only, and on the node they lie in a
/// folder of root's. What a node lends to a pod (`hostPath`) is none of them.
///
/// Source: Kubernetes, `pkg/volume/emptydir`, `pkg/volume/util/atomic_writer.go`; proc_pid_mountinfo(5).
public struct KubernetesVolumes: Sendable {
    /// Without symbolic links.
    private let folders: Set<ExactText>

    /// The volumes of this process's mount namespace.
    public init() {
        let mounts = (try? FileIO.read("/proc/self/mountinfo", maximumBytes: 4 << 20)) ?? []
        self.init(mounts: String(decoding: mounts, as: UTF8.self)) { KubernetesVolumes.isWrittenAtomically($0) }
    }

    /// - Parameters:
    ///   - mounts: what `/proc/self/mountinfo` contains.
    ///   - isWrittenAtomically: whether a folder is laid out as the kubelet does for Secrets and ConfigMaps.
    init(mounts: String, isWrittenAtomically: (String) -> Bool) {
        var folders: Set<ExactText> = []
        for line in mounts.split(separator: "\n") {
            // Number, parent, device, root within the file system, mount point, options, …, -, type, …
            let words = line.split(separator: " ")
            guard words.count > 6, let end = words.firstIndex(of: "-"), end + 1 < words.count else { continue }
            let point = KubernetesVolumes.unescaped(words[4])
            let isReadOnly = words[5].split(separator: ",").contains("ro")
            // A file system of its own in memory does not show whose folder it was mounted on.
            let isSecret = words[end + 1] == "tmpfs" && words[3] == "/" && isReadOnly && isWrittenAtomically(point)
            if isSecret || KubernetesVolumes.isVolume(words[3]) {
                folders.insert(ExactText(point))
            } else {
                // Mounted over another.
                folders.remove(ExactText(point))
            }
        }
        self.folders = folders
    }

    /// Whether this is the folder at which a volume is mounted.
    func isMounted(at folder: String) -> Bool { folders.contains(ExactText(folder)) }

    /// Whether a file lies in a volume. Symbolic links are followed.
    public func contains(_ path: String) -> Bool {
        guard !folders.isEmpty, let resolved = realpath(path, nil) else { return false }
        defer { free(resolved) }
        var folder = FileTrust.folder(of: String(cString: resolved))
        while folder != "/" && folder != "." {
            if isMounted(at: folder) { return true }
            folder = FileTrust.folder(of: folder)
        }
        return false
    }

    /// `…/pods/UID/volumes/kubernetes.io~KIND/NAME`, of a kind that the kubelet makes for one pod.
    private static func isVolume(_ root: Substring) -> Bool {
        let parts = root.split(separator: "/")
        guard parts.count >= 5, parts[parts.count - 5] == "pods", parts[parts.count - 3] == "volumes" else {
            return false
        }
        let kinds = ["empty-dir", "configmap", "secret", "projected", "downward-api"]
        return kinds.contains { parts[parts.count - 2] == "kubernetes.io~" + $0 }
    }

    /// Whether the folder's names lead through a link `..data` of root's.
    private static func isWrittenAtomically(_ folder: String) -> Bool {
        var link = stat()
        return lstat(folder + "/..data", &link) == 0 && link.st_mode & S_IFMT == S_IFLNK && link.st_uid == 0
    }

    /// A space, tab, line feed and backslash are written as `\040`, `\011`, `\012`, `\134`.
    private static func unescaped(_ word: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = Array(word.utf8)[...]
        while let byte = rest.popFirst() {
            let digits = rest.prefix(3)
            if byte == UInt8(ascii: "\\"), digits.count == 3,
                let code = UInt8(String(decoding: digits, as: UTF8.self), radix: 8)
            {
                bytes.append(code)
                rest = rest.dropFirst(3)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
