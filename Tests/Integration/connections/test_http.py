"""Invalid requests: each gets the contract's answer, nothing of it is repeated, and the next request is served."""

import http.client
import json
import socket
import ssl
import subprocess

import pytest
from webhook import reason, review_body


def status_object(body, code):
    answer = json.loads(body)
    assert (answer["kind"], answer["apiVersion"], answer["status"], answer["code"]) == ("Status", "v1", "Failure", code)
    return answer


BODIES = [
    ("nothing", b""),
    ("text", b"hello MARK"),
    ("an array", b"[]"),
    ("another kind", b'{"kind":"Pod","apiVersion":"v1"}'),
    (
        "a foreign version",
        json.dumps(
            {"kind": "TokenReview", "apiVersion": "authentication.k8s.io/v9", "spec": {"token": "MARK"}}
        ).encode(),
    ),
    ("no kind", b'{"spec":{"token":"MARK"}}'),
    ("a token that is a number", b'{"kind":"TokenReview","apiVersion":"authentication.k8s.io/v1","spec":{"token":1}}'),
    ("a repeated member", b'{"kind":"TokenReview","kind":"TokenReview","apiVersion":"authentication.k8s.io/v1"}'),
    ("invalid UTF-8", b'{"kind":"TokenReview","apiVersion":"authentication.k8s.io/v1","spec":{"token":"\xff\xfe"}}'),
    ("100,000 arrays", b"[" * 100_000),
    ("cut off", review_body("MARK").encode()[:-20]),
]


@pytest.mark.parametrize("body", [case[1] for case in BODIES], ids=[case[0] for case in BODIES])
def test_bad_bodies_are_refused_and_not_repeated(webhook, entra, body):
    code, answer = webhook.post(body)
    assert code == 400
    status_object(answer, 400)
    assert "MARK" not in answer
    assert reason(webhook.review(entra.token())) == "accepted"


def test_empty_token_is_a_decision(webhook):
    assert reason(webhook.review("")) == "foreign"


def test_token_of_3_mb_is_a_decision(webhook):
    assert reason(webhook.review("a" * 3_000_000)) == "foreign"


def test_a_body_that_is_too_large_is_refused(webhook):
    code, answer = webhook.post(review_body("a" * 5_000_000))
    assert code == 413
    status_object(answer, 413)


@pytest.mark.parametrize(
    "path,method,code",
    [
        ("/", "POST", 404),
        ("/authenticate/", "POST", 404),
        ("/Authenticate", "POST", 404),
        ("/metrics", "GET", 404),
        ("/../authenticate", "POST", 404),
        ("/authenticate", "GET", 405),
        ("/tokenreviews", "PUT", 405),
        ("/authenticate", "DELETE", 405),
    ],
)
def test_other_paths_and_methods_are_refused(webhook, path, method, code):
    got, answer = webhook.post(b"" if method == "GET" else review_body("x"), path, method=method)
    assert got == code
    status_object(answer, code)


@pytest.mark.parametrize(
    "content_type,code",
    [("application/json; charset=utf-8", 200), ("text/plain", 415), ("application/x-www-form-urlencoded", 415)],
)
def test_other_content_types_are_refused(webhook, content_type, code):
    got, _ = webhook.post(review_body("x"), headers={"Content-Type": content_type})
    assert got == code


@pytest.mark.parametrize("client", [None, "client-expired", "client-future", "client-other-ca", "client-wrong-usage"])
def test_callers_without_a_good_certificate(webhook, client):
    before = webhook.metric("kube_entra_requests_rejected_total")
    with pytest.raises((ssl.SSLError, ConnectionError, http.client.RemoteDisconnected, BrokenPipeError)):
        webhook.post(review_body("x"), client=client)
    assert webhook.metric("kube_entra_requests_rejected_total") == before + 1


def raw(webhook, data, timeout=5):
    """Sends bytes over TLS and returns what comes back until the server closes or is silent."""
    context = webhook.context()
    with socket.create_connection(("127.0.0.1", webhook.port), timeout=timeout) as plain:
        with context.wrap_socket(plain, server_hostname="127.0.0.1") as tls:
            tls.sendall(data)
            received = b""
            try:
                while chunk := tls.recv(65536):
                    received += chunk
            except (TimeoutError, ConnectionError, ssl.SSLError):
                pass
            return received


HEAD = b"POST /authenticate HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"

SMUGGLING = [
    ("both lengths", HEAD + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    ("two lengths", HEAD + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello"),
    ("a length with a sign", HEAD + b"Content-Length: +5\r\n\r\nhello"),
    ("a length that is no number", HEAD + b"Content-Length: 5x\r\n\r\nhello"),
    ("an unknown coding", HEAD + b"Transfer-Encoding: gzip, chunked, identity\r\n\r\n0\r\n\r\n"),
    ("a folded header", HEAD + b"X-A: b\r\n c\r\nContent-Length: 0\r\n\r\n"),
    ("a space before the colon", HEAD + b"Content-Length : 5\r\n\r\nhello"),
    ("NUL in a header", HEAD + b"X-A: \0\r\nContent-Length: 0\r\n\r\n"),
    ("a bad chunk size", HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n"),
    ("no HTTP at all", b"\x16\x03\x01 hello\r\n\r\n"),
    ("headers without end", b"POST / HTTP/1.1\r\nX: " + b"a" * 100_000),
]


@pytest.mark.parametrize("data", [case[1] for case in SMUGGLING], ids=[case[0] for case in SMUGGLING])
def test_smuggling_forms_are_refused(webhook, entra, data):
    answer = raw(webhook, data)
    assert b" 200 " not in answer.split(b"\r\n")[0]
    assert answer.count(b"HTTP/1.1 ") <= 1
    assert reason(webhook.review(entra.token())) == "accepted"


def test_pipelined_requests_are_answered_in_order(webhook, entra):
    def request(token):
        body = review_body(token).encode()
        return HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body

    data = request(entra.token()) + request("x") + request(entra.token(exp=1))
    answer = raw(webhook, data, timeout=2)
    assert answer.count(b"HTTP/1.1 200") == 3
    first, second = answer.find(b'"authenticated":true'), answer.find(b"claims_malformed")
    assert 0 < first < second


def test_a_chunked_body_is_read(webhook, entra):
    body = review_body(entra.token()).encode()
    chunks = (
        b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:7], body[7:500], body[500:])) + b"0\r\n\r\n"
    )
    answer = raw(webhook, HEAD + b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n" + chunks)
    assert b'"authenticated":true' in answer


def test_many_requests_over_few_connections_are_answered(webhook, entra, tmp_path):
    body = tmp_path / "body.json"
    body.write_text(review_body(entra.token()))
    cert = webhook.certificates.path
    # h2load cannot present a client certificate, so curl does the load: many requests on few connections.
    config = tmp_path / "requests"
    config.write_text(
        "".join(f'url = "https://127.0.0.1:{webhook.port}/authenticate"\noutput = "/dev/null"\n' for _ in range(200))
    )
    done = subprocess.run(
        [
            "curl",
            "-sS",
            "--fail-early",
            "-f",
            "-Z",
            "--parallel-max",
            "16",
            "--http2",
            "--cacert",
            cert("ca.crt"),
            "--cert",
            cert("client.crt"),
            "--key",
            cert("client.key"),
            "-H",
            "Content-Type: application/json",
            "--data-binary",
            f"@{body}",
            "-K",
            str(config),
        ],
        capture_output=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
