import Installation
import Testing

private let flags = WebhookFlags()
private let flagLines = """
        - --authentication-token-webhook-config-file=/etc/kube-entra/webhook.yaml
        - --authentication-token-webhook-version=v1

    """
private let mountLines = """
        - mountPath: /etc/kube-entra
          name: kube-entra
          readOnly: true

    """
private let volumeLines = """
      - hostPath:
          path: /etc/kube-entra
          type: Directory
        name: kube-entra

    """

private func add(_ text: String) throws -> String {
    String(decoding: try APIServerManifest.adding(flags, to: Array(text.utf8)), as: UTF8.self)
}

private func remove(_ text: String) throws -> String {
    String(decoding: try APIServerManifest.removing(flags, from: Array(text.utf8)), as: UTF8.self)
}

@Suite("The change of kube-apiserver's manifest")
struct APIServerManifestTests {
    @Test(
        "kubeadm's own: two flags, a mount and a volume, each where kubeadm would sort it",
        arguments: ([20] + Array(27...37)).map(KubeadmManifests.manifest) + [KubeadmManifests.minikube])
    func kubeadm(old: String) throws {
        let expected = insert(
            volumeLines, before: "  - hostPath:\n      path: /usr/local",
            in: insert(
                mountLines, before: "    - mountPath: /usr/local",
                in: insert(flagLines, before: "    - --authorization-mode", in: old)))
        #expect(try add(old) == expected)
        #expect(try add(expected) == expected, "a second time changes nothing")
        #expect(try remove(expected) == old)
        #expect(try remove(old) == old)
    }

    private func insert(_ lines: String, before mark: String, in text: String) -> String {
        guard let range = text.ranges(of: mark).first else { return "" }
        return String(text[..<range.lowerBound]) + lines + text[range.lowerBound...]
    }

    static let forms: [(name: String, change: @Sendable (String) -> String)] = [
        ("Windows line ends", { $0.replacingEvery("\n", with: "\r\n") }),
        ("a byte order mark", { "\u{FEFF}" + $0 }),
        ("no line end at the end of the file", { String($0.dropLast()) }),
        (
            "comments between flags",
            { $0.replacingEvery("    - --authorization", with: "    # who may do what\n    - --authorization") }
        ),
        ("comments behind flags", { $0.replacingEvery("=Node,RBAC", with: "=Node,RBAC   # 'and' nobody: else") }),
        ("lists further in than their keys", { KubeadmManifests.indented($0) }),
        ("a document start and end", { "---\n" + $0 + "...\n" }),
        ("quoted flags", { $0.replacingEvery("- --secure-port=6443", with: "- \"--secure-port=6443\"") }),
        (
            "a flag over two lines",
            {
                $0.replacingEvery(
                    "- --authorization-mode=Node,RBAC", with: "- \"--authorization-mode=Node,\\\n      RBAC\"")
            }
        ),
        ("letters beyond ASCII", { $0.replacingEvery("    tier:", with: "    owner: Zoë 🦊\n    tier:") }),
        (
            "flags in args",
            {
                $0.replacingEvery("    - kube-apiserver\n", with: "    - /usr/local/bin/kube-apiserver\n    args:\n")
            }
        ),
        (
            "flags in no order",
            {
                $0.replacingEvery(
                    "    - --advertise-address=10.0.0.10\n", with: "    - --v=2\n    - --advertise-address=10.0.0.10\n")
            }
        ),
        (
            "another container before it",
            {
                $0.replacingEvery(
                    "  containers:\n",
                    with:
                        "  containers:\n  - name: sidecar\n    image: x\n    volumeMounts: [{name: ca-certs, mountPath: /x}]\n"
                )
            }
        ),
        (
            "a list of flags in brackets",
            {
                $0.replacingPart(
                    from: "  - command:\n", to: "    image:",
                    with: "  - command: [kube-apiserver, --allow-privileged=true, '--secure-port=6443']\n")
            }
        ),
        (
            "a list of flags in brackets over several lines",
            {
                $0.replacingPart(
                    from: "  - command:\n", to: "    image:",
                    with:
                        "  - command: [\n      kube-apiserver,\n      --allow-privileged=true,\n      --secure-port=6443,\n    ]\n"
                )
            }
        ),
        (
            "volumes of its own",
            {
                $0.replacingEvery(
                    "  volumes:\n", with: "  volumes:\n  - name: audit\n    hostPath: {path: /var/log/audit}\n")
            }
        ),
        (
            "a block scalar at the end of the volumes",
            {
                $0.replacingEvery(
                    "    name: usr-share-ca-certificates\nstatus",
                    with: "    name: |-\n      usr-share-ca-certificates\nstatus")
            }
        ),
        (
            "arguments of one's own behind the sorted ones",
            { $0.replacingEvery("    image: ", with: "    - --runtime-config=\n    image: ") }
        ),
        (
            "a volume with its name first, and an empty line after it",
            {
                $0.replacingEvery(
                    "status: {}", with: "  - name: audit   # policy\n    hostPath: {path: /etc/audit}\n\nstatus: {}")
            }
        ),
        ("an empty line before it", { "\n" + $0 }),
        (
            "an empty line in the container, and no status",
            {
                $0.replacingEvery("    volumeMounts:\n", with: "\n    volumeMounts:\n")
                    .replacingEvery("status: {}\n", with: "")
            }
        ),
        ("a comment before it", { "# a sample with external OIDC\n" + $0 }),
        (
            "lines of comments around flags of one's own",
            {
                $0.replacingEvery(
                    "    image: ", with: "    ### Insert these\n    - --oidc-groups-prefix=\n    ### End\n    image: ")
            }
        ),
        (
            "an IPv6 address, whose endpoint kubeadm quotes",
            {
                $0.replacingEvery("endpoint: 10.0.0.10:6443", with: "endpoint: '[fd00::10]:6443'")
                    .replacingEvery("10.0.0.10", with: "fd00::10")
            }
        ),
        ("trailing white space", { $0.replacingEvery("=Node,RBAC\n", with: "=Node,RBAC  \n") }),
        (
            "no volumes",
            {
                $0.replacingPart(from: "  volumes:\n", to: "status:", with: "")
                    .replacingPart(from: "    volumeMounts:\n", to: "  hostNetwork", with: "")
            }
        ),
    ]

    @Test("every form keeps every other line, and comes back byte by byte", arguments: forms)
    func keepsForm(_ form: (name: String, change: @Sendable (String) -> String)) throws {
        let old = form.change(KubeadmManifests.manifest(31))
        #expect(old.contains("kube-apiserver"))
        let new = try add(old)
        #expect(new.contains("--authentication-token-webhook-config-file=/etc/kube-entra/webhook.yaml"))
        #expect(Self.isSubsequence(Array(old.unicodeScalars), of: Array(new.unicodeScalars)), "nothing went")
        if old.contains("\r") {
            #expect(!new.replacingEvery("\r\n", with: "").unicodeScalars.contains("\n"), "all line ends are Windows'")
        }
        #expect(try add(new) == new)
        #expect(Array(try remove(new).utf8) == Array(old.utf8))
    }

    private static func isSubsequence(_ part: [Unicode.Scalar], of whole: [Unicode.Scalar]) -> Bool {
        var rest = part[...]
        for scalar in whole where scalar == rest.first { rest = rest.dropFirst() }
        return rest.isEmpty
    }

    @Test("JSON, printed for people and in one line, stays JSON", arguments: [true, false])
    func json(isPretty: Bool) throws {
        let pretty = """
            {
            \t"apiVersion": "v1",
            \t"kind": "Pod",
            \t"spec": {
            \t\t"containers": [
            \t\t\t{
            \t\t\t\t"command": [
            \t\t\t\t\t"kube-apiserver",
            \t\t\t\t\t"--allow-privileged=true",
            \t\t\t\t\t"--secure-port=6443"
            \t\t\t\t],
            \t\t\t\t"name": "kube-apiserver",
            \t\t\t\t"volumeMounts": []
            \t\t\t}
            \t\t]
            \t}
            }

            """
        let old = isPretty ? pretty : pretty.replacingEvery("\n", with: "").replacingEvery("\t", with: "")
        let new = try add(old)
        #expect(new.contains(#""--authentication-token-webhook-version=v1","#))
        #expect(
            new.contains(#""volumeMounts": [{"mountPath": "/etc/kube-entra", "name": "kube-entra", "readOnly": true}]"#)
        )
        #expect(
            new.contains(
                #""volumes": [{"hostPath": {"path": "/etc/kube-entra", "type": "Directory"}, "name": "kube-entra"}]"#))
        if isPretty { #expect(new.contains("\t\t\t\t\t\"--authentication-token-webhook-version=v1\",\n")) }
        #expect(try add(new) == new)
        // A list that did not exist before stays, empty.
        #expect(
            try remove(new).replacingEvery(",\n\t\t\"volumes\": []", with: "").replacingEvery(
                ", \"volumes\": []", with: "") == old)
    }

    static let present: [(name: String, flag: String)] = [
        ("the file's flag", "--authentication-token-webhook-config-file=/etc/kube-entra/webhook.yaml"),
        ("the file's flag with underscores", "--authentication_token_webhook_config_file=/etc/kube-entra/webhook.yaml"),
        ("the file's flag in quotes", "'--authentication-token-webhook-config-file=/etc/kube-entra/webhook.yaml'"),
        (
            "flag and file as two words",
            "--authentication-token-webhook-config-file\n    - /etc/kube-entra/webhook.yaml"
        ),
    ]

    @Test("a flag that is there is not written twice, and goes with the other", arguments: present)
    func keepsFlag(_ case: (name: String, flag: String)) throws {
        let old = KubeadmManifests.manifest(30).replacingEvery(
            "    - --secure-port", with: "    - \(`case`.flag)\n    - --secure-port")
        let new = try add(old)
        let names = new.replacingEvery("_", with: "-")
        #expect(names.ranges(of: "--authentication-token-webhook-config-file").count == 1)
        #expect(names.ranges(of: "--authentication-token-webhook-version").count == 1)
        #expect(try remove(new) == KubeadmManifests.manifest(30))
    }

    @Test("another version of the TokenReview works too; it is not what enable writes, so it stays")
    func otherVersion() throws {
        let old = KubeadmManifests.manifest(30).replacingEvery(
            "    - --secure-port", with: "    - --authentication-token-webhook-version=v1beta1\n    - --secure-port")
        let new = try add(old)
        #expect(new.ranges(of: "--authentication-token-webhook-version").count == 1)
        #expect(try remove(new) == old)
    }

    @Test("flags behind the others, where a newer kubeadm writes those of its ConfigMap, are known and go")
    func flagsAtTheEnd() throws {
        let old = insert(
            volumeLines, before: "  - hostPath:\n      path: /usr/local",
            in: insert(mountLines, before: "    - mountPath: /usr/local", in: KubeadmManifests.manifest(36)))
        let upgraded = insert(flagLines + "    - --runtime-config=\n", before: "    image: ", in: old)
        #expect(try add(upgraded) == upgraded)
        let expected = insert("    - --runtime-config=\n", before: "    image: ", in: KubeadmManifests.manifest(36))
        #expect(try remove(upgraded) == expected)
    }

    @Test("a mount of the folder, or of one around it, is used as it is")
    func mounted() throws {
        let volume = "  - hostPath:\n      path: /etc\n    name: k8s-certs\n"
        let old = KubeadmManifests.manifest(30)
            .replacingEvery("/etc/kubernetes/pki\n      name", with: "/etc\n      name")
            .replacingEvery(
                "  - hostPath:\n      path: /etc/kubernetes/pki\n      type: DirectoryOrCreate\n    name: k8s-certs\n",
                with: volume)
        let new = try add(old)
        #expect(!new.contains("name: kube-entra") && new.contains("webhook-config-file"))
        #expect(try remove(new) == old)
    }

    @Test("a volume that has the name is left alone")
    func nameTaken() throws {
        let old = KubeadmManifests.manifest(30).replacingEvery(
            "  volumes:\n", with: "  volumes:\n  - emptyDir: {}\n    name: kube-entra\n")
        let new = try add(old)
        #expect(new.ranges(of: "name: kube-entra-2").count == 2)
        #expect(try remove(new) == old)
    }

    static let refused: [(name: String, change: @Sendable (String) -> String, problem: String)] = [
        ("a file that is cut off", { String($0.prefix(900)) + "\n    - \"--etcd" }, "line "),
        ("nothing", { _ in "" }, "empty"),
        ("a tab in the indentation", { $0.replacingEvery("    - --secure", with: "\t- --secure") }, "tab"),
        ("two documents", { $0 + "---\n" + $0 }, "one document"),
        ("another kind", { $0.replacingEvery("kind: Pod", with: "kind: Deployment") }, "not a Pod"),
        ("another pod", { $0.replacingEvery("    name: kube-apiserver\n", with: "    name: etcd\n") }, "no container"),
        (
            "flags in a shell's line",
            {
                $0.replacingPart(
                    from: "    - kube-apiserver\n", to: "    image",
                    with: "    - /bin/sh\n    - -c\n    - exec kube-apiserver --v=2\n")
            }, "shell"
        ),
        (
            "no flags", { $0.replacingPart(from: "  - command:\n", to: "    image", with: "  - command: []\n") },
            "no flags"
        ),
        ("a flag that is no string", { $0.replacingEvery("- --secure-port=6443", with: "- {a: b}") }, "no string"),
        (
            "a command that is no list",
            { $0.replacingPart(from: "  - command:\n", to: "    image", with: "  - command: kube-apiserver\n") },
            "not a list"
        ),
        (
            "another webhook",
            {
                $0.replacingEvery(
                    "    - --secure-port",
                    with: "    - --authentication-token-webhook-config-file=/etc/guard.conf\n    - --secure-port")
            }, "/etc/guard.conf"
        ),
        (
            "a webhook's flag without a value",
            {
                $0.replacingEvery(
                    "    - --secure-port",
                    with: "    - --authentication-token-webhook-config-file=\n    - --secure-port")
            }, "without a value"
        ),
        (
            "the flag twice",
            {
                $0.replacingEvery(
                    "    - --secure-port",
                    with:
                        "    - --authentication-token-webhook-version=v1\n    - --authentication-token-webhook-version=v1\n    - --secure-port"
                )
            }, "more than once"
        ),
        ("flags with an anchor", { $0.replacingEvery("  - command:\n", with: "  - command: &flags\n") }, "anchor"),
        (
            "a folder mounted from elsewhere",
            { $0.replacingEvery("mountPath: /etc/ca-certificates", with: "mountPath: /etc/kube-entra/") }, "mounted"
        ),
    ]

    @Test("what cannot be changed safely is refused", arguments: refused)
    func refuses(_ case: (name: String, change: @Sendable (String) -> String, problem: String)) {
        let text = `case`.change(KubeadmManifests.manifest(32))
        let error = #expect(throws: ManifestProblem.self) { try add(text) }
        #expect(error?.sentence.contains(`case`.problem) == true, "\(error?.sentence ?? "")")
        #expect(error?.hint.isEmpty == false)
    }

    @Test("authenticators that come before the webhook are named")
    func authenticators() throws {
        let text = KubeadmManifests.manifest(34).replacingEvery(
            "    - --secure-port", with: "    - --oidc-issuer-url=https://x\n    - --secure-port")
        #expect(try APIServerManifest(Array(text.utf8)).ownAuthenticators == ["--oidc-issuer-url"])
    }
}

extension KubeadmManifests {
    /// The same with lists indented by two columns.
    static func indented(_ text: String) -> String {
        text.replacingEvery("\n    - ", with: "\n      - ")
            .replacingEvery(
                "\n      name: ca-certs\n      readOnly", with: "\n        name: ca-certs\n        readOnly"
            )
            .replacingEvery(
                "\n      name: etc-ca-certificates\n      readOnly",
                with: "\n        name: etc-ca-certificates\n        readOnly"
            )
            .replacingEvery(
                "\n      name: k8s-certs\n      readOnly", with: "\n        name: k8s-certs\n        readOnly"
            )
            .replacingEvery(
                "\n      name: usr-local-share-ca-certificates\n      readOnly",
                with: "\n        name: usr-local-share-ca-certificates\n        readOnly"
            )
            .replacingEvery(
                "\n      name: usr-share-ca-certificates\n      readOnly",
                with: "\n        name: usr-share-ca-certificates\n        readOnly")
    }
}
