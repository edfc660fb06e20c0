internal import CYAML

extension YAMLNode {
    /// Reads one YAML document (JSON is a part of YAML).
    ///
    /// Refused: more than one document, tags, keys that are no single values, repeated keys, aliases that expand
    /// beyond the limit, invalid UTF-8.
    ///
    /// - Parameter keepsRepeatedKeys: the caller reports repeated keys itself, with all other problems of the file.
    public static func parse(
        _ bytes: [UInt8],
        limits: YAMLLimits = YAMLLimits(),
        keepsRepeatedKeys: Bool = false
    ) throws(YAMLError) -> YAMLNode {
        guard bytes.count <= limits.bytes else {
            throw YAMLError("the file is larger than \(limits.bytes) bytes", line: 1, column: 1)
        }
        let result = bytes.withUnsafeBufferPointer { buffer in
            Result { () throws(YAMLError) in
                var composer = try Composer(buffer, limits: limits, keepsRepeatedKeys: keepsRepeatedKeys)
                defer { composer.end() }
                return try composer.document()
            }
        }
        return try result.get()
    }
}

/// Builds nodes from libyaml's events.
private struct Composer {
    private let parser: UnsafeMutablePointer<yaml_parser_t>
    private let bytes: UnsafeBufferPointer<UInt8>
    private let limits: YAMLLimits
    private var anchors: [String: YAMLNode] = [:]
    private var nodeCount = 0
    private let keepsRepeatedKeys: Bool

    init(
        _ bytes: UnsafeBufferPointer<UInt8>,
        limits: YAMLLimits,
        keepsRepeatedKeys: Bool
    ) throws(YAMLError) {
        parser = .allocate(capacity: 1)
        // libyaml looks for a byte order mark only where it has to find out the encoding, which is UTF-8 here.
        let bytes = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? UnsafeBufferPointer(rebasing: bytes.dropFirst(3)) : bytes
        self.bytes = bytes
        self.keepsRepeatedKeys = keepsRepeatedKeys
        self.limits = limits
        guard yaml_parser_initialize(parser) == 1 else {
            parser.deallocate()
            throw YAMLError("there is not enough memory to read this", line: 1, column: 1)
        }
        yaml_parser_set_input_string(parser, bytes.baseAddress, bytes.count)
        yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
    }

    func end() {
        yaml_parser_delete(parser)
        parser.deallocate()
    }

    mutating func document() throws(YAMLError) -> YAMLNode {
        var root: YAMLNode?
        while true {
            var event = try next()
            defer { yaml_event_delete(&event) }
            switch event.type {
            case YAML_STREAM_START_EVENT, YAML_DOCUMENT_END_EVENT: continue
            case YAML_DOCUMENT_START_EVENT:
                if root != nil { throw error("a file may hold one document only", event.start_mark) }
            case YAML_STREAM_END_EVENT:
                guard let root else { throw YAMLError("the file is empty", line: 1, column: 1) }
                return root
            default:
                root = try node(&event, depth: 1)
            }
        }
    }

    private mutating func node(_ event: inout yaml_event_t, depth: Int) throws(YAMLError) -> YAMLNode {
        let mark = event.start_mark
        guard depth <= limits.depth else { throw error("this is nested more than \(limits.depth) deep", mark) }
        switch event.type {
        case YAML_ALIAS_EVENT:
            let name = String(cString: event.data.alias.anchor)
            guard var target = anchors[name] else { throw error("this alias has no anchor before it", mark) }
            try count(target.weight, mark)
            target.line = Int(mark.line) + 1
            target.column = Int(mark.column) + 1
            target.layout = layout(mark, event.end_mark, isShared: true)
            return target
        case YAML_SCALAR_EVENT:
            return try scalar(event, mark)
        case YAML_SEQUENCE_START_EVENT:
            try count(1, mark)
            let anchor = event.data.sequence_start.anchor.map { String(cString: $0) }
            try refuseTag(event.data.sequence_start.tag, mark)
            let isFlow = event.data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE
            return remember(try sequence(mark, isFlow: isFlow, depth: depth), as: anchor)
        case YAML_MAPPING_START_EVENT:
            try count(1, mark)
            let anchor = event.data.mapping_start.anchor.map { String(cString: $0) }
            try refuseTag(event.data.mapping_start.tag, mark)
            let isFlow = event.data.mapping_start.style == YAML_FLOW_MAPPING_STYLE
            return remember(try mapping(mark, isFlow: isFlow, depth: depth), as: anchor)
        default:
            throw error("something is missing here", mark)
        }
    }

    private mutating func scalar(_ event: yaml_event_t, _ mark: yaml_mark_t) throws(YAMLError) -> YAMLNode {
        try count(1, mark)
        let data = event.data.scalar
        try refuseTag(data.tag, mark)
        let text = String(decoding: UnsafeBufferPointer(start: data.value, count: data.length), as: UTF8.self)
        let scalar = YAMLNode.Scalar(text: text, isPlain: data.style == YAML_PLAIN_SCALAR_STYLE)
        var node = make(.scalar(scalar), mark, weight: 1)
        node.layout = layout(mark, event.end_mark)
        return remember(node, as: data.anchor.map { String(cString: $0) })
    }

    private mutating func sequence(_ mark: yaml_mark_t, isFlow: Bool, depth: Int) throws(YAMLError) -> YAMLNode {
        var elements: [YAMLNode] = []
        while true {
            var event = try next()
            defer { yaml_event_delete(&event) }
            if event.type == YAML_SEQUENCE_END_EVENT {
                var node = make(.sequence(elements), mark, weight: elements.reduce(1) { $0 + $1.weight })
                node.layout = layout(mark, event.end_mark, isFlow: isFlow)
                return node
            }
            elements.append(try node(&event, depth: depth + 1))
        }
    }

    private mutating func mapping(_ mark: yaml_mark_t, isFlow: Bool, depth: Int) throws(YAMLError) -> YAMLNode {
        var members: [YAMLNode.Member] = []
        var keys: Set<String> = []
        while true {
            var event = try next()
            defer { yaml_event_delete(&event) }
            if event.type == YAML_MAPPING_END_EVENT {
                var node = make(.mapping(members), mark, weight: members.reduce(1) { $0 + 1 + $1.value.weight })
                node.layout = layout(mark, event.end_mark, isFlow: isFlow)
                return node
            }
            let key = try node(&event, depth: depth + 1)
            guard let name = key.text else { throw error("a key must be a single value", event.start_mark) }
            guard keys.insert(name).inserted || keepsRepeatedKeys else {
                throw error("this key stands here twice", event.start_mark)
            }
            var valueEvent = try next()
            defer { yaml_event_delete(&valueEvent) }
            members.append(YAMLNode.Member(key: key, value: try node(&valueEvent, depth: depth + 1)))
        }
    }

    private func make(_ content: YAMLNode.Content, _ mark: yaml_mark_t, weight: Int) -> YAMLNode {
        YAMLNode(content: content, line: Int(mark.line) + 1, column: Int(mark.column) + 1, weight: weight)
    }

    private func layout(
        _ start: yaml_mark_t, _ end: yaml_mark_t, isFlow: Bool = false, isShared: Bool = false
    ) -> YAMLNode.Layout {
        YAMLNode.Layout(start: Int(start.index), end: Int(end.index), isFlow: isFlow, isShared: isShared)
    }

    private mutating func remember(_ node: YAMLNode, as anchor: String?) -> YAMLNode {
        guard let anchor else { return node }
        var node = node
        node.layout.isShared = true
        anchors[anchor] = node
        return node
    }

    private mutating func count(_ nodes: Int, _ mark: yaml_mark_t) throws(YAMLError) {
        nodeCount += nodes
        guard nodeCount <= limits.nodes else {
            throw error("there are more than \(limits.nodes) values, with aliases counted each time", mark)
        }
    }

    private func refuseTag(_ tag: UnsafeMutablePointer<yaml_char_t>?, _ mark: yaml_mark_t) throws(YAMLError) {
        guard tag == nil else { throw error("tags (a word after !) are not understood", mark) }
    }

    private func next() throws(YAMLError) -> yaml_event_t {
        var event = yaml_event_t()
        guard yaml_parser_parse(parser, &event) == 1 else { throw problem() }
        return event
    }

    private func error(_ message: String, _ mark: yaml_mark_t) -> YAMLError {
        YAMLError(message, line: Int(mark.line) + 1, column: Int(mark.column) + 1)
    }

    /// libyaml's own sentences are constant texts and hold nothing of the input; they are kept where they help.
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
            // What was begun lines above is where the mistake is, not where the parser gave up.
            if begun.hasPrefix("while ") && state.context_mark.line != state.problem_mark.line {
                return error("\(text) \(begun) that begins in line \(state.context_mark.line + 1)", state.problem_mark)
            }
            return error(text, state.problem_mark)
        }
    }

    /// Where a byte of the input stands.
    private func place(of offset: Int) -> (line: Int, column: Int) {
        var (line, column) = (1, 1)
        for byte in bytes.prefix(offset) {
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
