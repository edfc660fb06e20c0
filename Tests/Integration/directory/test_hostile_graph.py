"""A Graph that means harm, or has gone mad, and a watch that keeps what it knows and goes on."""

import socket
import time

import pytest
from entra import ADMINS, OBJECT, PLAIN
from overage import object_id
from watching import eventually, groups
from webhook import reason

ADMIN = "kube-entra:cluster-admins"
DELETED = {"error": {"code": "Request_ResourceNotFound", "message": "gone"}}


def drip(handler, count):
    """One byte a second, for as long as somebody listens."""
    handler.send_response(200)
    handler.send_header("Content-Length", "100000")
    handler.end_headers()
    try:
        for _ in range(60):
            handler.wfile.write(b" ")
            handler.wfile.flush()
            time.sleep(1)
    except OSError:
        pass
    return True


def huge(is_announced):
    """100 MB, announced or not."""

    def answer(handler, count):
        handler.send_response(200)
        if is_announced:
            handler.send_header("Content-Length", str(100 << 20))
        else:
            handler.send_header("Connection", "close")
            handler.close_connection = True
        handler.end_headers()
        try:
            handler.wfile.write(b'{"responses": [')
            for written in range(100):
                handler.wfile.write(b" " * (1 << 20))
                handler.server.taken = max(getattr(handler.server, "taken", 0), written)
        except OSError:
            handler.close_connection = True
        return True

    return answer


def parts(change, status=None, headers=None):
    """The parts that a right answer would have, changed, with another status and other header fields."""

    def answer(handler, count):
        if handler.path != "/v1.0/$batch":
            return False
        respond = handler.answer

        def changed(right, body, others=None):
            # The connection and its handler serve further batches.
            del handler.answer
            body = {"responses": change(body["responses"])} if "responses" in body else body
            respond(status or right, body, headers(handler.server) if headers else others)

        handler.answer = changed
        return False

    return answer


def contradicted(one):
    return {"id": one["id"], "status": 404, "body": DELETED}


def elsewhere(server):
    """Leads to a port that speaks no TLS."""
    if not hasattr(server, "elsewhere"):
        server.elsewhere = socket.create_server(("127.0.0.1", 0))
        server.elsewhere.setblocking(False)
    return {"Location": f"http://127.0.0.1:{server.elsewhere.getsockname()[1]}/v1.0/$batch"}


FAULTS = {
    "one byte a second": drip,
    "100 MB": huge(True),
    "100 MB without a length": huge(False),
    "a redirect to http, and everybody deleted": parts(
        lambda all: [contradicted(one) for one in all], status=307, headers=elsewhere
    ),
    "no part": parts(lambda all: []),
    "each part twice, the second one of a deleted account": parts(lambda all: all + [contradicted(one) for one in all]),
    "each part twice, the first one of a deleted account": parts(lambda all: [contradicted(one) for one in all] + all),
    "parts of questions that nobody asked": parts(
        lambda all: [{**contradicted(one), "id": str(int(one["id"]) + 20)} for one in all]
    ),
    "accounts of others": parts(
        lambda all: [
            {"id": one["id"], "status": 200, "body": {"id": object_id(9), "accountEnabled": False}} for one in all
        ]
    ),
    "numbers that are none": parts(lambda all: [{**contradicted(one), "id": f"{one['id']}e0"} for one in all]),
}


# Faults of the whole answer, which a line of the log names.
WHOLE_ANSWERS = [*FAULTS][:4]


@pytest.mark.parametrize("name", FAULTS)
def test_what_is_known_stays_and_the_watch_goes_on(watched, entra, name):
    graph, make = watched
    server = make(timeout="2s")
    token = entra.token()
    assert groups(server, token) == [ADMIN, PLAIN, ADMINS]
    graph.fault = FAULTS[name]
    # Somebody loses meanwhile, which no such answer says.
    graph.members[OBJECT] = {PLAIN}
    failures = server.metric("kube_entra_watch_questions_total", result="failure")
    eventually(lambda: server.metric("kube_entra_watch_questions_total", result="failure") >= failures + 6)
    assert groups(server, token) == [ADMIN, PLAIN, ADMINS]
    assert reason(server.review(entra.token(oid=object_id(5), uti="other"))) == "accepted"
    said = [line for line in server.log().splitlines() if "does not answer about watched principals" in line]
    assert all(graph.base in line for line in said) and (said or name not in WHOLE_ANSWERS)
    # Socket buffers hold a few megabytes.
    assert getattr(graph.server, "taken", 0) < 50
    if hasattr(graph.server, "elsewhere"):
        with graph.server.elsewhere, pytest.raises(BlockingIOError):
            graph.server.elsewhere.accept()
    graph.fault = None
    eventually(lambda: groups(server, token) == [PLAIN])
