"""Access reviews are shed last: when token reviews hold all connections, a newcomer may still ask access reviews."""

import json

import pytest
from access_reviews import body
from connections import HEAD, PLAIN, answer, rejected, rest, secure
from http2 import HEADERS, REQUEST, Connection, request
from webhook import review_body, wait_for

REVIEW = json.dumps(body()).encode()
ACCESS = HEAD.replace(b"/authenticate", b"/authorize") % len(REVIEW) + REVIEW
ACCESS_FIELDS = [(name, "/authorize" if name == ":path" else value) for name, value in REQUEST]


def full(webhook, number, source="127.0.0.1"):
    kept = [secure(webhook, source) for _ in range(number)]
    # A client is through its handshake before the server is; an answer shows that both are.
    assert all(answer(connection).startswith(b"HTTP/1.1 200") for connection in kept)
    return kept


def refused(received):
    head, _, status = received.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 503") and b"\r\nretry-after: 1" in head and b"\r\nconnection: close" in head, head
    status = json.loads(status)
    return status["kind"] == "Status" and status["code"] == 503


def test_a_newcomer_may_ask_access_reviews(limited):
    webhook = limited(connections=8)
    kept = full(webhook, 8)
    with secure(webhook) as newcomer:
        for _ in range(3):
            assert b'"allowed":false' in answer(newcomer, ACCESS)
        assert refused(answer(newcomer, PLAIN) + rest(newcomer))
    assert rejected(webhook, "connection_limit") == 1
    assert all(answer(connection).startswith(b"HTTP/1.1 200") for connection in kept)


def test_a_token_review_of_a_newcomer_is_refused_until_a_place_is_free(limited):
    webhook = limited(connections=8)
    kept = full(webhook, 8)
    with secure(webhook) as newcomer:
        assert refused(answer(newcomer, PLAIN) + rest(newcomer))
    with secure(webhook) as newcomer:
        assert b'"allowed":false' in answer(newcomer, ACCESS)
        kept.pop().close()
        wait_for(lambda: webhook.metric("kube_entra_connections") == 8)
        assert answer(newcomer).startswith(b"HTTP/1.1 200")
        # Its place is an ordinary one now.
        with secure(webhook) as next_one:
            assert refused(answer(next_one, PLAIN) + rest(next_one))
        assert answer(newcomer).startswith(b"HTTP/1.1 200")


def test_the_same_over_http2(limited):
    webhook = limited(connections=8)
    kept = full(webhook, 8)
    with Connection(webhook) as newcomer:
        newcomer.send(request(1, REVIEW, ACCESS_FIELDS))
        assert b'"allowed":false' in newcomer.answer(1)
        newcomer.send(request(3, review_body("x").encode()))
        assert b'"code":503' in newcomer.answer(3)
        # HPACK: name 53 of the static table, and "1" in Huffman code (RFC 7541, appendices A and B).
        assert b"\x75\x81\x0f" in newcomer.wait(lambda f: f[0] == HEADERS and f[2] == 3)[3]
        assert newcomer.wait(lambda f: f[0] == 7, 60), "no GOAWAY"
        assert newcomer.closed.wait(60)
    assert all(answer(connection).startswith(b"HTTP/1.1 200") for connection in kept)


def test_a_newcomer_that_asks_nothing_makes_room_for_the_next(limited):
    webhook = limited(connections=8)
    kept = full(webhook, 8)
    asking = secure(webhook)
    assert b'"allowed":false' in answer(asking, ACCESS)
    idle = secure(webhook)
    wait_for(lambda: webhook.metric("kube_entra_connections") == 10)
    with secure(webhook) as newcomer:
        assert b'"allowed":false' in answer(newcomer, ACCESS)
        assert rest(idle) == b""
        assert rejected(webhook, "connection_limit") >= 1
        # Both places of access reviews are in use: the next is refused before its handshake.
        with pytest.raises(OSError):
            secure(webhook).recv(1)
        assert b'"allowed":false' in answer(asking, ACCESS) and b'"allowed":false' in answer(newcomer, ACCESS)
    assert all(answer(connection).startswith(b"HTTP/1.1 200") for connection in kept)


@pytest.mark.parametrize("protocol", ["http/1.1", "h2"])
def test_a_newcomer_that_asks_nothing_does_not_stay(limited, protocol):
    webhook = limited(connections=8, idleTimeout="1h", handshakeTimeout="1h")
    kept = full(webhook, 8)
    if protocol == "h2":
        with Connection(webhook) as newcomer:
            assert newcomer.closed.wait(60)
    else:
        with secure(webhook) as newcomer:
            newcomer.settimeout(60)
            newcomer.sendall(PLAIN[:30])
            assert rest(newcomer) == b""
    assert rejected(webhook, "connection_limit") == 1
    assert all(answer(connection).startswith(b"HTTP/1.1 200") for connection in kept)


def test_a_share_of_one_peer_has_a_quarter_more_too(limited):
    webhook = limited(connections=80, connectionsPerPeer=8)
    kept = full(webhook, 8)
    asking = [secure(webhook) for _ in range(2)]
    for connection in asking:
        assert b'"allowed":false' in answer(connection, ACCESS)
    with pytest.raises(OSError):
        secure(webhook).recv(1)
    assert rejected(webhook, "peer_connection_limit") == 1
    # Another peer is not concerned.
    kept += full(webhook, 8, "127.0.0.2")
    for connection in kept + asking:
        connection.close()
