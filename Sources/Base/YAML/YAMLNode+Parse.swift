extension YAMLNode {
    /// Reads one YAML document; JSON is a subset of YAML.
    ///
    /// Rejected: more than one document, tags, keys that are not scalars, duplicate keys, aliases that expand beyond
    /// the limit, invalid UTF-8.
    ///
    /// - Parameter keepsRepeatedKeys: the caller reports duplicate keys itself, together with all other problems of the
    ///   file.
    /// - Throws: ``YAMLError`` with the place of the first mistake.
    public static func parse(
        _ bytes: [UInt8],
        limits: YAMLLimits = YAMLLimits(),
        keepsRepeatedKeys: Bool = false
    ) throws(YAMLError) -> YAMLNode {
        guard bytes.count <= limits.bytes else {
            throw YAMLError("the file is larger than \(limits.bytes) bytes", line: 1, column: 1)
        }
        var reader = NodeReader(
            try YAMLEventReader(bytes), limits: limits, keepsRepeatedKeys: keepsRepeatedKeys)
        guard let first = try reader.nextDocument() else { throw YAMLError("the file is empty", line: 1, column: 1) }
        let root = try reader.node(first)
        while true {
            let event = try reader.next()
            switch event.content {
            case .end: return root
            case .documentStart: throw event.error("a file may hold one document only")
            default: continue
            }
        }
    }
}
