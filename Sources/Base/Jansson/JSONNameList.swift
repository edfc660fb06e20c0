/// Names of members that are looked up together, in one pass over an object.
public struct JSONNameList: Sendable {
    let names: [StaticString]
    /// A hash table. Each place holds a name's number plus one, or 0 if it is free. A name whose place is taken gets
    /// the next free one.
    private let places: [UInt8]
    private let mask: Int

    /// - Parameter names: different names, at most 200.
    public init(_ names: [StaticString]) {
        precondition(names.count <= 200, "a list has at most 200 names")
        self.names = names
        var size = 16
        while size < names.count * 4 { size *= 2 }
        mask = size - 1
        var places = [UInt8](repeating: 0, count: size)
        for (number, name) in names.enumerated() {
            var place = Self.place(JSONScanner.tag(Self.bytes(name))) & mask
            while places[place] != 0 { place = (place + 1) & mask }
            places[place] = UInt8(number + 1)
        }
        self.places = places
    }

    /// The number of a name; nil if it is not in the list.
    func number(of name: UnsafeRawBufferPointer, tag: UInt32) -> Int? {
        var place = Self.place(tag) & mask
        while true {
            let number = Int(places[place])
            guard number > 0 else { return nil }
            if isEqual(Self.bytes(names[number - 1]), name) { return number - 1 }
            place = (place + 1) & mask
        }
    }

    private static func bytes(_ name: StaticString) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount)
    }

    /// Spreads the tags of names over the places.
    @inline(__always)
    private static func place(_ tag: UInt32) -> Int { Int((tag &* 0x9E37_79B1) >> 20) }
}
