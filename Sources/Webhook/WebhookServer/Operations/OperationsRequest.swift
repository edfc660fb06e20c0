import Addresses

/// A request to the operations listener.
struct OperationsRequest: Equatable {
    var path: String
    /// Names and values of the query in order. A name without `=` has an empty value.
    var query: [Parameter]
    var accept: String?
    /// The `Host` header, with its port.
    var host: String?

    struct Parameter: Equatable {
        var name: String
        var value: String
    }

    init(target: String, accept: String? = nil, host: String? = nil) {
        let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        path = String(parts[0])
        self.accept = accept
        self.host = host
        query = []
        guard parts.count == 2 else { return }
        for pair in parts[1].split(separator: "&") {
            let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            query.append(
                Parameter(name: Self.decoded(sides[0]), value: sides.count == 2 ? Self.decoded(sides[1]) : ""))
        }
    }

    /// Whether the host is an IP address or `localhost`, or is missing.
    ///
    /// A web page could make its own name resolve to this listener's address (DNS rebinding), and read the answers
    /// through the browser of somebody who can reach it. Such a request always has the page's name as host.
    var isForAddress: Bool {
        guard let host else { return true }
        var name = Substring(host)
        if name.first == "[" {
            guard let end = name.firstIndex(of: "]"), Self.isPort(name[name.index(after: end)...]) else { return false }
            name = name[name.index(after: name.startIndex)..<end]
            return IPAddress(String(name))?.isIPv4 == false
        }
        if let colon = name.firstIndex(of: ":") {
            guard Self.isPort(name[colon...]) else { return false }
            name = name[..<colon]
        }
        return name.lowercased() == "localhost" || IPAddress(String(name))?.isIPv4 == true
    }

    /// Empty, or a colon and digits.
    private static func isPort(_ text: Substring) -> Bool {
        text.isEmpty || text.first == ":" && text.dropFirst().utf8.allSatisfy { (48...57).contains($0) }
    }

    /// The parameter's value is ignored, as in Kubernetes.
    var isVerbose: Bool { query.contains { $0.name == "verbose" } }

    var excluded: [String] { query.filter { $0.name == "exclude" }.map(\.value) }

    /// Decodes form encoding.
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
    /// The bytes as text; empty if there is a sign, which Swift's integers would accept but an escape may not have.
    fileprivate var hexadecimal: String {
        contains(UInt8(ascii: "+")) || contains(UInt8(ascii: "-")) ? "" : String(decoding: self, as: UTF8.self)
    }
}
