"""Large reviews over HTTP/2 that are abandoned midway, again and again: what they held is given back each time, and
others are answered."""

import ctypes
import json
import socket
import struct
import threading
import time

import pytest
from access_reviews import ask, why
from http2 import (
    DATA,
    END_HEADERS,
    GOAWAY,
    HEADERS,
    REQUEST,
    RST_STREAM,
    WINDOW_UPDATE,
    Connection,
    block,
    frame,
    request,
)
from webhook import Webhook, configuration, reason, review_body, wait_for

MEGABYTE = 1 << 20
BUDGET = 8 * MEGABYTE
ROUNDS = 5
# What each stream sends before it is abandoned, and what its body begins with: token reviews are collected whole, of
# access reviews the groups are kept and the selector is dropped.
TOKEN = b'{"apiVersion":"authentication.k8s.io/v1","kind":"TokenReview","spec":{"token":"'
GROUPS = b'{"spec":{"groups":["'
SELECTOR = b'{"spec":{"resourceAttributes":{"labelSelector":{"rawSelector":"'
PARTS = {
    "/authenticate": [(TOKEN, 2 * MEGABYTE)] * 3 + [(TOKEN, 1000)] * 60,
    # Large ones may use an eighth of the budget.
    "/authorize": [(GROUPS, 7 * MEGABYTE // 8)] + [(SELECTOR, 2 * MEGABYTE)] * 2 + [(GROUPS, 1000)] * 60,
}


class Pouring(Connection):
    """Sends bodies as fast as the server's windows allow."""

    def __init__(self, webhook):
        super().__init__(webhook)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def begin(self, stream, path, length):
        fields = [(name, path if name == ":path" else value) for name, value in REQUEST]
        fields.append(("content-length", str(length)))
        self.send(frame(HEADERS, END_HEADERS, stream, block(fields)))
        self.sent = getattr(self, "sent", {0: 0}) | {stream: 0}

    def room(self, stream):
        updates = self.kinds(WINDOW_UPDATE)
        return min(
            65_535 + sum(int.from_bytes(f[3], "big") for f in updates if f[2] == one) - self.sent[one]
            for one in (0, stream)
        )

    def pour(self, stream, data):
        """False if the server has ended the stream or the connection."""
        for start in range(0, len(data), 16_384):
            part = data[start : start + 16_384]
            end = time.monotonic() + 120
            while self.room(stream) < len(part):
                assert time.monotonic() < end, "the window stays closed"
                if self.closed.is_set() or any(f[2] == stream and f[0] in (HEADERS, RST_STREAM) for f in self.frames):
                    return False
                with self.changed:
                    self.changed.wait(0.05)
            for one in (0, stream):
                self.sent[one] += len(part)
            if not self.send(frame(DATA, 0, stream, part)):
                return False
        return True


def streams_reset(connection, streams):
    """The connection goes on."""
    connection.send(b"".join(frame(RST_STREAM, 0, stream, struct.pack(">I", 8)) for stream in streams))
    connection.send(request(streams[-1] + 2, review_body("x").encode()))
    assert b"TokenReview" in connection.answer(streams[-1] + 2, 60)
    connection.close()


def goaway(connection, streams):
    connection.send(frame(GOAWAY, 0, 0, struct.pack(">II", 0, 0)))
    connection.close()


def tcp_reset(connection, streams):
    """connect(2) with AF_UNSPEC resets at once, although another thread waits for the socket."""
    assert ctypes.CDLL(None).connect(connection.socket.fileno(), bytes(16), 16) == 0
    connection.close()


def half_close(connection, streams):
    """The server ends what cannot become whole any more."""
    connection.socket.shutdown(1)
    assert connection.closed.wait(60)
    connection.close()


def silence(connection, streams):
    """requestTimeout ends each request."""
    for stream in streams:
        connection.answer(stream, 60)
        assert connection.closed.is_set() or connection.wait(lambda f, s=stream: f[2] == s and f[0] == HEADERS)
    connection.close()


@pytest.fixture
def start(certificates, entra):
    entra.write_key_file(certificates.path("keys.json"))
    servers = []

    def started(request_timeout):
        config = configuration()
        config["limits"] = {"requestTimeout": request_timeout, "bytesInFlight": BUDGET, "idleTimeout": "10m"}
        servers.append(Webhook(certificates, config, name="abandoned-streams.yaml").start())
        return servers[-1]

    yield started
    for server in servers:
        server.stop()


def rss(server):
    with open(f"/proc/{server.process.pid}/statm") as file:
        return int(file.read().split()[1]) * 4096


def refused(server):
    return server.metric("kube_entra_requests_rejected_total", cause="bytes_in_flight")


def hold(connection, path, parts, first=1):
    """Opens a stream for each part and sends it. The streams that the server has not ended."""
    streams = list(range(first, first + 2 * len(parts), 2))
    for stream in streams:
        connection.begin(stream, path, 3 * MEGABYTE)
    poured = [
        stream
        for stream, (beginning, size) in zip(streams, parts, strict=True)
        if connection.pour(stream, beginning + b"x" * (size - len(beginning)))
    ]
    return streams, poured


@pytest.mark.parametrize("path", PARTS)
@pytest.mark.parametrize("leave", [streams_reset, goaway, tcp_reset, half_close, silence])
def test_abandoned_streams_give_back_what_they_held(start, entra, path, leave):
    server = start("2s" if leave is silence else "300s")
    token = entra.token()
    for number in range(ROUNDS):
        with Pouring(server) as connection:
            streams, poured = hold(connection, path, PARTS[path])
            assert leave is silence or poured == streams
            # While all of it is held, others are answered.
            assert reason(server.review(token)) == "accepted"
            assert why(ask(server)) is None
            leave(connection, streams)
        wait_for(lambda: server.metric("kube_entra_connections") == 0, timeout=60)
        if number == 0:
            memory = rss(server)
    assert refused(server) == 0
    # As much as three rounds have held.
    assert rss(server) - memory < 18 * MEGABYTE
    if leave is silence:
        return
    # The whole budget is free again: so much fits into it, and a little more does not.
    size = BUDGET * 15 // 16 if path == "/authenticate" else BUDGET // 8 * 15 // 16
    beginning, count = (TOKEN, 5) if path == "/authenticate" else (GROUPS, 1)
    with Pouring(server) as connection:
        streams, poured = hold(connection, path, [(beginning, size // count)] * count)
        assert poured == streams and reason(server.review(token)) == "accepted" and refused(server) == 0
        more = streams[-1] + 2
        connection.begin(more, path, 3 * MEGABYTE)
        connection.pour(more, beginning + b"x" * (BUDGET // 16 if path == "/authorize" else BUDGET // 8))
        assert b'"code":503' in connection.answer(more, 60)
    assert refused(server) == 1


def test_many_clients_that_vanish_at_once(start, entra):
    """Together they hold more than the budget: some are refused meanwhile, and nothing is lost afterwards."""
    server = start("300s")
    token = entra.token()

    def client():
        for leave in (tcp_reset, goaway, tcp_reset):
            with Pouring(server) as connection:
                hold(connection, "/authenticate", [(TOKEN, MEGABYTE)] * 4)
                leave(connection, [])

    threads = [threading.Thread(target=client) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(300)
        assert not thread.is_alive()
    wait_for(lambda: server.metric("kube_entra_connections") == 0, timeout=60)
    assert reason(server.review(token)) == "accepted"
    before = refused(server)
    with Pouring(server) as connection:
        streams, poured = hold(connection, "/authenticate", [(TOKEN, BUDGET // 5 * 15 // 16)] * 5)
        assert poured == streams
        status, text = server.post(json.dumps({"kind": "TokenReview"}))
        assert status == 400, text
    assert refused(server) == before
