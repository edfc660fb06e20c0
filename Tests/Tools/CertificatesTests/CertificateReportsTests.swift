import Certificates
import Terminal
import TestSupport
import Testing
import Timestamps

@Suite("The files that certs show reads")
struct CertificateReportsTests {
    private static func messages(_ paths: [String], key: String? = nil) throws -> [String] {
        try CertificateReports(files: paths, key: key, now: .now()).failures.flatMap(\.lines)
    }

    @Test("a folder stands for its .crt files in order, and without any it is named itself")
    func folder() throws {
        try TemporaryFolder.with { folder throws in
            let path = folder.path
            let isFolder = ["kube-entra: \(path): this is a folder, not a file"]
            #expect(try Self.messages([path]) == isFolder)
            for name in ["server.crt", "server.key", "ca.crt", ".hidden.crt", "notes.txt"] {
                try folder.write(name, "x")
            }
            let damaged = ["ca.crt", "server.crt"].map { name in
                "kube-entra: \(folder.path(name)): the file holds no certificate in PEM, or a damaged one"
            }
            #expect(try Self.messages([path]) == damaged)
            #expect(try Self.messages([path + "/"]) == damaged)
            // A key belongs to one file.
            #expect(try Self.messages([path], key: folder.path("server.key")) == isFolder)
        }
    }
}
