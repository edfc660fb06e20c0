import AccessPolicy
import Entra
import SafeText
import Timestamps

extension FieldChange where Value == [DeniedEntry] {
    static var denied: Self {
        FieldChange { name, old, new, collector, context in
            let gone = old.filter { entry in !new.contains { $0.isSame(as: entry) } }
            let added = new.filter { entry in !old.contains { $0.isSame(as: entry) } }
            for entry in added {
                let isOver = !entry.isInForce(at: context.now)
                let wasRefused = old.contains { $0.covers(entry) && $0.isInForce(at: context.now) }
                collector.add(
                    "\(name)[\(entry.target.id)]", isOver || wasRefused ? .changes : .loses,
                    isOver
                        ? "\(entry.target.words) is not refused by an entry that ended on \(entry.end)"
                        : "\(entry.target.words) is refused\(entry.bounds) (\(entry.reason))",
                    after: entry.words)
            }
            for entry in gone {
                let isOver = !entry.isInForce(at: context.now)
                let isStillRefused = new.contains { $0.covers(entry) && $0.isInForce(at: context.now) }
                collector.add(
                    "\(name)[\(entry.target.id)]", isOver || isStillRefused ? .changes : .gains,
                    isOver
                        ? "the entry against \(entry.target.words) that ended on \(entry.end) is gone"
                        : isStillRefused
                            ? "\(entry.target.words) is refused by another entry than before"
                            : "\(entry.target.words) is no longer refused\(entry.bounds)",
                    before: entry.words)
            }
        }
    }
}

extension FieldChange where Value == String? {
    static var deniedFile: Self {
        FieldChange { name, old, new, collector, context in
            let (from, to) = (
                old.map { context.written($0, in: context.old) }, new.map { context.written($0, in: context.new) }
            )
            switch (from, to) {
            case (nil, let to?):
                collector.add(name, .loses, "who is denied in \(to) is refused as well", after: to)
            case (let from?, nil):
                collector.add(name, .gains, "who is denied only in \(from) is no longer refused", before: from)
            default:
                collector.add(
                    name, .changes,
                    "who is denied in \(to ?? "") is refused, instead of who is denied in \(from ?? "")",
                    before: from, after: to)
            }
        }
    }
}

extension DeniedEntry {
    fileprivate func isSame(as other: DeniedEntry) -> Bool {
        target == other.target && issuedBefore == other.issuedBefore && until == other.until
            && reason.utf8.elementsEqual(other.reason.utf8)
    }

    /// Whether this entry refuses at least what the other refuses, for at least as long.
    fileprivate func covers(_ other: DeniedEntry) -> Bool {
        func reaches(_ mine: Timestamp?, _ theirs: Timestamp?) -> Bool {
            guard let mine else { return true }
            return theirs.map { mine >= $0 } ?? false
        }
        return target == other.target && reaches(issuedBefore, other.issuedBefore)
            && reaches(until, other.until)
    }

    fileprivate var end: String { until?.rfc3339 ?? "" }

    fileprivate var bounds: String {
        (issuedBefore.map { " with tokens issued before \($0.rfc3339)" } ?? "")
            + (until.map { " until \($0.rfc3339)" } ?? "")
    }

    fileprivate var words: String { "\(target.id)\(bounds) (\(reason))" }
}

extension DeniedEntry.Target {
    fileprivate var id: String {
        switch self {
        case .objectID(let id), .clientAppID(let id): id.description
        case .tokenID(let id): id.text
        }
    }

    fileprivate var words: String {
        switch self {
        case .objectID(let id): "object \(id)"
        case .clientAppID(let id): "every token that application \(id) asked for"
        case .tokenID(let id): "the token \(id)"
        }
    }
}
