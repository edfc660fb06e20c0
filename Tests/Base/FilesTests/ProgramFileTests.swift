import Testing

@testable import Files

@Suite struct ProgramFileTests {
    struct Example: Sendable, CustomTestStringConvertible {
        var name: String
        var line = "5600a0000000-5600a026d000 r--p 00000000 fe:00 1234                 /usr/bin/kube entra"
        var changed = "Anonymous:             0 kB\n"
        var isHead = false

        var testDescription: String { name }

        var mappings: String {
            """
            \(line)
            Size:               2484 kB
            Private_Clean:      2220 kB
            \(changed)Referenced:         2220 kB
            VmFlags: rd mr mw me sd
            5600a026d000-5600a128a000 r-xp 0026d000 fe:00 1234                 /usr/bin/kube entra
            Anonymous:             0 kB
            """
        }
    }

    @Test(
        "only the program's head, and only if nothing was written to it",
        arguments: [
            Example(name: "the head", isHead: true),
            Example(name: "another file", line: "1000-2000 r--p 00000000 fe:00 1234   /usr/bin/kube entra2"),
            Example(name: "no file", line: "1000-2000 r--p 00000000 00:00 0"),
            Example(name: "executable", line: "1000-2000 r-xp 00000000 fe:00 1234   /usr/bin/kube entra"),
            Example(name: "writable", line: "1000-2000 rw-p 00000000 fe:00 1234   /usr/bin/kube entra"),
            Example(name: "shared", line: "1000-2000 r--s 00000000 fe:00 1234   /usr/bin/kube entra"),
            Example(name: "not the beginning", line: "1000-2000 r--p 00001000 fe:00 1234   /usr/bin/kube entra"),
            Example(name: "no range", line: "2000-1000 r--p 00000000 fe:00 1234   /usr/bin/kube entra"),
            Example(name: "no addresses", line: "x-y r--p 00000000 fe:00 1234   /usr/bin/kube entra"),
            Example(name: "a deleted file", line: "1000-2000 r--p 00000000 fe:00 1234   /usr/bin/kube entra (deleted)"),
            Example(name: "a page that was written to", changed: "Anonymous:             4 kB\n"),
            Example(name: "not known whether it was written to", changed: ""),
        ])
    func recognizesTheHead(_ example: Example) {
        let head = ProgramFile.head(of: "/usr/bin/kube entra", in: example.mappings)
        #expect(head == (example.isHead ? 0x5600_a000_0000..<0x5600_a026_d000 : nil))
    }

    @Test("an empty list has no head")
    func emptyList() {
        #expect(ProgramFile.head(of: "", in: "") == nil)
        #expect(ProgramFile.head(of: "/a", in: "\n\n") == nil)
    }

    @Test("the program goes on when its head was released")
    func goesOn() {
        for _ in 0..<3 {
            ProgramFile.releaseHead()
            // Needs conformances and names of types, which stand in the head.
            #expect("\([1: ["a"]] as [Int: any Sendable])" == "[1: [\"a\"]]")
        }
    }
}
