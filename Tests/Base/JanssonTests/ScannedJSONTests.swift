import Testing

@testable import Jansson

/// Compares the scanner with jansson: both must accept the same inputs and read the same values.
@Suite struct ScannedJSONTests {
    /// Whether both accepted the input.
    @discardableResult
    private func compare(
        _ bytes: [UInt8], maximumDepth: Int = 32, _ location: SourceLocation = #_sourceLocation
    ) -> Bool {
        bytes.withUnsafeBytes { buffer in
            let text = String(decoding: bytes, as: UTF8.self)
            let parsed = try? JSONDocument(parsing: buffer, maximumDepth: maximumDepth)
            let scanned = try? ScannedJSON(scanning: buffer, maximumDepth: maximumDepth)
            // jansson ignores a NUL after a number or a literal, so it is rejected before jansson sees it.
            if bytes.contains(0) {
                #expect(scanned == nil, "\(text)", sourceLocation: location)
                return false
            }
            #expect((parsed == nil) == (scanned == nil), "\(text)", sourceLocation: location)
            guard let parsed, let scanned else { return false }
            #expect(isSame(parsed.root, scanned.root), "\(text)", sourceLocation: location)
            #expect(scanned.kind == parsed.root.kind, sourceLocation: location)
            for (name, value) in parsed.root.members ?? [] where name == "a" {
                #expect(scanned["a"].map { isSame(value, $0) } == true, "\(text)", sourceLocation: location)
            }
            #expect((scanned["a"] == nil) == (parsed.root["a"] == nil), sourceLocation: location)
            let (found, expected) = (Self.find(in: scanned), Self.find(in: parsed.root))
            #expect(Set(found.keys) == Set(expected.keys), "\(text)", sourceLocation: location)
            #expect(
                expected.allSatisfy { number, value in found[number].map { isSame(value, $0) } ?? false },
                "\(text)", sourceLocation: location)
            return true
        }
    }

    /// Two of them differ only in the middle, so that they have the same tag.
    private static let names = JSONNameList(["a", "b", "iss", "", "xms_act_fct", "xms_sub_fct", "x1", "xé"])

    private static func find<Value: JSONReadable>(in json: some JSONReadable<Value>) -> [Int: Value] {
        var found: [Int: Value] = [:]
        json.forEachMember(of: names) { number, value in found[number] = value }
        return found
    }

    @Test("a list finds all of its names in one pass, and no others, however they are written")
    func names() throws {
        let text = #"{"xms_act_fct":1,"c":2,"\u0061":3,"xms_sub_fct":4,"":5,"xms_abc_fct":6,"xé":7,"B":8,"iss ":9}"#
        #expect(compare(Array(text.utf8)))
        let found = try Array(text.utf8).withUnsafeBytes { bytes in
            Self.find(in: try ScannedJSON(scanning: bytes)).mapValues(\.integer)
        }
        #expect(found == [4: 1, 0: 3, 5: 4, 3: 5, 7: 7])
        #expect(compare(Array("[1]".utf8)))
    }

    @Test("two members of one name are refused wherever they stand", arguments: [2, 3, 20, 32, 33, 60])
    func duplicates(count: Int) {
        for first in 0..<count {
            for second in (first + 1)..<max(count, first + 1) {
                var names = (0..<count).map { "n\($0)" }
                names[second] = names[first]
                let text = "{" + names.map { "\"\($0)\":0" }.joined(separator: ",") + "}"
                #expect(throws: JSONError.self) {
                    try Array(text.utf8).withUnsafeBytes { _ = try ScannedJSON(scanning: $0) }
                }
            }
        }
    }

    private func isSame(_ parsed: JSONValue, _ view: JSONView) -> Bool {
        guard parsed.kind == view.kind else { return false }
        switch parsed.kind {
        case .string:
            return parsed.withStringBytes { Array($0) } == view.withStringBytes { Array($0) }
                && parsed.string == view.string
        case .integer: return parsed.integer == view.integer
        case .bool: return parsed.bool == view.bool
        case .null, .real: return view.string == nil && view.integer == nil && view.bool == nil
        case .array:
            guard let elements = parsed.array.map(Array.init), let views = view.array.map(Array.init) else {
                return false
            }
            return elements.count == views.count && zip(elements, views).allSatisfy { isSame($0, $1) }
        case .object:
            guard let members = parsed.members, let views = view.members else { return false }
            return members.count == views.count
                && zip(members, views).allSatisfy { $0.name == $1.name && isSame($0.value, $1.value) }
        }
    }

    @Test(
        "what is valid is taken and read",
        arguments: [
            "{}", "[]", " { } ", "\t[\n]\r ", "{\"a\":1}", "{\"a\":-0}", "{\"a\":9223372036854775807}",
            "{\"a\":-9223372036854775808}", "{\"a\":0.5e-7,\"b\":1E+3,\"c\":-0.0}", "{\"a\":1e308}", "{\"a\":1e-999}",
            "{\"a\":1.7976931348623157e308}", "{\"a\":\"\"}", "{\"\":1}", "{\"a\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"}",
            "{\"a\":\"\\u00e9\\uD83D\\uDE00x\"}", "{\"\\u0061\":true}", "{\"a\":\"\u{7f}é€😀\u{FFFF}\"}",
            "{\"a\":[true,false,null,[],{}, \"x\" ,1.5]}", "{\"a\":{\"b\":{\"a\":[1]}},\"b\":{\"b\":2}}",
            "[[1,2],[\"]\",\"}\"],{\"a\":\"\\\"]\"}]", "{\"a\":\"01234567890123456789\\n01234567890123456789\"}",
            "{\"A\":1,\"a\":2,\"aa\":3}", "{\"a\" :\t1 ,\n\"b\" : [ ] }", "{\"gr\\u006fups\":[],\"groupz\":1}",
        ])
    func takes(text: String) {
        #expect(compare(Array(text.utf8)))
    }

    @Test(
        "what is not valid is refused",
        arguments: [
            "", " ", "1", "\"a\"", "null", "{", "[", "}", "]", "{]", "[}", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1,",
            "{\"a\":1,}", "[1,]", "[,1]", "[1 2]", "{\"a\" 1}", "{1:2}", "{a:1}", "{'a':1}", "{\"a\":1}x", "{}{}",
            "[] []",
            "{\"a\":01}", "{\"a\":-}", "{\"a\":-01}", "{\"a\":1.}", "{\"a\":.5}", "{\"a\":1e}", "{\"a\":1e+}",
            "{\"a\":+1}",
            "{\"a\":0x1}", "{\"a\":1a}", "{\"a\":9223372036854775808}", "{\"a\":-9223372036854775809}",
            "{\"a\":123456789012345678901234567890}", "{\"a\":1e309}", "{\"a\":-1e400}",
            "{\"a\":1e99999999999999999999}",
            "{\"a\":1.7976931348623159e308}", "{\"a\":\(String(repeating: "9", count: 400)).0}",
            "{\"a\":NaN}", "{\"a\":Infinity}", "{\"a\":True}", "{\"a\":tru}", "{\"a\":nulll}", "{\"a\":truefalse}",
            "{\"a\":\"\\x\"}", "{\"a\":\"\\u12g4\"}", "{\"a\":\"\\u123\"}", "{\"a\":\"\\ud800\"}",
            "{\"a\":\"\\udc00\"}",
            "{\"a\":\"\\ud800\\u0041\"}", "{\"a\":\"\\ud800\\ud800\"}", "{\"a\":\"\\ud800x\"}", "{\"a\":\"\\u0000\"}",
            "{\"\\u0000\":1}", "{\"a\":\"\n\"}", "{\"a\":\"\t\"}", "{\"a\":\"", "{\"a\":\"\\", "{\"a\":\"\\\"}",
            "{\"a\":1,\"a\":2}", "{\"a\":1,\"\\u0061\":2}", "{\"x\":{\"a\":1,\"a\":1}}", "[{\"a\":1,\"b\":2,\"a\":3}]",
            "{\"\":1,\"\":2}", "\u{FEFF}{}", "{/**/}", "{\"a\":1}\u{0B}", "{\"a\":\u{A0}1}",
        ])
    func refuses(text: String) {
        #expect(!compare(Array(text.utf8)))
    }

    @Test("the character 0 and deep duplicates are accepted where that is asked for, and nothing else is")
    func strictness() {
        func isAccepted(_ text: String, _ strictness: JSONStrictness) -> Bool {
            Array(text.utf8).withUnsafeBytes { (try? ScannedJSON(scanning: $0, strictness: strictness)) != nil }
        }
        let zero = JSONStrictness(acceptsZero: true)
        for text in [#"{"a":"\u0000"}"#, #"{"\u0000":["x\u0000y"]}"#] {
            #expect(isAccepted(text, zero) && !isAccepted(text, .full))
        }
        for text in ["{\"a\":\"\0\"}", #"{"a":"\ud800\u0000"}"#, #"{"a":"\u000"}"#, #"{"\u0000":1,"\u0000":2}"#] {
            #expect(!isAccepted(text, zero))
        }
        let values = Array(#"{"a":"x\u0000"}"#.utf8).withUnsafeBytes { bytes in
            (try? ScannedJSON(scanning: bytes, strictness: zero))?["a"]?.string
        }
        #expect(values == "x\u{0}")
        let nested = [
            #"{"a":1,"a":2}"#, #"{"x":{"a":1,"a":2}}"#, #"{"x":{"y":{"a":1,"a":2}}}"#, #"[[{"a":1,"a":2}]]"#,
        ]
        for (depth, accepted) in [(0, nested), (1, Array(nested[1...])), (2, Array(nested[2...])), (3, [])] {
            let found = nested.filter { isAccepted($0, JSONStrictness(distinctDepth: depth)) }
            #expect(found == accepted, "\(depth)")
        }
    }

    @Test("invalid UTF-8 is refused, and the edges of valid UTF-8 are taken")
    func utf8() {
        let valid: [[UInt8]] = [
            [0xC2, 0x80], [0xDF, 0xBF], [0xE0, 0xA0, 0x80], [0xED, 0x9F, 0xBF], [0xEE, 0x80, 0x80], [0xEF, 0xBF, 0xBF],
            [0xF0, 0x90, 0x80, 0x80], [0xF4, 0x8F, 0xBF, 0xBF],
        ]
        for bytes in valid { #expect(compare(Array("{\"a\":\"".utf8) + bytes + Array("\"}".utf8))) }
        let invalid: [[UInt8]] = [
            [0x80], [0xBF], [0xC0, 0x80], [0xC1, 0xBF], [0xC2], [0xC2, 0x41], [0xE0, 0x9F, 0xBF], [0xE0, 0xA0],
            [0xED, 0xA0, 0x80], [0xED, 0xBF, 0xBF], [0xF0, 0x8F, 0xBF, 0xBF], [0xF0, 0x90, 0x80],
            [0xF4, 0x90, 0x80, 0x80],
            [0xF5, 0x80, 0x80, 0x80], [0xFF], [0xFE],
        ]
        for bytes in invalid {
            #expect(!compare(Array("{\"a\":\"".utf8) + bytes + Array("\"}".utf8)))
            #expect(!compare(Array("{\"".utf8) + bytes + Array("\":1}".utf8)))
        }
    }

    @Test("depth is bounded as jansson's is", arguments: [1, 2, 8, 32])
    func depth(_ maximum: Int) {
        for count in [maximum, maximum + 1] {
            let arrays = String(repeating: "[", count: count) + String(repeating: "]", count: count)
            #expect(compare(Array(arrays.utf8), maximumDepth: maximum) == (count == maximum))
            let objects =
                String(repeating: "{\"a\":", count: count - 1) + "{}" + String(repeating: "}", count: count - 1)
            #expect(compare(Array(objects.utf8), maximumDepth: maximum) == (count == maximum))
        }
    }

    @Test("every value counts, and the bound itself is allowed")
    func values() throws {
        let bytes = Array("{\"a\":[1,{},\"x\"],\"b\":null}".utf8)
        bytes.withUnsafeBytes { buffer in
            #expect(throws: Never.self) { try ScannedJSON(scanning: buffer, maximumValues: 6) }
            #expect(throws: JSONError(.tooManyValues)) { try ScannedJSON(scanning: buffer, maximumValues: 5) }
            #expect(throws: JSONError(.tooLarge)) { try ScannedJSON(scanning: buffer, maximumBytes: bytes.count - 1) }
        }
    }

    @Test("a repeated name is found among few and many, plain and escaped", arguments: [2, 31, 32, 33, 40, 1000])
    func repeatedNames(_ count: Int) {
        for isEscaped in [false, true] {
            var names = (0..<count).map { "name\($0 * 7)" }
            if isEscaped { names[0] = "n\\u0061me0" }
            func object() -> [UInt8] { Array(("{" + names.map { "\"\($0)\":1" }.joined(separator: ",") + "}").utf8) }
            #expect(compare(object()))
            names[count - 1] = "name0"
            #expect(!compare(object()))
            #expect(!compare(Array("[1,".utf8) + object() + Array("]".utf8)))
        }
    }

    @Test("damage anywhere gives what jansson gives")
    func damage() {
        let base = Array(
            "{\"aud\":\"a\\\"b\",\"a\":[\"5d24aaaa-bbbb-cccc-dddd-eeeeafa27aed\",-1.5e3],\"x\":{\"a\":[1]},\"y\":null}"
                .utf8)
        let bytes = Array("{}[]\",:\\ aue0-.\u{7f}\n".utf8) + [0, 0xC3]
        var taken = 0
        for place in base.indices {
            if compare(Array(base[..<place])) { taken += 1 }
            for byte in bytes {
                var replaced = base
                replaced[place] = byte
                if compare(replaced) { taken += 1 }
                var longer = base
                longer.insert(byte, at: place)
                if compare(longer) { taken += 1 }
            }
        }
        #expect(taken > 500)
    }
}
