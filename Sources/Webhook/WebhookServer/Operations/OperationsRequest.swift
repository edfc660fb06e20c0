import NIOHTTP1

/// A request to the operations listener.
struct OperationsRequest: Equatable {
    var path: String
    /// Names and values of the query in order; a name without `=` has an empty value.
    var query: [Parameter]
    var accept: String?

    struct Parameter: Equatable {
        var name: String
        var value: String
    }

    init(target: String, accept: String? = nil) {
        let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        path = String(parts[0])
        self.accept = accept
        query = []
        guard parts.count == 2 else { return }
        for pair in parts[1].split(separator: "&") {
            let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            query.append(
                Parameter(name: Self.decoded(sides[0]), value: sides.count == 2 ? Self.decoded(sides[1]) : ""))
        }
    }

    /// Whatever its value, as Kubernetes takes it.
    var isVerbose: Bool { query.contains { $0.name == "verbose" } }

    var excluded: [String] { query.filter { $0.name == "exclude" }.map(\.value) }

    /// Form encoding undone.
    private static func decoded(_ text: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), rest.count >= 2, let value = UInt8(rest.prefix(2).hexadecimal, radix: 16) {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension Substring.UTF8View {
    /// Nothing when there is a sign, which a number could have and an escape cannot.
    fileprivate var hexadecimal: String {
        contains(UInt8(ascii: "+")) || contains(UInt8(ascii: "-")) ? "" : String(decoding: self, as: UTF8.self)
    }
}
