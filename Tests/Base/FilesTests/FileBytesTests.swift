import Files
import Glibc
import Testing

@Suite struct FileBytesTests {
    /// A folder that is gone after the test.
    static func inFolder(_ body: (String) throws -> Void) throws {
        var template = Array("/tmp/files-tests-XXXXXX\0".utf8CString.dropLast())
        let path = try #require(mkdtemp(&template).map { String(cString: $0) })
        defer {
            for name in ["a", "link", "folder"] {
                unlink("\(path)/\(name)")
                rmdir("\(path)/\(name)")
            }
            rmdir(path)
        }
        try body(path)
    }

    @Test("what is written is read, with its mode and without a trace of the way there")
    func roundTrip() throws {
        try Self.inFolder { folder in
            try FileBytes.write([1, 2, 3], to: folder + "/a", mode: 0o640)
            var status = stat()
            #expect(stat(folder + "/a", &status) == 0)
            #expect(status.st_mode & 0o777 == 0o640)
            #expect(try FileBytes.read(folder + "/a") == [1, 2, 3])
            try FileBytes.write([4], to: folder + "/a")
            #expect(try FileBytes.read(folder + "/a") == [4])
            #expect(throws: FileError.exists) { try FileBytes.write([5], to: folder + "/a", replacing: false) }
            #expect(try FileBytes.read(folder + "/a") == [4])
            unlink(folder + "/a")
            #expect(rmdir(folder) == 0, "a temporary file was left")
            mkdir(folder, 0o700)
        }
    }

    @Test("each way not to be readable has its own error")
    func unreadable() throws {
        try Self.inFolder { folder in
            #expect(throws: FileError.missing) { try FileBytes.read(folder + "/missing") }
            #expect(throws: FileError.isFolder) { try FileBytes.read(folder) }
            #expect(throws: FileError.partIsNoFolder) { try FileBytes.read("/etc/passwd/x") }
            #expect(throws: FileError.tooLarge(maximumBytes: 10)) { try FileBytes.read("/dev/zero", maximumBytes: 10) }
            symlink(folder + "/link", folder + "/link")
            #expect(throws: FileError.linkLoop) { try FileBytes.read(folder + "/link") }
            #expect(throws: FileError.folderMissing) { try FileBytes.write([1], to: folder + "/no/such/folder") }
        }
    }

    @Test("a stamp changes with the content and with what a link points to")
    func stamps() throws {
        try Self.inFolder { folder in
            #expect(FileStamp(path: folder + "/a") == nil)
            try FileBytes.write([1], to: folder + "/a")
            symlink("a", folder + "/link")
            let first = FileStamp(path: folder + "/link")
            #expect(first != nil)
            #expect(first == FileStamp(path: folder + "/a"))
            try FileBytes.write([2], to: folder + "/a")
            #expect(FileStamp(path: folder + "/link") != first)
        }
    }
}
