import CYAML

/// The owner of libyaml's parser: YAML as events. Rejects tags and invalid UTF-8.
public final class YAMLEventReader: DocumentEvents {
    private let parser: UnsafeMutablePointer<yaml_parser_t>
    private let bytes: [UInt8]
    /// Number of bytes that the parser has read.
    private var position: Int

    /// Prepares to read UTF-8, with or without a byte order mark.
    ///
    /// - Throws: ``YAMLError`` if the bytes are not UTF-8 or there is no memory.
    public init(_ bytes: [UInt8]) throws(YAMLError) {
        self.bytes = bytes
        // libyaml skips a byte order mark only if it detects the encoding itself; here it is fixed to UTF-8.
        position = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
        parser = .allocate(capacity: 1)
        guard yaml_parser_initialize(parser) == 1 else {
            parser.deallocate()
            throw YAMLError("there is not enough memory to read this", line: 1, column: 1)
        }
        yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
        // The parser does not outlive this object, so it need not retain it.
        yaml_parser_set_input(
            parser,
            { context, buffer, size, count in
                guard let context, let buffer, let count else { return 0 }
                let reader = Unmanaged<YAMLEventReader>.fromOpaque(context).takeUnretainedValue()
                count.pointee = reader.fill(UnsafeMutableRawBufferPointer(start: buffer, count: size))
                return 1
            }, Unmanaged.passUnretained(self).toOpaque())
    }

    deinit {
        yaml_parser_delete(parser)
        parser.deallocate()
    }

    private func fill(_ buffer: UnsafeMutableRawBufferPointer) -> Int {
        let count = min(buffer.count, bytes.count - position)
        bytes.withUnsafeBytes {
            buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[position..<position + count]))
        }
        position += count
        return count
    }

    public func next() throws(YAMLError) -> DocumentEvent {
        var event = yaml_event_t()
        while true {
            guard yaml_parser_parse(parser, &event) == 1 else { throw problem() }
            guard event.type == YAML_STREAM_START_EVENT else { break }
            yaml_event_delete(&event)
        }
        defer { yaml_event_delete(&event) }
        let isFlow =
            event.type == YAML_SEQUENCE_START_EVENT && event.data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE
            || event.type == YAML_MAPPING_START_EVENT && event.data.mapping_start.style == YAML_FLOW_MAPPING_STYLE
        return DocumentEvent(
            content: try content(event), line: Int(event.start_mark.line) + 1,
            column: Int(event.start_mark.column) + 1,
            layout: YAMLNode.Layout(
                start: Int(event.start_mark.index), end: Int(event.end_mark.index), isFlow: isFlow))
    }

    private func content(_ event: yaml_event_t) throws(YAMLError) -> DocumentEvent.Content {
        switch event.type {
        case YAML_DOCUMENT_START_EVENT: return .documentStart
        case YAML_DOCUMENT_END_EVENT: return .documentEnd
        case YAML_ALIAS_EVENT: return .alias(String(cString: event.data.alias.anchor))
        case YAML_SCALAR_EVENT:
            let data = event.data.scalar
            try refuseTag(data.tag, event.start_mark)
            let text = String(decoding: UnsafeBufferPointer(start: data.value, count: data.length), as: UTF8.self)
            let scalar = YAMLNode.Scalar(text: text, isPlain: data.style == YAML_PLAIN_SCALAR_STYLE)
            return .scalar(scalar, anchor: data.anchor.map { String(cString: $0) })
        case YAML_SEQUENCE_START_EVENT:
            try refuseTag(event.data.sequence_start.tag, event.start_mark)
            return .sequenceStart(anchor: event.data.sequence_start.anchor.map { String(cString: $0) })
        case YAML_SEQUENCE_END_EVENT: return .sequenceEnd
        case YAML_MAPPING_START_EVENT:
            try refuseTag(event.data.mapping_start.tag, event.start_mark)
            return .mappingStart(anchor: event.data.mapping_start.anchor.map { String(cString: $0) })
        case YAML_MAPPING_END_EVENT: return .mappingEnd
        default: return .end
        }
    }

    private func refuseTag(_ tag: UnsafeMutablePointer<yaml_char_t>?, _ mark: yaml_mark_t) throws(YAMLError) {
        guard tag == nil else { throw error("tags (a word after !) are not understood", mark) }
    }

    private func error(_ message: String, _ mark: yaml_mark_t, hint: String? = nil) -> YAMLError {
        YAMLError(message, line: Int(mark.line) + 1, column: Int(mark.column) + 1, hint: hint)
    }

    /// libyaml's messages are constants without parts of the input; they are used where they help.
    private func problem() -> YAMLError {
        let state = parser.pointee
        switch state.error {
        case YAML_MEMORY_ERROR:
            return YAMLError("there is not enough memory to read this", line: 1, column: 1)
        case YAML_READER_ERROR:
            let (line, column) = place(of: state.problem_offset)
            return YAMLError("this is not UTF-8 text, or it holds a control character", line: line, column: column)
        default:
            let text = state.problem.map { String(cString: $0) } ?? "this is not valid YAML"
            if text.contains("cannot start any token") {
                return error("this character cannot stand here; indent with spaces, not with tabs", state.problem_mark)
            }
            if text.contains("tab character") { return error("\(text); indent with spaces", state.problem_mark) }
            let begun = state.context.map { String(cString: $0) } ?? ""
            if text.contains("could not find expected ':'"), begun.contains("simple key") {
                // libyaml fails only in the line after the one without a colon.
                return error(
                    "could not find expected ':'", state.context_mark,
                    hint: "write a colon and a space after the field's name")
            }
            let hint = IndentationAdvice(bytes, line: Int(state.problem_mark.line) + 1).hint(for: text)
            // The mistake is where the construct began lines above, not where the parser failed.
            if begun.hasPrefix("while ") && state.context_mark.line != state.problem_mark.line {
                return error(
                    "\(text) \(begun) that begins in line \(state.context_mark.line + 1)", state.problem_mark,
                    hint: hint)
            }
            return error(text, state.problem_mark, hint: hint)
        }
    }

    /// The place of a byte of the input.
    private func place(of offset: Int) -> (line: Int, column: Int) {
        var (line, column) = (1, 1)
        for byte in (bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? bytes.dropFirst(3) : bytes[...]).prefix(offset) {
            if byte == UInt8(ascii: "\n") {
                line += 1
                column = 1
            } else if byte & 0xC0 != 0x80 {
                column += 1
            }
        }
        return (line, column)
    }
}
