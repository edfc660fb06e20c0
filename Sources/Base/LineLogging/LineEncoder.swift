import Logging
import SafeText

/// Writes lines one after another: `time level message name=value …`, or a JSON object. Nothing in a line can begin
/// another one.
public struct LineEncoder: FieldWriter, ~Copyable {
    private var writer = ByteWriter(capacity: 512)
    private var isJSON = false
    private var isFirst = true

    /// An encoder without a line. Its memory is reused for each line.
    public init() {}

    /// Begins a line; what was written before is dropped.
    ///
    /// - Parameters:
    ///   - priority: of syslog; written before the line, where systemd's journal reads it (sd-daemon(3)).
    ///   - time: RFC 3339; nil if the reader adds the time.
    ///   - level: nil in the audit file.
    ///   - message: a constant text; nil in the audit file.
    public mutating func begin(
        _ format: LogFormat, priority: Int? = nil, time: String?, level: String? = nil, message: String? = nil
    ) {
        writer.removeAll()
        isJSON = format == .json
        isFirst = true
        if let priority {
            writer.append(UInt8(ascii: "<"))
            writer.append(decimal: Int64(priority))
            writer.append(UInt8(ascii: ">"))
        }
        if isJSON {
            writer.append(UInt8(ascii: "{"))
            if let time { add("time", time) }
            if let level { add("level", level) }
            if let message { add("message", message) }
        } else {
            if let time {
                writer.append(time)
                writer.append(UInt8(ascii: " "))
            }
            if let level { writer.append(level) }
            writer.append(UInt8(ascii: " "))
            append(message ?? "", isQuoted: false)
        }
    }

    /// Ends the line with its line feed.
    public mutating func finish() {
        if isJSON { writer.append(UInt8(ascii: "}")) }
        writer.append(UInt8(ascii: "\n"))
    }

    /// Calls a closure with the line, which is valid only during the call.
    public func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        writer.withUnsafeBytes(body)
    }

    /// A field with any string.
    public mutating func add(_ name: StaticString, _ value: String) {
        begin(name)
        append(value: value)
    }

    /// A field with ASCII letters, digits and hyphens, which needs no escaping.
    public mutating func add(_ name: StaticString, plain count: Int, _ write: (UnsafeMutableRawBufferPointer) -> Void) {
        begin(name)
        if isJSON { writer.append(UInt8(ascii: "\"")) }
        writer.append(count: count, write)
        if isJSON { writer.append(UInt8(ascii: "\"")) }
    }

    /// A field with a number, which is also a number in JSON.
    public mutating func add(_ name: StaticString, _ number: Int64) {
        begin(name)
        writer.append(decimal: number)
    }

    /// A field with a boolean, which is also a boolean in JSON.
    public mutating func add(_ name: StaticString, _ flag: Bool) {
        begin(name)
        writer.append(flag ? "true" as StaticString : "false")
    }

    /// A field with several strings: an array in JSON, one string with commas in text.
    public mutating func add(_ name: String, list values: [String]) {
        begin(name)
        guard isJSON else { return append(value: values.joined(separator: ",")) }
        writer.append(UInt8(ascii: "["))
        for (index, value) in values.enumerated() {
            if index > 0 { writer.append(UInt8(ascii: ",")) }
            append(quoted: value)
        }
        writer.append(UInt8(ascii: "]"))
    }

    /// A field whose name is not a constant.
    ///
    /// - Parameter isLiteral: whether the value is a number or a boolean in JSON.
    mutating func add(named name: String, _ value: String, isLiteral: Bool) {
        begin(name)
        if isJSON, isLiteral { writer.append(value) } else { append(value: value) }
    }

    // MARK: Parts of fields

    private mutating func begin(_ name: StaticString) {
        if isJSON {
            writer.append(isFirst ? "\"" as StaticString : ",\"")
            isFirst = false
            writer.append(name)
            writer.append("\":" as StaticString)
        } else {
            writer.append(UInt8(ascii: " "))
            writer.append(name)
            writer.append(UInt8(ascii: "="))
        }
    }

    private mutating func begin(_ name: String) {
        if isJSON {
            if !isFirst { writer.append(UInt8(ascii: ",")) }
            isFirst = false
            append(quoted: name)
            writer.append(UInt8(ascii: ":"))
        } else {
            writer.append(UInt8(ascii: " "))
            writer.append(name)
            writer.append(UInt8(ascii: "="))
        }
    }

    /// In text, with quotation marks where it needs them.
    private mutating func append(value text: String) {
        guard !isJSON else { return append(quoted: text) }
        var text = text
        text.withUTF8 { utf8 in
            let needs = TextNeeds(utf8)
            guard needs.quotes else { return append(utf8, isQuoted: false, mustEscape: needs.escapes) }
            writer.append(UInt8(ascii: "\""))
            append(utf8, isQuoted: true, mustEscape: needs.escapes)
            writer.append(UInt8(ascii: "\""))
        }
    }

    private mutating func append(quoted text: String) {
        writer.append(UInt8(ascii: "\""))
        append(text, isQuoted: true)
        writer.append(UInt8(ascii: "\""))
    }

    private mutating func append(_ text: String, isQuoted: Bool) {
        var text = text
        text.withUTF8 { append($0, isQuoted: isQuoted, mustEscape: TextNeeds($0).escapes) }
    }

    /// Escapes what must not be shown, as JSON does, and quotation marks within quotation marks.
    private mutating func append(_ utf8: UnsafeBufferPointer<UInt8>, isQuoted: Bool, mustEscape: Bool) {
        guard mustEscape else { return writer.append(UnsafeRawBufferPointer(utf8)) }
        for scalar in String(decoding: utf8, as: UTF8.self).unicodeScalars { append(scalar, isQuoted: isQuoted) }
    }

    private mutating func append(_ scalar: Unicode.Scalar, isQuoted: Bool) {
        guard PrintableText.isVisible(scalar) else { return writer.append(PrintableText.escaped(scalar)) }
        if isQuoted, scalar == "\"" || scalar == "\\" { writer.append(UInt8(ascii: "\\")) }
        writer.append(String(scalar))
    }
}
