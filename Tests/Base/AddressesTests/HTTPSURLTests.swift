import Testing

@testable import Addresses

@Suite struct HTTPSURLTests {
    @Test(
        "addresses, taken apart",
        arguments: [
            ("https://login.example.com", "login.example.com", 443, "/", "login.example.com"),
            ("https://Login.Example.COM/a/b?c=d#e", "login.example.com", 443, "/a/b?c=d", "login.example.com"),
            ("https://login.example.com:443/a", "login.example.com", 443, "/a", "login.example.com"),
            ("https://login.example.com:8443?c", "login.example.com", 8443, "/?c", "login.example.com:8443"),
            ("https://[::1]:8443/a", "::1", 8443, "/a", "[::1]:8443"),
            ("https://[FD00::1]/", "fd00::1", 443, "/", "[fd00::1]"),
            ("https://127.0.0.1/", "127.0.0.1", 443, "/", "127.0.0.1"),
        ])
    func parts(text: String, host: String, port: Int, target: String, authority: String) throws {
        let url = try #require(HTTPSURL(text))
        #expect(url.host == host)
        #expect(url.port == port)
        #expect(url.target == target)
        #expect(url.authority == authority)
    }

    @Test(
        "what is no https address",
        arguments: [
            "", "https://", "https:///a", "http://a", "HTTPS://a", "ftp://a", "//a", "https://user@a/",
            "https://user:secret@a/", "https://a\\@b/", "https://a b/", "https://a/ b", "https://a/\r\nX: y",
            "https://a:0/", "https://a:70000/", "https://a:+1/", "https://a:0443/", "https://a:b/", "https://[::1/",
            "https://[::1]x/",
            "https://a%2eb/", "https://ä.example/", "https://a:/",
        ])
    func refused(text: String) {
        #expect(HTTPSURL(text) == nil)
    }

    @Test("the same server is the same name and port, whatever stands behind")
    func sameServer() throws {
        func same(_ one: String, _ other: String) throws -> Bool {
            try #require(HTTPSURL(one)).isSameServer(as: #require(HTTPSURL(other)))
        }
        #expect(try same("https://a.example/x", "https://A.EXAMPLE:443/y?z"))
        #expect(try !same("https://a.example/", "https://a.example:444/"))
        #expect(try !same("https://a.example/", "https://b.a.example/"))
        #expect(try !same("https://a.example/", "https://a.example.evil/"))
    }
}
