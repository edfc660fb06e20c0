import Installation
import Testing
import YAML

/// Random documents of known meaning, written by ``RandomWriter``.
@Suite("Changes of random manifests and kubeadm configurations")
struct ManifestPropertyTests {
    private static let flags = WebhookFlags()
    private static let words = [
        "--authentication-token-webhook-config-file=/etc/kube-entra/webhook.yaml",
        "--authentication-token-webhook-version=v1",
    ]

    @Test(
        "a manifest without the webhook gets it, and nothing else; the way back gives the same bytes",
        arguments: 0..<300)
    func plainManifest(seed: Int) throws {
        let (value, old) = document(seed) { $0.pod(isPlain: true) }
        #expect(YAMLValue(try YAMLNode.parse(old)) == value, "\(text(old))")
        guard let new = result(old, APIServerManifest.adding(_:to:)) else { return }
        #expect(Self.withoutOurs(YAMLValue(try YAMLNode.parse(new))) == Self.withoutOurs(value), "\(text(new))")
        #expect(try APIServerManifest(new).asks(Self.flags))
        #expect(Self.mountedFolder(new) == "/etc/kube-entra", "\(text(new))")
        #expect(try APIServerManifest.adding(Self.flags, to: new) == new, "\(text(new))")
        let undone = try APIServerManifest.removing(Self.flags, from: new, before: old)
        #expect(undone == old, "\(text(old))\n\(text(new))\n\(text(undone))")
        let back = try APIServerManifest.removing(Self.flags, from: new)
        guard back != old else { return }
        // Without the old text, a new list in brackets stays, empty: whether it was there before cannot be seen.
        #expect(
            ["\"volumes\": [", "\"volumeMounts\": ["].contains { text(new).contains($0) }, "\(text(old))\n\(text(new))")
        #expect(
            Self.withoutOurs(YAMLValue(try YAMLNode.parse(back))) == Self.withoutOurs(value), "\(text(back))")
    }

    @Test("a manifest with a part of it keeps what is there, and loses the flags on the way back", arguments: 0..<200)
    func partialManifest(seed: Int) throws {
        let (value, old) = document(seed) { $0.pod(isPlain: false) }
        guard let new = result(old, APIServerManifest.adding(_:to:)) else { return }
        let changed = YAMLValue(try YAMLNode.parse(new))
        #expect(Self.isPart(value, of: changed), "\(text(new))")
        #expect(Self.mountedFolder(new) == "/etc/kube-entra", "\(text(new))")
        #expect(try APIServerManifest.adding(Self.flags, to: new) == new)
        let undone = result(new) { flags, bytes throws(ManifestProblem) in
            try APIServerManifest.removing(flags, from: bytes)
        }
        guard let back = undone else { return }
        #expect(try !APIServerManifest(back).asks(Self.flags))
        #expect(Self.isPart(YAMLValue(try YAMLNode.parse(back)), of: changed), "\(text(back))")
    }

    @Test(
        "a kubeadm configuration gets the same, and nothing else; the way back has the same meaning", arguments: 0..<300
    )
    func configuration(seed: Int) throws {
        let isPlain = seed % 3 != 0
        let (value, old) = document(seed) { $0.configuration(isPlain: isPlain) }
        #expect(YAMLValue(try YAMLNode.parse(old)) == value, "\(text(old))")
        guard let new = result(old, ClusterConfiguration.adding(_:to:)) else { return }
        let changed = YAMLValue(try YAMLNode.parse(new))
        #expect(Self.isPart(value, of: changed), "\(text(new))")
        let names =
            try YAMLNode.parse(new)["apiServer"]?["extraVolumes"]?.sequence?.compactMap { $0["name"]?.text } ?? []
        #expect(Set(names).count == names.count, "kubeadm keeps one of two with a name: \(text(new))")
        #expect(try ClusterConfiguration.adding(Self.flags, to: new) == new)
        let undone = result(new) { flags, bytes throws(ManifestProblem) in
            try ClusterConfiguration.removing(flags, from: bytes)
        }
        guard let back = undone, isPlain else { return }
        #expect(Self.withoutEmpty(YAMLValue(try YAMLNode.parse(back))) == Self.withoutEmpty(value), "\(text(back))")
    }

    private func document(
        _ seed: Int, _ make: (inout RandomManifest) -> YAMLValue
    ) -> (value: YAMLValue, bytes: [UInt8]) {
        var random = RandomManifest(numbers: SeededNumbers(seed: seed))
        let value = make(&random)
        var writer = RandomWriter(random.numbers)
        return (value, writer.file(value))
    }

    /// The new bytes; nil if the change was refused, which needs a sentence and a hint.
    private func result(_ bytes: [UInt8], _ change: (WebhookFlags, [UInt8]) throws(ManifestProblem) -> [UInt8])
        -> [UInt8]?
    {
        do throws(ManifestProblem) {
            return try change(Self.flags, bytes)
        } catch {
            #expect(!error.sentence.isEmpty && !error.hint.isEmpty)
            switch error {
            case .shared, .unusualLayout, .folderTaken, .otherWebhook, .repeated: break
            case .notExpected where String(decoding: bytes, as: UTF8.self).contains("--") == false: break
            default: Issue.record("\(error.sentence): \(text(bytes))")
            }
            return nil
        }
    }

    private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    // Meanings

    /// The folder of the host that the container sees at the webhook's folder.
    private static func mountedFolder(_ bytes: [UInt8]) -> String? {
        guard let spec = (try? YAMLNode.parse(bytes))?["spec"],
            let container = spec["containers"]?.sequence?.first(where: { $0["name"]?.text == "kube-apiserver" })
        else { return nil }
        func parts(_ path: String) -> [Substring] { path.split(separator: "/") }
        let mounts = container["volumeMounts"]?.sequence ?? []
        let around = mounts.filter { ["etc", "kube-entra"].starts(with: parts($0["mountPath"]?.text ?? "-")) }
            .max { parts($0["mountPath"]?.text ?? "").count < parts($1["mountPath"]?.text ?? "").count }
        let volume = spec["volumes"]?.sequence?.first { $0["name"]?.text == around?["name"]?.text }
        guard let path = around?["mountPath"]?.text, let host = volume?["hostPath"]?["path"]?.text else { return nil }
        return "/" + (parts(host) + ["etc", "kube-entra"].dropFirst(parts(path).count)).joined(separator: "/")
    }

    /// Without the flags, the mount and the volume, and without lists that are then empty.
    private static func withoutOurs(_ value: YAMLValue) -> YAMLValue {
        switch value {
        case .sequence(let elements):
            return .sequence(
                elements.filter { element in
                    if case .string(let word) = element { return !words.contains(word) }
                    guard case .mapping(let members) = element else { return true }
                    let isMount = members.contains(.init("mountPath", .string("/etc/kube-entra")))
                    let source = YAMLValue.mapping([
                        .init("path", .string("/etc/kube-entra")), .init("type", .string("Directory")),
                    ])
                    return !isMount && !members.contains(.init("hostPath", source))
                }.map(withoutOurs))
        case .mapping(let members):
            return .mapping(
                members.map { YAMLValue.Member($0.key, withoutOurs($0.value)) }.filter {
                    !["volumes", "volumeMounts"].contains($0.key) || $0.value != .sequence([])
                })
        default: return value
        }
    }

    private static func withoutEmpty(_ value: YAMLValue) -> YAMLValue {
        guard case .mapping(let members) = value else { return value }
        return .mapping(
            members.map { YAMLValue.Member($0.key, withoutEmpty($0.value)) }
                .filter { ![.mapping([]), .sequence([])].contains($0.value) || $0.key == "apiServer" })
    }

    /// Whether everything of one value is in the other, in the same order; lists and mappings may have more.
    private static func isPart(_ part: YAMLValue, of whole: YAMLValue) -> Bool {
        switch (part, whole) {
        case (.sequence(let part), .sequence(let whole)):
            var rest = whole[...]
            return part.allSatisfy { element in
                guard let index = rest.firstIndex(where: { isPart(element, of: $0) }) else { return false }
                rest = rest[(index + 1)...]
                return true
            }
        case (.mapping(let part), .mapping(let whole)):
            return part.allSatisfy { member in
                whole.contains { $0.key == member.key && isPart(member.value, of: $0.value) }
            }
        default: return part == whole
        }
    }
}
