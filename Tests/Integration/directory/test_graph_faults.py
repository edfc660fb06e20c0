"""A Microsoft Graph that is broken, slow, hostile or unavailable, and the webhook's reaction."""

import os
import socket
import struct
import time
from email.utils import formatdate

import pytest
from entra import ADMINS, LEFT_OUT, OBJECT, PLAIN
from overage import OVERAGE, logged, object_id
from webhook import reason, wait_for

RESOLUTIONS = "kube_entra_group_resolutions_total"


def status(code, headers=None):
    return lambda handler, count: handler.answer(code, {}, headers) or True


def body(value):
    return lambda handler, count: handler.answer(200, value) or True


def reset(handler, count):
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.unwrap = None
    handler.connection.close()
    handler.close_connection = True
    return True


def drip(handler, count):
    handler.send_response(200)
    handler.send_header("Content-Length", "100000")
    handler.end_headers()
    for _ in range(25):
        handler.wfile.write(b" ")
        handler.wfile.flush()
        time.sleep(0.1)
    return True


# The fault, and a part of the line in the log.
FAULTS = {
    "401": (status(401), "does not accept the application's token"),
    "403": (status(403), "or Directory.Read.All, and admin consent"),
    "404": (status(404), "does not know the principal"),
    "410": (status(410), "status 410"),
    "500": (status(500), "status 500"),
    "429 for a minute": (status(429, {"Retry-After": "60"}), "wants no question for 60 s"),
    "429 until a time": (
        lambda handler, count: status(429, {"Retry-After": formatdate(time.time() + 85, usegmt=True)})(handler, count),
        "wants no question for 8",
    ),
    "429 and nothing more": (status(429), "wants no question for"),
    "a redirect": (status(307, {"Location": "https://localhost:1/"}), "redirects"),
    "an array": (body(b"[]"), "not what it should be"),
    "HTML": (body(b"<html>"), "not what it should be"),
    "half an answer": (body(b'{"value": ["'), "not what it should be"),
    "a member twice": (body(b'{"value": [], "value": []}'), "not what it should be"),
    "no value": (body({}), "not what it should be"),
    "groups that are none": (body({"value": ["x"]}), "not what it should be"),
    "groups that are numbers": (body({"value": [1]}), "not what it should be"),
    "a huge page": (body(b'{"value": [' + b" " * (5 << 20) + b"]}"), "too large"),
    "a slow answer": (lambda handler, count: time.sleep(3) or True, "within the time"),
    "byte after byte": (drip, "within the time"),
    "a reset": (reset, "connection ended"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_of_graph_denies_and_is_named(setting, entra, name):
    graph, make = setting
    graph.fault, sentence = FAULTS[name]
    webhook = make(timeout="1s")
    begin = time.time()
    assert reason(webhook.review(entra.token(**OVERAGE))) == "group_resolution_failed"
    assert time.time() - begin < 30
    assert reason(webhook.review(entra.token())) == "accepted"
    assert webhook.metric(RESOLUTIONS, result="failure") == 1
    assert logged(webhook, "groups could not be resolved")
    line = next(line for line in webhook.log().splitlines() if "groups could not be resolved" in line)
    assert sentence in line and OBJECT in line and graph.base in line
    assert ("GroupMember.Read.All" in line) == (name == "403")


def test_the_line_names_the_proxy_and_what_to_do(setting, entra):
    graph, make = setting
    webhook = make(env={**os.environ, "HTTPS_PROXY": "http://127.0.0.1:1"})
    assert reason(webhook.review(entra.token(**OVERAGE))) == "group_resolution_failed"
    assert logged(webhook, "groups could not be resolved")
    line = next(line for line in webhook.log().splitlines() if "groups could not be resolved" in line)
    assert "127.0.0.1:1 (from HTTPS_PROXY)" in line and "→ is the proxy the right one?" in line and graph.base in line


def test_the_line_names_the_file_and_what_to_do(setting, entra, certificates):
    graph, make = setting
    graph.lifetime = 1
    webhook = make()
    secret = certificates.path("secret")
    os.rename(secret, f"{secret}.away")
    try:
        assert reason(webhook.review(entra.token(**OVERAGE))) == "group_resolution_failed"
        assert logged(webhook, "groups could not be resolved")
        line = next(line for line in webhook.log().splitlines() if "groups could not be resolved" in line)
        assert f"directory.clientSecretFile: {secret}: there is no such file → " in line
    finally:
        os.rename(f"{secret}.away", secret)
    assert reason(webhook.review(entra.token(**OVERAGE))) == "accepted"


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/next",
        "https://localhost:1/next",
        "http://{host}/next",
        "https://{host}@evil.example/",
        "https://evil.example#{base}",
        "//{host}/next",
        "/v1.0/next?skip=100",
        "",
        7,
        None,
    ],
)
def test_a_next_link_that_leads_elsewhere(setting, entra, address):
    graph, make = setting
    if isinstance(address, str):
        address = address.format(host=graph.base.removeprefix("https://"), base=graph.base)
    graph.fault = body({"value": [ADMINS], "@odata.nextLink": address})
    webhook = make(groups="all")
    assert reason(webhook.review(entra.token(**OVERAGE))) == "group_resolution_failed"
    assert logged(webhook, "goes on at another host")
    assert len(graph.requests) == 1


def test_endless_pages_end_at_the_limit(setting, entra):
    graph, make = setting
    graph.page = lambda groups, offset: {"value": [PLAIN], "@odata.nextLink": f"{graph.base}/v1.0/next?skip=1"}
    webhook = make(groups="all", timeout="5s")
    assert reason(webhook.review(entra.token(**OVERAGE))) == "group_resolution_failed"
    assert len(graph.requests) <= 200
    seen = len(graph.requests)
    time.sleep(0.5)
    assert len(graph.requests) <= seen + 1, "still reading"


def test_pages_end_with_the_time_of_the_review(setting, entra):
    graph, make = setting
    pages = graph.page
    graph.page = lambda groups, offset: time.sleep(0.2) or pages(groups, offset)
    graph.page_size = 1
    graph.members[OBJECT] = {object_id(number) for number in range(100)}
    webhook = make(groups="all", timeout="1s")
    assert reason(webhook.review(entra.token(**OVERAGE))) == "group_resolution_failed"
    seen = len(graph.requests)
    time.sleep(1)
    assert len(graph.requests) <= seen + 1, "still reading"


def test_a_moment_of_trouble_is_ridden_out(setting, entra):
    graph, make = setting
    webhook = make()
    for number, fault in enumerate([status(503), status(500), reset, status(429, {"Retry-After": "1"})]):
        first = len(graph.requests) + 1
        graph.fault = lambda handler, count: count == first and fault(handler, count)
        begin = time.time()
        graph.members[object_id(number)] = {ADMINS}
        assert reason(webhook.review(entra.token(**OVERAGE, oid=object_id(number)))) == "accepted", webhook.log()
        assert len(graph.requests) == first + 1
    assert time.time() - begin >= 1, "Retry-After was not waited for"


def test_retry_after_is_for_everybody(setting, entra):
    graph, make = setting
    webhook = make()
    graph.fault = status(429, {"Retry-After": "8"})
    begin = time.time()
    assert reason(webhook.review(entra.token(**OVERAGE))) == "group_resolution_failed"
    assert time.time() - begin < 8, "waited for the end of the pause"
    graph.fault = None
    for _ in range(20):
        said = reason(webhook.review(entra.token(**OVERAGE, oid=object_id(1))))
        # On a busy machine the pause may be over already.
        assert said == "group_resolution_failed" or time.time() - begin > 8
    assert time.time() - begin > 8 or len(graph.requests) == 1
    wait_for(lambda: reason(webhook.review(entra.token(**OVERAGE))) == "accepted", timeout=60)
    assert time.time() - begin >= 8


def test_a_directory_that_keeps_failing_is_left_alone(setting, entra):
    graph, make = setting
    graph.fault = status(403)
    webhook = make()
    for number in range(20):
        assert reason(webhook.review(entra.token(**OVERAGE, oid=object_id(number)))) == "group_resolution_failed"
    assert len(graph.requests) == 5
    assert webhook.metric(RESOLUTIONS, result="failure") == 20
    graph.fault = None
    time.sleep(5.1)
    assert reason(webhook.review(entra.token(**OVERAGE))) == "accepted"
    assert reason(webhook.review(entra.token(**OVERAGE, uti="again"))) == "accepted"


def test_a_directory_that_forbids_applications_is_asked_about_users(setting, entra):
    graph, make = setting
    webhook = make(tenant={"subjects": ["user", "app"]})
    apps = {**OVERAGE, "idtyp": "app", "upn": LEFT_OUT, "scp": LEFT_OUT}
    graph.fault = lambda handler, count: "/servicePrincipals/" in handler.path and status(403)(handler, count)
    for number in range(8):
        assert reason(webhook.review(entra.token(**apps, oid=object_id(number)))) == "group_resolution_failed"
        assert reason(webhook.review(entra.token(**OVERAGE, uti=str(number)))) == "accepted"


def test_one_slow_principal_stops_nobody_else(setting, entra):
    graph, make = setting
    webhook = make(timeout="1s")
    graph.members[object_id(1)] = {ADMINS}
    graph.fault = lambda handler, count: object_id(7) in handler.path and (time.sleep(2) or True)
    end = time.time() + 11
    while time.time() < end:
        assert reason(webhook.review(entra.token(**OVERAGE, oid=object_id(7)))) == "group_resolution_failed"
        time.sleep(0.1)
    assert sum(object_id(7) in path for path, *_ in graph.requests) >= 5
    assert reason(webhook.review(entra.token(**OVERAGE, oid=object_id(1)))) == "accepted"


def test_principals_that_graph_does_not_know_stop_nobody_else(setting, entra):
    graph, make = setting
    webhook = make()
    for number in range(12):
        assert reason(webhook.review(entra.token(**OVERAGE, oid=object_id(number)))) == "group_resolution_failed"
    begin = time.time()
    for _ in range(20):
        webhook.review(entra.token(**OVERAGE, oid=object_id(11)))
    assert len(graph.requests) <= 13 + (time.time() - begin), "asked again and again"
    assert reason(webhook.review(entra.token(**OVERAGE))) == "accepted"
    time.sleep(1.1)
    graph.members[object_id(3)] = {ADMINS}
    assert reason(webhook.review(entra.token(**OVERAGE, oid=object_id(3)))) == "accepted"


def test_the_last_answer_is_used_while_it_is_young_enough(setting, entra):
    graph, make = setting
    webhook = make(cacheFor="1s", staleFor="3s")
    assert reason(webhook.review(entra.token(**OVERAGE))) == "accepted"
    begin = time.time()
    graph.fault = status(500)
    time.sleep(1.2)
    assert webhook.review(entra.token(**OVERAGE))["user"]["groups"] == ["kube-entra:cluster-admins", ADMINS]
    assert webhook.metric(RESOLUTIONS, result="stale") == 1
    assert logged(webhook, "lastKnownUsed=true")
    time.sleep(max(0, begin + 4.1 - time.time()))
    assert reason(webhook.review(entra.token(**OVERAGE))) == "group_resolution_failed"


@pytest.mark.parametrize("code", [400, 401, 403, 404])
def test_an_answer_about_the_principal_is_no_outage(setting, entra, code):
    """An earlier answer of Graph is no longer true, even if old answers are allowed; an outage does not restore it."""
    graph, make = setting
    webhook = make(cacheFor="1s", staleFor="1h")
    assert reason(webhook.review(entra.token(**OVERAGE))) == "accepted"
    for fault in (code, 500):
        graph.fault = status(fault)
        time.sleep(1.2)
        assert reason(webhook.review(entra.token(**OVERAGE))) == "group_resolution_failed"
    assert webhook.metric(RESOLUTIONS, result="stale") == 0


def test_emergency_access_comes_with_what_graph_says_and_without_it(setting, entra):
    graph, make = setting
    entry = {"objectID": OBJECT, "until": "2099-01-01T00:00:00Z", "kubernetesGroups": ["emergency"], "reason": "drill"}
    webhook = make(tenant={"emergencyAccess": [entry]}, cacheFor="1s")
    groups = webhook.review(entra.token(**OVERAGE))["user"]["groups"]
    assert groups == ["kube-entra:cluster-admins", "emergency", ADMINS]
    graph.fault = status(500)
    time.sleep(1.2)
    assert webhook.review(entra.token(**OVERAGE))["user"]["groups"] == ["emergency"]


def test_without_stale_for_old_answers_are_no_answers(setting, entra):
    graph, make = setting
    webhook = make(cacheFor="1s")
    assert reason(webhook.review(entra.token(**OVERAGE))) == "accepted"
    graph.fault = status(500)
    time.sleep(1.2)
    assert reason(webhook.review(entra.token(**OVERAGE))) == "group_resolution_failed"


def test_a_graph_that_is_not_there(setting, entra):
    graph, make = setting
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    webhook = make(graphEndpoint=f"https://localhost:{port}")
    begin = time.time()
    assert reason(webhook.review(entra.token(**OVERAGE))) == "group_resolution_failed"
    assert time.time() - begin < 30
    assert logged(webhook, "the connection was refused")


def test_a_graph_with_another_certificate(setting, entra):
    graph, make = setting
    webhook = make(graphCA="other-ca.crt")
    assert reason(webhook.review(entra.token(**OVERAGE))) == "group_resolution_failed"
    assert logged(webhook, "TLS failed")
    assert graph.requests == []
