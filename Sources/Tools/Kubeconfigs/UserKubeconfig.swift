import Files
import SafeText
import Terminal
import YAML

/// The kubeconfig with which a person or an application signs in.
public struct UserKubeconfig: Sendable {
    /// The name of cluster and context.
    public var name: String
    /// The API server's address.
    public var server: String
    /// The CA of the API server's certificate in PEM; nil for the system's authorities.
    public var authority: [UInt8]?
    /// The user entry, of ``KubeloginSignIn``.
    public var user: String
    /// What to tell the user about the replaced entry: what was kept, or why not; nil if there is nothing to say.
    public var replacementNote: String?
    /// What will probably not work.
    public var warnings: [String] = []

    public init(name: String, server: String, authority: [UInt8]?, user: String) {
        self.name = name
        self.server = server
        self.authority = authority
        self.user = user
    }

    /// The name of the user entry that belongs to a context.
    public static func userName(_ context: String) -> String { context + "-user" }

    /// The file's content, in YAML.
    public var text: String {
        let quoted = YAMLText.quoted
        let authority = authority.map { "    certificate-authority-data: \(Base64.encode($0))\n" } ?? ""
        return """
            apiVersion: v1
            kind: Config
            clusters:
            - name: \(quoted(name))
              cluster:
                server: \(quoted(server))
            \(authority)users:
            - name: \(quoted(UserKubeconfig.userName(name)))
              user:
            \(user)
            contexts:
            - name: \(quoted(name))
              context:
                cluster: \(quoted(name))
                user: \(quoted(UserKubeconfig.userName(name)))
            current-context: \(quoted(name))

            """
    }

    /// What to tell the user if the kubeconfig names no CA; nil if it names one.
    public var note: String? {
        guard authority == nil else { return nil }
        return "note: without --ca, kubectl trusts only the system's authorities, and a cluster usually has its own:"
            + " certificate-authority-data of an administrator's kubeconfig (kubeadm: /etc/kubernetes/pki/ca.crt)"
    }

    /// Writes the kubeconfig to a file that only its owner may read, or adds the context to an existing kubeconfig, and
    /// says which it did. Without a path, it goes to standard output. Prints the notes afterwards.
    ///
    /// - Parameter isReplacing: whether a context of the same name is replaced.
    /// - Throws: `CommandFailure` if the file cannot be used, or the context's name is taken.
    public func write(to path: String?, replacing isReplacing: Bool) throws {
        if let path, CommandFile.stream(path) == nil {
            if FileIO.hasOtherNames(path) {
                Console.note(
                    "note: \(path) has another name too (a hard link), which keeps the kubeconfig of before: the file is"
                        + " replaced as a whole")
            }
            let isMerged = try KubeconfigMerge.merge(text, intoFile: path, replacing: isReplacing)
            Console.note(isMerged ? "added the context to \(path)" : "wrote \(path)")
        } else {
            try Console.write(Array(text.utf8), to: path, mode: 0o600, replacing: isReplacing)
        }
        for note in [replacementNote, note] { note.map(Console.note) }
        Console.notes(warnings)
    }
}
