"""Each number and size of the configuration, exceeded: what is too much is rejected and counted, others continue."""

import contextlib
import json
import os
import select
import socket
import ssl
import struct
import time

import pytest
from access_reviews import body
from connections import BODY, HEAD, PLAIN, answer, plain, rejected, rest, secure
from http2 import (
    DATA,
    END_HEADERS,
    END_STREAM,
    HEADERS,
    REQUEST,
    RST_STREAM,
    Connection,
    block,
    frame,
    request,
)
from webhook import Webhook, configuration, reason, review_body, wait_for


def test_a_connection_past_the_limit_is_closed(limited):
    webhook = limited(connections=5)
    kept = [secure(webhook) for _ in range(5)]
    # A client is through its handshake before the server is; an answer shows that both are.
    assert all(answer(connection).startswith(b"HTTP/1.1 200") for connection in kept)
    for _ in range(3):
        with plain(webhook) as late:  # The newest is closed at once.
            assert rest(late) == b""
    assert rejected(webhook, "connection_limit", 3) == 3
    assert webhook.metric("kube_entra_connections") == 5
    assert all(answer(connection).startswith(b"HTTP/1.1 200") for connection in kept)
    kept.pop().close()
    end = time.time() + 3
    while webhook.metric("kube_entra_connections") > 4 and time.time() < end:
        time.sleep(0.02)
    assert answer(secure(webhook)).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize(
    "limits,mine",
    [(dict(connections=80), 60), (dict(connections=80, connectionsPerPeer=3), 3)],
    ids=["three quarters", "as configured"],
)
def test_connections_of_one_peer(limited, limits, mine):
    webhook = limited(**limits)
    kept = [secure(webhook) for _ in range(mine)]
    assert all(answer(connection).startswith(b"HTTP/1.1 200") for connection in kept)
    with plain(webhook) as late:
        assert rest(late) == b""
    assert rejected(webhook, "peer_connection_limit") == 1
    # Another peer is served all the same.
    with secure(webhook, source="127.0.0.2") as other:
        assert answer(other).startswith(b"HTTP/1.1 200")
    for connection in kept:
        connection.close()


@pytest.mark.parametrize("protocol", ["http/1.1", "h2"])
def test_connections_of_access_reviews_take_no_place_from_token_reviews(limited, protocol):
    webhook = limited(connections=4)
    review = json.dumps(body()).encode()
    if protocol == "h2":
        access = Connection(webhook)
        fields = [(name, "/authorize" if name == ":path" else value) for name, value in REQUEST]
        access.send(request(1, review, fields))
        assert b'"allowed":false' in access.answer(1)
    else:
        access = secure(webhook)
        question = HEAD.replace(b"/authenticate", b"/authorize") % len(review) + review
        assert b'"allowed":false' in answer(access, question)
    kept = [secure(webhook) for _ in range(4)]
    assert all(answer(connection).startswith(b"HTTP/1.1 200") for connection in kept)
    with plain(webhook) as late:
        assert rest(late) == b""
    assert webhook.metric("kube_entra_connections") == 5
    if protocol == "h2":
        return
    # With a token review it is one of the others, and their places are taken although one has gone.
    assert answer(access).startswith(b"HTTP/1.1 200")
    kept.pop().close()
    wait_for(lambda: webhook.metric("kube_entra_connections") == 4)
    before = rejected(webhook, "connection_limit")
    with plain(webhook) as late:
        assert rest(late) == b""
    assert rejected(webhook, "connection_limit", before + 1) == before + 1


def test_large_access_reviews_leave_room_for_small_ones(limited):
    """Whoever may make large ones must not keep the kill switch from being asked about somebody else."""
    webhook = limited(bytesInFlight=1 << 20)
    review = json.dumps(body()).encode()
    review += b" " * (60_000 - len(review))
    question = HEAD.replace(b"/authenticate", b"/authorize")
    held = [secure(webhook) for _ in range(3)]
    # Groups are kept, because the answer depends on them.
    large = b'{"spec":{"groups":["'
    for connection in held:
        connection.sendall(question % 120_000 + large + b"x" * (119_000 - len(large)))
    # One of them is half of a quarter. Where all three arrive in turns, none of them finds room.
    assert rejected(webhook, "bytes_in_flight", 2) in (2, 3)
    for _ in range(3):
        with secure(webhook) as small:
            assert b'"allowed":false' in answer(small, question % len(review) + review)


def test_more_than_the_system_gives(certificates, entra):
    """Without free file descriptors, the newest connection waits or is closed, and nothing else ends."""
    entra.write_key_file(certificates.path("keys.json"))
    config = configuration()
    config["limits"] = dict.fromkeys(("handshakeTimeout", "requestTimeout", "idleTimeout"), "10m")
    webhook = Webhook(certificates, config, name="few-files.yaml")
    webhook.start(prefix=["prlimit", "--nofile=48:48"])
    kept = [secure(webhook) for _ in range(4)]
    half = review_body("a" * 800).encode()
    begun = secure(webhook)
    begun.sendall(HEAD % len(half) + half[:-1])
    streams = Connection(webhook)

    def assert_others_continue(stream):
        assert all(answer(connection).startswith(b"HTTP/1.1 200") for connection in kept)
        streams.send(request(stream, BODY))
        assert b"TokenReview" in streams.answer(stream)

    assert_others_continue(1)
    many = [plain(webhook) for _ in range(60)]
    wait_for(lambda: len(os.listdir(f"/proc/{webhook.process.pid}/fd")) == 48)
    # The kernel connected all of them; the program has no descriptor for some, which never see the server's hello.
    silent = set()
    for connection in many:
        connection.setblocking(False)
        tls = webhook.context().wrap_socket(connection, do_handshake_on_connect=False, server_hostname="127.0.0.1")
        with contextlib.suppress(ssl.SSLWantReadError):
            tls.do_handshake()
        silent.add(tls)
    many = list(silent)
    while heard := select.select(list(silent), [], [], 1)[0]:
        silent -= set(heard)
    assert 12 <= len(silent) < 60
    assert_others_continue(3)
    # Also what had only begun.
    assert answer(begun, half[-1:]).startswith(b"HTTP/1.1 200")
    for connection in many:
        connection.close()

    def is_served():
        try:
            return reason(webhook.review(entra.token())) == "accepted"
        except OSError:
            return False

    wait_for(is_served, timeout=60)
    assert_others_continue(5)
    webhook.stop()


def test_headers_past_their_size_are_refused(limited):
    webhook = limited(headerBytes=1000)
    with secure(webhook) as connection:
        assert answer(connection, b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"y" * 1100 + b"\r\n\r\n").startswith(
            b"HTTP/1.1 431"
        )
    assert rejected(webhook, "headers_too_large") == 1
    with secure(webhook) as connection:
        assert answer(connection, PLAIN.replace(b"Host: a", b"Host: a\r\nX: " + b"y" * 700)).startswith(b"HTTP/1.1 200")
    with Connection(webhook) as connection:
        connection.send(request(1, BODY, REQUEST + [("x", "y" * 1100)]))
        assert connection.wait(lambda f: f[0] in (3, 7)), connection.frames


def test_headers_past_their_number_are_refused(limited):
    webhook = limited()
    with secure(webhook) as connection:
        assert answer(connection, b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: y\r\n" * 101 + b"\r\n").startswith(
            b"HTTP/1.1 431"
        )
    assert rejected(webhook, "headers_too_large") == 1
    with secure(webhook) as connection:
        assert answer(connection, PLAIN.replace(b"Host: a", b"Host: a" + b"\r\nX: y" * 90)).startswith(b"HTTP/1.1 200")
    with Connection(webhook) as connection:
        connection.send(request(1, BODY, REQUEST + [("x", "y")] * 101))
        assert b'"code":431' in (connection.answer(1) or b""), connection.frames
    assert rejected(webhook, "headers_too_large", 2) == 2


@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
def test_a_body_past_its_size_is_refused(limited, entra, chunked):
    webhook = limited(bodyBytes=5000)
    big = b"x" * 6000
    with secure(webhook) as connection:
        if chunked:
            head = (HEAD % 0).replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")
            received = answer(connection, head + b"1770\r\n" + big + b"\r\n0\r\n\r\n")
        else:
            received = answer(connection, HEAD % len(big))
    assert received.startswith(b"HTTP/1.1 413")
    with Connection(webhook) as connection:
        connection.send(request(1, big))
        assert b'"code":413' in connection.answer(1)
        connection.send(request(3, BODY))
        assert b"TokenReview" in connection.answer(3)
    assert rejected(webhook, "body_too_large", 2) == 2
    assert reason(webhook.review(entra.token())) == "accepted"


@pytest.mark.parametrize("protocol", ["http/1.1", "h2"])
def test_bytes_in_flight_past_the_limit_are_refused(limited, protocol):
    """The newest body is rejected with 503 and Retry-After, which kube-apiserver retries; the earlier one continues."""
    webhook = limited(bytesInFlight=1500)
    body = review_body("a" * 800).encode()
    first = secure(webhook)
    first.sendall(HEAD % len(body) + body[:-1])
    time.sleep(0.3)
    if protocol == "h2":
        with Connection(webhook) as second:
            second.send(request(1, body))
            assert b'"code":503' in second.answer(1)
            # HPACK: name 53 of the static table, and "1" in Huffman code (RFC 7541, appendices A and B).
            assert b"\x75\x81\x0f" in second.wait(lambda f: f[0] == HEADERS)[3]
    else:
        with secure(webhook) as second:
            received = answer(second, HEAD % len(body) + body)
            head, object = received.split(b"\r\n\r\n", 1)
            assert head.startswith(b"HTTP/1.1 503") and b"\r\nretry-after: 1" in head
            assert json.loads(object)["code"] == 503
    assert rejected(webhook, "bytes_in_flight") == 1
    assert answer(first, body[-1:]).startswith(b"HTTP/1.1 200")
    with secure(webhook) as third:
        assert answer(third, HEAD % len(body) + body).startswith(b"HTTP/1.1 200")


def test_a_token_past_its_size_is_refused(limited, entra):
    webhook = limited(tokenBytes=2000)
    before = webhook.metric("kube_entra_token_reviews_total", reason="token_too_large")
    assert reason(webhook.review("a" * 2001)) == "foreign"
    assert webhook.metric("kube_entra_token_reviews_total", reason="token_too_large") == before + 1
    assert reason(webhook.review(entra.token())) == "accepted"


def test_streams_past_their_number_are_refused(limited):
    webhook = limited(streamsPerConnection=3)
    with Connection(webhook) as connection:
        connection.send(b"".join(frame(HEADERS, END_HEADERS, s, block(REQUEST)) for s in (1, 3, 5, 7)))
        assert connection.wait(lambda f: f[0] == RST_STREAM)[2:] == (7, struct.pack(">I", 7))
        connection.send(b"".join(frame(DATA, END_STREAM, s, BODY) for s in (1, 3, 5)))
        assert all(b"TokenReview" in connection.answer(s) for s in (1, 3, 5))
    assert rejected(webhook, "stream_limit") == 1


def test_operations_cannot_be_held_up(webhook):
    """Probes and scrapes work while somebody holds connections to the operations listener."""
    held = [socket.create_connection(("127.0.0.1", webhook.operations)) for _ in range(100)]
    for connection in held[:50]:
        try:
            connection.sendall(b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n")
        except OSError:
            pass
    time.sleep(0.3)
    assert webhook.get("/livez")[0] == 200
    for connection in held:
        connection.close()
