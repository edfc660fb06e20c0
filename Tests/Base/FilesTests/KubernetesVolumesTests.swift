import Glibc
import TestSupport
import Testing

@testable import Files

@Suite struct KubernetesVolumesTests {
    private static let pods = "/var/lib/kubelet/pods/0a0a-1/volumes"

    @Test(
        "what the kubelet made for one pod is a volume, what it borrowed from the node is none",
        arguments: [
            ("\(pods)/kubernetes.io~empty-dir/state", "rw", "ext4", true),
            ("\(pods)/kubernetes.io~configmap/c", "ro,relatime", "ext4", true),
            // /var is a file system of its own.
            ("/lib/kubelet/pods/0a0a-1/volumes/kubernetes.io~projected/p", "ro", "xfs", true),
            ("\(pods)/kubernetes.io~secret/s", "ro", "ext4", true),
            ("\(pods)/kubernetes.io~downward-api/d", "ro", "ext4", true),
            ("\(pods)/kubernetes.io~nfs/share", "rw", "nfs4", false),
            ("\(pods)/kubernetes.io~csi/share/mount", "rw", "ext4", false),
            ("\(pods)/kubernetes.io~empty-dir/state/part", "rw", "ext4", false),
            ("/etc/kube-entra", "ro", "ext4", false), ("/", "rw", "ext4", false),
            ("/", "ro,relatime", "tmpfs", true), ("/", "rw,relatime", "tmpfs", false),
        ] as [(String, String, String, Bool)])
    func kinds(root: String, options: String, type: String, isVolume: Bool) {
        let line = "36 35 98:0 \(root) /mnt/a\\040b \(options) master:1 - \(type) /dev/x rw"
        #expect(KubernetesVolumes(mounts: line) { $0 == "/mnt/a b" }.isMounted(at: "/mnt/a b") == isVolume)
        let isSecret = type == "tmpfs"
        let plain = KubernetesVolumes(mounts: line) { _ in false }
        #expect(plain.isMounted(at: "/mnt/a b") == (isVolume && !isSecret))
        #expect(!plain.isMounted(at: "/mnt"))
        // Something else was mounted over it.
        let over = line + "\n37 36 98:0 /home/x /mnt/a\\040b rw - ext4 /dev/x rw"
        #expect(!KubernetesVolumes(mounts: over) { _ in true }.isMounted(at: "/mnt/a b"))
    }

    @Test(
        "what is no line of mountinfo is none",
        arguments: ["", "x", "1 2 3 / /a ro", "1 2 3 / /a ro -", "\n\n", "- - - - - - - -"])
    func damaged(text: String) {
        #expect(!KubernetesVolumes(mounts: text) { _ in true }.isMounted(at: "/a"))
    }

    @Test("a volume may be writable for everybody, and a folder above it not")
    func folders() throws {
        try TemporaryFolder.with { temporary in
            let above = temporary.path + "/above"
            let folder = above + "/volume"
            #expect(mkdir(above, 0o700) == 0 && mkdir(folder, 0o700) == 0 && chmod(folder, 0o2777) == 0)
            try FileIO.write([1], to: folder + "/file")
            symlink(folder + "/file", temporary.path + "/link")
            let line = "1 2 3 \(Self.pods)/kubernetes.io~empty-dir/state \(folder) rw - ext4 x rw"
            let volumes = KubernetesVolumes(mounts: line) { _ in false }
            #expect(FileTrust.sharedFolder(of: folder + "/file", except: volumes) == nil)
            #expect(volumes.contains(folder + "/file") && volumes.contains(temporary.path + "/link"))
            #expect(!volumes.contains(above) && !volumes.contains("/etc/passwd") && !volumes.contains("/nothing"))
            chmod(above, 0o777)
            #expect(FileTrust.sharedFolder(of: folder + "/file", except: volumes) == above)
        }
    }
}
