import CLinux
import Files
import Glibc
import TestSupport
import Testing

@Suite("Access lists and other extended attributes")
struct FileAttributesTests {
    private static let access = "system.posix_acl_access"
    private static let note = "user.note"

    /// The owner reads and writes, one more user reads, and the group does not.
    private static let list = accessList(mask: 4)

    /// Source: Linux, include/uapi/linux/posix_acl_xattr.h.
    private static func accessList(mask: UInt16) -> [UInt8] {
        let none = UInt32.max
        let entries: [(tag: UInt16, rights: UInt16, id: UInt32)] = [
            (0x01, 6, none), (0x02, 4, 65534), (0x04, 0, none), (0x10, mask, none), (0x20, 0, none),
        ]
        var bytes: [UInt8] = [2, 0, 0, 0]
        for entry in entries {
            withUnsafeBytes(of: entry.tag.littleEndian) { bytes += $0 }
            withUnsafeBytes(of: entry.rights.littleEndian) { bytes += $0 }
            withUnsafeBytes(of: entry.id.littleEndian) { bytes += $0 }
        }
        return bytes
    }

    static var isSupported: Bool {
        let result = try? TemporaryFolder.with { folder in
            try folder.write("a", "")
            return set(folder.path("a"), access, list) && set(folder.path("a"), note, [1])
        }
        return result ?? false
    }

    private static func set(_ path: String, _ name: String, _ value: [UInt8]) -> Bool {
        setxattr(path, name, value, value.count, 0) == 0
    }

    private static func get(_ path: String, _ name: String) -> [UInt8]? {
        var value = [UInt8](repeating: 0, count: 256)
        let count = getxattr(path, name, &value, value.count)
        return count < 0 ? nil : Array(value[..<count])
    }

    static let ways: [(name: String, replace: @Sendable (String) throws -> Void)] = [
        ("one file", { try FileIO.replace($0, with: [2]) }),
        ("files together", { try FileIO.replaceTogether([.init(path: $0, bytes: [2], mode: 0o600)]) }),
    ]

    @Test("stay when a file is replaced, and so does the mode", .enabled(if: isSupported), arguments: ways)
    func stay(_ way: (name: String, replace: @Sendable (String) throws -> Void)) throws {
        try TemporaryFolder.with { folder in
            try folder.write("a", "old")
            let path = folder.path("a")
            #expect(Self.set(path, Self.access, Self.list) && Self.set(path, Self.note, [7, 0, 7]))
            try way.replace(path)
            #expect(try FileIO.read(path) == [2])
            #expect(Self.get(path, Self.access) == Self.list)
            #expect(Self.get(path, Self.note) == [7, 0, 7])
            var status = stat()
            stat(path, &status)
            #expect(status.st_mode & 0o777 == 0o640, "the mask, where the group's permissions would be")
        }
    }

    @Test("of the folder do not come to a file that had none", .enabled(if: isSupported), arguments: ways)
    func inherited(_ way: (name: String, replace: @Sendable (String) throws -> Void)) throws {
        try TemporaryFolder.with { folder in
            try folder.write("a", "old")
            #expect(Self.set(folder.path, "system.posix_acl_default", Self.accessList(mask: 7)))
            try folder.write("b", "new")
            #expect(Self.get(folder.path("b"), Self.access) != nil, "a new file has them")
            try way.replace(folder.path("a"))
            #expect(Self.get(folder.path("a"), Self.access) == nil)
        }
    }
}
