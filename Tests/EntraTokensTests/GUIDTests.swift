import EntraTokens
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
}
