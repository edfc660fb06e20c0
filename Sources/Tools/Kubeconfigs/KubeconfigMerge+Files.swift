import Files
import Glibc
import Terminal

extension KubeconfigMerge {
    /// Adds the context of a kubeconfig to a file, or makes the file. A link is followed: its target is replaced, not
    /// the link. The file keeps its owner and mode. kubectl's lock is held meanwhile.
    ///
    /// - Parameter isReplacing: whether a context of the same name is replaced.
    /// - Returns: false if there was no such file.
    /// - Throws: `CommandFailure` if the file cannot be used, or the name is taken.
    public static func merge(_ text: String, intoFile path: String, replacing isReplacing: Bool) throws -> Bool {
        if let obstacle = FileIO.obstacle(toReplacing: path) { throw CommandFailure("\(path): \(obstacle.sentence)") }
        let lock = try KubeconfigLock(of: path)
        defer { withExtendedLifetime(lock) {} }
        guard let target = realpath(path, nil) else {
            do throws(FileError) {
                try FileIO.write(Array(text.utf8), to: path, mode: 0o600, replacing: isReplacing)
            } catch {
                throw CommandFailure("\(path): \(error.sentence)\(error == .exists ? "; --force replaces it" : "")")
            }
            return false
        }
        defer { free(target) }
        let real = String(cString: target)
        do {
            let old = try FileIO.read(real, maximumBytes: 4 << 20)
            let merged = try merge(Array(text.utf8), into: old, replacing: isReplacing)
            try FileIO.replace(real, with: merged, newMode: 0o600)
        } catch let error as KubeconfigMergeError {
            let isTaken = if case .nameTaken = error { true } else { false }
            throw CommandFailure("\(path): \(error.sentence)\(isTaken ? "; --force replaces it" : "")")
        } catch let error as FileError {
            throw CommandFailure("\(path): \(error.sentence)")
        }
        return true
    }
}
