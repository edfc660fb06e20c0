import Testing

@testable import Installation

@Suite("The address of a node's own API server")
struct APIServerAddressTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let flags: [String]
        let host: String?
        var port = 6443

        init(_ name: String, _ flags: [String], _ host: String?, port: Int = 6443) {
            testDescription = name
            self.flags = flags
            self.host = host
            self.port = port
        }
    }

    static let cases = [
        Case("what it advertises", ["--advertise-address=192.0.2.7", "--secure-port=7443"], "192.0.2.7", port: 7443),
        Case("the default port", ["--advertise-address=192.0.2.7"], "192.0.2.7"),
        Case("an address that this host does not have", ["--advertise-address=192.0.2.8"], "127.0.0.1"),
        Case("no address", ["--secure-port=6443"], "127.0.0.1"),
        Case("all addresses", ["--bind-address=0.0.0.0", "--advertise-address=192.0.2.7"], "192.0.2.7"),
        Case("all addresses of IPv6", ["--bind-address=::", "--advertise-address=2001:db8::8"], "::1"),
        Case("the only one that it listens on", ["--bind-address=192.0.2.9", "--secure-port=1"], "192.0.2.9", port: 1),
        Case("a port that is no number", ["--secure-port=https"], nil),
    ]

    @Test("it is found in kube-apiserver's flags", arguments: cases)
    func flags(test: Case) {
        let words = test.flags.map { "    - '\($0)'\n" }.joined()
        let manifest = """
            apiVersion: v1
            kind: Pod
            spec:
              containers:
              - command:
                - kube-apiserver
            \(words)    name: kube-apiserver

            """
        let found = Distribution.apiServerAddress(Array(manifest.utf8)) { ["192.0.2.7", "2001:db8::7"].contains($0) }
        #expect(found?.host == test.host)
        #expect(found == nil || found?.port == test.port)
    }
}
