/// Reads JSON as events with places, for large documents and for messages that name the place of a mistake.
///
/// Strict as RFC 8259: exact numbers and escapes, valid UTF-8, no NUL. Several documents may follow each other, as
/// `kubectl` prints them.
public struct JSONEventReader: DocumentEvents {
    private enum Container { case object, array }

    /// What may follow.
    private enum Expectation {
        case documentOrEnd
        case documentEnd
        case keyOrEnd
        case key
        case value
        case elementOrEnd
        case commaOrEnd
    }

    private let bytes: [UInt8]
    private var index: Int
    private var containers: [Container] = []
    private var expectation = Expectation.documentOrEnd
    private var place = Place()
    private let maximumDepth: Int
    /// The document's start was returned, and its root follows.
    private var isRootDue = false

    /// Reads UTF-8, with or without a byte order mark.
    ///
    /// - Parameter maximumDepth: how deeply objects and arrays may be nested.
    public init(_ bytes: [UInt8], maximumDepth: Int = 64) {
        self.bytes = bytes
        self.maximumDepth = maximumDepth
        index = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
        place = Place(index: index)
    }

    public mutating func next() throws(YAMLError) -> DocumentEvent {
        skipSpace()
        switch expectation {
        case .documentOrEnd: return try root()
        case .documentEnd:
            expectation = .documentOrEnd
            return event(.documentEnd)
        case .value: return try value()
        case .elementOrEnd: return byte == UInt8(ascii: "]") ? close() : try value()
        case .keyOrEnd: return byte == UInt8(ascii: "}") ? close() : try key()
        case .key: return try key()
        case .commaOrEnd:
            let isObject = containers.last == .object
            if byte == (isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) { return close() }
            guard byte == UInt8(ascii: ",") else {
                throw wrong(isObject ? "a comma or } belongs here" : "a comma or ] belongs here")
            }
            index += 1
            skipSpace()
            return isObject ? try key() : try value()
        }
    }

    private mutating func root() throws(YAMLError) -> DocumentEvent {
        guard index < bytes.count else { return event(.end) }
        guard isRootDue else {
            isRootDue = true
            return event(.documentStart)
        }
        isRootDue = false
        return try value()
    }

    // MARK: Values

    private mutating func key() throws(YAMLError) -> DocumentEvent {
        guard byte == UInt8(ascii: "\"") else { throw wrong("a name in quotation marks belongs here") }
        let start = here
        let name = try string()
        skipSpace()
        guard byte == UInt8(ascii: ":") else { throw wrong("a colon belongs here") }
        index += 1
        expectation = .value
        return event(.scalar(YAMLNode.Scalar(text: name, isPlain: false), anchor: nil), at: start)
    }

    private mutating func value() throws(YAMLError) -> DocumentEvent {
        let start = here
        switch byte {
        case UInt8(ascii: "{"): return try open(.object, .keyOrEnd)
        case UInt8(ascii: "["): return try open(.array, .elementOrEnd)
        case UInt8(ascii: "\""):
            let text = try string()
            ended()
            return event(.scalar(YAMLNode.Scalar(text: text, isPlain: false), anchor: nil), at: start)
        case nil: throw wrong("the file ends in the middle of a value")
        default:
            let word = try plain()
            ended()
            return event(.scalar(YAMLNode.Scalar(text: word, isPlain: true), anchor: nil), at: start)
        }
    }

    private mutating func open(_ container: Container, _ next: Expectation) throws(YAMLError) -> DocumentEvent {
        guard containers.count < maximumDepth else { throw wrong("this is nested more than \(maximumDepth) deep") }
        let event = event(container == .object ? .mappingStart(anchor: nil) : .sequenceStart(anchor: nil))
        containers.append(container)
        expectation = next
        index += 1
        return event
    }

    private mutating func close() -> DocumentEvent {
        let event = event(containers.popLast() == .object ? .mappingEnd : .sequenceEnd)
        index += 1
        ended()
        return event
    }

    private mutating func ended() {
        expectation = containers.isEmpty ? .documentEnd : .commaOrEnd
    }

    /// A number, `true`, `false` or `null`.
    private mutating func plain() throws(YAMLError) -> String {
        let start = index
        while let byte, !isSpace(byte), !",:]}[{\"".utf8.contains(byte) { index += 1 }
        let word = bytes[start..<index]
        let isWord = ["true", "false", "null"].contains { word.elementsEqual($0.utf8) }
        guard isWord || JSONEventReader.isNumber(word) else {
            index = start
            throw wrong("this is not a JSON value")
        }
        return String(decoding: word, as: UTF8.self)
    }

    private static func isNumber(_ word: ArraySlice<UInt8>) -> Bool {
        var rest = word
        func digits() -> Int {
            let count = rest.prefix { (48...57).contains($0) }.count
            rest = rest.dropFirst(count)
            return count
        }
        if rest.first == UInt8(ascii: "-") { rest = rest.dropFirst() }
        let isZero = rest.first == UInt8(ascii: "0")
        let whole = digits()
        guard whole > 0, !isZero || whole == 1 else { return false }
        if rest.first == UInt8(ascii: ".") {
            rest = rest.dropFirst()
            guard digits() > 0 else { return false }
        }
        if rest.first == UInt8(ascii: "e") || rest.first == UInt8(ascii: "E") {
            rest = rest.dropFirst()
            if rest.first == UInt8(ascii: "+") || rest.first == UInt8(ascii: "-") { rest = rest.dropFirst() }
            guard digits() > 0 else { return false }
        }
        return rest.isEmpty
    }

    // MARK: Strings

    private mutating func string() throws(YAMLError) -> String {
        index += 1
        let start = index
        // Most strings have no escapes.
        while let byte, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 32 { index += 1 }
        if byte == UInt8(ascii: "\"") {
            defer { index += 1 }
            return try text(bytes[start..<index])
        }
        var unescaped = Array(bytes[start..<index])
        while let byte, byte != UInt8(ascii: "\"") {
            guard byte >= 32 else { throw wrong("a control character cannot stand in a string") }
            index += 1
            if byte == UInt8(ascii: "\\") { try unescape(into: &unescaped) } else { unescaped.append(byte) }
        }
        guard byte != nil else { throw wrong("the file ends in the middle of a string") }
        index += 1
        return try text(unescaped[...])
    }

    private func text(_ bytes: ArraySlice<UInt8>) throws(YAMLError) -> String {
        guard let text = String(validating: bytes, as: UTF8.self) else { throw wrong("this is not UTF-8 text") }
        return text
    }

    private mutating func unescape(into text: inout [UInt8]) throws(YAMLError) {
        guard let escape = byte else { throw wrong("the file ends in the middle of a string") }
        index += 1
        switch escape {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(escape)
        case UInt8(ascii: "b"): text.append(8)
        case UInt8(ascii: "f"): text.append(12)
        case UInt8(ascii: "n"): text.append(10)
        case UInt8(ascii: "r"): text.append(13)
        case UInt8(ascii: "t"): text.append(9)
        case UInt8(ascii: "u"):
            var value = try fourDigits()
            if (0xD800...0xDBFF).contains(value), byte == UInt8(ascii: "\\"), index + 1 < bytes.count,
                bytes[index + 1] == UInt8(ascii: "u")
            {
                index += 2
                let low = try fourDigits()
                guard (0xDC00...0xDFFF).contains(low) else { throw wrong("half a character cannot stand alone") }
                value = 0x10000 + (value - 0xD800) << 10 + (low - 0xDC00)
            }
            guard value != 0, let scalar = Unicode.Scalar(value) else {
                throw wrong(value == 0 ? "a NUL cannot stand in a string" : "half a character cannot stand alone")
            }
            text.append(contentsOf: UTF8.encode(scalar).map { Array($0) } ?? [])
        default: throw wrong("there is no such escape")
        }
    }

    private mutating func fourDigits() throws(YAMLError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let byte, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
                throw wrong("four hexadecimal digits belong here")
            }
            value = value << 4 | UInt32(digit)
            index += 1
        }
        return value
    }

    // MARK: Places

    private var byte: UInt8? { index < bytes.count ? bytes[index] : nil }

    private func isSpace(_ byte: UInt8) -> Bool { byte == 32 || byte == 10 || byte == 13 || byte == 9 }

    private mutating func skipSpace() {
        while index < bytes.count, isSpace(bytes[index]) { index += 1 }
    }

    /// The place of a byte. It moves forward only, so that finding all places takes one pass.
    private struct Place {
        var index = 0
        var line = 1
        var column = 1
    }

    private var here: Place {
        mutating get {
            while place.index < index {
                let byte = bytes[place.index]
                if byte == UInt8(ascii: "\n") {
                    place.line += 1
                    place.column = 1
                } else if byte & 0xC0 != 0x80 {
                    place.column += 1
                }
                place.index += 1
            }
            return place
        }
    }

    private mutating func event(_ content: DocumentEvent.Content) -> DocumentEvent { event(content, at: here) }

    private func event(_ content: DocumentEvent.Content, at place: Place) -> DocumentEvent {
        DocumentEvent(content: content, line: place.line, column: place.column)
    }

    private func wrong(_ message: String) -> YAMLError {
        var reader = self
        let place = reader.here
        return YAMLError(message, line: place.line, column: place.column)
    }
}
