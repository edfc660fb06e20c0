"""Large access reviews whose clients are slow or leave: what they held is given back, and others are answered."""

import contextlib
import socket
import ssl
import struct
import time

import pytest
from access_reviews import OTHER, ask, extra, selector_of, why
from webhook import Webhook, configuration, wait_for

# Of these, few are enough to fill a memory budget that is not given back.
BUDGET = 8 << 20
CLIENTS = 400


@pytest.fixture
def start(certificates, entra):
    """Starts a server with that `requestTimeout`."""
    entra.write_key_file(certificates.path("keys.json"))
    servers = []

    def started(time_for_requests):
        config = configuration(denied=[{"objectID": OTHER, "reason": "hidden"}])
        config["limits"] = {"requestTimeout": time_for_requests, "bytesInFlight": BUDGET, "bodyBytes": 1 << 20}
        servers.append(Webhook(certificates, config, name="abandoned-authorize.yaml").start())
        return servers[-1]

    yield started
    for server in servers:
        server.stop()


@pytest.fixture(scope="module")
def review():
    return selector_of(20).encode()


def opened(server):
    plain = socket.create_connection(("127.0.0.1", server.port), timeout=60)
    return server.context().wrap_socket(plain, server_hostname="127.0.0.1")


def head(framing):
    return f"POST /authorize HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n{framing}\r\n\r\n".encode()


def leave(connection):
    """A reset, as of a process that was killed."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def answers_as_before(server):
    assert why(ask(server)) is None
    assert why(ask(server, extra=extra(oid=[OTHER]))) == "principal_denied"
    assert server.metric("kube_entra_requests_rejected_total", cause="bytes_in_flight") == 0, server.log()


@pytest.mark.parametrize("way", ["with a length", "chunked"])
def test_clients_that_leave_midway_give_back_what_they_held(start, review, way):
    server = start("300s")
    part = review[: 100 << 10]
    if way == "chunked":
        sent = head("Transfer-Encoding: chunked") + f"{len(review):x}\r\n".encode() + part
    else:
        sent = head(f"Content-Length: {len(review)}") + part
    for number in range(CLIENTS):
        connection = opened(server)
        connection.sendall(sent)
        leave(connection)
        if number % 50 == 0:
            answers_as_before(server)
    wait_for(lambda: server.metric("kube_entra_connections") <= 2, timeout=60)
    answers_as_before(server)


def test_slow_senders_are_ended_and_keep_nobody_waiting(start, review):
    server = start("5s")
    slow = [opened(server) for _ in range(16)]
    for connection in slow:
        connection.sendall(head(f"Content-Length: {len(review)}") + review[: 100 << 10])
    begin, place = time.monotonic(), 100 << 10
    ended = set()
    while len(ended) < len(slow):
        assert time.monotonic() - begin < 120, "a slow sender is not ended"
        answers_as_before(server)
        for number, connection in enumerate(slow):
            if number in ended:
                continue
            connection.settimeout(0.01)
            with contextlib.suppress(TimeoutError, ssl.SSLWantReadError):
                try:
                    connection.sendall(review[place : place + 10])
                    if connection.recv(4096).startswith((b"HTTP/1.1 408", b"")):
                        ended.add(number)
                except (ConnectionError, ssl.SSLError, OSError) as error:
                    if isinstance(error, TimeoutError):
                        raise
                    ended.add(number)
        place += 10
    assert server.metric("kube_entra_requests_rejected_total", cause="request_timeout") == len(slow)
    for connection in slow:
        connection.close()
    answers_as_before(server)
