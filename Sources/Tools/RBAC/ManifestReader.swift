import YAML

/// Goes through a file. The elements of a top-level list are read one at a time, because they may need most of the
/// limit.
struct ManifestReader<Events: DocumentEvents> {
    private var reader: NodeReader<Events>
    private let file: String
    private let maximumRules: Int
    private(set) var batch = ManifestBatch()

    init(events: Events, file: String, maximumRules: Int) {
        reader = NodeReader(
            events, limits: YAMLLimits(bytes: .max, depth: 200, nodes: .max, repeatedNodes: 1_000_000))
        self.file = file
        self.maximumRules = maximumRules
    }

    mutating func readAll() throws(ManifestFailure) {
        while let first = try next(document: true) {
            switch first.content {
            case .mappingStart(anchor: nil): try readMapping(first)
            case .sequenceStart:
                batch.isSomething = true
                while let element = try element() { try add(try node(element, depth: 2)) }
            default:
                let root = try node(first, depth: 1)
                guard !root.isNull else { continue }
                try add(root)
            }
        }
    }

    /// A document that is a mapping: an object or a list of objects.
    private mutating func readMapping(_ start: DocumentEvent) throws(ManifestFailure) {
        batch.isSomething = true
        var members: [YAMLNode.Member] = []
        var names: Set<String> = []
        var elements: ElementBatch?
        while true {
            guard let event = try next() else { break }
            if case .mappingEnd = event.content { break }
            let key = try node(event, depth: 2)
            guard let name = key.text else { throw fault("a key must be a single value", event) }
            guard names.insert(name).inserted else { throw fault("this key stands here twice", event) }
            guard let value = try next() else { break }
            if name == "items", case .sequenceStart(anchor: nil) = value.content {
                elements = try readElements()
            } else {
                members.append(YAMLNode.Member(key: key, value: try node(value, depth: 2)))
            }
        }
        let root = YAMLNode.mapping(members, at: start)
        guard let elements else { return try add(root) }
        do throws(ClusterError) {
            let object = ManifestObject(file: file, node: root)
            guard let kind = try object.optionalText("kind", of: root, "") else {
                return try take(elements, implied: nil)
            }
            guard try ManifestBatch.isList(kind, object) else { return try addObject(root) }
            let version = try object.optionalText("apiVersion", of: root, "")
            let group = version.map { ManifestBatch.group(of: $0) }
            try take(elements, implied: ManifestBatch.elements(of: kind, group: group))
        } catch {
            throw .object(error)
        }
    }

    /// The elements of something that may turn out to be a list.
    private struct ElementBatch {
        var batch = ManifestBatch()
        /// Elements without a kind.
        var nameless: [YAMLNode] = []
        /// The first problem; it does not count if this is not a list.
        var problem: ClusterError?
    }

    private mutating func readElements() throws(ManifestFailure) -> ElementBatch {
        var elements = ElementBatch()
        while let event = try element() {
            let node = try node(event, depth: 3)
            guard elements.problem == nil else { continue }
            guard node["kind"] != nil else {
                elements.nameless.append(node)
                continue
            }
            do throws(ClusterError) {
                try elements.batch.add(node, file: file, maximumRules: maximumRules - batch.ruleCount)
            } catch {
                elements.problem = error
            }
        }
        return elements
    }

    private mutating func take(_ elements: ElementBatch, implied: ManifestBatch.ImpliedKind?) throws(ClusterError) {
        if let problem = elements.problem { throw problem }
        batch.append(elements.batch)
        for node in elements.nameless {
            try batch.add(node, implied: implied, file: file, maximumRules: maximumRules)
        }
    }

    private mutating func add(_ node: YAMLNode) throws(ManifestFailure) {
        do throws(ClusterError) { try addObject(node) } catch { throw .object(error) }
    }

    private mutating func addObject(_ node: YAMLNode) throws(ClusterError) {
        batch.isSomething = true
        try batch.add(node, file: file, maximumRules: maximumRules)
    }

    // MARK: Steps

    private mutating func next(document: Bool = false) throws(ManifestFailure) -> DocumentEvent? {
        do throws(YAMLError) {
            return document ? try reader.nextDocument() : try reader.next()
        } catch {
            throw .syntax(error)
        }
    }

    /// The next element of a list; nil at its end.
    private mutating func element() throws(ManifestFailure) -> DocumentEvent? {
        guard let event = try next() else { return nil }
        if case .sequenceEnd = event.content { return nil }
        return event
    }

    private mutating func node(_ event: DocumentEvent, depth: Int) throws(ManifestFailure) -> YAMLNode {
        do throws(YAMLError) { return try reader.node(event, depth: depth) } catch { throw .syntax(error) }
    }

    private func fault(_ message: String, _ event: DocumentEvent) -> ManifestFailure {
        .syntax(YAMLError(message, line: event.line, column: event.column))
    }
}
