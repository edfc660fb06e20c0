import Jansson

/// Any JSON: the scanner and jansson must accept the same inputs and read the same values.
struct ScannerTarget: FuzzTarget {
    func run(_ input: UnsafeRawBufferPointer) throws {
        for maximumDepth in [32, 3] {
            let parsed = try? JSONDocument(parsing: input, maximumDepth: maximumDepth)
            let scanned = try? ScannedJSON(scanning: input, maximumDepth: maximumDepth)
            if input.contains(0) {
                // jansson ignores a NUL after a number or a literal.
                require(scanned == nil, "the scanner takes no NUL")
                continue
            }
            require((parsed == nil) == (scanned == nil), "the scanner takes exactly what jansson takes")
            guard let parsed, let scanned else { continue }
            compare(parsed.root, scanned.root)
            require(scanned.kind == parsed.root.kind, "the root's kind is the same")
            compare(parsed.root["groups"], scanned["groups"])
            compare(parsed.root["iss"], scanned["iss"])
            for (parsed, view) in zip(listed(parsed.root), listed(scanned)) { compare(parsed, view) }
            compare(parsed.root["spec"]?["token"], scanned["spec"]?["token"])
        }
        checkBound(input)
    }

    private static let names = JSONNameList(["iss", "groups", "a", "xms_act_fct", "xms_sub_fct", ""])

    /// The members with these names, found in one pass.
    private func listed<Value: JSONReadable>(_ json: some JSONReadable<Value>) -> [Value?] {
        var found = [Value?](repeating: nil, count: 6)
        json.forEachMember(of: Self.names) { number, value in found[number] = value }
        return found
    }

    private func compare(_ parsed: JSONValue?, _ view: JSONView?) {
        require((parsed == nil) == (view == nil), "a member that is there is found")
        guard let parsed, let view else { return }
        require(parsed.kind == view.kind, "kinds are the same")
        require(parsed.integer == view.integer, "integers are the same")
        require(parsed.bool == view.bool, "booleans are the same")
        require(
            parsed.withStringBytes { Array($0) } == view.withStringBytes { Array($0) }, "strings are the same bytes")
        if let elements = parsed.array.map(Array.init) {
            let views = require(view.array.map(Array.init), "an array has elements")
            require(elements.count == views.count, "arrays are as long")
            for (element, view) in zip(elements, views) { compare(element, view) }
        }
        if let members = parsed.members {
            let views = require(view.members, "an object has members")
            require(members.count == views.count, "objects have as many members")
            for (member, view) in zip(members, views) {
                require(Array(member.name.utf8) == Array(view.name.utf8), "names are the same, in the same order")
                compare(member.value, view.value)
            }
        }
    }

    /// A document is refused if the limit is below its number of values, and accepted if it is equal.
    private func checkBound(_ input: UnsafeRawBufferPointer) {
        guard let scanned = try? ScannedJSON(scanning: input) else { return }
        let count = count(scanned.root)
        require((try? ScannedJSON(scanning: input, maximumValues: count)) != nil, "the bound itself is allowed")
        require((try? ScannedJSON(scanning: input, maximumValues: count - 1)) == nil, "one more value is refused")
    }

    private func count(_ view: JSONView) -> Int {
        1 + (view.array?.reduce(0) { $0 + count($1) } ?? 0)
            + (view.members?.reduce(0) { $0 + count($1.value) } ?? 0)
    }
}
