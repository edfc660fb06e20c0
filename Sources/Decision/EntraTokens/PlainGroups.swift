internal import Glibc
public import OpenSSL

/// The groups of a payload that lists them as Entra writes them, read in one pass, and the payload without them.
///
/// Most of a large token is object IDs, and a JSON parser that makes a value of each of them takes most of the time.
/// Anything but a list of object IDs without escapes, and with at most a space after a colon or comma, is left to the
/// parser, and so is everything around the list: the rest has an empty list in its place, so that it is valid exactly if the payload is.
public struct PlainGroups: Sendable {
    /// In the token's order, without repetition.
    public let objectIDs: [GUID]
    public let rest: CleansedBytes

    /// Nil when there is no such list among the members of the outermost object.
    public init?(_ payload: UnsafeRawBufferPointer) {
        guard let start = PlainGroups.list(in: payload) else { return nil }
        var objectIDs: [GUID] = []
        objectIDs.reserveCapacity(min((payload.count - start) / PlainGroups.elementLength + 1, 256))
        var seen = Set<GUID>(minimumCapacity: objectIDs.capacity)
        var place = start
        while true {
            let end = place + PlainGroups.elementLength
            guard end < payload.count, payload[place] == UInt8(ascii: "\""), payload[end - 1] == UInt8(ascii: "\""),
                let id = GUID(UnsafeRawBufferPointer(rebasing: payload[(place + 1)..<(end - 1)]))
            else { return nil }
            if seen.insert(id).inserted { objectIDs.append(id) }
            place = end
            if payload[place] == UInt8(ascii: "]") { break }
            guard payload[place] == UInt8(ascii: ",") else { return nil }
            place = PlainGroups.skipSpace(payload, from: place + 1)
        }
        let tail = place
        let rest = CleansedBytes(count: start + payload.count - tail) { output in
            let output = UnsafeMutableRawBufferPointer(output)
            output.copyMemory(from: UnsafeRawBufferPointer(rebasing: payload[..<start]))
            UnsafeMutableRawBufferPointer(rebasing: output[start...])
                .copyMemory(from: UnsafeRawBufferPointer(rebasing: payload[tail...]))
            return true
        }
        guard let rest else { return nil }
        self.objectIDs = objectIDs
        self.rest = rest
    }

    /// An object ID and its quotation marks.
    private static var elementLength: Int { 38 }
    private static var name: StaticString { "\"groups\":" }

    private static func skipSpace(_ payload: UnsafeRawBufferPointer, from place: Int) -> Int {
        place < payload.count && payload[place] == UInt8(ascii: " ") ? place + 1 : place
    }

    /// The place after the bracket that opens the list.
    ///
    /// A quotation mark outside of strings, one level deep, begins a member's name or a text; what is followed by a
    /// colon is a name in all JSON that the parser takes.
    private static func list(in payload: UnsafeRawBufferPointer) -> Int? {
        let quotationMark = UInt8(ascii: "\"")
        var depth = 0
        var place = 0
        while place < payload.count {
            switch payload[place] {
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
            case quotationMark:
                if depth == 1, payload.count - place > name.utf8CodeUnitCount, let base = payload.baseAddress,
                    memcmp(base + place, name.utf8Start, name.utf8CodeUnitCount) == 0
                {
                    let start = skipSpace(payload, from: place + name.utf8CodeUnitCount)
                    return start < payload.count && payload[start] == UInt8(ascii: "[") ? start + 1 : nil
                }
                place += 1
                while place < payload.count, payload[place] != quotationMark {
                    place += payload[place] == UInt8(ascii: "\\") ? 2 : 1
                }
            default: break
            }
            place += 1
        }
        return nil
    }
}
