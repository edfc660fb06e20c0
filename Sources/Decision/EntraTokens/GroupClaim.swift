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

    /// Reads `groups`, `_claim_names` and `hasgroups`. The address in `_claim_sources` is not looked at.
    ///
    /// - Parameter plain: the groups that were cut out of what `claims` was read from.
    public init(_ claims: JSONValue, plain: PlainGroups? = nil) {
        let hasOverage =
            claims["_claim_names"]?["groups"] != nil || claims["hasgroups"]?.bool == true
            || claims["hasgroups"]?.string == "true"
        if let plain {
            self.init(objectIDs: plain.objectIDs, hasOverage: hasOverage)
            return
        }
        guard let groups = claims["groups"] else {
            self.init(hasOverage: hasOverage)
            return
        }
        guard let array = groups.array else {
            self.init(isMalformed: true, hasOverage: hasOverage)
            return
        }
        var objectIDs: [GUID] = []
        objectIDs.reserveCapacity(array.count)
        // A token lists at most 200; one that lists more still gets no more room at once than these.
        var seen = Set<GUID>(minimumCapacity: min(array.count, 256))
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
