import Entra
import Testing

@Suite struct GUIDTests {
    @Test("either case is read and lower case is written")
    func reads() {
        #expect(GUID("5D24AAAA-bbbb-CCCC-dddd-eeeeafa27aed")?.description == "5d24aaaa-bbbb-cccc-dddd-eeeeafa27aed")
        #expect(GUID("00000000-0000-0000-0000-000000000000")?.description == "00000000-0000-0000-0000-000000000000")
    }

    @Test(
        "anything else is refused",
        arguments: [
            "", "5d24aaaabbbbccccddddeeeeafa27aed", "{5d24aaaa-bbbb-cccc-dddd-eeeeafa27aed}",
            "5d24aaaa-bbbb-cccc-dddd-eeeeafa27aeg", "5d24aaaa-bbbb-cccc-dddd-eeeeafa27ae",
            "5d24aaaa-bbbb-cccc-dddd-eeeeafa27aed ", "5d24aaaabbbb--cccc-dddd-eeeeafa27aed",
        ])
    func refuses(text: String) {
        #expect(GUID(text) == nil)
    }

    @Test("the ID in an application ID URI")
    func inURI() {
        let id = "01234567-89ab-cdef-0123-456789abcdef"
        #expect(GUID.inApplicationIDURI("api://\(id)") == GUID(id))
        for uri in [id, "api:/\(id)", "API://\(id)", "api://\(id)/", "api://x\(id)", "api://\u{301}\(id)", "api://"] {
            #expect(GUID.inApplicationIDURI(uri) == nil, "\(uri)")
        }
    }

    @Test("each place takes hexadecimal digits, or its hyphen, and no other byte")
    func everyByteEverywhere() {
        let base = Array("01234567-89ab-cdef-0123-456789abcdef".utf8)
        for place in base.indices {
            for byte in UInt8.min...UInt8.max {
                var text = base
                text[place] = byte
                let isHyphen = base[place] == UInt8(ascii: "-")
                let digit = Unicode.Scalar(byte).properties.isASCIIHexDigit
                let id = text.withUnsafeBytes { GUID($0) }
                #expect((id != nil) == (isHyphen ? byte == base[place] : digit), "\(byte) at \(place)")
                if let id { #expect(id.description == String(decoding: text, as: UTF8.self).lowercased()) }
            }
        }
    }
}
