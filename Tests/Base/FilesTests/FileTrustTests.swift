import Glibc
import TestSupport
import Testing

@testable import Files

@Suite struct FileTrustTests {
    @Test(
        "a file that others than its owner may write is read only where nobody has to trust it",
        arguments: [(0o600, true), (0o644, true), (0o444, true), (0o664, false), (0o646, false), (0o666, false)]
            as [(UInt32, Bool)])
    func mode(mode: UInt32, isTrusted: Bool) throws {
        try TemporaryFolder.with { temporary in
            let folder = temporary.path
            let path = folder + "/file"
            try FileIO.write([1, 2], to: path, mode: mode)
            symlink(path, folder + "/link")
            #expect(try FileIO.read(path) == [1, 2])
            for path in [path, folder + "/link"] {
                if isTrusted {
                    #expect(try FileIO.read(path, isTrusted: true) == [1, 2])
                } else {
                    let problem = mode & 0o002 == 0 ? FileError.writableByGroup : .writableByAll
                    #expect(throws: problem) { try FileIO.read(path, isTrusted: true) }
                }
            }
        }
    }

    @Test("a file of another user is not trusted", .enabled(if: geteuid() == 0))
    func owner() throws {
        try TemporaryFolder.with { temporary in
            let folder = temporary.path
            let path = folder + "/file"
            try FileIO.write([1], to: path)
            #expect(chown(path, 65_534, 65_534) == 0)
            #expect(throws: FileError.foreignOwner(userID: 65_534)) { try FileIO.read(path, isTrusted: true) }
            #expect(FileTrust.problem(path: path) == .foreignOwner(userID: 65_534))
        }
    }

    @Test("a link of another user is not followed where the path must be trusted, also to a folder on the way")
    func links() throws {
        try TemporaryFolder.with { temporary in
            let folder = temporary.path
            let real = folder + "/real"
            #expect(mkdir(real, 0o700) == 0)
            symlink("file", real + "/link")
            symlink("real", folder + "/way")
            symlink(folder + "/way", folder + "/long")
            for path in [real + "/file", folder + "/way/file", folder + "/way/link", folder + "/long/link"] {
                let target = try FileIO.target(of: path, isTrusted: true)
                #expect(target.hasSuffix("/real/file"))
            }
            #expect(try FileIO.target(of: folder + "/way/link") == folder + "/way/file")
            symlink("loop", folder + "/loop")
            #expect(throws: FileError.linkLoop) { try FileIO.target(of: folder + "/loop/file", isTrusted: true) }
            guard geteuid() == 0 else { return }
            #expect(lchown(folder + "/way", 65_534, 65_534) == 0)
            for path in ["/way/file", "/way/link", "/long/link"] {
                #expect(throws: FileError.foreignLink(userID: 65_534)) {
                    try FileIO.target(of: folder + path, isTrusted: true)
                }
                #expect(throws: Never.self) { try FileIO.target(of: folder + path) }
            }
            #expect(lchown(folder + "/way", 0, 0) == 0 && chown(real, 65_534, 65_534) == 0)
            #expect(throws: FileError.foreignLink(userID: 65_534)) {
                try FileIO.target(of: real + "/link", isTrusted: true)
            }
        }
    }

    @Test("a folder that others may write is named, and one with the sticky bit only as the file's own")
    func folders() throws {
        let none = KubernetesVolumes(mounts: "") { _ in true }
        try TemporaryFolder.with { temporary in
            let folder = temporary.path
            let own = folder + "/own"
            #expect(mkdir(own, 0o700) == 0)
            #expect(FileTrust.sharedFolder(of: own + "/file", except: none) == nil)
            chmod(own, 0o777)
            #expect(FileTrust.sharedFolder(of: own + "/file", except: none) == own)
            chmod(own, 0o1777)
            #expect(FileTrust.sharedFolder(of: own + "/file", except: none) == own)
            chmod(own, 0o700)
            chmod(folder, 0o770)
            #expect(FileTrust.sharedFolder(of: own + "/file", except: none) == folder)
            chmod(folder, 0o1777)
            #expect(FileTrust.sharedFolder(of: own + "/file", except: none) == nil)
            #expect(FileTrust.sharedFolder(of: folder + "/missing/file", except: none) == nil)
        }
    }
}
