import TestSupport
import Testing

@testable import Jansson

@Suite struct JSONSieveTests {
    private static let sieve = JSONSieve(outerNames: ["kind", "spec"], of: "spec", innerNames: ["user", "extra"])

    /// What the sieve lets through if the document arrives in pieces that end at these places; nil if it is not JSON.
    private func sieved(_ bytes: [UInt8], cuts: [Int] = []) -> [UInt8]? {
        var sieve = Self.sieve
        var passed: [UInt8] = []
        var start = 0
        for end in cuts.sorted() + [bytes.count] {
            let isJSON = bytes[start..<end].withUnsafeBytes { piece in
                sieve.take(piece) { passed.append(contentsOf: $0) }
            }
            guard isJSON else { return nil }
            start = end
        }
        let rest = sieve.isComplete ? passed : nil
        if cuts.isEmpty { #expect(bytes.withUnsafeBytes { Self.sieve.rest(of: $0) } == rest) }
        return rest
    }

    @Test(
        "only what is asked for is let through",
        arguments: [
            ("{}", "{}"), (" [ ] ", " [ ] "), (#"[{"a":{"b":1}}]"#, #"[{"a":{"b":1}}]"#),
            (#"{"kind":"K","spec":{"user":"u"}}"#, #"{"kind":"K","spec":{"user":"u"}}"#),
            (#"{"a":1,"kind":2}"#, #"{"a":null,"kind":2}"#), (#"{"a" : -1.5e3 , "b":0}"#, #"{"a" : null , "b":null}"#),
            (#"{"a":true,"b":false,"c":null}"#, #"{"a":null,"b":null,"c":null}"#),
            (#"{"a":"x","kind":"y"}"#, #"{"a":null,"kind":"y"}"#),
            (#"{"a":{"kind":[1,{"}":"]"}]},"kind":[{}]}"#, #"{"a":null,"kind":[{}]}"#),
            (#"{"spec":{"other":[[]],"extra":{"a":[1]}}}"#, #"{"spec":{"other":null,"extra":{"a":[1]}}}"#),
            // A member with one of these names elsewhere is not sieved.
            (#"{"spec":{"extra":{"other":1,"spec":{"a":2}}}}"#, #"{"spec":{"extra":{"other":1,"spec":{"a":2}}}}"#),
            (#"{"kind":{"other":1},"user":2}"#, #"{"kind":{"other":1},"user":null}"#),
            (#"{"spec":[{"other":1}]}"#, #"{"spec":[{"other":1}]}"#), (#"{"spec":"other"}"#, #"{"spec":"other"}"#),
            (#"{"spec":{"a":1},"spec":{"b":2}}"#, #"{"spec":{"a":null},"spec":{"b":null}}"#),
            // A member whose name has an escape is let through as a whole.
            (#"{"sp\u0065c":{"other":1}}"#, #"{"sp\u0065c":{"other":1}}"#), (#"{"\u0061":1}"#, #"{"\u0061":1}"#),
            (#"{"spec":{"\u0061":{"x":1},"a":1}}"#, #"{"spec":{"\u0061":{"x":1},"a":null}}"#),
            // A name that only resembles one of these.
            (#"{"kindé":1,"kin":2,"kind ":3,"":4}"#, #"{"kindé":null,"kin":null,"kind ":null,"":null}"#),
            (#"{"a":"\"}\\","kind":"\"}\\"}"#, #"{"a":null,"kind":"\"}\\"}"#),
        ])
    func letsThrough(document: String, rest: String) {
        let bytes = Array(document.utf8)
        #expect(sieved(bytes) == Array(rest.utf8), "\(document)")
        // A byte at a time, and in two pieces.
        #expect(sieved(bytes, cuts: Array(1..<bytes.count)) == Array(rest.utf8), "\(document)")
        for cut in bytes.indices { #expect(sieved(bytes, cuts: [cut]) == Array(rest.utf8), "\(document), \(cut)") }
    }

    @Test(
        "what is not JSON is refused, in what is dropped as well",
        arguments: [
            "", " ", "1", "\"a\"", "null", "{", "[", "}", "]", "{]", "[}", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1,",
            "{\"a\":1,}", "[1,]", "[,1]", "[1 2]", "{\"a\" 1}", "{1:2}", "{a:1}", "{'a':1}", "{\"a\":1}x", "{}{}",
            "{\"a\":01}", "{\"a\":-}", "{\"a\":1.}", "{\"a\":.5}", "{\"a\":1e}", "{\"a\":+1}", "{\"a\":0x1}",
            "{\"a\":1a}", "{\"a\":True}", "{\"a\":nul}", "{\"a\":nulll}", "{\"a\":truefalse}", "{\"a\":1e309}",
            "{\"a\":\"\n\"}", "{\"a\":\"\\x\"}", "{\"a\":\"\\u12g4\"}", "{\"a\":\"\\\"}", "{\"a\":[1}",
            "{\"a\":{\"b\"]}",
            "{\"a\":{1:2}}", "{\"a\":[[]}", "{\"a\":1 2}", "{\"a\":\"\" \"\"}", "{\"a\":[1,,2]}", "{\"a\":{,}}",
            "{\"a\":/**/1}", "\u{FEFF}{}", "{\"a\":\0}", "{\"a\":}",
        ])
    func refuses(document: String) {
        let bytes = Array(document.utf8)
        #expect(sieved(bytes) == nil)
        #expect(bytes.isEmpty || sieved(bytes, cuts: Array(1..<bytes.count)) == nil)
    }

    @Test("depth and the length of numbers are bounded, in what is dropped as well", arguments: ["a", "kind"])
    func isBounded(name: String) {
        func document(_ value: String) -> [UInt8] { Array(#"{"\#(name)":\#(value)}"#.utf8) }
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        #expect(sieved(document(nested(31))) != nil)
        #expect(sieved(document(nested(32))) == nil)
        #expect(sieved(document("0." + String(repeating: "1", count: 16_000))) != nil)
        #expect(sieved(document("0." + String(repeating: "1", count: 17_000))) == nil)
    }

    @Test("after what is not JSON, nothing is let through")
    func staysClosed() {
        var sieve = Self.sieve
        #expect(!Array("{}}".utf8).withUnsafeBytes { sieve.take($0) { _ in } })
        #expect(!sieve.isComplete)
        #expect(!Array(" ".utf8).withUnsafeBytes { sieve.take($0) { _ in Issue.record("let through") } })
    }

    // MARK: Random documents

    private struct Writer {
        var random: SplitMix
        var text = ""

        mutating func space() { if random.chance(6) { text += random.pick([" ", "\n", "\t\r", "  "]) ?? "" } }

        mutating func value(depth: Int) {
            space()
            switch Int.random(in: 0..<(depth > 4 ? 6 : 9), using: &random) {
            case 0: text += random.pick(["0", "-1", "1.5", "2e3", "9223372036854775807", "-0.25E-2"]) ?? ""
            case 1: text += random.pick(["true", "false", "null"]) ?? ""
            case 2...5: string(["", "a", "é", "😀", #"\""#, #"\\"#, #"\u0041"#, "}", "]", ",", ":", "spec", "{"])
            case 6: container("[", "]", depth: depth) { $0.value(depth: depth + 1) }
            default: object(depth: depth)
            }
            space()
        }

        mutating func string(_ parts: [String]) {
            text += "\""
            for _ in 0..<Int.random(in: 0...3, using: &random) { text += random.pick(parts) ?? "" }
            text += "\""
        }

        mutating func object(depth: Int) {
            var used: Set<String> = []
            container("{", "}", depth: depth) { writer in
                writer.space()
                let names = [
                    "kind", "spec", "user", "extra", "a", "b", "spe", #"sp\u0065c"#, #"\u0061b"#, #"us\u0065r"#,
                ]
                var name = writer.random.pick(names) ?? ""
                while !used.insert(name).inserted { name += "x" }
                writer.text += "\"\(name)\""
                writer.space()
                writer.text += ":"
                writer.value(depth: depth + 1)
            }
        }

        mutating func container(_ open: String, _ close: String, depth: Int, element: (inout Writer) -> Void) {
            text += open
            space()
            for index in 0..<Int.random(in: 0...(depth < 2 ? 6 : 3), using: &random) {
                if index > 0 { text += "," }
                element(&self)
            }
            text += close
        }
    }

    private func isSame(_ one: JSONValue, _ other: JSONValue) -> Bool {
        guard one.kind == other.kind else { return false }
        if let members = one.members, let others = other.members {
            return members.count == others.count
                && zip(members, others).allSatisfy { $0.name == $1.name && isSame($0.value, $1.value) }
        }
        if let elements = one.array.map(Array.init), let others = other.array.map(Array.init) {
            return elements.count == others.count && zip(elements, others).allSatisfy { isSame($0, $1) }
        }
        return one.withStringBytes { Array($0) } == other.withStringBytes { Array($0) } && one.integer == other.integer
            && one.bool == other.bool
    }

    /// Whether all that is asked for is the same, and everything else is the same or null.
    private func isSieved(_ whole: JSONValue, _ rest: JSONValue, _ names: [String]) -> Bool {
        guard let members = whole.members, let others = rest.members else { return isSame(whole, rest) }
        guard members.count == others.count else { return false }
        return zip(members, others).allSatisfy { member, other in
            guard member.name == other.name else { return false }
            if names.contains("spec"), member.name == "spec" {
                return isSieved(member.value, other.value, ["user", "extra"])
            }
            return isSame(member.value, other.value) || !names.contains(member.name) && other.value.isNull
        }
    }

    @Test("of random documents in random pieces, what is asked for stays as it was", arguments: 0..<8)
    func keepsWhatIsAskedFor(seed: Int) throws {
        var writer = Writer(random: SplitMix(seed: UInt64(seed)))
        var accepted = 0
        var dropped = 0
        for _ in 0..<400 {
            writer.text = ""
            writer.object(depth: 0)
            var bytes = Array(writer.text.utf8)
            // Damages some of them.
            if writer.random.chance(2) {
                for _ in 0..<Int.random(in: 1...2, using: &writer.random) {
                    let place = Int.random(in: 0..<bytes.count, using: &writer.random)
                    bytes[place] = writer.random.pick(Array(#"{}[]",:\u0 a1-é"#.utf8)) ?? 0
                }
            }
            let cuts = (0..<Int.random(in: 0...4, using: &writer.random)).map { _ in
                Int.random(in: 0...bytes.count, using: &writer.random)
            }
            let rest = sieved(bytes, cuts: cuts)
            #expect(rest == sieved(bytes), "the pieces matter: \(String(decoding: bytes, as: UTF8.self)), \(cuts)")
            guard let whole = try? JSONDocument(parsing: bytes) else { continue }
            let text = String(decoding: bytes, as: UTF8.self)
            let left = try #require(rest, "\(text)")
            let read = try #require(try? JSONDocument(parsing: left), "\(text)")
            #expect(isSieved(whole.root, read.root, ["kind", "spec"]), "\(text)")
            accepted += 1
            if left != bytes { dropped += 1 }
        }
        // With fewer documents of either kind, this test would show nothing.
        #expect(accepted > 150 && dropped > 100)
    }

    @Test("what becomes JSON by being sieved had two members of one name", arguments: 0..<4)
    func makesNoOtherDocument(seed: Int) {
        var writer = Writer(random: SplitMix(seed: UInt64(1000 + seed)))
        for _ in 0..<400 {
            writer.text = ""
            writer.object(depth: 0)
            let bytes = Array(writer.text.utf8)
            guard let rest = sieved(bytes), (try? JSONDocument(parsing: rest)) != nil else { continue }
            do {
                _ = try JSONDocument(parsing: bytes)
            } catch {
                #expect(error.code == .duplicateMember, "\(writer.text)")
            }
        }
    }
}
