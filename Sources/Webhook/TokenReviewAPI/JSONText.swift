import AccessPolicy
import Entra
import Jansson
import SafeText

/// Writes JSON from front to back, without a tree.
struct JSONText: ~Copyable {
    private var writer: ByteWriter

    init(capacity: Int) {
        writer = ByteWriter(capacity: capacity)
    }

    /// What was written.
    var bytes: [UInt8] { writer.bytes }

    mutating func raw(_ text: StaticString) { writer.append(text) }

    mutating func number(_ number: Int64) { writer.append(decimal: number) }

    mutating func string(_ text: String) {
        writer.append(UInt8(ascii: "\""))
        escaped(text)
        writer.append(UInt8(ascii: "\""))
    }

    /// The characters of a string, escaped, without quotation marks.
    mutating func escaped(_ text: String) {
        var text = text
        text.withUTF8 { utf8 in
            let utf8 = UnsafeRawBufferPointer(utf8)
            if JSONBytes.nextSpecial(in: utf8, from: 0) == utf8.count { return writer.append(utf8) }
            var copied = 0
            for (index, byte) in utf8.enumerated()
            where byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
                writer.append(UnsafeRawBufferPointer(rebasing: utf8[copied..<index]))
                escape(byte)
                copied = index + 1
            }
            writer.append(UnsafeRawBufferPointer(rebasing: utf8[copied...]))
        }
    }

    mutating func strings(_ texts: [String]) {
        writer.append(UInt8(ascii: "["))
        elements(texts)
        writer.append(UInt8(ascii: "]"))
    }

    private mutating func elements(_ texts: [String]) {
        for (index, text) in texts.enumerated() {
            if index > 0 { writer.append(UInt8(ascii: ",")) }
            string(text)
        }
    }

    /// An ID as a string. It needs no escaping.
    mutating func id(_ id: GUID) {
        writer.append(UInt8(ascii: "\""))
        writer.append(count: GUID.textLength) { id.write(to: $0) }
        writer.append(UInt8(ascii: "\""))
    }

    /// The members of a user's `extra`.
    mutating func extra(_ entries: [ExtraEntry]) {
        for (index, entry) in entries.enumerated() {
            if index > 0 { raw(",") }
            string(entry.name)
            raw(":")
            strings(entry.values)
        }
    }

    /// The members of `extra` that a principal's facts become.
    mutating func extra(_ facts: PrincipalFacts) {
        var isFirst = true
        facts.forEachEntry { name, values in
            begin(name, isFirst: isFirst)
            isFirst = false
            switch values {
            case .id(let value): id(value)
            case .ids(let values): objectIDs(values, prefix: "")
            case .number(let value):
                raw("\"")
                number(value)
                raw("\"")
            case .text(let value): string(value)
            case .texts(let values): elements(values)
            case .prefixed(let prefix, let value):
                raw("\"")
                raw(prefix)
                escaped(value)
                raw("\"")
            }
            raw("]")
        }
    }

    /// Begins a member whose value is an array. Its name needs no escaping.
    private mutating func begin(_ name: StaticString, isFirst: Bool) {
        let (count, comma) = (name.utf8CodeUnitCount, isFirst ? 0 : 1)
        writer.append(count: comma + count + 4) { place in
            if !isFirst { place[0] = UInt8(ascii: ",") }
            place[comma] = UInt8(ascii: "\"")
            UnsafeMutableRawBufferPointer(rebasing: place[(comma + 1)...]).copyMemory(
                from: UnsafeRawBufferPointer(start: name.utf8Start, count: count))
            place[comma + count + 1] = UInt8(ascii: "\"")
            place[comma + count + 2] = UInt8(ascii: ":")
            place[comma + count + 3] = UInt8(ascii: "[")
        }
    }

    /// A user's groups. Object IDs need no escaping and are written directly into place.
    mutating func groups(of user: KubernetesUser) {
        writer.append(UInt8(ascii: "["))
        elements(user.namedGroups)
        if !user.objectIDGroups.isEmpty {
            if !user.namedGroups.isEmpty { writer.append(UInt8(ascii: ",")) }
            objectIDs(user.objectIDGroups, prefix: user.objectIDPrefix)
        }
        writer.append(UInt8(ascii: "]"))
    }

    private mutating func objectIDs(_ ids: [GUID], prefix: String) {
        guard prefix.isEmpty else {
            for (index, id) in ids.enumerated() {
                raw(index > 0 ? ",\"" : "\"")
                escaped(prefix)
                writer.append(count: GUID.textLength) { id.write(to: $0) }
                writer.append(UInt8(ascii: "\""))
            }
            return
        }
        // A quotation mark, the ID, a quotation mark and a comma; no comma after the last one.
        let length = GUID.textLength + 3
        writer.append(count: max(0, ids.count * length - 1)) { output in
            for (index, id) in ids.enumerated() {
                let place = UnsafeMutableRawBufferPointer(rebasing: output[(index * length)...])
                place[0] = UInt8(ascii: "\"")
                id.write(to: UnsafeMutableRawBufferPointer(rebasing: place[1...]))
                place[length - 2] = UInt8(ascii: "\"")
                if index + 1 < ids.count { place[length - 1] = UInt8(ascii: ",") }
            }
        }
    }

    private mutating func escape(_ byte: UInt8) {
        if byte >= 0x20 {
            writer.append(UInt8(ascii: "\\"))
            writer.append(byte)
            return
        }
        let digits: StaticString = "0123456789abcdef"
        raw("\\u00")
        writer.append(digits.utf8Start[Int(byte >> 4)])
        writer.append(digits.utf8Start[Int(byte & 15)])
    }
}
