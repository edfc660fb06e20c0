import AccessPolicy
import Entra
import Jansson

/// Writes JSON from front to back, without a tree.
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
            if JSONBytes.nextSpecial(in: UnsafeRawBufferPointer(utf8), from: 0) == utf8.count {
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

    /// A user's groups. Object IDs need no escaping and are written directly into place.
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
        // A quotation mark and the prefix, the ID, a quotation mark and a comma; no comma after the last one.
        let begin = head.bytes.count - 1
        let length = begin + GUID.textLength + 2
        bytes += [UInt8](unsafeUninitializedCapacity: ids.count * length) { buffer, count in
            let output = UnsafeMutableRawBufferPointer(buffer)
            head.bytes.withUnsafeBytes { head in
                for (index, id) in ids.enumerated() {
                    let range = (index * length)..<((index + 1) * length)
                    let place = UnsafeMutableRawBufferPointer(rebasing: output[range])
                    place.copyMemory(from: UnsafeRawBufferPointer(rebasing: head[..<begin]))
                    id.write(to: UnsafeMutableRawBufferPointer(rebasing: place[begin...]))
                    place[length - 2] = UInt8(ascii: "\"")
                    place[length - 1] = UInt8(ascii: ",")
                }
            }
            count = ids.count * length - 1
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
