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

    @Test("a pipe is waited for only on request")
    func pipes() throws {
        try TemporaryFolder.with { temporary in
            let path = temporary.path + "/pipe"
            mkfifo(path, 0o600)
            // Nobody has opened it for writing.
            let bytes = try FileIO.read(path)
            #expect(bytes.isEmpty)
            let writer = open(path, O_RDWR | O_CLOEXEC)
            defer { close(writer) }
            #expect(throws: FileError.notRegular) { try FileIO.read(path) }
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

    @Test("a stamp changes when as many other bytes are written into the file and its time of writing is put back")
    func stampOfSetBackTime() throws {
        try TemporaryFolder.with { temporary in
            let path = temporary.path + "/a"
            try FileIO.write([1], to: path)
            let first = FileVersion(path: path)
            var before = stat()
            #expect(stat(path, &before) == 0)
            // File systems count time in steps of some milliseconds.
            var after = before
            while after.st_ctim.tv_sec == before.st_ctim.tv_sec, after.st_ctim.tv_nsec == before.st_ctim.tv_nsec {
                let descriptor = open(path, O_WRONLY)
                #expect(FileIO.writeAll([2], to: descriptor))
                #expect(futimens(descriptor, [before.st_atim, before.st_mtim]) == 0)
                close(descriptor)
                #expect(stat(path, &after) == 0)
            }
            #expect(after.st_mtim.tv_nsec == before.st_mtim.tv_nsec && after.st_ino == before.st_ino)
            #expect(FileVersion(path: path) != first)
        }
    }

    @Test("a folder whose name begins with a combining character is a folder")
    func combiningNames() throws {
        try TemporaryFolder.with { temporary in
            let folder = temporary.path + "/\u{301}a"
            mkdir(folder, 0o700)
            symlink("\u{301}file", folder + "/\u{301}link")
            try FileIO.replace(folder + "/\u{301}file", with: [1])
            #expect(try FileIO.target(of: folder + "/\u{301}link", isTrusted: true) == folder + "/\u{301}file")
            #expect(FileIO.canAppend(to: folder + "/\u{301}new"))
            // A link on the way is found, and so is its owner.
            symlink("\u{301}a", temporary.path + "/\u{302}way")
            let path = temporary.path + "/\u{302}way/\u{301}file"
            #expect(try FileIO.target(of: path, isTrusted: true) == folder + "/\u{301}file")
            guard geteuid() == 0 else { return }
            #expect(lchown(temporary.path + "/\u{302}way", 65_534, 65_534) == 0)
            #expect(throws: FileError.foreignLink(userID: 65_534)) { try FileIO.target(of: path, isTrusted: true) }
        }
    }

    @Test("what killed writers left is removed, and nothing else is")
    func abandoned() throws {
        try TemporaryFolder.with { temporary in
            let path = temporary.path + "/list.json"
            let left = ["1", "18446744073709551615", "7"].map { "list.json.\($0).tmp" }
            let kept = [
                "list.json", "list.json.lock", "list.json..tmp", "list.json.01.tmp", "list.json.-1.tmp",
                "list.json.18446744073709551616.tmp", "list.json.1.tmp2", "list.json.1.2.tmp", "list.json.+1.tmp",
                "list.json1.tmp", "other.json.1.tmp", "list.json.tmp", ".list.json.1.tmp", "list.json.x.tmp", "1.tmp",
            ]
            for name in left + kept { try FileIO.write([1], to: temporary.path + "/" + name) }
            symlink("list.json", temporary.path + "/list.json.2.tmp")
            mkdir(temporary.path + "/list.json.3.tmp", 0o700)
            mkfifo(temporary.path + "/list.json.4.tmp", 0o600)
            try FileIO.write([1], to: temporary.path + "/list.json.5.tmp")
            link(temporary.path + "/list.json.5.tmp", temporary.path + "/second name")
            var others = ["list.json.2.tmp", "list.json.3.tmp", "list.json.4.tmp", "list.json.5.tmp", "second name"]
            if geteuid() == 0 {
                try FileIO.write([1], to: temporary.path + "/list.json.6.tmp")
                #expect(chown(temporary.path + "/list.json.6.tmp", 65_534, 65_534) == 0)
                others.append("list.json.6.tmp")
            }
            FileIO.removeAbandoned(beside: path)
            for name in left { #expect(FileVersion(path: temporary.path + "/" + name) == nil, "\(name)") }
            for name in kept + others {
                var status = stat()
                #expect(lstat(temporary.path + "/" + name, &status) == 0, "\(name)")
            }
            // A file of the list's own owner was left by somebody who was about to hand it over.
            guard geteuid() == 0 else { return }
            #expect(chown(path, 65_534, 65_534) == 0)
            FileIO.removeAbandoned(beside: path)
            #expect(FileVersion(path: temporary.path + "/list.json.6.tmp") == nil)
        }
    }
}
