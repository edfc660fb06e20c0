public import AccessPolicy
import Entra
public import Files
public import Jansson
import SafeText
import Timestamps

/// Why a deny file cannot be used.
public enum DenyFileError: Error, Sendable {
    case file(FileError)
    case json(JSONError)
    /// - Parameter place: for example `denied[3].until`.
    case malformed(place: String, String)

    /// What is wrong, for people; contains nothing of the file.
    public var sentence: String {
        switch self {
        case .file(let error): error.sentence
        case .json(let error): error.sentence
        case .malformed(let place, let message): place.isEmpty ? message : "\(place): \(message)"
        }
    }
}

/// The file of `deniedFile`: one JSON object with the list `denied`. Anything else makes the whole file invalid,
/// because a skipped entry would let somebody in.
public enum DenyFile {
    /// Larger files are refused without being read. 10,000 entries with the longest reasons need half of it.
    public static let maximumBytes = 32 << 20

    /// - Parameters:
    ///   - isTrusted: whether the list will decide about access, so that nobody else may be able to write it.
    ///   - waits: whether the path may be a pipe, for whose writer this waits.
    /// - Throws: ``DenyFileError`` if the file cannot be read or any part of it is invalid.
    public static func read(
        _ path: String, isTrusted: Bool = false, waits: Bool = false
    ) throws(DenyFileError) -> [DeniedEntry] {
        let bytes: [UInt8]
        do throws(FileError) {
            bytes = try FileIO.read(path, maximumBytes: maximumBytes, isTrusted: isTrusted, waits: waits)
        } catch {
            throw .file(error)
        }
        return try parse(bytes)
    }

    /// Reads the bytes of a deny file.
    ///
    /// - Throws: ``DenyFileError`` if any part of it is invalid.
    public static func parse(_ bytes: [UInt8]) throws(DenyFileError) -> [DeniedEntry] {
        guard !bytes.isEmpty else { throw .malformed(place: "", "the file is empty") }
        let document: JSONDocument
        do {
            document = try JSONDocument(parsing: bytes, maximumBytes: maximumBytes, maximumDepth: 4)
        } catch {
            throw .json(error)
        }
        guard let members = document.root.members else {
            throw .malformed(place: "", "the file must hold one JSON object with the list \"denied\"")
        }
        guard members.allSatisfy({ $0.name == "denied" }) else {
            throw .malformed(place: "", "the object has a member other than \"denied\"")
        }
        guard let list = members.first?.value.array else {
            throw .malformed(place: "denied", members.isEmpty ? "the list is missing" : "must be a list")
        }
        var entries: [DeniedEntry] = []
        entries.reserveCapacity(list.count)
        for (index, value) in list.enumerated() { entries.append(try entry(value, place: "denied[\(index)]")) }
        return entries
    }

    /// The file's bytes; every entry has its members in the same order.
    public static func render(_ entries: [DeniedEntry]) -> [UInt8] {
        json(entries).render(pretty: true) + [UInt8(ascii: "\n")]
    }

    /// The file as JSON.
    public static func json(_ entries: [DeniedEntry]) -> JSON {
        .object([("denied", .array(entries.map(json)))])
    }

    /// One entry as the file has it.
    public static func json(_ entry: DeniedEntry) -> JSON {
        var members: [(String, JSON)] = [(entry.kind.rawValue, .string(entry.id))]
        if let time = entry.issuedBefore { members.append(("issuedBefore", .string(time.rfc3339))) }
        if let time = entry.until { members.append(("until", .string(time.rfc3339))) }
        members.append(("reason", .string(entry.reason)))
        return .object(members)
    }

    /// Whether a reason is not empty and not too long, counted in Unicode scalars.
    public static func isUsable(reason: String) -> Bool {
        (1...256).contains(reason.unicodeScalars.count)
    }

    private static func entry(_ value: JSONValue, place: String) throws(DenyFileError) -> DeniedEntry {
        guard let members = value.members else { throw .malformed(place: place, "must be an object") }
        var targets: [DeniedEntry.Target] = []
        var issuedBefore: Timestamp?
        var until: Timestamp?
        var reason: String?
        for (name, value) in members {
            let field = "\(place).\(name)"
            guard ["objectID", "clientAppID", "tokenID", "issuedBefore", "until", "reason"].contains(name) else {
                throw .malformed(place: place, "has a member that is not known")
            }
            guard let text = value.string else { throw .malformed(place: field, "must be a string") }
            switch name {
            case "objectID", "clientAppID":
                guard let id = GUID(text) else { throw .malformed(place: field, "must be an ID (a GUID)") }
                targets.append(name == "objectID" ? .objectID(id) : .clientAppID(id))
            case "tokenID":
                guard !text.isEmpty else { throw .malformed(place: field, "must not be empty") }
                targets.append(.tokenID(ExactText(text)))
            // Rounded up, so that an entry holds at least as long, and for at least as many tokens, as it says.
            case "issuedBefore": issuedBefore = try time(Timestamp(rfc3339RoundingUp: text), field)
            case "until": until = try time(Timestamp(rfc3339RoundingUp: text), field)
            default:
                guard isUsable(reason: text) else {
                    throw .malformed(place: field, "must have between 1 and 256 characters")
                }
                reason = text
            }
        }
        guard targets.count == 1, let target = targets.first else {
            throw .malformed(place: place, "must have exactly one of objectID, clientAppID, tokenID")
        }
        guard let reason else { throw .malformed(place: place, "has no reason") }
        return DeniedEntry(target: target, issuedBefore: issuedBefore, until: until, reason: reason)
    }

    private static func time(_ time: Timestamp?, _ field: String) throws(DenyFileError) -> Timestamp {
        guard let time else {
            throw .malformed(place: field, "must be a date and time with a zone, for example 2026-12-01T00:00:00Z")
        }
        return time
    }
}
