import Logging
import NIOCore
import NIOPosix
import OpenSSL
import Prometheus
import SafeText
import TestSupport
import Testing

@testable import WebhookServer

@Suite(.serialized) struct TLSServerTests {
    private let authority: TestAuthority

    init() throws { authority = try TestAuthority() }

    @Test("a review over TLS and HTTP/1.1 is answered")
    func reviewsOverHTTP1() async throws {
        try await TestServer(tls: authority.server()).with { test in
            let answer = try await review(test, authority.client())
            #expect(answer.status == 200)
            #expect(answer.body.contains(#""authenticated":true"#))
        }
    }

    @Test("a review over TLS uses HTTP/2 when both sides agree on it")
    func reviewsOverHTTP2WhenAgreedOn() async throws {
        try await TestServer(tls: authority.server()).with { test in
            let client = try await HTTP2Client(port: test.port, tls: authority.client(protocols: ["h2"]))
            let answer = try await client.request("POST", "/authenticate", body: TestReviews.body(TestReviews.token()))
            #expect(answer.body.contains(#""authenticated":true"#))
            try await client.channel.close()
        }
    }

    enum Caller: String, CaseIterable, Sendable {
        case withoutCertificate, ofAnotherAuthority, expired, notYetValid, withAServersCertificate, withoutTLS

        var cause: RejectionCause {
            switch self {
            case .withoutCertificate: .noClientCertificate
            case .ofAnotherAuthority: .untrustedCertificate
            case .expired: .certificateExpired
            case .notYetValid: .certificateNotYetValid
            case .withAServersCertificate: .wrongCertificatePurpose
            case .withoutTLS: .notTLS
            }
        }

        /// The part of its certificate in the log.
        var name: String? {
            switch self {
            case .withoutCertificate, .withoutTLS: nil
            default: "kube-apiserver"
            }
        }

        func context(_ authority: TestAuthority) throws -> TLSContext? {
            switch self {
            case .withoutCertificate: try authority.anonymousClient()
            case .ofAnotherAuthority: try TestAuthority("Other CA").client(trusting: authority)
            case .expired: try authority.client(notAfter: -1)
            case .notYetValid: try authority.client(notBefore: 1)
            case .withAServersCertificate: try authority.client(profile: .server)
            case .withoutTLS: nil
            }
        }
    }

    @Test("nothing is read from a caller without an accepted certificate", arguments: Caller.allCases)
    func readsNothingFrom(_ caller: Caller) async throws {
        try await TestServer(tls: authority.server()).with { test in
            let answer = try await review(test, caller.context(authority))
            #expect(answer.status == 0)
            #expect(test.registry.exposition(.prometheus).contains("{cause=\"\(caller.cause.rawValue)\"} 1\n"))
            let line = try #require(test.recorder.lines.first)
            #expect(test.recorder.lines.count == 1 && line.level == .warning && line.message == "a caller was refused")
            #expect(line.metadata["cause"] == caller.cause.rawValue)
            #expect(line.metadata["peer"]?.hasPrefix("127.0.0.1:") == true)
            #expect(line.metadata["clientName"] == caller.name)
            #expect(line.metadata["leftOut"] == nil)
        }
    }

    @Test("the log makes the name of an unknown caller safe to show")
    func writesNamesOfStrangersSoThatTheyHarmNobody() async throws {
        let name = "a\n\u{202E}\u{85}\u{2028}\"" + String(repeating: "b", count: 58)
        try await TestServer(tls: authority.server()).with { test in
            _ = try await review(test, TestAuthority("Other CA").client(name, trusting: authority))
            let line = try #require(test.recorder.lines.first)
            #expect(
                line.metadata["clientName"]
                    == "a\n\u{FFFD}\u{FFFD}\u{FFFD}\"" + String(repeating: "b", count: 58))
        }
    }

    @Test("a connection that only looks for the open port is not a caller")
    func looksForTheOpenPortAreNoCallers() async throws {
        try await TestServer(tls: authority.server()).with { test in
            let channel = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
                .connect(host: "127.0.0.1", port: test.port).get()
            try await channel.close()
            let counted = "{cause=\"tls_handshake_failed\"} 1\n"
            for _ in 0..<500 where !test.registry.exposition(.prometheus).contains(counted) {
                try await Task.sleep(for: .milliseconds(10))
            }
            #expect(test.registry.exposition(.prometheus).contains(counted))
            #expect(test.recorder.lines.isEmpty)
        }
    }

    @Test(
        "only a caller whose certificate has an allowed name is answered",
        arguments: [
            ("kube-apiserver", [], 200),
            ("other", [.dns("kube-apiserver")], 200),
            ("other", [.dns("front-proxy")], 403),
            ("Kube-apiserver", [], 403),
        ] as [(String, [SubjectAlternativeName], Int)])
    func asksForNames(_ name: String, _ sans: [SubjectAlternativeName], _ status: Int) async throws {
        try await TestServer(tls: authority.server(), allowedClientNames: ["kube-apiserver"]).with { test in
            let answer = try await review(test, authority.client(name, sans: sans))
            #expect(answer.status == status)
            #expect(test.recorder.lines.count == 1)
            let line = try #require(test.recorder.lines.first)
            #expect(line.metadata["cause"] == (status == 200 ? nil : "client_name"))
            #expect(line.metadata["clientName"] == (status == 200 ? nil : name))
            if status == 403 {
                #expect(answer.body.contains(#"name \"\#(name)\" is not in the webhook's server.allowedClientNames"#))
                #expect(!answer.body.contains("kube-apiserver\\\""))
            }
        }
    }

    @Test("a handshake that does not end is cut off")
    func cutsOffAHandshakeThatDoesNotEnd() async throws {
        var limits = ServerLimits()
        limits.handshakeTimeout = .milliseconds(200)
        try await TestServer(limits: limits, tls: authority.server()).with { test in
            _ = try await TestServer.exchange(port: test.port, "\u{16}\u{3}\u{1}")
            #expect(test.registry.exposition(.prometheus).contains("{cause=\"tls_handshake_timeout\"} 1\n"))
        }
    }

    @Test("new connections get the new certificate")
    func givesNewConnectionsTheNewCertificate() async throws {
        let next = try TestAuthority("Next CA")
        try await TestServer(tls: authority.server()).with { test in
            let before = try await review(test, authority.client())
            #expect(before.status == 200)
            try test.server.update(tls: next.server(clientAuthority: authority))
            let after = try await review(test, authority.client(trusting: next))
            #expect(after.status == 200)
            let old = try await review(test, authority.client())
            #expect(old.status == 0)
        }
    }

    private func review(
        _ test: TestServer, _ client: TLSContext?
    ) async throws -> (status: Int, head: String, body: String) {
        try await TestServer.request(
            port: test.port, "POST", "/authenticate", body: TestReviews.body(TestReviews.token()), tls: client)
    }
}
