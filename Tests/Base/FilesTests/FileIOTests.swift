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

    @Test("a link stays where its target is written, and somebody else's link is not followed")
    func linked() throws {
        try TemporaryFolder.with { temporary in
            let folder = temporary.path
            try FileIO.write([1], to: folder + "/file")
            symlink("file", folder + "/link")
            symlink("nothing", folder + "/dangling")
            #expect(throws: FileError.exists) { try FileIO.write([2], to: folder + "/link", replacing: false) }
            #expect(throws: FileError.exists) { try FileIO.write([2], to: folder + "/dangling", replacing: false) }
            #expect(try FileIO.read(folder + "/file") == [1])
            try FileIO.write([2], to: folder + "/link")
            try FileIO.write([3], to: folder + "/dangling")
            #expect(try FileIO.read(folder + "/file") == [2] && FileIO.read(folder + "/nothing") == [3])
            #expect(try FileIO.target(of: folder + "/link") == folder + "/file")
            try FileIO.tryWriting(folder + "/link")
            #expect(try FileIO.read(folder + "/file") == [2])
            guard geteuid() == 0 else { return }
            #expect(lchown(folder + "/link", 65_534, 65_534) == 0)
            #expect(throws: FileError.foreignLink(userID: 65_534)) { try FileIO.write([4], to: folder + "/link") }
            #expect(throws: FileError.foreignLink(userID: 65_534)) { try FileIO.tryWriting(folder + "/link") }
        }
    }

    @Test("of files that belong together, a pipe is not replaced and a link is")
    func together() throws {
        try TemporaryFolder.with { temporary in
            let folder = temporary.path
            symlink("/dev/null", folder + "/link")
            mkfifo(folder + "/pipe", 0o600)
            let files = ["/link", "/pipe"].map { FileIO.NewFile(path: folder + $0, bytes: [1], mode: 0o600) }
            let failure = #expect(throws: FileIO.FilesError.self) { try FileIO.replaceTogether(files) }
            #expect(failure?.path == folder + "/pipe" && failure?.error == .notRegular)
            #expect(throws: FileError.notRegular) { try FileIO.tryWriting(folder + "/link") }
            try FileIO.replaceTogether(Array(files.prefix(1)))
            #expect(try FileIO.read(folder + "/link") == [1])
        }
    }

    @Test("the number of an open file is found by each of its names")
    func streams() throws {
        try TemporaryFolder.with { temporary in
            let folder = temporary.path
            symlink("/proc/self/fd", folder + "/fds")
            symlink("fds/2", folder + "/link")
            symlink("loop", folder + "/loop")
            for path in ["/dev/fd/2", "/proc/self/fd/2", "/proc/\(getpid())/fd/2", "\(folder)/fds/2", "\(folder)/link"]
            {
                #expect(FileIO.descriptor(named: path) == 2)
            }
            for path in ["2", "/dev/null", "/proc/1/fd/2", "/proc/self/fd/x", "\(folder)/loop", "\(folder)/2", ""] {
                #expect(FileIO.descriptor(named: path) == nil)
            }
            let own = open(folder + "/own", O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
            let readOnly = open(folder + "/own", O_RDONLY)
            let passedOn = open(folder + "/own", O_WRONLY)
            defer { for descriptor in [own, readOnly, passedOn] { close(descriptor) } }
            #expect(!FileIO.isPassedOnForWriting(own) && !FileIO.isPassedOnForWriting(readOnly))
            #expect(FileIO.isPassedOnForWriting(passedOn) && !FileIO.isPassedOnForWriting(9_999))
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
