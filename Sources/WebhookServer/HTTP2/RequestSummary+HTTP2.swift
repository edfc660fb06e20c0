import NIOHPACK

extension RequestSummary {
    /// Reads a header block, whose form NIOHTTP2 has checked (RFC 9113 section 8.3).
    init?(_ headers: HPACKHeaders, isEnd: Bool) {
        self.init(method: .other, target: "", contentType: nil, body: isEnd ? .none : .untilEnd)
        var types = 0
        for (name, value, _) in headers {
            switch name {
            case ":method":
                switch value {
                case "POST": method = .post
                case "GET": method = .get
                default: method = .other
                }
            case ":path": target = value
            case ":authority", "host":
                guard Self.isHost(value) else { return nil }
            case "content-type":
                types += 1
                contentType = value
            case "content-length":
                guard let bytes = Self.length(value) else { return nil }
                if !isEnd { body = .bytes(bytes) }
            case "expect":
                expectsContinue = value.lowercased() == "100-continue"
            default: continue
            }
        }
        guard types <= 1, target.utf8.first == UInt8(ascii: "/") || method == .other else { return nil }
    }
}
