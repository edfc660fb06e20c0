import SafeText
public import YAML

/// Why a context cannot be added to an existing kubeconfig.
public enum KubeconfigMergeError: Error, Hashable, Sendable {
    /// The file is something else.
    case notAKubeconfig
    case unreadable(YAMLError)
    /// A cluster, user or context with this name exists and differs.
    case nameTaken(String)
    /// The file's layout cannot be edited safely.
    case unusualLayout(line: Int)

    /// What is wrong, for people.
    public var sentence: String {
        switch self {
        case .notAKubeconfig: "the file is there and is not a kubeconfig"
        case .unreadable(let error): "line \(error.line), column \(error.column): \(error.message)"
        case .nameTaken(let name): "\(name) is in it already, with other content"
        case .unusualLayout(let line): "line \(line) is written in a way that cannot be changed in place"
        }
    }
}

/// Adds a context to a kubeconfig, as `kubectl config` and `az aks get-credentials` do, and keeps every other byte of
/// the file.
public enum KubeconfigMerge {
    private static let lists = ["clusters", "users", "contexts"]

    /// The file's bytes with the new context, which becomes the current one.
    ///
    /// - Parameters:
    ///   - old: the existing file.
    ///   - new: a kubeconfig with one cluster, one user and one context.
    ///   - replacing: whether to replace entries with the same names.
    /// - Throws: ``KubeconfigMergeError`` if that is impossible; nothing is lost.
    public static func merge(
        _ new: [UInt8], into old: [UInt8], replacing: Bool
    ) throws(KubeconfigMergeError) -> [UInt8] {
        let isEmpty = old.split(separator: UInt8(ascii: "\n")).allSatisfy { line in
            line.first { $0 != 9 && $0 != 13 && $0 != 32 }.map { $0 == UInt8(ascii: "#") } ?? true
        }
        if isEmpty { return old.isEmpty || old.last == 10 ? old + new : old + [10] + new }
        var editor = try edited { () throws(YAMLEditError) in try YAMLEditor(old) }
        let added = try edited { () throws(YAMLEditError) in try YAMLEditor(new) }
        guard editor.root.mapping != nil, editor.root["kind"]?.text ?? "Config" == "Config",
            lists.contains(where: { editor.root[$0] != nil })
        else { throw .notAKubeconfig }
        for list in lists {
            guard let item = added.node([.key(list), .index(0)]) else { continue }
            try put(item, into: list, of: &editor, replacing: replacing)
        }
        let isCurrent = { (node: YAMLNode?) in node?.text.map { ExactText($0) } }
        if let current = added.root["current-context"],
            isCurrent(editor.root["current-context"]) != isCurrent(current)
        {
            try edited { () throws(YAMLEditError) in
                do throws(YAMLEditError) {
                    try editor.replace("current-context", with: current.text ?? "", in: [])
                } catch {
                    // There is none, it is empty, or it is written over several lines.
                    if editor.root["current-context"] != nil { try editor.remove("current-context", in: []) }
                    try editor.set("current-context", YAMLValue(current), in: [])
                }
            }
        }
        return editor.bytes
    }

    private static func put(
        _ item: YAMLNode, into list: String, of editor: inout YAMLEditor, replacing: Bool
    ) throws(KubeconfigMergeError) {
        let value = YAMLValue(item)
        let elements = editor.root[list]?.sequence ?? []
        let name = item["name"]?.text ?? ""
        guard let index = elements.firstIndex(where: { $0["name"]?.text?.utf8.elementsEqual(name.utf8) ?? false })
        else {
            return try edited { () throws(YAMLEditError) in
                if elements.isEmpty {
                    try editor.set(list, .sequence([value]), in: [])
                } else {
                    try editor.insert(value, at: elements.count, in: [.key(list)])
                }
            }
        }
        guard YAMLValue(elements[index]) != value else { return }
        guard replacing else { throw .nameTaken(name) }
        try edited { () throws(YAMLEditError) in
            try editor.insert(value, at: index, in: [.key(list)])
            try editor.remove(at: index + 1, in: [.key(list)])
        }
    }

    private static func edited<Result>(
        _ change: () throws(YAMLEditError) -> Result
    ) throws(KubeconfigMergeError) -> Result {
        do throws(YAMLEditError) {
            return try change()
        } catch {
            switch error {
            case .unreadable(let problem): throw .unreadable(problem)
            case .notThere: throw .notAKubeconfig
            case .shared(let line), .merged(let line), .unusualLayout(let line): throw .unusualLayout(line: line)
            }
        }
    }
}
