public import AccessPolicy
import Files

extension DenyFile {
    /// The result of an edit.
    public enum Edit: Sendable {
        case added
        /// An identical entry exists already.
        case wasThere
        case removed([DeniedEntry])
    }

    /// Adds an entry, and creates the file if it does not exist. Readers see the old or the new list, and writers wait
    /// for each other.
    ///
    /// - Throws: ``DenyFileError`` if the file is invalid or cannot be written.
    public static func add(_ entry: DeniedEntry, to path: String) throws(DenyFileError) -> Edit {
        try edit(path, mayCreate: true) { entries in
            if entries.contains(where: { $0.isIdentical(to: entry) }) { return .wasThere }
            entries.append(entry)
            return .added
        }
    }

    /// Removes every entry with that ID.
    ///
    /// - Returns: the removed entries.
    /// - Throws: ``DenyFileError`` if the file is invalid or cannot be written.
    public static func remove(_ target: DeniedEntry.Target, from path: String) throws(DenyFileError) -> [DeniedEntry] {
        let edit = try edit(path, mayCreate: false) { entries in
            let removed = entries.filter { $0.target == target }
            entries.removeAll { $0.target == target }
            return .removed(removed)
        }
        guard case .removed(let entries) = edit else { return [] }
        return entries
    }

    private static func edit(
        _ path: String, mayCreate: Bool, _ change: (inout [DeniedEntry]) -> Edit
    ) throws(DenyFileError) -> Edit {
        let file: String
        let lock: FileLock
        do throws(FileError) {
            file = try FileIO.target(of: path, isTrusted: true)
            if !mayCreate, FileVersion(path: file) == nil { throw .missing }
            lock = try FileLock(path: file + ".lock", guarding: file)
        } catch {
            throw .file(error)
        }
        defer { withExtendedLifetime(lock) {} }
        var entries: [DeniedEntry] = []
        do throws(DenyFileError) {
            entries = try read(file)
        } catch {
            guard mayCreate, case .file(.missing) = error else { throw error }
        }
        let edit = change(&entries)
        switch edit {
        case .wasThere, .removed([]): return edit
        case .added, .removed: break
        }
        let bytes = render(entries)
        do throws(DenyFileError) {
            _ = try parse(bytes)
        } catch {
            throw .malformed(place: "", "the list would be too large to be read again: \(error.sentence)")
        }
        do throws(FileError) {
            try FileIO.replace(file, with: bytes)
        } catch {
            throw .file(error)
        }
        return edit
    }
}
