import Glibc
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import Testing

@testable import WebhookServer

@Suite(.serialized) struct OperationsTests {
    @Test("a healthy server says ok in one word")
    func saysOkInOneWord() async throws {
        try await TestServer().with { test in
            for path in ["/livez", "/readyz", "/healthz"] {
                let answer = try await TestServer.request(port: test.operationsPort, "GET", path)
                #expect(answer.status == 200)
                #expect(answer.body == "ok")
            }
        }
    }

    @Test("a failed check is named in the form that Kubernetes uses")
    func tellsWhatIsWrongAsKubernetesDoes() async throws {
        let isReady = NIOLockedValueBox(false)
        let check = HealthCheck(name: "signing-keys") {
            isReady.withLockedValue { $0 } ? nil : "no tenant has usable keys"
        }
        try await TestServer(readiness: [check]).with { test in
            let port = test.operationsPort
            let failed = try await TestServer.request(port: port, "GET", "/readyz")
            #expect(failed.status == 500)
            #expect(
                failed.body == """
                    [-]signing-keys failed: no tenant has usable keys
                    [+]shutdown ok
                    readyz check failed

                    """)
            let excluded = try await TestServer.request(port: port, "GET", "/readyz?verbose&exclude=signing-keys")
            #expect(excluded.status == 200)
            #expect(
                excluded.body == "[+]signing-keys excluded: ok\n[+]shutdown ok\nreadyz check passed\n")
            isReady.withLockedValue { $0 = true }
            let ready = try await TestServer.request(port: port, "GET", "/readyz?verbose")
            #expect(ready.body == "[+]signing-keys ok\n[+]shutdown ok\nreadyz check passed\n")
            let alive = try await TestServer.request(port: port, "GET", "/livez?verbose")
            #expect(alive.body == "[+]event-loops ok\nlivez check passed\n")
            test.server.beginDrain()
            let unready = try await TestServer.request(port: port, "GET", "/readyz")
            #expect(unready.status == 500)
            let live = try await TestServer.request(port: port, "GET", "/livez")
            #expect(live.status == 200)
        }
    }

    @Test("an event loop that hangs makes liveness fail")
    func noticesAnEventLoopThatHangs() async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 2)
        let loops = Array(group.makeIterator())
        let routes = OperationsRoutes(
            registry: nil, readiness: [], eventLoops: [loops[0]], patience: .milliseconds(50))
        loops[0].execute { usleep(300_000) }
        let answer = try await routes.answer(OperationsRequest(target: "/livez"), on: loops[1]).get()
        #expect(answer.status == 500)
        #expect(String(buffer: answer.body).contains("[-]event-loops failed: 1 of 1 event loops do not answer"))
        try await group.shutdownGracefully()
    }

    @Test(
        "only known paths and methods are answered",
        arguments: [
            ("GET", "/nothing", 404), ("POST", "/nothing", 404), ("POST", "/metrics", 405), ("DELETE", "/livez", 405),
            ("HEAD", "/livez", 200), ("GET", "/livez/", 404), ("GET", "/authenticate", 404),
        ])
    func answersOnlyWhatItKnows(_ method: String, _ target: String, _ status: Int) async throws {
        try await TestServer().with { test in
            let answer = try await TestServer.request(port: test.operationsPort, method, target)
            #expect(answer.status == status)
            #expect(answer.head.contains("allow: GET, HEAD") == (status == 405))
            #expect(method != "HEAD" || answer.body.isEmpty)
        }
    }

    @Test("operations requests with a body or large headers are refused")
    func refusesBodiesAndLargeHeaders() async throws {
        try await TestServer().with { test in
            let port = test.operationsPort
            let withBody = try await TestServer.request(port: port, "GET", "/livez", body: "x")
            #expect(withBody.status == 413)
            let large = "X: \(String(repeating: "a", count: 10_000))\r\n"
            let tooLarge = try await TestServer.request(port: port, "GET", "/livez", headers: large)
            #expect(tooLarge.status == 431)
        }
    }

    @Test(
        "metrics are written in the format that is asked for",
        arguments: [
            ("", "text/plain; version=0.0.4; charset=utf-8", false),
            ("Accept: */*\r\n", "text/plain; version=0.0.4; charset=utf-8", false),
            (
                "Accept: application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5\r\n",
                "application/openmetrics-text; version=1.0.0; charset=utf-8", true
            ),
        ])
    func speaksBothMetricFormats(_ accept: String, _ type: String, _ isOpenMetrics: Bool) async throws {
        try await TestServer().with { test in
            let answer = try await TestServer.request(port: test.operationsPort, "GET", "/metrics", headers: accept)
            #expect(answer.head.contains("content-type: \(type)\r\n"))
            #expect(answer.body.hasSuffix("# EOF\n") == isOpenMetrics)
            #expect(
                answer.body.contains("# TYPE kube_entra_config_reloads\(isOpenMetrics ? "" : "_total") counter\n"))
        }
    }

    /// Protects against web pages of other sites whose names resolve to this listener.
    @Test(
        "a request with the host name of another site is refused",
        arguments: [
            ("127.0.0.1", true), ("127.0.0.1:8480", true), ("[::1]", true), ("[::1]:8480", true), ("localhost", true),
            ("LocalHost:1", true), ("10.1.2.3", true), ("attacker.example", false), ("attacker.example:8480", false),
            ("localhost.attacker.example", false), ("127.0.0.1.attacker.example", false), ("127.1", false),
            ("2130706433", false), ("::1", false), ("[::1", false), ("[::1]x", false), ("[127.0.0.1]", false),
            ("localhost:x", false), ("", false),
        ])
    func tellsOnlyWhoAsksForAnAddress(_ host: String, _ isTold: Bool) {
        #expect(OperationsRequest(target: "/metrics", host: host).isForAddress == isTold)
    }

    @Test("only this host sees metrics; every host's probes are answered")
    func hidesMetricsFromOtherHostsAndAnswersProbes() async throws {
        try await TestServer().with { test in
            for (path, status) in [("/metrics", 403), ("/livez", 200), ("/readyz", 200), ("/healthz", 200)] {
                let answer = try await TestServer.exchange(
                    port: test.operationsPort,
                    "GET \(path) HTTP/1.1\r\nHost: attacker.example\r\nConnection: close\r\n\r\n")
                #expect(HTTP1Harness.statuses(answer) == [status])
                #expect(!answer.contains("kube_entra_"))
            }
        }
    }

    @Test("an expectation other than 100-continue is refused")
    func expectsNothingButToGoOn() async throws {
        try await TestServer().with { test in
            let answer = try await TestServer.request(
                port: test.operationsPort, "GET", "/livez", headers: "Expect: a-miracle\r\n")
            #expect(answer.status == 417)
        }
    }
}
