/// A request's head as HTTP/1 has it.
struct HTTP1RequestHead: Equatable {
    var request: RequestHead
    /// Whether another request may follow on the connection.
    var keepsAlive: Bool
    /// An answer to HEAD has no body (RFC 9112 section 6.3): a client would take it for the next answer.
    var isHEAD: Bool
}

/// Builds a head line by line, and refuses it unless it has exactly one valid reading as an HTTP/1 request (RFC 9112):
/// hosts that are missing, repeated or not host names are refused, and body framings that proxies read in different
/// ways. Lines come without their ends, and without control characters other than tabs.
struct HTTP1HeadBuilder {
    private enum Method {
        case post, get, head, connect, options, other
    }

    private var method = Method.other
    private var isHTTP11 = true
    private var request = RequestHead(method: .other, target: "", contentType: nil, body: .none)
    private var hosts = 0
    private var lengths = 0
    private var types = 0
    private var codings = 0
    private var length = 0
    /// Whether a `Connection` header makes this request the last one.
    private var isLast = false

    /// A builder before the first request.
    init() {}

    /// Length of the longest known method and the space after it.
    private static let longestMethod = 12
    /// Further methods of IANA's registry. A request with one is answered with 405; with any other word, with 400.
    private static let otherMethods: [StaticString] = [
        "PUT", "DELETE", "TRACE", "PATCH", "COPY", "LOCK", "MKCOL", "MOVE", "PROPFIND", "PROPPATCH", "SEARCH", "UNLOCK",
        "BIND", "REBIND", "UNBIND", "ACL", "REPORT", "MKACTIVITY", "CHECKOUT", "MERGE", "LINK", "UNLINK", "MKCALENDAR",
        "PURGE", "NOTIFY", "SUBSCRIBE", "UNSUBSCRIBE", "M-SEARCH", "SOURCE",
    ]

    /// Whether these may be the first bytes of a request line, or an empty line before it.
    static func canBegin(_ bytes: UnsafeRawBufferPointer) -> Bool {
        bytes.count < longestMethod || bytes.prefix(longestMethod).contains(UInt8(ascii: " "))
            || bytes[0] == UInt8(ascii: "\r")
    }

    /// Begins a head; nil if the line is not a request line (RFC 9112 section 3).
    init?(requestLine line: UnsafeRawBufferPointer) {
        guard let methodEnd = line.firstIndex(of: UInt8(ascii: " ")) else { return nil }
        let targetStart = methodEnd + 1
        let targetEnd = line.count - 9
        guard targetEnd > targetStart, line[targetEnd] == UInt8(ascii: " "),
            line[targetStart..<targetEnd].allSatisfy({ $0 > 0x20 && $0 < 0x7F })
        else { return nil }
        let version = UnsafeRawBufferPointer(rebasing: line[(targetEnd + 1)...])
        if version.elementsEqual("HTTP/1.1" as StaticString) {
            isHTTP11 = true
        } else if version.elementsEqual("HTTP/1.0" as StaticString) {
            isHTTP11 = false
        } else {
            return nil
        }
        let name = UnsafeRawBufferPointer(rebasing: line[..<methodEnd])
        if name.elementsEqual("POST" as StaticString) {
            method = .post
        } else if name.elementsEqual("GET" as StaticString) {
            method = .get
        } else if name.elementsEqual("HEAD" as StaticString) {
            method = .head
        } else if name.elementsEqual("CONNECT" as StaticString) {
            method = .connect
        } else if name.elementsEqual("OPTIONS" as StaticString) {
            method = .options
        } else {
            guard Self.otherMethods.contains(where: { name.elementsEqual($0) }) else { return nil }
        }
        let hasOtherForms = method == .connect || method == .options
        guard hasOtherForms || line[targetStart] == UInt8(ascii: "/") else { return nil }
        request.target = String(decoding: line[targetStart..<targetEnd], as: UTF8.self)
    }

    /// Adds a header field; false if it makes the head invalid.
    mutating func add(_ line: UnsafeRawBufferPointer) -> Bool {
        guard let (name, value) = Self.split(line) else { return false }
        // Parsers disagree about blanks after a value.
        let endsWithBlank = line[line.count - 1].isBlank
        switch name.count {
        case 4 where name.isName("host"):
            hosts += 1
            return !endsWithBlank && RequestHead.isHost(value)
        case 6 where name.isName("expect"):
            if request.expectation != .unknown {
                request.expectation = value.isName("100-continue") ? .continuation : .unknown
            }
        case 7 where name.isName("upgrade"): isLast = true
        case 10 where name.isName("connection"):
            if value.split(separator: UInt8(ascii: ",")).contains(where: {
                Self.trimmed(UnsafeRawBufferPointer(rebasing: $0)).isName("close")
            }) {
                isLast = true
            }
        case 12 where name.isName("content-type"):
            types += 1
            // Most clients send this type, which then needs no memory of its own.
            let isUsual = value.elementsEqual("application/json" as StaticString)
            request.contentType = isUsual ? "application/json" : String(decoding: value, as: UTF8.self)
        case 14 where name.isName("content-length"):
            lengths += 1
            guard !endsWithBlank, let bytes = RequestHead.length(value) else { return false }
            length = bytes
        case 17 where name.isName("transfer-encoding"):
            codings += 1
            return !endsWithBlank && value.isName("chunked")
        default: break
        }
        return true
    }

    /// The whole head; nil if it is not valid.
    var head: HTTP1RequestHead? {
        guard hosts == 1 || (hosts == 0 && !isHTTP11) else { return nil }
        guard lengths + codings <= 1, types <= 1, codings == 0 || isHTTP11 else { return nil }
        var request = request
        switch method {
        case .post: request.method = .post
        case .get: request.method = .get
        case .head, .connect, .options, .other: request.method = .other
        }
        if codings == 1 { request.body = .untilEnd } else if lengths == 1 { request.body = .bytes(length) }
        // HTTP/1.0 has no interim answers.
        if !isHTTP11, request.expectation == .continuation { request.expectation = .none }
        return HTTP1RequestHead(
            request: request, keepsAlive: isHTTP11 && !isLast && method != .connect, isHEAD: method == .head)
    }

    /// Whether a line may stand after the last chunk. Fields that frame or route a request may not (RFC 9110 section
    /// 6.5.1).
    static func isTrailer(_ line: UnsafeRawBufferPointer) -> Bool {
        guard let (name, _) = split(line) else { return false }
        return !name.isName("content-length") && !name.isName("transfer-encoding") && !name.isName("host")
    }

    /// A header's name and its value without the white space around it; nil if the line is not a header (RFC 9112
    /// section 5).
    private static func split(
        _ line: UnsafeRawBufferPointer
    ) -> (name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer)? {
        var colon = 0
        while colon < line.count, line[colon].isTokenCharacter { colon += 1 }
        guard colon > 0, colon < line.count, line[colon] == UInt8(ascii: ":") else { return nil }
        return (
            UnsafeRawBufferPointer(rebasing: line[..<colon]),
            trimmed(UnsafeRawBufferPointer(rebasing: line[(colon + 1)...]))
        )
    }

    private static func trimmed(_ bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        var (start, end) = (0, bytes.count)
        while start < end, bytes[start].isBlank { start += 1 }
        while start < end, bytes[end - 1].isBlank { end -= 1 }
        return UnsafeRawBufferPointer(rebasing: bytes[start..<end])
    }
}

extension UInt8 {
    fileprivate var isBlank: Bool { self == UInt8(ascii: " ") || self == UInt8(ascii: "\t") }

    /// Whether the byte may stand in a token (RFC 9110 section 5.6.2).
    var isTokenCharacter: Bool {
        switch self {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "!"), UInt8(ascii: "#"),
            UInt8(ascii: "$"), UInt8(ascii: "%"), UInt8(ascii: "&"), UInt8(ascii: "'"), UInt8(ascii: "*"),
            UInt8(ascii: "+"), UInt8(ascii: "."), UInt8(ascii: "^"), UInt8(ascii: "_"), UInt8(ascii: "`"),
            UInt8(ascii: "|"), UInt8(ascii: "~"):
            true
        default: false
        }
    }
}

extension UnsafeRawBufferPointer {
    fileprivate func elementsEqual(_ text: StaticString) -> Bool {
        guard count == text.utf8CodeUnitCount else { return false }
        for index in 0..<count where self[index] != text.utf8Start[index] { return false }
        return true
    }

    /// Compares with a header name, ignoring case.
    ///
    /// - Parameter lowercased: the name in lower case.
    fileprivate func isName(_ lowercased: StaticString) -> Bool {
        guard count == lowercased.utf8CodeUnitCount else { return false }
        for index in 0..<count {
            let byte = self[index]
            let isUpper = byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z")
            guard (isUpper ? byte | 0x20 : byte) == lowercased.utf8Start[index] else { return false }
        }
        return true
    }
}
