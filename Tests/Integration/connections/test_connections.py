"""Connections before their handshake: many of them lock nobody out and are cheap; HTTP/2 has room for bursts."""

import resource
import struct

import pytest
from connections import BODY, answer, plain, rejected, rest, secure
from http2 import DATA, END_HEADERS, HEADERS, REQUEST, WINDOW_UPDATE, Connection, block, frame, request
from webhook import wait_for

# What the server keeps at most of connections that have sent nothing, and of those in their handshake, with so few.
FEW = {"connections": 64}
BUDGET = 64
HELLO = b"\x16\x03\x01\x02\x00\x01\x00\x01"


@pytest.fixture(autouse=True)
def many_files():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.parametrize("sent", [b"", HELLO], ids=["bare", "handshake begun"])
def test_unfinished_handshakes_lock_nobody_out(limited, sent):
    """Two peers hold far more connections than allowed; a third peer, and one of the two, can still connect."""
    webhook = limited(**FEW)
    held = []
    for _ in range(3 * BUDGET):
        for peer in ("127.0.0.2", "127.0.0.3"):
            held.append(plain(webhook, peer))
            if sent:
                held[-1].sendall(sent)
    for peer in ["127.0.0.4", "127.0.0.2"] * 20:
        with secure(webhook, peer) as good:
            assert answer(good).startswith(b"HTTP/1.1 200")
    assert rejected(webhook, "handshake_limit", BUDGET) >= 4 * BUDGET
    assert webhook.metric("kube_entra_requests_rejected_total", cause="connection_limit") == 0
    assert webhook.metric("kube_entra_requests_rejected_total", cause="peer_connection_limit") == 0
    for connection in held:
        connection.close()


def test_thousands_of_bare_connections(limited):
    """The same with everything as it is by default: 6,000 of two peers, more than `limits.connections`."""
    webhook = limited()
    held = [plain(webhook, peer) for _ in range(3000) for peer in ("127.0.0.2", "127.0.0.3")]
    for peer in ["127.0.0.4", "127.0.0.3"] * 50:
        with secure(webhook, peer) as good:
            assert answer(good).startswith(b"HTTP/1.1 200")
    assert rejected(webhook, "handshake_limit", 4976) >= 4976
    for connection in held:
        connection.close()


def test_the_oldest_goes_and_the_newest_stays(limited):
    webhook = limited(**FEW)
    held = []
    for number in range(BUDGET):
        held.append(plain(webhook))
        # Event loops accept side by side: the first ones are waited for, so that their order is known.
        if number < 4 or number == BUDGET - 1:
            wait_for(lambda: webhook.metric("kube_entra_connections") == len(held))
    for number in range(3):
        held.append(plain(webhook))
        assert rest(held[number]) == b""
    assert rejected(webhook, "handshake_limit", 3) == 3
    wait_for(lambda: webhook.metric("kube_entra_connections") == BUDGET)
    for connection in held[3:]:
        connection.setblocking(False)
        with pytest.raises(BlockingIOError):
            connection.recv(1)
    for connection in held:
        connection.close()


def test_a_slow_handshake_survives_the_flood_of_another_peer(limited):
    webhook = limited(**FEW)
    slow = plain(webhook, "127.0.0.2")
    wait_for(lambda: webhook.metric("kube_entra_connections") == 1)
    held = [plain(webhook, "127.0.0.3") for _ in range(5 * BUDGET)]
    assert rejected(webhook, "handshake_limit", 4 * BUDGET) >= 4 * BUDGET
    with webhook.context().wrap_socket(slow, server_hostname="127.0.0.1") as good:
        assert answer(good).startswith(b"HTTP/1.1 200")
    for connection in held:
        connection.close()


def test_unfinished_handshakes_have_no_part_of_the_limit(limited):
    webhook = limited(connections=5)
    held = [plain(webhook) for _ in range(20)]
    kept = [secure(webhook) for _ in range(5)]
    assert all(answer(connection).startswith(b"HTTP/1.1 200") for connection in kept)
    for connection in held + kept:
        connection.close()


def memory(webhook):
    with open(f"/proc/{webhook.process.pid}/smaps_rollup") as file:
        return next(
            int(line.split()[1]) for line in file if line.startswith("Pss_Anon") or line.startswith("Anonymous")
        )


def test_a_bare_connection_costs_little(limited):
    """Pipeline and TLS session are made with the first byte: both together cost 45 to 60 KB."""
    webhook = limited()
    warm = [plain(webhook) for _ in range(50)]
    wait_for(lambda: webhook.metric("kube_entra_connections") == 50)
    before = memory(webhook)
    held = [plain(webhook) for _ in range(900)]
    wait_for(lambda: webhook.metric("kube_entra_connections") == 950)
    assert (memory(webhook) - before) / 900 < 16
    for connection in warm + held:
        connection.close()


def test_the_receive_window_of_a_connection(limited):
    """More than thirty reviews in flight: a megabyte and more is announced before anything was sent."""
    webhook = limited()
    with Connection(webhook) as connection:
        update = connection.wait(lambda f: f[0] == WINDOW_UPDATE and f[2] == 0)
        assert update and 65_535 + struct.unpack(">I", update[3])[0] >= 1 << 20
        # Unfinished bodies on many streams, together more than the window that HTTP/2 begins with.
        for stream in range(1, 81, 2):
            connection.send(frame(HEADERS, END_HEADERS, stream, block(REQUEST)))
            for _ in range(3):
                connection.send(frame(DATA, 0, stream, b" " * 16_000))
        connection.send(request(81, BODY))
        assert b"TokenReview" in connection.answer(81)
