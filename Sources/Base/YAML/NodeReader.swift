/// Builds trees from a document's events, within limits.
public struct NodeReader<Events: DocumentEvents> {
    private var events: Events
    private let limits: YAMLLimits
    private let keepsRepeatedKeys: Bool
    private var anchors: [String: YAMLNode] = [:]
    private var nodeCount = 0
    private var repeatedNodeCount = 0

    /// - Parameter keepsRepeatedKeys: the caller reports duplicate keys itself, together with all other problems of the
    ///   file.
    public init(_ events: Events, limits: YAMLLimits = YAMLLimits(), keepsRepeatedKeys: Bool = false) {
        self.events = events
        self.limits = limits
        self.keepsRepeatedKeys = keepsRepeatedKeys
    }

    /// The first event in the next document; nil after the last document.
    ///
    /// - Throws: ``YAMLError`` if the next events are not valid.
    public mutating func nextDocument() throws(YAMLError) -> DocumentEvent? {
        while true {
            let event = try events.next()
            switch event.content {
            case .documentStart: anchors = [:]
            case .documentEnd: continue
            case .end: return nil
            default: return event
            }
        }
    }

    /// The next event, for callers that go through a mapping or a list themselves.
    public mutating func next() throws(YAMLError) -> DocumentEvent { try events.next() }

    /// The tree that begins with an event.
    ///
    /// - Parameter depth: number of mappings and lists around it, itself included.
    /// - Throws: ``YAMLError`` if the tree is invalid or exceeds a limit.
    public mutating func node(_ event: DocumentEvent, depth: Int = 1) throws(YAMLError) -> YAMLNode {
        guard depth <= limits.depth else { throw event.error("this is nested more than \(limits.depth) deep") }
        switch event.content {
        case .alias(let name):
            guard var target = anchors[name] else { throw event.error("this alias has no anchor before it") }
            try count(target.weight, event)
            repeatedNodeCount += target.weight
            guard repeatedNodeCount <= limits.repeatedNodes else {
                throw event.error("aliases repeat more than \(limits.repeatedNodes) values")
            }
            target.line = event.line
            target.column = event.column
            target.layout = event.layout
            target.layout.isShared = true
            return target
        case .scalar(let scalar, let anchor):
            try count(1, event)
            return remember(make(.scalar(scalar), event, weight: 1), as: anchor)
        case .sequenceStart(let anchor):
            try count(1, event)
            return remember(try sequence(event, depth: depth), as: anchor)
        case .mappingStart(let anchor):
            try count(1, event)
            return remember(try mapping(event, depth: depth), as: anchor)
        default:
            throw event.error("something is missing here")
        }
    }

    private mutating func sequence(_ start: DocumentEvent, depth: Int) throws(YAMLError) -> YAMLNode {
        var elements: [YAMLNode] = []
        while true {
            let event = try events.next()
            if case .sequenceEnd = event.content {
                return make(.sequence(elements), start, end: event, weight: elements.reduce(1) { $0 + $1.weight })
            }
            elements.append(try node(event, depth: depth + 1))
        }
    }

    private mutating func mapping(_ start: DocumentEvent, depth: Int) throws(YAMLError) -> YAMLNode {
        var members: [YAMLNode.Member] = []
        var keys = KeySet()
        while true {
            let event = try events.next()
            if case .mappingEnd = event.content {
                return make(
                    .mapping(members), start, end: event, weight: members.reduce(1) { $0 + 1 + $1.value.weight })
            }
            let key = try node(event, depth: depth + 1)
            guard let name = key.text else { throw event.error("a key must be a single value") }
            guard keys.insert(name) || keepsRepeatedKeys else { throw event.error("this key stands here twice") }
            let valueEvent = try events.next()
            members.append(YAMLNode.Member(key: key, value: try node(valueEvent, depth: depth + 1)))
        }
    }

    private func make(
        _ content: YAMLNode.Content, _ event: DocumentEvent, end: DocumentEvent? = nil, weight: Int
    ) -> YAMLNode {
        var layout = event.layout
        if let end { layout.end = end.layout.end }
        return YAMLNode(content: content, line: event.line, column: event.column, weight: weight, layout: layout)
    }

    private mutating func remember(_ node: YAMLNode, as anchor: String?) -> YAMLNode {
        guard let anchor else { return node }
        var node = node
        node.layout.isShared = true
        anchors[anchor] = node
        return node
    }

    private mutating func count(_ nodes: Int, _ event: DocumentEvent) throws(YAMLError) {
        nodeCount += nodes
        guard nodeCount <= limits.nodes else {
            throw event.error("there are more than \(limits.nodes) values, with aliases counted each time")
        }
    }
}

/// The keys of one mapping. Most mappings are small, and comparing few keys is faster than hashing.
private struct KeySet {
    private var few: [String] = []
    private var many: Set<String> = []

    /// False if the key exists already.
    mutating func insert(_ key: String) -> Bool {
        if !many.isEmpty { return many.insert(key).inserted }
        if few.contains(key) { return false }
        few.append(key)
        if few.count > 8 { many = Set(few) }
        return true
    }
}
