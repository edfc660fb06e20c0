public import Entra
import Files
public import Jansson
import SafeText

/// Display names of objects in Entra, from the file in the configuration's `names`.
///
/// They are shown beside object IDs and never decide anything: display names are not unique, and their owners can
/// change them.
public struct DirectoryNames: Sendable {
    /// What Entra knows, or knew, about an object.
    public struct Entry: Hashable, Sendable {
        /// The type of an object in Microsoft Graph.
        public enum Kind: String, Sendable, CaseIterable {
            case group
            case user
            case servicePrincipal
            case application
        }

        /// The display name; nil if Entra has none.
        public var displayName: String?
        /// The type of the object; nil if the file does not say it.
        public var kind: Kind?
        /// Whether the object no longer exists in Entra.
        public var isDeleted: Bool

        public init(displayName: String?, kind: Kind?, isDeleted: Bool = false) {
            self.displayName = displayName
            self.kind = kind
            self.isDeleted = isDeleted
        }
    }

    /// Why a file of names cannot be used.
    public struct Problem: Error, Hashable, Sendable {
        /// What is wrong, for people.
        public var sentence: String
    }

    /// Larger files are refused without being read.
    public static let maximumBytes = 16 << 20

    /// Entries by object ID.
    public var entries: [GUID: Entry]

    public init(_ entries: [GUID: Entry] = [:]) {
        self.entries = entries
    }

    /// Reads a file of names.
    ///
    /// - Throws: ``Problem`` with the path, if this is not a file of names.
    public static func load(path: String) throws(Problem) -> DirectoryNames {
        let bytes: [UInt8]
        do throws(FileError) {
            bytes = try FileIO.read(path, maximumBytes: maximumBytes)
        } catch {
            throw Problem(sentence: "\(path): \(error.sentence)")
        }
        do throws(Problem) {
            return try parse(bytes)
        } catch {
            throw Problem(sentence: "\(path): \(error.sentence)")
        }
    }

    /// Reads a file's bytes.
    ///
    /// - Throws: ``Problem`` if they are not those of a file of names.
    public static func parse(_ bytes: [UInt8]) throws(Problem) -> DirectoryNames {
        let document: JSONDocument
        do throws(JSONError) {
            document = try JSONDocument(parsing: bytes, maximumBytes: maximumBytes)
        } catch {
            throw Problem(sentence: error.sentence)
        }
        guard let members = document.root.members, members.allSatisfy({ $0.name == "names" }),
            let names = document.root["names"]?.members
        else { throw Problem(sentence: "there must be an object \"names\", and nothing beside it") }
        var entries: [GUID: Entry] = [:]
        for (name, value) in names {
            guard let id = GUID(name) else { throw Problem(sentence: "a member of \"names\" is not an object ID") }
            guard entries[id] == nil else { throw Problem(sentence: "\(id) stands in \"names\" twice") }
            entries[id] = try entry(value, id)
        }
        return DirectoryNames(entries)
    }

    private static func entry(_ value: JSONValue, _ id: GUID) throws(Problem) -> Entry {
        guard let members = value.members else { throw Problem(sentence: "\(id) must have an object as its value") }
        var entry = Entry(displayName: nil, kind: nil)
        for (name, value) in members {
            switch name {
            case "displayName":
                guard value.string != nil || value.isNull else {
                    throw Problem(sentence: "displayName of \(id) must be a string")
                }
                entry.displayName = value.string
            case "kind":
                guard let kind = value.string.flatMap({ Entry.Kind(rawValue: $0) }) else {
                    throw Problem(
                        sentence:
                            "kind of \(id) must be one of \(Entry.Kind.allCases.map(\.rawValue).joined(separator: ", "))"
                    )
                }
                entry.kind = kind
            case "deleted":
                guard let flag = value.bool else { throw Problem(sentence: "deleted of \(id) must be true or false") }
                entry.isDeleted = flag
            default: throw Problem(sentence: "\(id) has a member that is not displayName, kind or deleted")
            }
        }
        return entry
    }

    /// The file's text, sorted by object ID.
    public var json: JSON {
        .object([
            (
                "names",
                .object(
                    entries.sorted { $0.key < $1.key }.map { id, entry in
                        (
                            id.description,
                            .object(
                                [
                                    ("displayName", JSON(entry.displayName)), ("kind", JSON(entry.kind?.rawValue)),
                                    ("deleted", .bool(entry.isDeleted)),
                                ].filter { $0.0 != "kind" || entry.kind != nil })
                        )
                    })
            )
        ])
    }

    // MARK: Use

    /// An object's display name; nil if none is known.
    public func displayName(of id: GUID?) -> String? { id.flatMap { entries[$0]?.displayName } }

    /// The text after an object ID for people: ` (Platform team)`, ` (deleted in Entra)`, or nothing.
    public func remark(_ id: GUID?) -> String {
        guard let remark = id.flatMap({ entries[$0]?.remark }) else { return "" }
        return " (\(remark))"
    }

    /// The remark about each object for people, by its ID: `Platform team`, `deleted in Entra`.
    public var remarks: [String: String] {
        var remarks: [String: String] = [:]
        for (id, entry) in entries { remarks[id.description] = entry.remark }
        return remarks
    }

    /// A text with a remark after each object ID.
    public func annotate(_ text: String) -> String {
        guard !entries.isEmpty else { return text }
        let bytes = Array(text.utf8)
        var annotated: [UInt8] = []
        var index = 0
        while index < bytes.count {
            let word = bytes[index..<min(index + 36, bytes.count)]
            if word.count == 36, let id = GUID(String(decoding: word, as: UTF8.self)) {
                annotated += word
                annotated += remark(id).utf8
                index += 36
            } else {
                annotated.append(bytes[index])
                index += 1
            }
        }
        return String(decoding: annotated, as: UTF8.self)
    }

    /// These names, completed by those of another file.
    public func merging(_ other: DirectoryNames) -> DirectoryNames {
        DirectoryNames(entries.merging(other.entries) { own, _ in own })
    }

    /// Whether an object has this display name.
    public func isDisplayName(_ text: String) -> Bool {
        entries.values.contains { $0.displayName.map { $0.utf8.elementsEqual(text.utf8) } ?? false }
    }

    /// The groups with this display name that still exist.
    public func groups(named text: String) -> [GUID] {
        entries.filter { _, entry in
            (entry.kind == nil || entry.kind == .group) && !entry.isDeleted
                && entry.displayName.map { $0.utf8.elementsEqual(text.utf8) } ?? false
        }.map(\.key).sorted()
    }
}

extension DirectoryNames.Entry {
    /// Nil if there is nothing to say.
    fileprivate var remark: String? {
        let parts = [displayName.map { PrintableText.clean($0) }, isDeleted ? "deleted in Entra" : nil].compactMap(
            \.self)
        return parts.isEmpty ? nil : parts.joined(separator: ", ")
    }
}
