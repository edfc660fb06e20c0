import AccessPolicy
import EntraTokens

/// JSON being written front to back, without a tree in between.
struct JSONText {
    private(set) var bytes: [UInt8] = []

    init(capacity: Int) {
        bytes.reserveCapacity(capacity)
    }

    mutating func raw(_ text: StaticString) {
        bytes.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    mutating func raw(_ text: String) {
        bytes.append(contentsOf: text.utf8)
    }

    mutating func string(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        var text = text
        text.withUTF8 { utf8 in
            // Without a way out in the middle, so that many bytes are looked at in one step.
            var others: UInt8 = 0
            for byte in utf8 { others |= byte < 0x20 || byte == 0x22 || byte == 0x5C ? 1 : 0 }
            if others == 0 {
                bytes.append(contentsOf: utf8)
                return
            }
            var copied = 0
            for (index, byte) in utf8.enumerated()
            where byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
                bytes.append(contentsOf: utf8[copied..<index])
                escape(byte)
                copied = index + 1
            }
            bytes.append(contentsOf: utf8[copied...])
        }
        bytes.append(UInt8(ascii: "\""))
    }

    mutating func strings(_ texts: [String]) {
        bytes.append(UInt8(ascii: "["))
        elements(texts)
        bytes.append(UInt8(ascii: "]"))
    }

    private mutating func elements(_ texts: [String]) {
        for (index, text) in texts.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            string(text)
        }
    }

    /// A user's groups. Object IDs need no look at their characters, and are written where they will stand.
    mutating func groups(of user: KubernetesUser) {
        bytes.append(UInt8(ascii: "["))
        elements(user.namedGroups)
        if !user.objectIDGroups.isEmpty {
            if !user.namedGroups.isEmpty { bytes.append(UInt8(ascii: ",")) }
            objectIDs(user.objectIDGroups, prefix: user.objectIDPrefix)
        }
        bytes.append(UInt8(ascii: "]"))
    }

    private mutating func objectIDs(_ ids: [GUID], prefix: String) {
        var head = JSONText(capacity: prefix.utf8.count + 2)
        head.string(prefix)
        let begin = head.bytes.dropLast()
        let length = begin.count + GUID.textLength + 1
        // The last one has no comma behind it.
        let total = ids.count * (length + 1) - 1
        bytes += [UInt8](unsafeUninitializedCapacity: total) { buffer, count in
            var output = UnsafeMutableRawBufferPointer(buffer)[...]
            func put(_ size: Int, _ body: (UnsafeMutableRawBufferPointer) -> Void) {
                body(UnsafeMutableRawBufferPointer(rebasing: output.prefix(size)))
                output = output.dropFirst(size)
            }
            for (index, id) in ids.enumerated() {
                put(begin.count) { $0.copyBytes(from: begin) }
                put(GUID.textLength) { id.write(to: $0) }
                put(1) { $0[0] = UInt8(ascii: "\"") }
                if index < ids.count - 1 { put(1) { $0[0] = UInt8(ascii: ",") } }
            }
            count = total
        }
    }

    private mutating func escape(_ byte: UInt8) {
        if byte >= 0x20 {
            bytes.append(contentsOf: [UInt8(ascii: "\\"), byte])
            return
        }
        let digits: StaticString = "0123456789abcdef"
        raw("\\u00")
        bytes.append(digits.utf8Start[Int(byte >> 4)])
        bytes.append(digits.utf8Start[Int(byte & 15)])
    }
}
