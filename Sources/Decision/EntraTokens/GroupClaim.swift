public import Jansson

/// What a token says about its principal's groups.
public struct GroupClaim: Sendable, Equatable {
    /// Object IDs in the token's order, without repetition.
    public let objectIDs: [GUID]
    /// Values that are no object IDs. Group names are not unique and give nothing.
    public let droppedCount: Int
    /// Whether `groups` is there and is no list of texts.
    public let isMalformed: Bool
    /// Whether the principal is in more groups than a token can list, so that what is listed is not all.
    public let hasOverage: Bool

    public init(objectIDs: [GUID] = [], droppedCount: Int = 0, isMalformed: Bool = false, hasOverage: Bool = false) {
        self.objectIDs = objectIDs
        self.droppedCount = droppedCount
        self.isMalformed = isMalformed
        self.hasOverage = hasOverage
    }

    /// Reads the groups of claims that were parsed.
    public init(_ claims: JSONValue) { self.init(reading: claims) }

    /// Reads `groups`, `_claim_names` and `hasgroups`. The address in `_claim_sources` is not looked at.
    init(reading claims: some JSONReadable) {
        let hasOverage =
            claims["_claim_names"]?["groups"] != nil || claims["hasgroups"]?.bool == true
            || claims["hasgroups"]?.string == "true"
        guard let groups = claims["groups"] else {
            self.init(hasOverage: hasOverage)
            return
        }
        guard let array = groups.array else {
            self.init(isMalformed: true, hasOverage: hasOverage)
            return
        }
        var objectIDs: [GUID] = []
        // A token lists at most 200; one that lists more still gets no more room at once than these.
        let capacity = min(groups.estimatedCount, 256)
        objectIDs.reserveCapacity(capacity)
        var seen = Set<GUID>(minimumCapacity: capacity)
        var dropped = 0
        for element in array {
            guard let id = element.withStringBytes({ GUID($0) }) else {
                self.init(isMalformed: true, hasOverage: hasOverage)
                return
            }
            guard let id else {
                dropped += 1
                continue
            }
            if seen.insert(id).inserted { objectIDs.append(id) }
        }
        self.init(objectIDs: objectIDs, droppedCount: dropped, hasOverage: hasOverage)
    }
}
