"""Metrics and health, as Prometheus, promtool and Kubernetes' probes see them."""

import http.client
import re
import socket
import subprocess
import threading
import time

import pytest
from entra import AUDIENCE, OTHER_TENANT, TENANT
from metric_families import FAMILIES
from webhook import Webhook, configuration, review_body, wait_for

PROMETHEUS = (
    "application/openmetrics-text;version=1.0.0;q={},application/openmetrics-text;version=0.0.1;q=0.4,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
)


@pytest.fixture(scope="module")
def own(certificates, entra):
    entra.write_key_file(certificates.path("keys.json"))
    server = Webhook(certificates, configuration(), name="metrics.yaml").start()
    yield server
    server.stop()


def check(text):
    done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_promtool_finds_nothing(own, entra):
    check(own.get("/metrics")[1])
    own.review(entra.token())
    own.review(entra.token(aud="another"))
    own.review("x")
    own.get("/nothing")
    check(own.get("/metrics")[1])


def test_families_are_declared_once_and_have_nothing_else_between_them(own):
    for accept in ("text/plain", "application/openmetrics-text"):
        text = own.get("/metrics", {"Accept": accept})[1]
        is_open = accept != "text/plain"
        assert text.endswith("# EOF\n") == is_open and text.count("# EOF") == is_open
        family, seen = None, set()
        for line in text.splitlines():
            if line.startswith("# HELP"):
                family = line.split()[2]
                assert family not in seen, family
                seen.add(family)
            elif not line.startswith("#"):
                assert re.fullmatch(rf"{family}(_total|_bucket|_sum|_count)?(\{{.*\}})? \S+", line), line
        expected = {name.removesuffix("_total") if is_open else name for name in FAMILIES}
        assert expected <= seen


@pytest.mark.parametrize(
    "accept, is_open",
    [
        (None, False),
        ("", False),
        ("*/*", False),
        ("text/plain", False),
        ("text/*", False),
        ("text/html", False),
        ("application/openmetrics-text", True),
        ("application/openmetrics-text; version=1.0.0; charset=utf-8", True),
        ("application/*", True),
        ("APPLICATION/OpenMetrics-Text", True),
        ("application/openmetrics-text;version=0.0.1", False),
        ("application/openmetrics-text;q=0", False),
        ("application/openmetrics-text;q=0, */*", False),
        ("application/openmetrics-text;q=0.3, text/plain;q=0.7", False),
        ("application/openmetrics-text;q=0.7, text/plain;q=0.3", True),
        ("application/openmetrics-text;q=0.301, text/plain;q=0.3", True),
        (PROMETHEUS.format("0.6"), True),
        (PROMETHEUS.format("0.3"), False),
        (
            "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,text/plain;version=1.0.0;q=0.4,"
            "text/plain;version=0.0.4;q=0.3,*/*;q=0.1",
            True,
        ),
        (";q=,/,;;,text", False),
        ("x" * 5000, False),
    ],
)
def test_what_the_scraper_likes_best(own, accept, is_open):
    headers, text = own.exchange("/metrics", {} if accept is None else {"Accept": accept})
    version = (
        "application/openmetrics-text; version=1.0.0; charset=utf-8"
        if is_open
        else "text/plain; version=0.0.4; charset=utf-8"
    )
    assert headers["content-type"] == version and text.endswith("# EOF\n") == is_open


def test_the_histogram_adds_up(own, entra):
    for _ in range(5):
        own.review(entra.token())
    text = own.get("/metrics")[1]
    name = "kube_entra_token_review_duration_seconds"
    buckets = re.findall(rf'^{name}_bucket{{le="([^"]+)"}} (\d+)$', text, re.M)
    assert float(buckets[0][0]) == 0.00005 and buckets[-1][0] == "+Inf"
    counts = [int(count) for _, count in buckets]
    assert counts == sorted(counts) and counts[-1] == own.metric(f"{name}_count") > 0
    bounds = [float(bound) for bound, _ in buckets]
    assert bounds == sorted(set(bounds))
    assert own.metric(f"{name}_sum") > 0
    # OpenMetrics wants "1.0" where the other format has "1".
    text = own.get("/metrics", {"Accept": "application/openmetrics-text"})[1]
    written = re.findall(rf'^{name}_bucket{{le="([^"]+)"}} ', text, re.M)
    assert written == [repr(bound) for bound in bounds[:-1]] + ["+Inf"]


def test_hundreds_of_requests_at_once_are_counted_exactly(own, entra):
    tokens = [entra.token(), entra.token(aud="another"), "x"]
    name = "kube_entra_token_reviews_total"

    def counts():
        return [own.metric(name, result=result) for result in ("accepted", "refused", "foreign")] + [
            own.metric("kube_entra_token_review_duration_seconds_count"),
            own.metric("kube_entra_verified_token_cache_total"),
        ]

    def ask():
        connection = own.connect()
        for number in range(150):
            connection.request(
                "POST", "/authenticate", review_body(tokens[number % 3]), {"Content-Type": "application/json"}
            )
            assert connection.getresponse().read()
        connection.close()

    before = counts()
    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [after - now for now, after in zip(before, counts())] == [300, 300, 300, 900, 900]


def test_a_tenant_that_goes_takes_its_series_with_it(own):
    config = configuration()
    config["tenants"].append(
        {
            "tenantID": OTHER_TENANT,
            "audiences": [AUDIENCE],
            "authority": "https://localhost:1",
            "signingKeys": {"file": "keys.json"},
        }
    )
    own.write(config)
    wait_for(lambda: OTHER_TENANT in own.get("/metrics")[1])
    own.write(configuration())
    wait_for(lambda: OTHER_TENANT not in own.get("/metrics")[1])
    assert f'tenant="{TENANT}"' in own.get("/metrics")[1]


def test_health_as_kubernetes_writes_it(own):
    assert own.get("/livez") == own.get("/readyz") == own.get("/healthz") == (200, "ok")
    for query in ("?verbose", "?verbose=", "?verbose=1", "?verbose=false", "?a=b&verbose"):
        assert own.get(f"/readyz{query}") == (
            200,
            "[+]configuration ok\n[+]signing-keys ok\n[+]shutdown ok\nreadyz check passed\n",
        )
    assert own.get("/livez?verbose") == (200, "[+]event-loops ok\nlivez check passed\n")
    code, text = own.get("/healthz?verbose")
    assert code == 200 and text.endswith("\nhealthz check passed\n") and text.count("[+]") == 4
    assert own.get("/readyz?verbose&exclude=signing-keys&exclude=shutdown")[1].splitlines()[1:3] == [
        "[+]signing-keys excluded: ok",
        "[+]shutdown excluded: ok",
    ]
    code, text = own.get("/readyz?verbose&exclude=etcd&exclude=signing%2Dkeys&exclude=%0A%5B-%5D<x>")
    assert code == 200 and "[+]signing-keys excluded: ok\n" in text
    assert 'warn: some health checks cannot be excluded: no matches for "etcd", "?[-]<x>"\n' in text


def test_not_ready_and_why(certificates):
    config = configuration(signingKeys={}, authority="https://localhost:1", authorityCA="ca.crt")
    server = Webhook(certificates, config, name="unready.yaml").start(ready=False)
    try:
        wait_for(lambda: "refused" in server.get("/readyz")[1])
        code, text = server.get("/readyz")
        assert code == 500
        assert re.fullmatch(
            r"\[\+\]configuration ok\n\[-\]signing-keys failed: tenant [-0-9]+: [^\n]*refused[^\n]*\n\[\+\]shutdown ok\n"
            r"readyz check failed\n",
            text,
        ), text
        assert server.get("/healthz")[0] == 500 and server.get("/livez") == (200, "ok")
        assert server.get("/readyz?exclude=signing-keys") == (200, "ok")
        assert "not ready" in server.get("/statusz")[1]
        check(server.get("/metrics")[1])
    finally:
        server.stop()


def test_not_ready_while_draining(certificates, entra):
    entra.write_key_file(certificates.path("keys.json"))
    server = Webhook(certificates, configuration(), name="draining.yaml").start()
    # A request that is not complete yet keeps the server from ending.
    connection = server.connect()
    body = review_body(entra.token()).encode()
    connection.putrequest("POST", "/authenticate")
    connection.putheader("Content-Type", "application/json")
    connection.putheader("Content-Length", str(len(body)))
    connection.endheaders(body[:10])
    time.sleep(0.3)
    server.process.terminate()
    wait_for(lambda: server.get("/readyz?verbose")[0] == 500)
    assert "[-]shutdown failed: the server is shutting down\n" in server.get("/readyz")[1]
    assert server.get("/livez") == (200, "ok")
    connection.send(body[10:])
    assert b'"authenticated":true' in connection.getresponse().read()
    connection.close()
    server.process.wait(10)
    server.stop()


@pytest.mark.parametrize(
    "method, path, status",
    [
        ("GET", "/", 404),
        ("GET", "/metrics/", 404),
        ("GET", "/metricsx", 404),
        ("GET", "/debug/pprof/", 404),
        ("GET", "//metrics", 404),
        ("GET", "/authenticate", 404),
        ("POST", "/authenticate", 404),
        ("GET", "/%6detrics", 404),
        ("POST", "/metrics", 405),
        ("PUT", "/livez", 405),
        ("OPTIONS", "/statusz", 405),
        ("DELETE", "/readyz", 405),
        ("HEAD", "/livez", 200),
        ("HEAD", "/readyz", 200),
        ("HEAD", "/metrics", 200),
        ("HEAD", "/statusz", 200),
        ("HEAD", "/nothing", 404),
    ],
)
def test_metrics_answer_their_own_path_and_methods_only(own, method, path, status):
    connection = http.client.HTTPConnection("127.0.0.1", own.operations, timeout=5)
    connection.request(method, path)
    response = connection.getresponse()
    assert response.status == status
    assert (response.headers["Allow"] == "GET, HEAD") == (status == 405)
    body = response.read()
    if method == "HEAD":
        assert body == b"" and int(response.headers["Content-Length"]) > 0
        # The connection can be used again, so no body was sent.
        connection.request("GET", "/livez")
        assert connection.getresponse().read() == b"ok"
    connection.close()


def test_connections_that_are_held_keep_nobody_out(own, entra):
    held = [socket.create_connection(("127.0.0.1", own.operations)) for _ in range(300)]
    for number, connection in enumerate(held):
        try:
            connection.sendall(b"GET /livez HTTP/1.1\r\nHost: a\r\n" + (b"\r\n" if number % 2 else b"X: "))
        except OSError:
            pass
    begin = time.time()
    for _ in range(20):
        assert own.get("/livez") == (200, "ok")
    assert time.time() - begin < 10
    assert own.review(entra.token())["authenticated"]
    for connection in held:
        connection.close()


def test_a_client_that_reads_no_answers_costs_little(own):
    def memory():
        return own.metric("process_resident_memory_bytes")

    before = memory()
    clients = []
    for _ in range(8):
        client = socket.create_connection(("127.0.0.1", own.operations))
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.settimeout(0.2)
        try:
            for _ in range(20_000):
                client.sendall(b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n" * 10)
        except OSError:
            pass
        clients.append(client)
    assert memory() - before < 16 << 20
    for client in clients:
        client.close()
