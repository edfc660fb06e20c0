import Files
import Glibc
import TestSupport
import Testing

@Suite struct FileIOTests {
    @Test("what is written is read, with its mode and without a trace of the way there")
    func roundTrip() throws {
        try TemporaryFolder.with { temporary in
            let folder = temporary.path
            try FileIO.write([1, 2, 3], to: folder + "/a", mode: 0o640)
            var status = stat()
            #expect(stat(folder + "/a", &status) == 0)
            #expect(status.st_mode & 0o777 == 0o640)
            #expect(try FileIO.read(folder + "/a") == [1, 2, 3])
            try FileIO.write([4], to: folder + "/a")
            #expect(try FileIO.read(folder + "/a") == [4])
            #expect(throws: FileError.exists) { try FileIO.write([5], to: folder + "/a", replacing: false) }
            #expect(try FileIO.read(folder + "/a") == [4])
            unlink(folder + "/a")
            #expect(rmdir(folder) == 0, "a temporary file was left")
            mkdir(folder, 0o700)
        }
    }

    @Test("each way not to be readable has its own error")
    func unreadable() throws {
        try TemporaryFolder.with { temporary in
            let folder = temporary.path
            #expect(throws: FileError.missing) { try FileIO.read(folder + "/missing") }
            #expect(throws: FileError.isFolder) { try FileIO.read(folder) }
            #expect(throws: FileError.partIsNoFolder) { try FileIO.read("/etc/passwd/x") }
            #expect(throws: FileError.tooLarge(maximumBytes: 10)) { try FileIO.read("/dev/zero", maximumBytes: 10) }
            symlink(folder + "/link", folder + "/link")
            #expect(throws: FileError.linkLoop) { try FileIO.read(folder + "/link") }
            #expect(throws: FileError.folderMissing) { try FileIO.write([1], to: folder + "/no/such/folder") }
        }
    }

    @Test("what is no file is not replaced", arguments: [true, false])
    func noFile(replacing: Bool) throws {
        try TemporaryFolder.with { temporary in
            let folder = temporary.path
            mkfifo(folder + "/pipe", 0o600)
            symlink("/dev/null", folder + "/link")
            for name in ["/pipe", "/link"] {
                #expect(throws: FileError.notRegular) {
                    try FileIO.write([1], to: folder + name, replacing: replacing)
                }
            }
            #expect(throws: FileError.isFolder) { try FileIO.write([1], to: folder, replacing: replacing) }
            #expect(throws: FileError.folderTakesNoFiles) {
                try FileIO.write([1], to: "/proc/kube-entra", replacing: replacing)
            }
        }
    }

    @Test("a stamp changes with the content and with what a link points to")
    func stamps() throws {
        try TemporaryFolder.with { temporary in
            let folder = temporary.path
            #expect(FileVersion(path: folder + "/a") == nil)
            try FileIO.write([1], to: folder + "/a")
            symlink("a", folder + "/link")
            let first = FileVersion(path: folder + "/link")
            #expect(first != nil)
            #expect(first == FileVersion(path: folder + "/a"))
            try FileIO.write([2], to: folder + "/a")
            #expect(FileVersion(path: folder + "/link") != first)
        }
    }
}
