import Addresses
import Testing

@testable import HTTPSClient

@Suite struct ProxySettingsTests {
    struct Exception: CustomTestStringConvertible, Sendable {
        let list: String
        let host: String
        var port = 443
        let isDirect: Bool

        init(_ list: String, _ host: String, port: Int = 443, _ isDirect: Bool) {
            self.list = list
            self.host = host
            self.port = port
            self.isDirect = isDirect
        }

        var testDescription: String { "\"\(list)\" and \(host):\(port): \(isDirect ? "direct" : "proxy")" }
    }

    @Test(
        "NO_PROXY names hosts with their subdomains, addresses, networks, ports and everything",
        arguments: [
            Exception("", "login.example.com", false),
            Exception("*", "login.example.com", true),
            Exception("login.example.com", "login.example.com", true),
            Exception("LOGIN.Example.com", "login.example.com", true),
            Exception("example.com", "login.example.com", true),
            Exception(".example.com", "login.example.com", true),
            Exception("*.example.com", "login.example.com", true),
            Exception("example.com.", "login.example.com", true),
            Exception("example.com", "login.example.com.", true),
            Exception("ample.com", "login.example.com", false),
            Exception("login.example.com", "example.com", false),
            Exception("example.com:443", "login.example.com", true),
            Exception("example.com:8443", "login.example.com", false),
            Exception("example.com:8443", "login.example.com", port: 8443, true),
            Exception("a.example, b.example", "b.example", true),
            Exception("a.example b.example", "b.example", true),
            Exception(",, ,", "b.example", false),
            Exception(".", "b.example", false),
            Exception("10.1.2.3", "10.1.2.3", true),
            Exception("10.1.2.3", "110.1.2.3", false),
            Exception("10.0.0.0/8", "10.200.3.4", true),
            Exception("10.0.0.0/8", "11.0.0.1", false),
            Exception("10.1.2.128/25", "10.1.2.200", true),
            Exception("10.1.2.128/25", "10.1.2.100", false),
            Exception("0.0.0.0/0", "192.0.2.1", true),
            Exception("0.0.0.0/0", "login.example.com", false),
            Exception("10.0.0.0/33", "10.0.0.1", false),
            Exception("10.0.0.0/-1", "10.0.0.1", false),
            Exception("10.1.2.3:443", "10.1.2.3", true),
            Exception("10.1.2.3:444", "10.1.2.3", false),
            Exception("::1", "::1", true),
            Exception("[::1]", "::1", true),
            Exception("[::1]:443", "::1", true),
            Exception("[::1]:444", "::1", false),
            Exception("0:0:0:0:0:0:0:1", "::1", true),
            Exception("fd00::/8", "fd12::1", true),
            Exception("fd00::/8", "fe80::1", false),
            Exception("::/0", "10.0.0.1", false),
        ])
    func exceptions(entry: Exception) {
        #expect(ProxyExceptions(entry.list).contains(host: entry.host, port: entry.port) == entry.isDirect)
    }

    @Test(
        "a proxy's address",
        arguments: [
            ("http://proxy.example:3128", "proxy.example", 3128, false, nil),
            ("http://proxy.example", "proxy.example", 80, false, nil),
            ("https://proxy.example/", "proxy.example", 443, true, nil),
            ("HTTP://Proxy.Example:3128/", "proxy.example", 3128, false, nil),
            ("proxy.example:3128", "proxy.example", 3128, false, nil),
            ("http://[::1]:3128", "::1", 3128, false, nil),
            ("http://user:secret@proxy.example:3128", "proxy.example", 3128, false, "Basic dXNlcjpzZWNyZXQ="),
            ("http://us%40er:p%3Aw@proxy.example", "proxy.example", 80, false, "Basic dXNAZXI6cDp3"),
            ("http://user:p@ss@proxy.example", "proxy.example", 80, false, "Basic dXNlcjpwQHNz"),
            ("http://user@proxy.example", "proxy.example", 80, false, "Basic dXNlcg=="),
        ] as [(String, String, Int, Bool, String?)])
    func addresses(text: String, host: String, port: Int, isTLS: Bool, authorization: String?) throws {
        let proxy = try #require(HTTPProxy(text))
        #expect(proxy.host == host)
        #expect(proxy.port == port)
        #expect(proxy.isTLS == isTLS)
        #expect(proxy.authorization == authorization)
    }

    @Test(
        "what is no address of a proxy",
        arguments: [
            "", "http://", "socks5://proxy.example:1080", "http://proxy.example:port", "http://proxy.example:0",
            "http://proxy.example:70000", "http://proxy.example/path", "http://[::1", "http://user@", "ftp://a",
        ])
    func refused(text: String) {
        #expect(HTTPProxy(text) == nil)
    }

    @Test("the environment's proxy is taken in either spelling, and one that means nothing is no way around it")
    func environment() throws {
        let url = try #require(HTTPSURL("https://login.example.com/a"))
        func proxy(_ variables: [String: String]) throws -> String? {
            try ProxySettings.environment { variables[$0] }.proxy(for: url)?.host
        }
        #expect(try proxy([:]) == nil)
        #expect(try proxy(["HTTPS_PROXY": ""]) == nil)
        #expect(try proxy(["HTTPS_PROXY": "http://a.example"]) == "a.example")
        #expect(try proxy(["https_proxy": "http://b.example"]) == "b.example")
        #expect(try proxy(["HTTP_PROXY": "http://c.example"]) == nil)
        #expect(try proxy(["HTTPS_PROXY": "http://a.example", "NO_PROXY": "example.com"]) == nil)
        #expect(try proxy(["HTTPS_PROXY": "http://a.example", "no_proxy": "example.com"]) == nil)
        #expect(throws: HTTPSError.configuration("HTTPS_PROXY is not the address of an HTTP proxy")) {
            try proxy(["HTTPS_PROXY": "socks5://user:secret@a.example"])
        }
        #expect(try proxy(["HTTPS_PROXY": "socks5://a.example", "NO_PROXY": "*"]) == nil)
    }
}
