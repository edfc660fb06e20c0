public import Timestamps

/// The two compared configurations, because the meaning of one field's change can depend on others.
struct ChangeContext: Sendable {
    let old: LoadedConfiguration
    let new: LoadedConfiguration
    /// Entries that have ended by then grant nothing.
    let now: Timestamp

    /// Whether two values are the same. Paths differ only if both their spelling and their target differ, because the
    /// two files may be in different folders.
    func isSame(_ before: ConfigValue, _ after: ConfigValue) -> Bool {
        before.isSame(as: after)
            || before.mapFiles { written($0, in: old) }.isSame(as: after.mapFiles { written($0, in: new) })
    }

    /// A path as its file spells it.
    func written(_ path: String, in file: LoadedConfiguration) -> String {
        let end = file.path.lastIndex(of: "/").map { file.path.index(after: $0) }
        let folder = end.map { String(file.path[..<$0]) } ?? "./"
        return path.utf8.starts(with: folder.utf8) ? String(path.dropFirst(folder.count)) : path
    }

    /// A value of one of the two files in words; nil for null.
    func words(_ value: ConfigValue, in file: LoadedConfiguration) -> String? {
        value.isNull ? nil : value.mapFiles { written($0, in: file) }.words
    }
}

/// Collects the differences in one part of the configuration.
struct ChangeCollector {
    private(set) var changes: [ConfigurationChange] = []
    /// Prefix of each field.
    var path = ""
    /// Prefix of each message.
    var subject = ""

    /// Collects within a mapping.
    mutating func inside(_ name: String, subject: String = "", _ body: (inout ChangeCollector) -> Void) {
        let before = (path, self.subject)
        path += name
        self.subject += subject
        body(&self)
        (path, self.subject) = before
    }

    mutating func add(
        _ field: String,
        _ effect: ConfigurationChange.Effect,
        _ message: String,
        before: String? = nil,
        after: String? = nil
    ) {
        changes.append(
            ConfigurationChange(
                field: path + field, effect: effect, message: subject + message, before: before, after: after))
    }

    /// Adds a change whose message names the old and the new value and nothing else.
    mutating func values(_ field: String, _ before: String?, _ after: String?) {
        changes.append(
            ConfigurationChange(
                field: path + field, effect: .changes,
                message:
                    "\(path)\(field) changes from \(before ?? "the default") to \(after ?? "the default")",
                before: before, after: after))
    }

    /// What was added to a set and removed from it, one change for each element.
    mutating func set<Element: Hashable & Comparable>(
        _ field: String,
        _ before: some Sequence<Element>,
        _ after: some Sequence<Element>,
        added: (Element) -> (ConfigurationChange.Effect, String),
        removed: (Element) -> (ConfigurationChange.Effect, String)
    ) {
        let old = Set(before)
        let new = Set(after)
        for element in new.subtracting(old).sorted() {
            let (effect, message) = added(element)
            add(field, effect, message, after: "\(element)")
        }
        for element in old.subtracting(new).sorted() {
            let (effect, message) = removed(element)
            add(field, effect, message, before: "\(element)")
        }
    }
}

extension LoadedConfiguration {
    /// The differences from this configuration to a later one: tenants first, then names, then operation.
    ///
    /// - Parameter now: entries that have ended by then grant nothing.
    public func changes(to new: LoadedConfiguration, now: Timestamp) -> [ConfigurationChange] {
        var collector = ChangeCollector()
        WebhookConfiguration.description.compare(
            configuration, new.configuration, &collector, ChangeContext(old: self, new: new, now: now))
        let ranked = collector.changes.enumerated().map { (rank: $1.rank, index: $0, change: $1) }
        return ranked.sorted { ($0.rank, $0.index) < ($1.rank, $1.index) }.map(\.change)
    }
}

extension ConfigurationChange {
    fileprivate var rank: Int {
        field.hasPrefix("tenants") ? 0 : field.hasPrefix("kubernetes") ? 1 : 2
    }
}
