public import Entra
public import Jansson

/// What a token says about its principal's groups.
public struct GroupClaim: Sendable, Equatable {
    /// Object IDs in the token's order, without duplicates.
    public let objectIDs: [GUID]
    /// Number of values that are not object IDs. They are ignored: group names are not unique and must not grant
    /// anything.
    public let droppedCount: Int
    /// Whether `groups` is present and not a list of strings.
    public let isMalformed: Bool
    /// Whether the principal is in more groups than a token can list, so that the list is incomplete.
    public let hasOverage: Bool

    /// Up to this number, object IDs are compared one by one.
    private static let comparedCount = 16

    /// Groups that were read elsewhere.
    public init(objectIDs: [GUID] = [], droppedCount: Int = 0, isMalformed: Bool = false, hasOverage: Bool = false) {
        self.objectIDs = objectIDs
        self.droppedCount = droppedCount
        self.isMalformed = isMalformed
        self.hasOverage = hasOverage
    }

    /// Reads the group claims of a parsed payload.
    public init(_ claims: JSONValue) {
        self.init(
            groups: claims["groups"], claimNames: claims["_claim_names"], hasGroups: claims["hasgroups"])
    }

    /// Reads `groups`, `_claim_names` and `hasgroups`. The address in `_claim_sources` is never used.
    init<Value: JSONReadable>(groups: Value?, claimNames: Value?, hasGroups: Value?) {
        let hasOverage =
            claimNames?["groups"] != nil || hasGroups?.bool == true || hasGroups?.string == "true"
        guard let groups else {
            self.init(hasOverage: hasOverage)
            return
        }
        guard let array = groups.array else {
            self.init(isMalformed: true, hasOverage: hasOverage)
            return
        }
        var objectIDs: [GUID] = []
        // A token lists at most 200 groups. A token that lists more reserves no more memory than this at once.
        let capacity = min(groups.estimatedCount, 256)
        objectIDs.reserveCapacity(capacity)
        // For a few IDs, a set costs more than comparing them with each other.
        var seen = capacity > Self.comparedCount ? Set<GUID>(minimumCapacity: capacity) : nil
        var dropped = 0
        for element in array {
            guard let id = Self.objectID(element) else {
                self.init(isMalformed: true, hasOverage: hasOverage)
                return
            }
            guard let id else {
                dropped += 1
                continue
            }
            let isNew = seen?.insert(id).inserted ?? !objectIDs.contains(id)
            if isNew { objectIDs.append(id) }
        }
        self.init(objectIDs: objectIDs, droppedCount: dropped, hasOverage: hasOverage)
    }

    /// Nil if this is not a string; `.some(nil)` if the string is not an ID.
    private static func objectID(_ value: some JSONReadable) -> GUID?? {
        if let bytes = value.plainBytes { return .some(GUID(bytes)) }
        return value.withStringBytes { GUID($0) }
    }
}
