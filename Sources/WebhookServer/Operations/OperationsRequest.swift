import NIOHTTP1

/// A request to the operations listener.
struct OperationsRequest: Equatable {
    var path: String
    /// Names and values of the query in order; a name without `=` has an empty value.
    var query: [Parameter]
    var accept: String?

    struct Parameter: Equatable {
        var name: String
        var value: String
    }

    init(target: String, accept: String? = nil) {
        let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        path = String(parts[0])
        self.accept = accept
        query = []
        guard parts.count == 2 else { return }
        for pair in parts[1].split(separator: "&") {
            let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            query.append(Parameter(name: String(sides[0]), value: sides.count == 2 ? String(sides[1]) : ""))
        }
    }

    var isVerbose: Bool { query.contains { $0.name == "verbose" && $0.value != "false" && $0.value != "0" } }

    var excluded: [String] { query.filter { $0.name == "exclude" }.map(\.value) }
}
