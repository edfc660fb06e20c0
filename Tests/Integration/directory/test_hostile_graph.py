"""A Graph that means harm, or has gone mad, and a watch that keeps what it knows and goes on."""

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
            for _ in range(100):
                handler.wfile.write(b" " * (1 << 20))
        except OSError:
            handler.close_connection = True
        return True

    return answer


def redirect(handler, count):
    handler.answer(307, {}, {"Location": "http://127.0.0.1:1/"})
    return True


def parts(change):
    """The parts that a right answer would have, changed."""

    def answer(handler, count):
        if handler.path != "/v1.0/$batch":
            return False
        respond = handler.answer

        def changed(status, body, headers=None):
            # The connection and its handler serve further batches.
            del handler.answer
            respond(status, {"responses": change(body["responses"])} if "responses" in body else body, headers)

        handler.answer = changed
        return False

    return answer


def contradicted(one):
    return {"id": one["id"], "status": 404, "body": DELETED}


FAULTS = {
    "one byte a second": drip,
    "100 MB": huge(True),
    "100 MB without a length": huge(False),
    "a redirect to http": redirect,
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
    graph.fault = None
    eventually(lambda: groups(server, token) == [PLAIN])
