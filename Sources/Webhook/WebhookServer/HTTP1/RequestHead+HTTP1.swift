import NIOHTTP1

extension RequestHead {
    /// Reads a head. Nil unless it has exactly one valid interpretation as an HTTP/1 request (RFC 9112).
    ///
    /// The decoder has rejected bare line feeds, folded lines and two lengths already. Rejected here: missing, repeated
    /// or invalid hosts, and body framings that proxies interpret differently.
    init?(_ head: HTTPRequestHead) {
        var hosts = 0
        var lengths = 0
        var types = 0
        var length: Int?
        var codings = 0
        self.init(method: .other, target: head.uri, contentType: nil, body: .none)
        for (name, value) in head.headers {
            switch name.utf8.count {
            case 4 where name.isHeader("host"):
                hosts += 1
                guard Self.isHost(value) else { return nil }
            case 6 where name.isHeader("expect"):
                if expectation != .unknown { expectation = Expectation(value) }
            case 12 where name.isHeader("content-type"):
                types += 1
                contentType = value
            case 14 where name.isHeader("content-length"):
                lengths += 1
                guard let bytes = Self.length(value) else { return nil }
                length = bytes
            case 17 where name.isHeader("transfer-encoding"):
                codings += 1
                guard value.lowercased() == "chunked" else { return nil }
            default: continue
            }
        }
        let isHTTP11 = head.version == .http1_1
        guard isHTTP11 || head.version == .http1_0 else { return nil }
        guard hosts == 1 || (hosts == 0 && !isHTTP11) else { return nil }
        guard lengths + codings <= 1, types <= 1, codings == 0 || isHTTP11 else { return nil }
        guard target.utf8.first == UInt8(ascii: "/") || head.method == .OPTIONS || head.method == .CONNECT else {
            return nil
        }
        switch head.method {
        case .POST: method = .post
        case .GET: method = .get
        default: method = .other
        }
        body = codings == 1 ? .untilEnd : length.map(BodyLength.bytes) ?? .none
        // HTTP/1.0 has no interim answers.
        if expectation == .continuation, !isHTTP11 { expectation = .none }
    }

    /// Digits only: no sign, no list, no white space.
    static func length(_ text: String) -> Int? {
        var text = text
        return text.withUTF8 { length(UnsafeRawBufferPointer($0)) }
    }

    static func length(_ text: UnsafeRawBufferPointer) -> Int? {
        guard !text.isEmpty, text.count <= 18 else { return nil }
        var length = 0
        for byte in text {
            guard UInt8(ascii: "0") <= byte, byte <= UInt8(ascii: "9") else { return nil }
            length = length * 10 + Int(byte - UInt8(ascii: "0"))
        }
        return length
    }

    /// Whether this is a host name or address with an optional port, by its characters.
    static func isHost(_ text: String) -> Bool {
        var text = text
        return text.withUTF8 { isHost(UnsafeRawBufferPointer($0)) }
    }

    static func isHost(_ text: UnsafeRawBufferPointer) -> Bool {
        guard !text.isEmpty, text.count <= 261 else { return false }
        return text.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: ":"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "["), UInt8(ascii: "]"):
                true
            default: false
            }
        }
    }
}

extension String {
    /// Whether this is the header with that name in lower case and of the same length.
    fileprivate func isHeader(_ lowercased: StaticString) -> Bool {
        var index = 0
        for byte in utf8 {
            guard byte | 0x20 == lowercased.utf8Start[index] || byte == lowercased.utf8Start[index] else {
                return false
            }
            index += 1
        }
        return true
    }
}
