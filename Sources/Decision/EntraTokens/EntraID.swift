/// The form of the IDs that Entra gives to keys and tokens.
package enum EntraID {
    /// Whether a text has this form. Such a text is safe in a log, even if an attacker wrote it.
    package static func isPlain(_ id: String) -> Bool {
        var id = id
        return id.withUTF8 { bytes in
            !bytes.isEmpty && bytes.count <= 64
                && bytes.allSatisfy { byte in
                    switch byte {
                    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
                        true
                    default: false
                    }
                }
        }
    }
}
