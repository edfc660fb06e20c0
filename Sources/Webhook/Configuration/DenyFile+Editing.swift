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
        do throws(FileError) {
            file = try FileIO.target(of: path, isTrusted: true)
        } catch {
            throw .file(error)
        }
        // Before there is a lock: another kind of file does not get one. kubectl, for example, takes the same name.
        _ = try present(file, mayBeMissing: mayCreate)
        let lock: FileLock
        do throws(FileError) {
            lock = try FileLock(path: file + ".lock", guarding: file)
        } catch {
            throw .file(error)
        }
        defer { withExtendedLifetime(lock) {} }
        do throws(DenyFileError) {
            return try editAlone(file, mayCreate: mayCreate, change)
        } catch {
            if lock.isNew { lock.remove() }
            throw error
        }
    }

    /// The entries of a file; none if it is missing and may be.
    private static func present(_ file: String, mayBeMissing: Bool) throws(DenyFileError) -> [DeniedEntry] {
        do throws(DenyFileError) {
            return try read(file)
        } catch {
            guard mayBeMissing, case .file(.missing) = error else { throw error }
            return []
        }
    }

    /// Edits a file whose lock is held.
    private static func editAlone(
        _ file: String, mayCreate: Bool, _ change: (inout [DeniedEntry]) -> Edit
    ) throws(DenyFileError) -> Edit {
        var entries = try present(file, mayBeMissing: mayCreate)
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
        FileIO.removeAbandoned(beside: file)
        do throws(FileError) {
            try FileIO.replace(file, with: bytes)
        } catch {
            throw .file(error)
        }
        return edit
    }
}
