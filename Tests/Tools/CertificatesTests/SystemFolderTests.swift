import Testing

@testable import Certificates

@Suite("Folders of the system")
struct SystemFolderTests {
    @Test(
        "are those that hold the system's own files",
        arguments: [
            "/", "/etc", "/usr", "/usr/bin", "/usr/share/ca-certificates/mozilla", "/usr/local", "/usr/local/bin",
            "/bin", "/lib/systemd/system", "/dev", "/dev/shm", "/proc/1", "/sys/fs", "/boot/grub", "/tmp", "/var/lib",
            "/etc/ssl/private", "/etc/kubernetes/pki", "/etc/kubernetes/pki/etcd", "/etc/kubernetes/manifests",
        ])
    func system(path: String) { #expect(SystemFolder.isSystem(path)) }

    @Test(
        "are none of those that people make",
        arguments: [
            "/etc/kube-entra", "/etc/kube-entra/certs", "/etc/kubernetes/kube-entra", "/etc/ssl/kube-entra",
            "/usr/local/etc/kube-entra", "/var/lib/kube-entra", "/run/kube-entra", "/root", "/root/certs", "/home/ada",
            "/srv/webhook", "/opt/kube-entra", "/tmp/certs", "/certs", "/data", "/etcetera", "/libraries/a",
        ])
    func others(path: String) { #expect(!SystemFolder.isSystem(path)) }
}
