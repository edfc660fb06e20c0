import EntraTokens
import Jansson
import OpenSSL
import Testing

@Suite struct PlainGroupsTests {
    static let one = "5d24aaaa-bbbb-cccc-dddd-eeeeafa27aed"
    static let other = "00000000-0000-4000-8000-00000000000A"

    /// What the parser makes of the payload with and without its groups cut out.
    private func check(_ payload: [UInt8]) throws -> Bool {
        let parsed = try? JSONDocument(parsing: payload)
        guard let plain = payload.withUnsafeBytes({ PlainGroups($0) }) else { return false }
        let rest = plain.rest.withUnsafeBytes { try? JSONDocument(parsing: $0) }
        let text = String(decoding: payload, as: UTF8.self)
        #expect((parsed == nil) == (rest == nil), "\(text)")
        guard let parsed, let rest else { return true }
        #expect(GroupClaim(rest.root, plain: plain) == GroupClaim(parsed.root), "\(text)")
        #expect(rest.root.members?.map(\.name) == parsed.root.members?.map(\.name), "\(text)")
        return true
    }

    @Test(
        "a list of object IDs is taken out, whatever stands around it",
        arguments: [
            "{\"groups\":[\"\(one)\"]}",
            "{\"groups\":[\"\(one)\",\"\(other)\",\"\(one)\"],\"hasgroups\":true}",
            "{\"a\":\"\\\"groups\\\":[\\\"\(one)\\\"]\",\"groups\":[\"\(one)\"]}",
            "{\"a\":{\"groups\":[]},\"_claim_names\":{\"groups\":\"src1\"},\"groups\":[\"\(other)\"]}",
            "{\"groups\": [\"\(one)\", \"\(other)\",\"\(one)\"], \"a\": 1}",
            "{\"a\":[[1],{\"b\":\"\\\\\"}], \"groups\":[\"\(other)\"] }",
            // No JSON, with or without the list.
            "{\"groups\":[\"\(one)\"],\"groups\":[\"\(other)\"]}",
            "{\"groups\":[\"\(one)\"],\"gr\\u006fups\":[\"\(other)\"]}",
            "{\"groups\":[\"\(one)\"],\"a\":1,\"a\":2}",
            "{\"groups\":[\"\(one)\"]",
            "{\"groups\":[\"\(one)\"]}}",
            "[\"groups\":[\"\(one)\"]]",
            "{\"a\":\"\n\",\"groups\":[\"\(one)\"]}",
            "{1,\"groups\":[\"\(one)\"]}",
        ])
    func takes(payload: String) throws {
        #expect(try check(Array(payload.utf8)))
    }

    @Test(
        "anything else is left to the parser",
        arguments: [
            "", "{", "{\"", "{\"groups\":[", "{\"groups\":[]}", "{\"groups\":[\"\(one)\"",
            "{\"groups\":[\"\(one)\",]}", "{\"groups\":[\"\(one)\",  \"\(other)\"]}", "{\"groups\":[\"\(one)\" ]}",
            "{\"groups\":  [\"\(one)\"]}", "{\"groups\" :[\"\(one)\"]}", "{\"groups\":[\"\(one)\",\"admins\"]}",
            "{\"groups\":[\"\(one)\",1]}",
            "{\"groups\":[[\"\(one)\"]]}", "{\"groups\":\"\(one)\"}", "{\"a\":{\"groups\":[\"\(one)\"]}}",
            "{\"a\":\"\\\"groups\\\":[\\\"\(one)\\\"]\"}", "\"groups\":[\"\(one)\"]",
        ])
    func leaves(payload: String) throws {
        #expect(try !check(Array(payload.utf8)))
    }

    @Test("damage anywhere gives what the parser alone would give")
    func damage() throws {
        let base = Array(
            "{\"aud\":\"a\\\"b\",\"groups\":[\"\(Self.one)\",\"\(Self.other)\"],\"x\":{\"groups\":[1]},\"y\":null}".utf8
        )
        let bytes = Array("{}[]\",:\\ a0-\u{7f}\n".utf8) + [0, 0xC3]
        var taken = 0
        for place in base.indices {
            if try check(Array(base[..<place])) { taken += 1 }
            for byte in bytes {
                var replaced = base
                replaced[place] = byte
                if try check(replaced) { taken += 1 }
                var longer = base
                longer.insert(byte, at: place)
                if try check(longer) { taken += 1 }
            }
        }
        #expect(taken > 500)
    }
}
