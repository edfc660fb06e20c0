import NIOHPACK

extension RequestHead {
    /// Reads a header block. NIOHTTP2 has checked most of its form (RFC 9113 section 8.3).
    init?(_ headers: HPACKHeaders, isEnd: Bool) {
        self.init(method: .other, target: "", contentType: nil, body: isEnd ? .none : .untilEnd)
        var types = 0
        var lengths = 0
        var authority: String?
        var host: String?
        for (name, value, _) in headers {
            guard Self.isFieldValue(value) else { return nil }
            switch name {
            case ":method":
                switch value {
                case "POST": method = .post
                case "GET": method = .get
                default: method = .other
                }
            case ":path": target = value
            case ":authority":
                guard authority == nil, Self.isHost(value) else { return nil }
                authority = value
            case "host":
                guard host == nil, Self.isHost(value) else { return nil }
                host = value
            case "content-type":
                types += 1
                contentType = value
            case "content-length":
                lengths += 1
                guard let bytes = Self.length(value) else { return nil }
                if !isEnd { body = .bytes(bytes) }
            case "expect":
                if expectation != .unknown { expectation = Expectation(value) }
            default: continue
            }
        }
        // Section 8.3.1: exactly one host.
        guard authority != nil || host != nil, host == nil || authority == nil || host == authority else { return nil }
        guard types <= 1, lengths <= 1, target.utf8.first == UInt8(ascii: "/") || method == .other else { return nil }
    }

    /// Section 8.2.1: a value must not contain what would start another line in HTTP/1.1.
    private static func isFieldValue(_ text: String) -> Bool {
        text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }
    }
}
