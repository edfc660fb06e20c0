import AccessPolicy
import Timestamps

extension FieldChange where Value == [EmergencyEntry] {
    static var emergencies: Self {
        FieldChange { name, old, new, collector, context in
            for id in Set((old + new).map(\.objectID)).sorted() {
                let before = old.filter { $0.objectID == id }
                let after = new.filter { $0.objectID == id }
                let gone = before.filter { entry in !after.contains { $0.isSame(as: entry) } }
                let added = after.filter { entry in !before.contains { $0.isSame(as: entry) } }
                let field = "\(name)[\(id)]"
                if gone.count == 1, added.count == 1 {
                    changed(field, gone[0], added[0], &collector, context.now)
                } else {
                    replaced(field, gone: gone, added: added, &collector, context.now)
                }
            }
        }
    }
}

private func replaced(
    _ field: String,
    gone: [EmergencyEntry],
    added: [EmergencyEntry],
    _ collector: inout ChangeCollector,
    _ now: Timestamp
) {
    for entry in added.sorted(by: { $0.until < $1.until }) {
        let isOver = entry.until <= now
        collector.add(
            field, isOver ? .changes : .gains,
            isOver
                ? "object \(entry.objectID) gets no emergency access from an entry that ended on"
                    + " \(entry.until.rfc3339)"
                : "object \(entry.objectID) gets emergency access to \(entry.groups.groups) until"
                    + " \(entry.until.rfc3339)\(entry.because)",
            after: entry.words)
    }
    for entry in gone.sorted(by: { $0.until < $1.until }) {
        let isOver = entry.until <= now
        collector.add(
            field, isOver ? .changes : .loses,
            isOver
                ? "the entry for emergency access of object \(entry.objectID) that ended on"
                    + " \(entry.until.rfc3339) is gone"
                : "object \(entry.objectID) loses emergency access to \(entry.groups.groups)",
            before: entry.words)
    }
}

private func changed(
    _ field: String,
    _ old: EmergencyEntry,
    _ new: EmergencyEntry,
    _ collector: inout ChangeCollector,
    _ now: Timestamp
) {
    let id = new.objectID
    if old.until != new.until {
        let (before, after) = (max(old.until, now), max(new.until, now))
        collector.add(
            field, before < after ? .gains : before > after ? .loses : .changes,
            "emergency access of object \(id) ends on \(new.until.rfc3339) instead of \(old.until.rfc3339)",
            before: old.until.rfc3339, after: new.until.rfc3339)
    }
    let gained = new.groups.subtracting(old.groups)
    let lost = old.groups.subtracting(new.groups)
    if !gained.isEmpty {
        collector.add(
            field, .gains, "object \(id) gets emergency access to \(gained.groups)", after: gained.names)
    }
    if !lost.isEmpty {
        collector.add(field, .loses, "object \(id) loses emergency access to \(lost.groups)", before: lost.names)
    }
    if !old.reason.utf8.elementsEqual(new.reason.utf8) {
        collector.add(
            field, .changes, "the reason for the emergency access of object \(id) changes", before: old.reason,
            after: new.reason)
    }
}

extension EmergencyEntry {
    fileprivate var groups: NameSet { NameSet(kubernetesGroups) }
    fileprivate var because: String { reason.isEmpty ? "" : " (\(reason))" }
    fileprivate var words: String { "\(groups.names) until \(until.rfc3339)\(because)" }

    fileprivate func isSame(as other: EmergencyEntry) -> Bool {
        objectID == other.objectID && until == other.until && groups == other.groups
            && reason.utf8.elementsEqual(other.reason.utf8)
    }
}
