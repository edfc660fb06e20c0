import Installation
import Testing

/// Random files of RKE2 and k3s, read here as k3s reads them: a key with `+` adds to the list so far, one without it
/// replaces the list.
@Suite("The drop-in among random files of RKE2 and k3s")
struct DropInPropertyTests {
    private struct Entry {
        var key: String
        var isAdded: Bool
        /// Nil for a key without a value.
        var values: [String]?
    }

    private static let arguments = "kube-apiserver-arg"
    private static let mounts = "kube-apiserver-extra-mount"
    private static let own = "authentication-token-webhook-config-file=/etc/kube-entra/webhook.yaml"
    private static let other = "authentication-token-webhook-config-file=/etc/guard.yaml"

    @Test(
        "what is not refused lets kube-apiserver have the flags and the mount; what is refused would not",
        arguments: 0..<400)
    func check(seed: Int) throws {
        var numbers = SeededNumbers(seed: seed)
        let dropIn = DropIn(flags: WebhookFlags(), needsMount: numbers.oneIn(2))
        var files: [(name: String, entries: [Entry])] = []
        for name in ["config.yaml", "10.yaml", "99-a.yaml", "99-kube-entra.yml", "99-z.yaml", "Z.yaml", "zz.yaml"]
        where numbers.oneIn(3) {
            files.append((name, entries(&numbers)))
        }
        var refusal: ManifestProblem?
        for file in files {
            var writer = RandomTexts(numbers: numbers)
            let bytes = Array(
                file.entries.map { writer.line($0.key + ($0.isAdded ? "+" : ""), $0.values) }.joined().utf8)
            numbers = writer.numbers
            do throws(ManifestProblem) {
                try dropIn.check([(file.name, bytes.isEmpty ? Array("# nothing\n".utf8) : bytes)])
            } catch {
                #expect(!error.sentence.isEmpty && !error.hint.isEmpty)
                refusal = refusal ?? error
            }
        }
        let ours = [
            Entry(key: Self.arguments, isAdded: true, values: [Self.own]),
            Entry(key: Self.mounts, isAdded: true, values: dropIn.needsMount ? ["/etc/kube-entra"] : []),
        ]
        // config.yaml is read first, the others by their names.
        let isFirst = { (name: String) in
            name == "config.yaml" || Array(name.utf8).lexicographicallyPrecedes(Array(DropIn.fileName.utf8))
        }
        let all =
            files.filter { isFirst($0.name) }.map(\.entries) + [ours]
            + files.filter { !isFirst($0.name) }.map(\.entries)
        let words = all.flatMap { $0 }.flatMap { $0.values ?? [] }
        let isInForce =
            Self.list(Self.arguments, all).contains(Self.own)
            && (!dropIn.needsMount || Self.list(Self.mounts, all).contains("/etc/kube-entra"))
        #expect(
            (refusal == nil) == (isInForce && !words.contains(Self.other)),
            "\(refusal?.sentence ?? "not refused"): \(files)")
    }

    private func entries(_ numbers: inout SeededNumbers) -> [Entry] {
        var entries: [Entry] = []
        for key in [Self.arguments, Self.mounts] where numbers.oneIn(2) {
            for isAdded in [false, true] where numbers.oneIn(3) {
                let values = key == Self.mounts ? ["/srv/x:/srv/x", "/a:/b:ro"] : ["v=2", "--anonymous-auth=false"]
                var chosen: [String]? = Array(
                    values.shuffled(using: &numbers).prefix(Int.random(in: 0...2, using: &numbers)))
                if key == Self.arguments, numbers.oneIn(12) { chosen?.append(Self.other) }
                if numbers.oneIn(10) { chosen = nil }
                entries.append(Entry(key: key, isAdded: isAdded, values: chosen))
            }
        }
        return entries
    }

    private static func list(_ key: String, _ files: [[Entry]]) -> [String] {
        files.joined().reduce(into: []) { list, entry in
            guard entry.key == key else { return }
            if !entry.isAdded { list = [] }
            list += entry.values ?? []
        }
    }
}

/// A key with its list, in one of the ways to write it.
private struct RandomTexts {
    var numbers: SeededNumbers

    mutating func line(_ key: String, _ values: [String]?) -> String {
        let name = numbers.oneIn(3) ? "\"\(key)\"" : key
        guard let values else { return "\(name):\n" }
        if values.count == 1, let value = values.first, numbers.oneIn(2) { return "\(name): \(value)\n" }
        let texts = values.map { "'\($0)'" }
        if values.isEmpty || numbers.oneIn(2) { return "\(name): [\(texts.joined(separator: ", "))]   # ours\n" }
        return "\(name):\n" + texts.map { "  - \($0)\n" }.joined()
    }
}
