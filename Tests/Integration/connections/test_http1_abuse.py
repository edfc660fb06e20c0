"""HTTP/1.1 of attackers: each form gets the only allowed answer, and never becomes a second request."""

import re
import socket
import ssl
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from webhook import reason, review_body

BODY = review_body("x").encode()
START = b"POST /authenticate HTTP/1.1\r\n"
HEAD = START + b"Host: a\r\nContent-Type: application/json\r\n"
LENGTH = b"Content-Length: %d\r\n" % len(BODY)
CHUNKED = b"Transfer-Encoding: chunked\r\n"
CHUNKS = b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY)
PLAIN = HEAD + LENGTH + b"\r\n" + BODY
# What a smuggler wants to be seen as a request of its own.
SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"


def session(webhook, *, alpn=None):
    context = webhook.context()
    if alpn:
        context.set_alpn_protocols([alpn])
    plain = socket.create_connection(("127.0.0.1", webhook.port), timeout=5)
    return context.wrap_socket(plain, server_hostname="127.0.0.1")


def read(tls, quiet=0.4):
    """What comes back, and whether the server has closed; silence ends it too."""
    tls.settimeout(quiet)
    received = b""
    try:
        while chunk := tls.recv(65536):
            received += chunk
            if b"connection: close" in received:
                tls.settimeout(3)
    except TimeoutError:
        return received, False
    except (ConnectionError, ssl.SSLError):
        pass
    return received, True


def exchange(webhook, data, alpn=None):
    with session(webhook, alpn=alpn) as tls:
        try:
            tls.sendall(data)
        except (ConnectionError, ssl.SSLError):
            pass
        received, closed = read(tls)
    return [int(code) for code in re.findall(rb"HTTP/1\.1 (\d{3}) ", received)], closed, received


# Refused with 400, and nothing that follows on the connection is looked at.
REFUSED = {
    "both lengths": HEAD + LENGTH + CHUNKED + b"\r\n" + CHUNKS,
    "both lengths the other way round": HEAD + CHUNKED + LENGTH + b"\r\n" + CHUNKS,
    "both lengths, 0 first": HEAD + b"Content-Length: 0\r\n" + CHUNKED + b"\r\n" + CHUNKS,
    "coding xchunked": HEAD + b"Transfer-Encoding: xchunked\r\n\r\n" + CHUNKS,
    "coding chunked, identity": HEAD + b"Transfer-Encoding: chunked, identity\r\n\r\n" + CHUNKS,
    "coding identity, chunked": HEAD + b"Transfer-Encoding: identity, chunked\r\n\r\n" + CHUNKS,
    "coding identity": HEAD + b"Transfer-Encoding: identity\r\n" + b"\r\n" + BODY,
    "coding twice": HEAD + CHUNKED + CHUNKED + b"\r\n" + CHUNKS,
    "coding twice, one unknown": HEAD + CHUNKED + b"Transfer-Encoding: x\r\n\r\n" + CHUNKS,
    "coding in quotes": HEAD + b'Transfer-Encoding: "chunked"\r\n\r\n' + CHUNKS,
    "coding with a parameter": HEAD + b"Transfer-Encoding: chunked;x=y\r\n\r\n" + CHUNKS,
    "coding with a vertical tab": HEAD + b"Transfer-Encoding: \x0bchunked\r\n\r\n" + CHUNKS,
    "coding with a NUL": HEAD + b"Transfer-Encoding: chunked\0\r\n\r\n" + CHUNKS,
    "coding with a line feed before the name": HEAD + b"X: y\nTransfer-Encoding: chunked\r\n\r\n" + CHUNKS,
    "coding with a space before the colon": HEAD + b"Transfer-Encoding : chunked\r\n\r\n" + CHUNKS,
    "coding folded": HEAD + b"Transfer-Encoding:\r\n chunked\r\n\r\n" + CHUNKS,
    "empty coding": HEAD + b"Transfer-Encoding:\r\n\r\n" + CHUNKS,
    "gzip, chunked": HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n" + CHUNKS,
    "coding in HTTP/1.0": HEAD.replace(b"1.1", b"1.0") + CHUNKED + b"\r\n" + CHUNKS,
    "two lengths": HEAD + LENGTH + b"Content-Length: 1\r\n\r\n" + BODY,
    "the same length twice": HEAD + LENGTH + LENGTH + b"\r\n" + BODY,
    "a list of lengths": HEAD + b"Content-Length: %d, %d\r\n\r\n" % (len(BODY), len(BODY)) + BODY,
    "a negative length": HEAD + b"Content-Length: -1\r\n\r\n",
    "a length with plus": HEAD + b"Content-Length: +%d\r\n\r\n" % len(BODY) + BODY,
    "a length in hexadecimal": HEAD + b"Content-Length: 0x%x\r\n\r\n" % len(BODY) + BODY,
    "a length with a fraction": HEAD + b"Content-Length: 5.0\r\n\r\nhello",
    "a length with a space in it": HEAD + b"Content-Length: 1 0\r\n\r\nhellohello",
    "an empty length": HEAD + b"Content-Length: \r\n\r\n",
    "a length beyond 64 bits": HEAD + b"Content-Length: 18446744073709551617\r\n\r\nx",
    "a length with an underscore": HEAD + b"Content-Length: 1_0\r\n\r\nhellohello",
    "a length in other digits": HEAD + "Content-Length: ５\r\n\r\nhello".encode(),
    "a folded header": HEAD + b"X-A: b\r\n c\r\n" + LENGTH + b"\r\n" + BODY,
    "a header folded with a tab": HEAD + b"X-A: b\r\n\tc\r\n" + LENGTH + b"\r\n" + BODY,
    "a folded first header": START + b" X: y\r\nHost: a\r\n" + LENGTH + b"\r\n" + BODY,
    "bare line feeds": PLAIN.replace(b"\r\n", b"\n"),
    "one bare line feed": HEAD + b"X: y\n" + LENGTH + b"\r\n" + BODY,
    "a bare line feed before the body": HEAD + LENGTH + b"\n" + BODY,
    "a bare carriage return in a value": HEAD + b"X: y\rContent-Length: 0\r\n" + LENGTH + b"\r\n" + BODY,
    "a bare carriage return at a line's end": HEAD + b"X: y\r" + LENGTH + b"\r\n" + BODY,
    "a bare carriage return before the body": HEAD + LENGTH + b"\r" + BODY,
    "a space before the colon": HEAD + b"Content-Length : %d\r\n\r\n" % len(BODY) + BODY,
    "a tab before the colon": HEAD + b"Content-Length\t: %d\r\n\r\n" % len(BODY) + BODY,
    "a header without a colon": HEAD + b"X-A\r\n" + LENGTH + b"\r\n" + BODY,
    "a header without a name": HEAD + b": y\r\n" + LENGTH + b"\r\n" + BODY,
    "a space in a name": HEAD + b"X A: y\r\n" + LENGTH + b"\r\n" + BODY,
    "a NUL in a name": HEAD + b"X\0: y\r\n" + LENGTH + b"\r\n" + BODY,
    "a NUL in a value": HEAD + b"X: \0\r\n" + LENGTH + b"\r\n" + BODY,
    "a control character in a value": HEAD + b"X: a\x01b\r\n" + LENGTH + b"\r\n" + BODY,
    "DEL in a value": HEAD + b"X: a\x7fb\r\n" + LENGTH + b"\r\n" + BODY,
    "a NUL in the path": PLAIN.replace(b"/authenticate", b"/authenticate\0"),
    "no host": START + b"Content-Type: application/json\r\n" + LENGTH + b"\r\n" + BODY,
    "two hosts": HEAD + b"Host: a\r\n" + LENGTH + b"\r\n" + BODY,
    "two hosts, one empty": HEAD + b"Host:\r\n" + LENGTH + b"\r\n" + BODY,
    "an empty host": HEAD.replace(b"Host: a", b"Host:") + LENGTH + b"\r\n" + BODY,
    "a host with a path": HEAD.replace(b"Host: a", b"Host: a/b") + LENGTH + b"\r\n" + BODY,
    "a host with a user": HEAD.replace(b"Host: a", b"Host: b@a") + LENGTH + b"\r\n" + BODY,
    "a list of hosts": HEAD.replace(b"Host: a", b"Host: a, b") + LENGTH + b"\r\n" + BODY,
    "a huge host": HEAD.replace(b"Host: a", b"Host: " + b"a" * 9000) + LENGTH + b"\r\n" + BODY,
    "an absolute URI": PLAIN.replace(b"/authenticate", b"http://a/authenticate"),
    "an absolute URI of another host": PLAIN.replace(b"/authenticate", b"https://b/authenticate"),
    "authority form": PLAIN.replace(b"/authenticate", b"a:443"),
    "a path without slash": PLAIN.replace(b"/authenticate", b"authenticate"),
    "an asterisk": PLAIN.replace(b"/authenticate", b"*"),
    "HTTP/0.9": b"POST /authenticate\r\n\r\n",
    "HTTP/0.9 by number": PLAIN.replace(b"HTTP/1.1", b"HTTP/0.9"),
    "HTTP/1.2": PLAIN.replace(b"HTTP/1.1", b"HTTP/1.2"),
    "HTTP/2.0": PLAIN.replace(b"HTTP/1.1", b"HTTP/2.0"),
    "HTTP/1.10": PLAIN.replace(b"HTTP/1.1", b"HTTP/1.10"),
    "http/1.1 in small letters": PLAIN.replace(b"HTTP/1.1", b"http/1.1"),
    "a tab in the request line": PLAIN.replace(b"POST ", b"POST\t"),
    "a method in small letters": PLAIN.replace(b"POST", b"post"),
    "the HTTP/2 preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0",
    "TLS within TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "a chunk size that is none": HEAD + CHUNKED + b"\r\nzz\r\n",
    "a negative chunk size": HEAD + CHUNKED + b"\r\n-1\r\n",
    "a chunk size with plus": HEAD + CHUNKED + b"\r\n+1\r\nx\r\n0\r\n\r\n",
    "a chunk size with 0x": HEAD + CHUNKED + b"\r\n0x1\r\nx\r\n0\r\n\r\n",
    "a chunk size beyond 64 bits": HEAD + CHUNKED + b"\r\nfffffffffffffffff\r\n",
    "a chunk size with a space before it": HEAD + CHUNKED + b"\r\n " + CHUNKS,
    "a chunk ended by a bare line feed": HEAD + CHUNKED + b"\r\n%x\n%s\r\n0\r\n\r\n" % (len(BODY), BODY),
    "a chunk longer than said": HEAD + CHUNKED + b"\r\n2\r\nabcd\r\n0\r\n\r\n",
    "an endless chunk size line": HEAD + CHUNKED + b"\r\n" + b"0" * 100_000 + b"1\r\n",
    "an endless chunk extension": HEAD + CHUNKED + b"\r\n1;" + b"x" * 100_000,
    "a bare line feed in a chunk extension": HEAD + CHUNKED + b"\r\n1;a\nx\r\nx\r\n0\r\n\r\n",
    "framing in trailers": HEAD + CHUNKED + b"\r\n%x\r\n%s\r\n0\r\nContent-Length: 900\r\n\r\n" % (len(BODY), BODY),
    "a trailer that is no header": HEAD + CHUNKED + b"\r\n%x\r\n%s\r\n0\r\nx y\r\n\r\n" % (len(BODY), BODY),
}


def all_at_once(webhook, cases):
    """Each case's outcome. A server that has refused waits a second for the client to close, so they run together."""
    with ThreadPoolExecutor(16) as pool:
        return dict(zip(cases, pool.map(lambda data: exchange(webhook, data), cases.values())))


def test_abuse_is_refused_and_never_a_second_request(webhook):
    def counted():
        return [
            webhook.metric("kube_entra_requests_rejected_total", cause=cause)
            for cause in ("malformed_request", "headers_too_large")
        ]

    before, judged = counted(), webhook.metric("kube_entra_token_reviews_total")
    outcomes = all_at_once(webhook, {name: data + SMUGGLED for name, data in REFUSED.items()})
    wrong = {
        name: received
        for name, (codes, closed, received) in outcomes.items()
        if codes not in ([400], [431])
        or not closed
        or b"connection: close" not in received
        or b'"kind":"Status"' not in received
    }
    assert not wrong
    assert webhook.metric("kube_entra_token_reviews_total") == judged
    codes = [codes for codes, _, _ in outcomes.values()]
    assert counted() == [before[0] + codes.count([400]), before[1] + codes.count([431])]


# What is unusual and may be taken, or has an answer of its own. Codes in order, and whether the server closes.
ANSWERED = {
    "a pipelined pair": (PLAIN + PLAIN, [200, 200], False),
    "an empty line before the request": (b"\r\n" + PLAIN, [200], False),
    "chunked": (HEAD + CHUNKED + b"\r\n" + CHUNKS + PLAIN, [200, 200], False),
    "chunked in other letters": (HEAD + b"transfer-ENCODING: Chunked\r\n\r\n" + CHUNKS + PLAIN, [200, 200], False),
    "chunks of one byte": (
        HEAD + CHUNKED + b"\r\n" + b"".join(b"1\r\n%c\r\n" % c for c in BODY) + b"0\r\n\r\n",
        [200],
        False,
    ),
    "a short chunk extension": (
        HEAD + CHUNKED + b"\r\n%x;a=b\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY) + PLAIN,
        [200, 200],
        False,
    ),
    "trailers": (
        HEAD + CHUNKED + b"\r\n%x\r\n%s\r\n0\r\nX-A: b\r\n\r\n" % (len(BODY), BODY) + PLAIN,
        [200, 200],
        False,
    ),
    "a host with a port": (PLAIN.replace(b"Host: a", b"Host: [::1]:8443"), [200], False),
    "HTTP/1.0": (HEAD.replace(b"1.1", b"1.0") + LENGTH + b"\r\n" + BODY + PLAIN, [200], True),
    "HTTP/1.0 without host": (START.replace(b"1.1", b"1.0") + LENGTH + b"\r\n" + BODY + PLAIN, [200], True),
    "HTTP/1.0 that wants to stay": (
        HEAD.replace(b"1.1", b"1.0") + LENGTH + b"Connection: keep-alive\r\n\r\n" + BODY + PLAIN,
        [200],
        True,
    ),
    "Connection: close": (HEAD + LENGTH + b"Connection: close\r\n\r\n" + BODY + PLAIN, [200], True),
    "an upgrade to h2c": (HEAD + LENGTH + b"Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n" + BODY + PLAIN, [200], True),
    "CONNECT": (b"CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n" + PLAIN, [404], True),
    "OPTIONS *": (b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n" + PLAIN, [404, 200], False),
    "TRACE": (b"TRACE /authenticate HTTP/1.1\r\nHost: a\r\n\r\n" + PLAIN, [405, 200], False),
    "HEAD": (b"HEAD /authenticate HTTP/1.1\r\nHost: a\r\n\r\n" + PLAIN, [405, 200], False),
    "no length": (HEAD + b"\r\n" + PLAIN, [411, 200], False),
    "a length over the limit": (HEAD + b"Content-Length: 5000000\r\n\r\n" + PLAIN, [413], True),
    "a length of 18 digits": (HEAD + b"Content-Length: 999999999999999999\r\n\r\n" + PLAIN, [413], True),
    "two types": (HEAD + b"Content-Type: text/plain\r\n" + LENGTH + b"\r\n" + BODY, [400], True),
    "a path with dots": (PLAIN.replace(b"/authenticate", b"/x/../authenticate"), [404], True),
    "a path with two slashes": (PLAIN.replace(b"/authenticate", b"//authenticate"), [404], True),
    "a path with percents": (PLAIN.replace(b"/authenticate", b"/%61uthenticate"), [404], True),
    "a path with a fragment": (PLAIN.replace(b"/authenticate", b"/authenticate#x"), [404], True),
    "100 headers too many": (HEAD + b"".join(b"X-%d: y\r\n" % i for i in range(200)) + b"\r\n" + PLAIN, [431], True),
    "a header of 40 KB": (HEAD + b"X: " + b"y" * 40_000 + b"\r\n" + LENGTH + b"\r\n" + BODY, [431], True),
    "headers of 40 KB": (
        HEAD + b"".join(b"X-%d: %s\r\n" % (i, b"y" * 1000) for i in range(40)) + LENGTH + b"\r\n" + BODY,
        [431],
        True,
    ),
    "a path of 40 KB": (PLAIN.replace(b"/authenticate", b"/authenticate?" + b"a" * 40_000), [431], True),
    "a method of 40 KB": (b"A" * 40_000 + b" / HTTP/1.1\r\nHost: a\r\n\r\n", [400], True),
    "trailers of 40 KB": (HEAD + CHUNKED + b"\r\n0\r\nX: " + b"y" * 40_000 + b"\r\n\r\n", [431], True),
}


def test_unusual_requests_that_are_valid_are_answered(webhook):
    outcomes = all_at_once(webhook, {name: data for name, (data, _, _) in ANSWERED.items()})
    wrong = {
        name: (expected[1:], outcomes[name])
        for name, expected in ANSWERED.items()
        if outcomes[name][:2] != expected[1:]
    }
    assert not wrong


def test_100_requests_in_one_packet(webhook, entra):
    """All are answered, in order: every tenth is a good token."""

    def request(body):
        return HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body

    good, other = request(review_body(entra.token()).encode()), request(BODY)
    data = b"".join(good if i % 10 == 0 else other for i in range(100))
    with session(webhook) as tls:
        tls.sendall(data)
        received, closed = read(tls, quiet=1.5)
    answers = received.split(b"HTTP/1.1 200 OK")[1:]
    assert len(answers) == 100 and not closed
    assert [b'"authenticated":true' in answer for answer in answers] == [i % 10 == 0 for i in range(100)]


def test_one_byte_at_a_time(webhook):
    with session(webhook) as tls:
        for byte in PLAIN:
            tls.send(bytes([byte]))
        assert read(tls)[0].startswith(b"HTTP/1.1 200")


def test_expect_continue_is_answered_before_the_body(webhook):
    with session(webhook) as tls:
        tls.sendall(HEAD + LENGTH + b"Expect: 100-continue\r\n\r\n")
        assert read(tls)[0] == b"HTTP/1.1 100 Continue\r\n\r\n"
        tls.sendall(BODY)
        assert read(tls)[0].startswith(b"HTTP/1.1 200")
    with session(webhook) as tls:  # A body that is not wanted is not asked for.
        tls.sendall(HEAD + b"Content-Length: 9999999\r\nExpect: 100-continue\r\n\r\n")
        assert read(tls)[0].startswith(b"HTTP/1.1 413")


def test_an_answer_is_given_before_the_body_has_come(webhook):
    with session(webhook) as tls:
        tls.sendall(b"POST /elsewhere HTTP/1.1\r\nHost: a\r\nContent-Length: 4000000\r\n\r\n{")
        received, closed = read(tls)
        assert received.startswith(b"HTTP/1.1 404") and b"connection: close" in received and closed


@pytest.mark.parametrize(
    "protocol,data",
    [
        ("h2", PLAIN),
        ("h2", b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
        ("h2", b"\0" * 100),
        ("h2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"x" * 30),
        ("http/1.1", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0"),
    ],
)
def test_the_other_protocol_than_agreed(webhook, protocol, data):
    """Only the negotiated protocol is accepted: the other one never becomes a request."""
    judged = webhook.metric("kube_entra_token_reviews_total")
    rejected = webhook.metric("kube_entra_requests_rejected_total")
    codes, closed, received = exchange(webhook, data, alpn=protocol)
    assert closed and codes == ([400] if protocol == "http/1.1" else []), received
    assert webhook.metric("kube_entra_token_reviews_total") == judged
    assert webhook.metric("kube_entra_requests_rejected_total") == rejected + 1


def test_the_service_goes_on(webhook, entra):
    assert reason(webhook.review(entra.token())) == "accepted"
    time.sleep(1.5)
    assert webhook.metric("kube_entra_connections") <= 2
