"""Each time of the configuration, exceeded: what takes longer is ended and counted, others continue."""

import struct
import threading
import time

import pytest
from connections import BODY, HEAD, PLAIN, answer, plain, rejected, rest, secure
from http2 import (
    DATA,
    END_HEADERS,
    GOAWAY,
    HEADERS,
    PREFACE,
    REQUEST,
    RST_STREAM,
    SETTINGS,
    Connection,
    block,
    frame,
    request,
)
from webhook import Webhook, configuration, reason, wait_for


def test_a_handshake_past_its_time_is_closed(limited):
    webhook = limited(handshakeTimeout="1s")
    begin = time.time()
    with plain(webhook) as silent, plain(webhook) as stalled:
        stalled.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01")
        assert rest(silent) == rest(stalled) == b""
        assert 0.9 < time.time() - begin < 9
    assert rejected(webhook, "tls_handshake_timeout", 2) == 2


@pytest.mark.parametrize(
    "sent",
    [b"P", b"POST /authenticate HTTP/1.1\r\nHost: a\r\n", HEAD % 100, HEAD % 100 + b"{"],
    ids=["first byte", "headers", "before the body", "body"],
)
def test_a_request_past_its_time_is_answered_408(limited, sent):
    webhook = limited(requestTimeout="1s", idleTimeout="30s")
    begin = time.time()
    with secure(webhook) as connection:
        assert answer(connection).startswith(b"HTTP/1.1 200")
        connection.sendall(sent)
        received = rest(connection)
    assert received.startswith(b"HTTP/1.1 408") and b"connection: close" in received
    assert 0.9 < time.time() - begin < 9
    assert rejected(webhook, "request_timeout") == 1


def test_request_time_of_a_client_that_sends_a_byte_now_and_then(limited):
    webhook = limited(requestTimeout="1s")
    begin = time.time()
    with secure(webhook) as connection:
        connection.settimeout(0.1)
        received = b""
        for byte in PLAIN:
            try:
                connection.sendall(bytes([byte]))
                received = connection.recv(65536)
                break
            except TimeoutError:
                continue
    assert received.startswith(b"HTTP/1.1 408") and time.time() - begin < 9


def test_request_time_of_a_stream(limited):
    webhook = limited(requestTimeout="1s")
    with Connection(webhook) as connection:
        connection.send(frame(HEADERS, END_HEADERS, 1, block(REQUEST)) + frame(DATA, 0, 1, b"{"))
        assert b'"code":408' in connection.answer(1)
        connection.send(request(3, BODY))
        assert b"TokenReview" in connection.answer(3)
    assert rejected(webhook, "request_timeout") == 1


@pytest.mark.parametrize(
    "preface,sent",
    [
        (PREFACE[:5], b""),
        (PREFACE, b""),
        (PREFACE + frame(SETTINGS, 0, 0), frame(HEADERS, END_HEADERS, 1, block(REQUEST))[:20]),
        (PREFACE + frame(SETTINGS, 0, 0), frame(HEADERS, 0, 1, block(REQUEST))),
        (PREFACE + frame(SETTINGS, 0, 0), request(1, BODY) + b"\0"),
    ],
    ids=["part of the preface", "preface", "part of a frame", "head without its end", "a byte after a request"],
)
def test_what_is_not_finished_over_http2_ends_at_the_request_time(limited, preface, sent):
    webhook = limited(requestTimeout="1s", idleTimeout="10m")
    begin = time.time()
    with Connection(webhook) as quiet:
        unfinished = [Connection(webhook, settings=None, preface=preface + sent) for _ in range(20)]
        for connection in unfinished:
            assert connection.closed.wait(60), "still open"
            assert connection.kinds(GOAWAY), connection.frames
            assert not sent.startswith(request(1, BODY)) or b"TokenReview" in connection.answer(1)
            connection.close()
        assert time.time() - begin > 0.9
        assert rejected(webhook, "request_timeout", 20) == 20
        wait_for(lambda: webhook.metric("kube_entra_connections") == 1)
        # A connection that owes nothing stays.
        quiet.send(request(1, BODY))
        assert b"TokenReview" in quiet.answer(1)
    assert webhook.metric("kube_entra_requests_rejected_total", cause="idle_timeout") == 0


def test_time_to_take_the_answer(limited):
    """One stream's window stays closed; the connection and its other streams continue."""
    webhook = limited(requestTimeout="1s")
    with Connection(webhook, settings=struct.pack(">HI", 4, 0)) as connection:
        connection.send(request(1, BODY))
        assert connection.wait(lambda f: f[0] == RST_STREAM and f[2] == 1)
        connection.send(request(3, BODY) + frame(8, 0, 3, struct.pack(">I", 9000)))
        assert b"TokenReview" in connection.answer(3)
    assert rejected(webhook, "answer_timeout") == 1


@pytest.mark.parametrize("protocol", ["http/1.1", "h2"])
def test_an_idle_connection_past_its_time_is_closed(limited, protocol):
    webhook = limited(idleTimeout="1s")
    begin = time.time()
    if protocol == "h2":
        with Connection(webhook) as connection:
            assert connection.wait(lambda f: f[0] == 7, 60), "no GOAWAY"
    else:
        with secure(webhook) as connection:
            assert answer(connection).startswith(b"HTTP/1.1 200")
            assert rest(connection) == b""
    assert 0.9 < time.time() - begin < 100
    assert rejected(webhook, "idle_timeout") == 1


def test_a_review_past_its_deadline_is_answered(certificates, entra):
    """An answer that waits for keys comes at the deadline, as a no."""

    over = threading.Event()

    def stall(handler, path):
        over.wait(60)
        return False

    entra.start()
    try:
        config = configuration(
            authority=entra.authority, authorityCA="ca.crt", signingKeys={"unknownKeyRefreshInterval": "1s"}
        )
        config["limits"] = {"reviewDeadline": "1s"}
        webhook = Webhook(certificates, config, name="review-time.yaml").start()
        token = entra.token()
        assert reason(webhook.review(token)) == "accepted"
        entra.fault = stall
        time.sleep(1.2)
        before = webhook.metric("kube_entra_token_reviews_total", reason="key_not_found")
        begin = time.time()
        assert reason(webhook.review(entra.token(header={"kid": "unknown"}))) == "key_not_found"
        assert 0.8 < time.time() - begin < 30, "waited for the fetch"
        assert webhook.metric("kube_entra_token_reviews_total", reason="key_not_found") == before + 1
        webhook.stop()
    finally:
        over.set()
        entra.fault = None
        entra.stop()
        entra.authority = None
