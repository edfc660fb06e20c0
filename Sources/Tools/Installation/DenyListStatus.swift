import AccessPolicy
import Configuration
import Entra
import Jansson
import SafeText
import Timestamps

/// The deny lists that a node's configuration names.
struct DenyListStatus {
    struct List {
        var path: String
        /// SHA-256 of the entries in a fixed order, so that nodes with the same entries have the same; nil if the list
        /// cannot be used.
        var entriesSHA256: String?
        /// The same without the times in the entries.
        var untimedSHA256: String?
        /// Number of entries that refuse somebody now.
        var inForce = 0
        /// Why it cannot be used; nil if it can.
        var problem: String?
    }

    /// Each list once, sorted by path.
    private(set) var lists: [List] = []
    /// Tenants that have none.
    let tenantsWithout: [String]

    init(_ configuration: WebhookConfiguration, root: String, now: Timestamp) {
        tenantsWithout = configuration.tenants.filter { $0.deniedFile == nil }.map(\.trust.tenantID.description)
        for path in DenyFiles.paths(configuration).map(\.text).sorted() {
            var list = List(path: path.hasPrefix(root) ? String(path.dropFirst(root.count)) : path)
            do throws(DenyFileError) {
                let entries = try DenyFile.read(path)
                list.inForce = entries.count { $0.isInForce(at: now) }
                list.entriesSHA256 = DenyListStatus.digest(entries)
                list.untimedSHA256 = DenyListStatus.digest(entries.map(DenyListStatus.withoutTimes))
            } catch {
                list.problem = error.sentence
            }
            lists.append(list)
        }
    }

    private static func digest(_ entries: [DeniedEntry]) -> String {
        let lines = entries.map { DenyFile.json($0).text() }.sorted()
        return NodeFiles.digest(Array(lines.joined(separator: "\n").utf8))
    }

    /// The entry with the same time in place of each of its times.
    private static func withoutTimes(_ entry: DeniedEntry) -> DeniedEntry {
        let epoch = Timestamp(secondsSinceEpoch: 0)
        var entry = entry
        entry.issuedBefore = entry.issuedBefore.map { _ in epoch }
        entry.until = entry.until.map { _ in epoch }
        return entry
    }

    /// The first list that cannot be used.
    var unusable: List? { lists.first { $0.problem != nil } }

    var json: JSON {
        .array(
            lists.map { list in
                .object([
                    ("path", .string(list.path)), ("entriesInForce", .integer(Int64(list.inForce))),
                    ("entriesSHA256", JSON(list.entriesSHA256)),
                    ("entriesWithoutTimesSHA256", JSON(list.untimedSHA256)), ("problem", JSON(list.problem)),
                ])
            })
    }

    /// Lines for people.
    var lines: [String] {
        let found = lists.map { list in
            if let problem = list.problem {
                return "\(list.path) cannot be used: \(problem); a webhook that runs keeps the last good one, and does"
                    + " not start with this one"
            }
            let entries = list.inForce == 1 ? "1 entry" : "\(list.inForce) entries"
            return "\(list.path): \(entries) in force, SHA-256 \((list.entriesSHA256 ?? "").prefix(16))…"
        }
        return found + [missing].compactMap { $0 }
    }

    /// Which tenants have no list, and what to do; nil if all have one.
    var missing: String? {
        guard !tenantsWithout.isEmpty else { return nil }
        let who =
            lists.isEmpty ? "no tenant has deniedFile" : "\(tenantsWithout.joined(separator: ", ")) without deniedFile"
        return "\(who), so `kube-entra deny` can lock nobody out\(lists.isEmpty ? " on this node" : " there");"
            + " for a list, \(DenyFile.advice(folder: NodePath.home + "/"))"
    }
}

extension DenyFile {
    /// Where a deny list that is missing on a node comes from.
    static func origin(_ path: String) -> String {
        "copy it from another control-plane node; for an empty list: \(making(path))"
    }
}
