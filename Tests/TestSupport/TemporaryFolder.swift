public import Glibc

/// A new folder, which is removed with its content when the last reference to this object is released.
///
/// A test that uses only the path must keep the object alive until it ends, as ``with(_:)`` does.
public final class TemporaryFolder: Sendable {
    /// The absolute path, without a trailing slash.
    public let path: String

    /// Creates the folder, which only this user may read.
    public init() throws {
        var template = Array("/tmp/kube-entra-test-XXXXXX".utf8CString)
        let made = template.withUnsafeMutableBufferPointer { buffer in buffer.baseAddress.flatMap { mkdtemp($0) } }
        guard let made else { throw Failure() }
        path = String(cString: made)
    }

    /// The folder or the file could not be written.
    public struct Failure: Error {
        /// A failure without details.
        public init() {}
    }

    /// Runs the body with a new folder, which exists until the body ends.
    public static func with<Value>(_ body: (TemporaryFolder) throws -> Value) throws -> Value {
        let folder = try TemporaryFolder()
        return try withExtendedLifetime(folder) { try body(folder) }
    }

    /// The path of a file in the folder.
    public func path(_ name: String) -> String { path + "/" + name }

    /// Replaces a file atomically, as careful programs do.
    public func write(_ name: String, _ text: String, mode: mode_t = 0o600) throws {
        try write(name, Array(text.utf8), mode: mode)
    }

    /// Replaces a file atomically.
    public func write(_ name: String, _ bytes: [UInt8], mode: mode_t = 0o600) throws {
        let temporary = path(name) + ".new"
        guard let file = fopen(temporary, "w") else { throw Failure() }
        let count = fwrite(bytes, 1, bytes.count, file)
        fclose(file)
        guard count == bytes.count, chmod(temporary, mode) == 0, rename(temporary, path(name)) == 0 else {
            throw Failure()
        }
    }

    /// The file's text; empty if it cannot be read.
    public func read(_ name: String) -> String {
        guard let file = fopen(path(name), "r") else { return "" }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        let count = fread(&bytes, 1, bytes.count, file)
        return String(decoding: bytes[..<count], as: UTF8.self)
    }

    deinit { Self.remove(path) }

    /// A link is removed, not its target.
    private static func remove(_ path: String) {
        guard unlink(path) != 0 else { return }
        chmod(path, 0o700)
        guard let folder = opendir(path) else { return }
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != "." && name != ".." { remove(path + "/" + name) }
        }
        closedir(folder)
        rmdir(path)
    }
}
