import Installation
import Testing

@Suite("The drop-in's mount among those of others")
struct DropInMountTests {
    typealias Case = (name: String, files: [String], needsMount: Bool?)
    private static let key = "kube-apiserver-extra-mount"

    /// Nil: refused.
    static let cases: [Case] = [
        ("no other mounts", [], true),
        ("a mount elsewhere", ["\(key): /srv/x:/srv/x"], true),
        ("a mount of the folder around it", ["\(key): /etc:/etc"], true),
        ("a mount below it", ["\(key): /srv/x:/etc/kube-entra/x"], true),
        ("the same mount", ["\(key)+: [/srv/x:/srv/x, /etc/kube-entra:/etc/kube-entra:ro]"], false),
        ("the same mount with slashes", ["\(key): /etc/kube-entra/:/etc/kube-entra//"], false),
        ("the same mount, replaced later", ["\(key): /etc/kube-entra:/etc/kube-entra", "\(key): []"], true),
        ("another folder there", ["\(key): /srv/x:/etc/kube-entra/"], nil),
    ]

    @Test("no path is mounted twice: such a pod does not start", arguments: cases)
    func among(_ case: Case) {
        let files = `case`.files.map { (name: "50.yaml", bytes: Array($0.utf8)) }
        let dropIn = try? DropIn(flags: WebhookFlags(), needsMount: true).among(files)
        #expect(dropIn?.needsMount == `case`.needsMount, "\(`case`.name)")
        #expect((try? DropIn(flags: WebhookFlags(), needsMount: false).among(files))?.needsMount == false)
    }
}
