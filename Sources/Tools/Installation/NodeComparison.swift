import Jansson
import SafeText
import Terminal

/// What another control-plane node says about itself, beside this one.
///
/// Nodes of one cluster have the same configuration, or people's permissions depend on the node that answers. Each
/// node may have certificates of its own, so that a difference there is shown and is not a fault. Deny lists must be
/// the same, or somebody is locked out of one node only.
public struct NodeComparison {
    /// Whether two nodes have the same content.
    enum Sameness: String {
        case same, different
        /// Deny lists with the same entries, whose times differ.
        case differentTimes
        /// The other node doesn't have it.
        case missing
    }

    /// Where the other node's status was read.
    let source: String
    let configuration: Sameness
    let certificates: [(path: String, sameness: Sameness)]
    /// Empty if the other node's status is of a version that says nothing about its lists.
    let denyLists: [(path: String, sameness: Sameness)]

    /// Whether the configuration and the deny lists are the same on both nodes.
    public var isSame: Bool { configuration == .same && denyLists.allSatisfy { $0.sameness == .same } }

    /// Compares a status with what `kube-entra status --output json` printed on another node.
    ///
    /// - Throws: status 2 if `other` is not such a text, or if this node has no configuration to compare.
    public init(_ status: InstallationStatus, with other: [UInt8], source: String) throws {
        guard let root = (try? JSONDocument(parsing: other))?.root, root["distribution"]?.string != nil,
            let files = root["certificates"]?.array
        else {
            throw CommandFailure(
                "\(source) is not the status of a node",
                hint: "write it there with `kube-entra status --output json >FILE`")
        }
        self.source = source
        configuration = Self.compare(status.configurationSHA256, root["configurationSHA256"]?.string)
        certificates = status.certificates.map { file in
            let there = files.first { $0["path"]?.string.map { ExactText($0) } == ExactText(file.path) }
            return (file.path, Self.compare(file.sha256, there?["sha256"]?.string))
        }
        let known = root["denyLists"]?.array.map { Array($0) }
        let lists = known == nil ? [] : status.denyLists?.lists ?? []
        denyLists = lists.map { list in
            let there = known?.first { $0["path"]?.string.map { ExactText($0) } == ExactText(list.path) }
            // One that cannot be used is like no other.
            guard list.problem == nil else { return (list.path, .different) }
            let sameness = Self.compare(list.entriesSHA256, there?["entriesSHA256"]?.string)
            let untimed = Self.compare(list.untimedSHA256, there?["entriesWithoutTimesSHA256"]?.string)
            return (list.path, sameness == .different && untimed == .same ? .differentTimes : sameness)
        }
    }

    private static func compare(_ here: String?, _ there: String?) -> Sameness {
        guard let there else { return here == nil ? .same : .missing }
        return here == there ? .same : .different
    }

    var json: JSON {
        .object([
            ("source", .string(source)), ("configuration", .string(configuration.rawValue)),
            (
                "certificates",
                .array(
                    certificates.map { path, sameness in
                        .object([("path", .string(path)), ("comparison", .string(sameness.rawValue))])
                    })
            ),
            (
                "denyLists",
                .array(
                    denyLists.map { path, sameness in
                        .object([("path", .string(path)), ("comparison", .string(sameness.rawValue))])
                    })
            ),
        ])
    }

    /// One line for people: what is the same, and what is not.
    var text: String {
        let names = { (wanted: Sameness) in
            (denyLists + certificates).filter { $0.sameness == wanted }
                .map { $0.path.split(separator: "/").last.map(String.init) ?? $0.path }
        }
        let words: [(String, Sameness)] = [
            ("same", .same), ("different", .different), ("same but for times", .differentTimes),
            ("missing there", .missing),
        ]
        let parts = words.compactMap { word, sameness -> String? in
            let all = (configuration == sameness ? ["configuration"] : []) + names(sameness)
            guard !all.isEmpty else { return nil }
            let why =
                " (`--issued-before now` and `--for` store the time of the node where they run: copy the list from one"
                + " node to the others)"
            return "\(word): \(all.joined(separator: ", "))\(sameness == .differentTimes ? why : "")"
        }
        return "\(source): \(parts.joined(separator: "; "))"
    }
}
