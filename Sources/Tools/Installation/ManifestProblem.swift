import SafeText
public import YAML

/// Why a file of the control plane is not changed. Nothing was written.
public enum ManifestProblem: Error, Hashable, Sendable {
    case unreadable(YAMLError)
    /// Another kind of document, or a required part is missing.
    case notExpected(String)
    /// kube-apiserver calls another webhook already.
    case otherWebhook(file: String)
    /// A flag is set more than once.
    case repeated(flag: String)
    /// A shell or another program builds the flags.
    case otherProgram
    /// Something else is mounted at the folder in the container.
    case folderTaken(String)
    /// A file of RKE2 or k3s is read after our drop-in and replaces its list.
    case replacedLater(file: String, key: String)
    case shared(line: Int)
    /// A merge key (`<<`), which a change could switch off.
    case merged(line: Int)
    case unusualLayout(line: Int)

    init(_ error: YAMLEditError) {
        self =
            switch error {
            case .unreadable(let problem): .unreadable(problem)
            case .notThere: .notExpected("a part that has to be changed is missing or has another form")
            case .shared(let line): .shared(line: line)
            case .merged(let line): .merged(line: line)
            case .unusualLayout(let line): .unusualLayout(line: line)
            }
    }

    /// What is wrong, for people.
    public var sentence: String {
        switch self {
        case .unreadable(let problem):
            "line \(problem.line), column \(problem.column): \(problem.message)"
        case .notExpected(let what): what
        case .otherWebhook(file: ""):
            "kube-apiserver has --authentication-token-webhook-config-file without a value, so it asks no webhook"
        case .otherWebhook(let file):
            "kube-apiserver asks another webhook already: --authentication-token-webhook-config-file=\(PrintableText.clean(file, maximum: 300))"
        case .repeated(let flag): "the flag --\(flag) stands there more than once"
        case .otherProgram: "kube-apiserver is started by a shell or another program, not by its own flags"
        case .folderTaken(let folder): "the container has something else mounted at \(folder)"
        case .replacedLater(let file, let key):
            "\(file) is read after \(DropIn.fileName) and replaces its \(key)"
        case .shared(let line):
            "line \(line): what has to be changed has an anchor or an alias, so it counts elsewhere too"
        case .merged(let line):
            "line \(line): a merge key (<<) brings in parts from elsewhere, which a change could switch off"
        case .unusualLayout(let line): "line \(line): the text is laid out so that a change could damage it"
        }
    }

    /// What to do about it.
    public var hint: String {
        switch self {
        case .unreadable: "repair the file at that place, then run the command again"
        case .notExpected: "is this a control-plane node, and is --distribution right?"
        case .otherWebhook(file: ""): "remove that flag first"
        case .otherWebhook: "remove that webhook's flags first (deploy/guard shows how to move from guard)"
        case .repeated: "leave one of them"
        case .otherProgram: "add the two flags and the mount by hand (deploy/kubeadm)"
        case .folderTaken: "remove that mount, or add the two flags and the mount by hand (deploy/kubeadm)"
        case .replacedLater(_, let key): "write the key as \(key)+ there, so that it adds to the list"
        case .merged: "write out what it brings in, without the merge key, and try again"
        case .shared, .unusualLayout: "write that part in the usual way, one item a line, and try again"
        }
    }
}
