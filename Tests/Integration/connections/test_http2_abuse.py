"""HTTP/2 of attackers: the connection ends with GOAWAY and is counted, at little cost, and the service continues."""

import os
import struct
import time

import pytest
from http2 import (
    ACK,
    CONTINUATION,
    DATA,
    END_HEADERS,
    END_STREAM,
    GOAWAY,
    HEADERS,
    PADDED,
    PING,
    PREFACE,
    PRIORITY,
    PUSH_PROMISE,
    REQUEST,
    RST_STREAM,
    SETTINGS,
    WINDOW_UPDATE,
    WITH_PRIORITY,
    Connection,
    block,
    frame,
    literal,
    request,
)
from webhook import reason, review_body

BODY = review_body("x").encode()
HEAD = block(REQUEST)
REFUSED = block([(name, "text/plain" if name == "content-type" else value) for name, value in REQUEST])
CANCEL = struct.pack(">I", 8)


def cpu(webhook):
    """Nanoseconds of processor time that the webhook has used."""
    used = 0
    for thread in os.scandir(f"/proc/{webhook.process.pid}/task"):
        with open(f"{thread.path}/schedstat") as file:
            used += int(file.read().split()[0])
    return used


def opened(stream):
    return frame(HEADERS, END_HEADERS, stream, HEAD)


def window(stream, by):
    return frame(WINDOW_UPDATE, 0, stream, struct.pack(">I", by))


# Each is sent over and over, with the number of the round, until the server closes; at most 200,000 times.
FLOODS = {
    "rapid reset (CVE-2023-44487)": lambda i: opened(2 * i + 1) + frame(RST_STREAM, 0, 2 * i + 1, CANCEL),
    "rapid reset of whole requests": lambda i: request(2 * i + 1, BODY) + frame(RST_STREAM, 0, 2 * i + 1, CANCEL),
    "MadeYouReset by an empty window update (CVE-2025-8671)": lambda i: opened(2 * i + 1) + window(2 * i + 1, 0),
    "MadeYouReset by a window that overflows": lambda i: opened(2 * i + 1) + window(2 * i + 1, 0x7FFFFFFF),
    "MadeYouReset by a priority of the wrong length": lambda i: (
        opened(2 * i + 1) + frame(PRIORITY, 0, 2 * i + 1, b"\0" * 4)
    ),
    "MadeYouReset by a stream that depends on itself": lambda i: (
        opened(2 * i + 1) + frame(PRIORITY, 0, 2 * i + 1, struct.pack(">IB", 2 * i + 1, 1))
    ),
    "MadeYouReset by data after the end": lambda i: request(2 * i + 1, BODY) + frame(DATA, END_STREAM, 2 * i + 1, b"x"),
    "MadeYouReset by a length that is wrong": lambda i: request(2 * i + 1, b"x", REQUEST + [("content-length", "5")]),
    "malformed requests": lambda i: frame(
        HEADERS, END_HEADERS | END_STREAM, 2 * i + 1, block([(":method", "GET"), (":method", "GET")])
    ),
    "CONTINUATION (CVE-2024-27316)": lambda i: (
        (frame(HEADERS, 0, 1, HEAD) if i == 0 else b"") + frame(CONTINUATION, 0, 1, literal("x", "y" * 100))
    ),
    "empty CONTINUATION": lambda i: (frame(HEADERS, 0, 1, HEAD) if i == 0 else b"") + frame(CONTINUATION, 0, 1),
    "PING (CVE-2019-9512)": lambda i: frame(PING, 0, 0, b"12345678"),
    "PING answers": lambda i: frame(PING, ACK, 0, b"12345678"),
    "SETTINGS (CVE-2019-9515)": lambda i: frame(SETTINGS, 0, 0, struct.pack(">HI", 3, 100)),
    "empty SETTINGS": lambda i: frame(SETTINGS, 0, 0),
    "SETTINGS answers": lambda i: frame(SETTINGS, ACK, 0),
    "SETTINGS that change the windows": lambda i: frame(SETTINGS, 0, 0, struct.pack(">HI", 4, 1000 + i % 2)),
    "empty DATA (CVE-2019-9518)": lambda i: (opened(1) if i == 0 else b"") + frame(DATA, 0, 1),
    "DATA of padding": lambda i: (opened(1) if i == 0 else b"") + frame(DATA, PADDED, 1, b"\xff" + b"\0" * 255),
    "empty HEADERS (CVE-2019-9518)": lambda i: frame(HEADERS, END_HEADERS, 2 * i + 1),
    "empty header names (CVE-2019-9516)": lambda i: frame(HEADERS, END_HEADERS, 2 * i + 1, HEAD + literal("", "") * 20),
    "trailers over and over": lambda i: (
        (opened(1) if i == 0 else b"") + frame(HEADERS, END_HEADERS, 1, literal("x", "y"))
    ),
    "PRIORITY (CVE-2019-9513)": lambda i: frame(
        PRIORITY, 0, 2 * (i % 100) + 1, struct.pack(">IB", 2 * ((i + 1) % 100) + 1, 9)
    ),
    "PRIORITY that loops": lambda i: frame(PRIORITY, 0, 1 + 2 * (i % 2), struct.pack(">IB", 3 - 2 * (i % 2), 9)),
    "window updates of the connection": lambda i: window(0, 1),
    "window updates of a stream": lambda i: (opened(1) if i == 0 else b"") + window(1, 1),
    "unknown frames": lambda i: frame(0x77, 0, 0, b"\0" * 100),
    "empty unknown frames": lambda i: frame(0x77, 0xFF, 0),
    "GOAWAY": lambda i: frame(GOAWAY, 0, 0, b"\0" * 8),
    "streams that never end": lambda i: opened(2 * i + 1),
    "data of a request that was refused": lambda i: (
        (frame(HEADERS, END_HEADERS, 1, REFUSED) if i == 0 else b"") + frame(DATA, 0, 1, b"x" * 300)
    ),
}


def soon(condition):
    """The count may appear a moment after the frame."""
    end = time.time() + 3
    while not condition() and time.time() < end:
        time.sleep(0.02)
    return condition()


@pytest.fixture(autouse=True)
def service_goes_on(webhook, entra):
    yield
    assert reason(webhook.review(entra.token())) == "accepted"


@pytest.fixture(scope="module")
def cost_of_a_review(webhook):
    """Of the least that is asked of it, by this program on this machine."""
    with Connection(webhook) as connection:
        for stream in range(1, 2001, 2):
            if stream == 201:
                before = cpu(webhook)
            connection.send(request(stream, BODY))
            assert b"TokenReview" in connection.answer(stream)
        return (cpu(webhook) - before) / 900


@pytest.mark.parametrize("make", FLOODS.values(), ids=FLOODS.keys())
def test_floods_end_the_connection(webhook, cost_of_a_review, make):
    violations = webhook.metric("kube_entra_requests_rejected_total", cause="http2_violation")
    before, sent = cpu(webhook), 0
    with Connection(webhook) as connection:
        for start in range(0, 200_000, 100):
            data = b"".join(make(i) for i in range(start, start + 100))
            time.sleep(0.002)  # Leaves the reader a chance: what it has not read is lost when the server resets.
            if not connection.send(data) or connection.kinds(GOAWAY):
                break
            sent += len(data)
        assert connection.closed.wait(5), f"open after {sent} bytes"
        assert connection.kinds(GOAWAY), connection.frames[-3:]
    assert soon(lambda: webhook.metric("kube_entra_requests_rejected_total", cause="http2_violation") == violations + 1)
    assert cpu(webhook) - before < 20_000 * cost_of_a_review
    assert sent < 4_000_000


def test_what_is_on_its_way_for_refused_requests_ends_no_connection(webhook):
    """Many large requests at once, refused by their heads: the client had sent the bodies before it could know."""
    streams = range(1, 81, 2)
    with Connection(webhook) as connection:
        connection.send(b"".join(frame(HEADERS, END_HEADERS, stream, REFUSED) for stream in streams))
        for stream in streams:
            body = b"".join(frame(DATA, 0, stream, b"x" * 16_000) for _ in range(4))
            assert connection.send(body), connection.frames[-3:]
        connection.send(request(101, BODY))
        assert b'"authenticated":false' in connection.answer(101)
        assert not connection.kinds(GOAWAY)


def big_table(count):
    """A field of 4,000 bytes is put into the table once and then named by one byte each time (CVE-2016-6581)."""
    return HEAD + literal("x", "y" * 4000, indexed=True) + b"\xbe" * count


# Sent once: the connection has to end, and be counted.
VIOLATIONS = {
    "an HPACK bomb": frame(HEADERS, END_HEADERS, 1, big_table(10_000)),
    "an HPACK index that there is not": frame(HEADERS, END_HEADERS, 1, HEAD + b"\xff\xff\xff\x7f"),
    "an HPACK integer without end": frame(HEADERS, END_HEADERS, 1, HEAD + b"\x7f" + b"\xff" * 100),
    "an HPACK string longer than the block": frame(HEADERS, END_HEADERS, 1, HEAD + b"\x00\x7f\xff\x7f"),
    "an HPACK table larger than allowed": frame(HEADERS, END_HEADERS, 1, b"\x3f\xe1\xff\xff\x7f" + HEAD),
    "an HPACK string of bad Huffman code": frame(HEADERS, END_HEADERS, 1, HEAD + b"\x00\x01x\x84\xff\xff\xff\xff"),
    "a header list of 200 KB": frame(HEADERS, 0, 1, HEAD)
    + b"".join(frame(CONTINUATION, END_HEADERS if i == 12 else 0, 1, literal("x", "y" * 16_000)) for i in range(13)),
    "a frame larger than allowed": frame(DATA, 0, 1, b"\0" * 20_000),
    "a frame said to be larger than allowed": frame(HEADERS, END_HEADERS, 1, b"", length=0xFFFFFF),
    "DATA on stream 0": frame(DATA, 0, 0, b"x"),
    "HEADERS on stream 0": frame(HEADERS, END_HEADERS, 0, HEAD),
    "HEADERS on an even stream": frame(HEADERS, END_HEADERS, 2, HEAD),
    "DATA on a stream that was never opened": frame(DATA, 0, 9, b"x"),
    "RST_STREAM on a stream that was never opened": frame(RST_STREAM, 0, 9, CANCEL),
    "a stream with a lower number than before": opened(5) + opened(3),
    "PING on a stream": frame(PING, 0, 1, b"12345678"),
    "PING of another length": frame(PING, 0, 0, b"1234"),
    "SETTINGS on a stream": frame(SETTINGS, 0, 1),
    "SETTINGS of another length": frame(SETTINGS, 0, 0, b"12345"),
    "a SETTINGS answer with content": frame(SETTINGS, ACK, 0, b"123456"),
    "SETTINGS with a window beyond 31 bits": frame(SETTINGS, 0, 0, struct.pack(">HI", 4, 0xFFFFFFFF)),
    "SETTINGS with a frame size too small": frame(SETTINGS, 0, 0, struct.pack(">HI", 5, 1)),
    "SETTINGS with push that is neither on nor off": frame(SETTINGS, 0, 0, struct.pack(">HI", 2, 7)),
    "GOAWAY on a stream": frame(GOAWAY, 0, 1, b"\0" * 8),
    "a window update of the connection of 0": window(0, 0),
    "a window update of the connection that overflows": window(0, 0x7FFFFFFF) + window(0, 0x7FFFFFFF),
    "a push promise": frame(PUSH_PROMISE, END_HEADERS, 1, struct.pack(">I", 2) + HEAD),
    "CONTINUATION without HEADERS": frame(CONTINUATION, END_HEADERS, 1, HEAD),
    "another frame between HEADERS and CONTINUATION": frame(HEADERS, 0, 1, HEAD) + frame(PING, 0, 0, b"12345678"),
    "CONTINUATION of another stream": frame(HEADERS, 0, 1, HEAD) + frame(CONTINUATION, END_HEADERS, 3, HEAD),
    "padding longer than the frame": frame(HEADERS, END_HEADERS | PADDED, 1, b"\xff" + HEAD[:20]),
    "a window update of another length": frame(WINDOW_UPDATE, 0, 0, b"\0\0\1"),
}


@pytest.mark.parametrize("data", VIOLATIONS.values(), ids=VIOLATIONS.keys())
def test_violations_end_the_connection(webhook, data):
    violations = webhook.metric("kube_entra_requests_rejected_total", cause="http2_violation")
    with Connection(webhook) as connection:
        connection.send(data)
        assert connection.closed.wait(5), connection.frames
        assert connection.kinds(GOAWAY), connection.frames
        assert connection.answer(1, 0) is None or b'"code":4' in connection.answer(1, 0)
    assert soon(lambda: webhook.metric("kube_entra_requests_rejected_total", cause="http2_violation") == violations + 1)


def without(name):
    return [field for field in REQUEST if field[0] != name]


# No proper request: refused on its stream, or with 400; nothing is judged. The connection may go on.
MALFORMED = {
    "two paths": REQUEST[:4] + [(":path", "/metrics")] + REQUEST[4:],
    "two methods": [(":method", "GET")] + REQUEST,
    "two authorities": REQUEST[:4] + [(":authority", "b")] + REQUEST[4:],
    "no path": without(":path"),
    "an empty path": [(n, "" if n == ":path" else v) for n, v in REQUEST],
    "a path without a slash": [(n, "authenticate" if n == ":path" else v) for n, v in REQUEST],
    "an absolute path": [(n, "https://a/authenticate" if n == ":path" else v) for n, v in REQUEST],
    "a path with a space": [(n, "/authenticate HTTP/1.1" if n == ":path" else v) for n, v in REQUEST],
    "a path with a line's end": [(n, "/authenticate\r\nx: y" if n == ":path" else v) for n, v in REQUEST],
    "no method": without(":method"),
    "an empty method": [(n, "" if n == ":method" else v) for n, v in REQUEST],
    "no scheme": without(":scheme"),
    "no authority": without(":authority"),
    "an empty authority": [(n, "" if n == ":authority" else v) for n, v in REQUEST],
    "an authority with a user": [(n, "b@a" if n == ":authority" else v) for n, v in REQUEST],
    "a host beside another authority": REQUEST + [("host", "b")],
    "two hosts": without(":authority") + [("host", "a"), ("host", "a")],
    "an unknown pseudo-header": [(":x", "y")] + REQUEST,
    "a status": [(":status", "200")] + REQUEST,
    "a protocol without extended CONNECT": [(":protocol", "websocket")] + REQUEST,
    "a pseudo-header after others": [("x", "y")] + REQUEST,
    "a name in capital letters": REQUEST + [("X-Upper", "y")],
    "a name with a space": REQUEST + [("x y", "z")],
    "a name with a colon": REQUEST + [("x:y", "z")],
    "an empty name": REQUEST + [("", "z")],
    "a name with a line's end": REQUEST + [("x\r\ny", "z")],
    "a value with a line's end": REQUEST + [("x", "y\r\nz: a")],
    "a value with a line feed": REQUEST + [("x", "y\nz")],
    "a value with a NUL": REQUEST + [("x", "y\0")],
    "Connection": REQUEST + [("connection", "close")],
    "Keep-Alive": REQUEST + [("keep-alive", "1")],
    "Proxy-Connection": REQUEST + [("proxy-connection", "keep-alive")],
    "Transfer-Encoding": REQUEST + [("transfer-encoding", "chunked")],
    "Upgrade": REQUEST + [("upgrade", "h2c")],
    "TE that is not trailers": REQUEST + [("te", "gzip")],
    "a length too small": REQUEST + [("content-length", "1")],
    "a length too large": REQUEST + [("content-length", "900")],
    "two lengths": REQUEST + [("content-length", str(len(BODY)))] + [("content-length", "1")],
    "a negative length": REQUEST + [("content-length", "-1")],
    "a length with plus": REQUEST + [("content-length", f"+{len(BODY)}")],
    "two types": REQUEST + [("content-type", "text/plain")],
    "CONNECT": [(":method", "CONNECT"), (":authority", "a:443")],
}


def test_malformed_requests_end_their_stream(webhook):
    judged = webhook.metric("kube_entra_token_reviews_total")
    wrong = {}
    for name, fields in MALFORMED.items():
        before = webhook.metric("kube_entra_requests_rejected_total")
        with Connection(webhook) as connection:
            connection.send(request(1, BODY, fields))
            ended = connection.wait(
                lambda f: (f[2] == 1 and (f[0] == RST_STREAM or f[1] & END_STREAM)) or f[0] == GOAWAY
            )
            answer = connection.answer(1, 0)
            if not ended or (answer is not None and b'"kind":"Status"' not in answer):
                wrong[name] = (ended, answer)
            elif not soon(lambda: webhook.metric("kube_entra_requests_rejected_total") == before + 1):
                wrong[name] = "is not counted once"
    assert not wrong
    assert webhook.metric("kube_entra_token_reviews_total") == judged


def test_a_malformed_request_leaves_the_others_alone(webhook):
    """An error of one stream ends that stream (RFC 9113 section 5.4.2)."""
    with Connection(webhook) as connection:
        connection.send(opened(1))
        connection.send(request(3, BODY, [(":method", "GET")] + REQUEST))
        assert connection.wait(lambda f: f[0] == RST_STREAM)[2] == 3
        connection.send(frame(DATA, END_STREAM, 1, BODY) + request(5, BODY))
        assert b"TokenReview" in connection.answer(1) and b"TokenReview" in connection.answer(5)
        assert not connection.kinds(GOAWAY)


@pytest.mark.parametrize(
    "preface",
    [
        b"",
        b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" + b"\0" * 30,
        PREFACE[:-1] + b"x" + b"\0" * 30,
        b"\0" * 100,
        PREFACE[:10],
    ],
    ids=["none", "HTTP/1.1", "nearly", "zeros", "half"],
)
def test_a_wrong_preface_ends_the_connection(webhook, preface):
    with Connection(webhook, settings=None, preface=preface) as connection:
        connection.send(b"\0" * 50)
        assert connection.closed.wait(5)
        assert connection.answer(1, 0) is None


def test_frames_on_closed_streams(webhook):
    """A client that does not know of the end yet may send some; the connection continues."""
    with Connection(webhook) as connection:
        connection.send(request(1, BODY))
        assert b"TokenReview" in connection.answer(1)
        connection.send(window(1, 100) + frame(RST_STREAM, 0, 1, CANCEL) + frame(PRIORITY, 0, 1, b"\0\0\0\0\1"))
        connection.send(request(3, BODY))
        assert b"TokenReview" in connection.answer(3)


def test_more_streams_than_allowed(webhook):
    """The newest one is refused, in the way that clients may send it again; the others are served."""
    rejected = webhook.metric("kube_entra_requests_rejected_total", cause="stream_limit")
    with Connection(webhook) as connection:
        settings = connection.wait(lambda f: f[0] == SETTINGS and not f[1] & ACK)
        assert struct.pack(">HI", 3, 250) in settings[3]
        connection.send(b"".join(opened(2 * i + 1) for i in range(251)))
        assert connection.wait(lambda f: f[0] == RST_STREAM)[2:] == (501, struct.pack(">I", 7))
        connection.send(b"".join(frame(DATA, END_STREAM, 2 * i + 1, BODY) for i in range(250)))
        assert all(b"TokenReview" in (connection.answer(2 * i + 1) or b"") for i in range(250))
        connection.send(request(503, BODY))
        assert b"TokenReview" in connection.answer(503)
    assert webhook.metric("kube_entra_requests_rejected_total", cause="stream_limit") == rejected + 1


def test_a_window_of_nothing(webhook):
    """A client that reads no answer is disconnected at its deadline, and does not delay others."""
    with Connection(webhook, settings=struct.pack(">HI", 4, 0)) as connection:
        connection.send(b"".join(request(2 * i + 1, BODY) for i in range(200)))
        assert connection.wait(lambda f: f[0] == HEADERS and f[2] == 399)
        assert not connection.kinds(DATA)
        connection.send(b"".join(window(2 * i + 1, 10_000) for i in range(200)))
        assert all(b"TokenReview" in connection.answer(2 * i + 1) for i in range(200))


def test_a_tiny_window_delays_the_answer_and_nothing_else(webhook):
    with Connection(webhook, settings=struct.pack(">HI", 4, 1)) as connection:
        connection.send(request(1, BODY))
        for _ in range(150):
            connection.send(window(1, 1))
        assert connection.wait(lambda f: f[0] == DATA)
        connection.send(window(1, 10_000))
        assert b"TokenReview" in connection.answer(1)


def test_a_request_in_pieces(webhook):
    """Split over CONTINUATION frames, padded, byte by byte, with trailers: all of it is allowed."""
    with Connection(webhook) as connection:
        data = (
            frame(HEADERS, WITH_PRIORITY | PADDED, 1, b"\4" + b"\0\0\0\0\1" + HEAD[:10] + b"\0" * 4)
            + frame(CONTINUATION, 0, 1, HEAD[10:20])
            + frame(CONTINUATION, END_HEADERS, 1, HEAD[20:])
            + frame(DATA, PADDED, 1, b"\2" + BODY[:5] + b"\0\0")
            + frame(DATA, 0, 1, BODY[5:])
            + frame(HEADERS, END_HEADERS | END_STREAM, 1, literal("x", "y"))
        )
        for byte in data:
            connection.send(bytes([byte]))
        assert b"TokenReview" in connection.answer(1)
        connection.send(frame(PING, 0, 0, b"12345678"))
        assert connection.wait(lambda f: f[0] == PING and f[1] == ACK)[3] == b"12345678"


def test_the_end_of_a_connection_is_said(webhook):
    connection = Connection(webhook)
    connection.send(request(1, BODY))
    assert connection.answer(1)
    connection.send(frame(GOAWAY, 0, 0, b"\0" * 8))
    connection.close()
    end = time.time() + 5
    while webhook.metric("kube_entra_connections") > 1 and time.time() < end:
        time.sleep(0.05)
    assert webhook.metric("kube_entra_connections") <= 1
