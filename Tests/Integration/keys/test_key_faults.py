"""Every kind of wrong answer of an authority: the last good keys stay, and the log says why."""

import json
import os
import re
import time

import pytest
from entra import TENANT, Entra, Key, b64
from key_outages import BlackHole, causes, never, refreshes
from webhook import Webhook, configuration, reason, wait_for


def answer(*arguments, **keywords):
    def fault(handler, path):
        handler.answer(*arguments, **keywords)
        return True

    return fault


def on_keys(make):
    """A fault of the key set only."""

    def fault(handler, path):
        if path.endswith("/keys"):
            make(handler, path)
            return True

    return fault


def changed(**changes):
    def fault(handler, path):
        if path.endswith("configuration"):
            document = handler.entra.document(path)
            document.update(changes)
            handler.answer(200, json.dumps(document))
            return True

    return fault


def hang_up(handler, path):
    handler.close_connection = True
    handler.connection.close()
    return True


def one_byte_a_second(handler, path):
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    try:
        for _ in range(20):
            handler.wfile.write(b" ")
            time.sleep(1)
    except OSError:
        pass
    return True


def endless(announced):
    """100 MB, with its length in front or without."""

    def send(handler, path):
        try:
            handler.send_response(200)
            if announced:
                handler.send_header("Content-Length", "100000002")
            else:
                handler.send_header("Connection", "close")
            handler.end_headers()
            for _ in range(100):
                handler.wfile.write(b" " * 1_000_000)
        except OSError:
            pass
        handler.close_connection = True

    return on_keys(send)


def long_header(handler, path):
    try:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
        for _ in range(100):
            handler.wfile.write(b"x" * 100_000)
    except OSError:
        pass
    handler.close_connection = True
    return True


def key_set(*jwks):
    return on_keys(lambda handler, path: handler.answer(200, json.dumps({"keys": list(jwks)})))


def key_set_text(text):
    return on_keys(lambda handler, path: handler.answer(200, text))


def rsa(kid, bits=2048, exponent=b"\1\0\1"):
    return {"kty": "RSA", "use": "sig", "kid": kid, "n": b64(b"\xa5" * (bits // 8)), "e": b64(exponent)}


#: What is wrong, how it is done, and words of the log line that names the cause.
FAULTS = [
    ("404", answer(404, "{}"), "status 404"),
    ("500", answer(500, "oops"), "status 500"),
    ("empty", answer(200, ""), "not valid JSON"),
    ("HTML", answer(200, "<html>Sign in to the network</html>", content_type="text/html"), "not valid JSON"),
    ("cut off", answer(200, '{"issuer"', length=500), "ended before the answer was complete"),
    ("half a document", answer(200, '{"issuer":"https://'), "not valid JSON"),
    ("100 MB", endless(True), "too large"),
    ("100 MB without a length", endless(False), "too large"),
    ("an endless header", long_header, "too large"),
    ("one byte a second", one_byte_a_second, "too slowly"),
    ("no answer at all", never, "not complete within the time allowed"),
    ("redirect to another host", answer(302, "", headers={"Location": "https://evil.example/"}), "redirects elsewhere"),
    ("wrong issuer", changed(issuer="https://evil.example/"), "another issuer"),
    (
        "the template of an issuer",
        changed(issuer="https://login.microsoftonline.com/{tenantid}/v2.0"),
        "another issuer",
    ),
    ("foreign jwks_uri", changed(jwks_uri="https://evil.example/keys"), "not on the authority's own host"),
    ("jwks_uri of a look-alike", changed(jwks_uri="https://localhost.evil.example/keys"), "authority's own host"),
    ("jwks_uri with a user", changed(jwks_uri="https://localhost@evil.example/keys"), "authority's own host"),
    ("jwks_uri on another port", changed(jwks_uri="https://localhost:1/keys"), "authority's own host"),
    ("plain jwks_uri", changed(jwks_uri="http://localhost/keys"), "authority's own host"),
    ("no jwks_uri", changed(jwks_uri=None), "authority's own host"),
    ("hang up", hang_up, "ended before the answer was complete"),
    ("key set 404", on_keys(lambda handler, path: handler.answer(404, "{}")), "status 404"),
    ("no keys", key_set(), "the key set is empty"),
    ("no list of keys", key_set_text("{}"), "no list named keys"),
    ("duplicate members", key_set_text('{"keys":[],"keys":[]}'), "JSON"),
    ("duplicate members of a key", key_set_text('{"keys":[{"kty":"RSA","kid":"a","kid":"b"}]}'), "JSON"),
    ("something after the set", key_set_text('{"keys":[]} {}'), "JSON"),
    ("16384-bit modulus", key_set(rsa("long", 16_384)), "more than 4096 bits"),
    ("1024-bit modulus", key_set(rsa("short", 1024)), "less than 2048 bits"),
    ("exponent 1", key_set(rsa("one", exponent=b"\1")), "exponent"),
    ("exponent 3", key_set(rsa("three", exponent=b"\3")), "exponent"),
    ("an even exponent", key_set(rsa("even", exponent=b"\1\0\2")), "exponent"),
    ("a huge exponent", key_set(rsa("huge", exponent=b"\xa5" * 256)), "exponent"),
    ("10,000 keys", key_set_text('{"keys":[' + ",".join(['{"kty":"RSA"}'] * 10_000) + "]}"), "more than 1000 keys"),
    ("1,001 keys", key_set(*[rsa(f"k{number}") for number in range(1001)]), "more than 1000 keys"),
]


def rss(webhook):
    """Resident memory in MiB."""
    with open(f"/proc/{webhook.process.pid}/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def tenant_of(number):
    return f"22222222-0000-0000-0000-{number:012}"


@pytest.fixture(scope="module")
def struck(certificates, tmp_path_factory):
    """One webhook with a tenant for each fault; after a good start, all faults occur."""
    entra = Entra(str(tmp_path_factory.mktemp("struck")), certificates)
    entra.start()
    tenants = [tenant_of(number) for number in range(len(FAULTS))]
    config = configuration()
    config["tenants"] = [
        {
            **configuration(authority=entra.authority, authorityCA="ca.crt", signingKeys={"refreshEvery": "1s"})[
                "tenants"
            ][0],
            "tenantID": tenant,
        }
        for tenant in tenants
    ]
    webhook = Webhook(certificates, config, name="struck.yaml").start()
    for tenant in tenants:
        wait_for(lambda: refreshes(webhook, "success", tenant) >= 2, 20)
    faults = dict(zip(tenants, [case[1] for case in FAULTS]))
    entra.fault = lambda handler, path: faults.get(path.split("/")[1], lambda *_: False)(handler, path)
    for tenant in tenants:
        wait_for(lambda: refreshes(webhook, "failure", tenant) >= 1, 30)
    yield entra, webhook, faults
    webhook.stop()
    entra.stop()


@pytest.mark.parametrize("number", range(len(FAULTS)), ids=[case[0] for case in FAULTS])
def test_faults_leave_the_last_good_keys(struck, number):
    entra, webhook, _ = struck
    tenant, words = tenant_of(number), FAULTS[number][2]
    assert reason(webhook.review(entra.token(tenant=tenant))) == "accepted"
    assert reason(webhook.review(entra.token(tenant=tenant, version="2.0"))) == "accepted"
    assert webhook.metric("kube_entra_signing_keys", tenant=tenant) == 1
    lines = [line for line in causes(webhook, 0) if tenant in line]
    assert lines
    for line in lines:
        assert re.search(r'cause="[^"]*' + words, line), line
    # The fault may have struck between the one version and the other; later there is nothing new any more.
    assert "the last known good keys stay" in lines[-1] or (len(lines) == 1 and "some are new" in lines[0])


def test_no_fault_makes_memory_grow_or_lasts(struck):
    entra, webhook, faults = struck
    assert webhook.get("/readyz")[0] == 200
    sample = tenant_of(0)
    counts = refreshes(webhook, "failure", sample)
    memory = rss(webhook)
    wait_for(lambda: refreshes(webhook, "failure", sample) >= counts + 5, 30)
    assert rss(webhook) < memory + 16, (memory, rss(webhook))
    successes = {tenant: refreshes(webhook, "success", tenant) for tenant in faults}
    faults_before = dict(faults)
    faults.clear()
    for tenant in faults_before:
        wait_for(lambda: refreshes(webhook, "success", tenant) > successes[tenant], 30)


def test_a_bad_key_leaves_the_rest_of_the_set(online):
    entra, make = online
    good = entra.keys[0]
    bad = [
        rsa("long", 16_384),
        rsa("one", exponent=b"\1"),
        rsa("three", exponent=b"\3"),
        rsa("short", 1024),
        {"kty": "EC", "crv": "P-256", "kid": "curve", "x": "AQAB", "y": "AQAB"},
        {"kty": "oct", "kid": "mac", "k": "AQAB"},
        {**rsa("sealed"), "use": "enc"},
        {**rsa("other"), "alg": "RS512"},
        {"kid": "nothing"},
        "text",
        None,
        7,
        {**rsa("elsewhere"), "cloud_instance_name": "microsoftonline.us"},
        {**rsa("theirs"), "issuer": "https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0"},
    ]
    entra.fault = key_set(*bad, good.jwk(), good.jwk())
    webhook = make()
    assert webhook.metric("kube_entra_signing_keys", tenant=TENANT) == 1
    assert refreshes(webhook, "success") == 1
    assert reason(webhook.review(entra.token())) == "accepted"
    for kid in ["long", "one", "three", "elsewhere"]:
        assert reason(webhook.review(entra.token(header={"kid": kid}))) == "key_not_found"
    lines = [line for line in webhook.log().splitlines() if "some signing keys cannot be used" in line]
    assert len(lines) == 1
    assert "long has more than 4096 bits" in lines[0] and "three has an exponent" in lines[0]


def test_different_keys_under_one_id_are_both_tried(online):
    entra, make = online
    first, second = entra.keys[0], Key()
    entra.fault = key_set(first.jwk(), second.jwk(kid=first.kid))
    webhook = make()
    for key in [first, second]:
        assert reason(webhook.review(entra.token(header={"kid": first.kid}, key=key))) == "accepted"
    assert reason(webhook.review(entra.token(header={"kid": first.kid}, key=Key()))) == "signature_invalid"
    assert webhook.metric("kube_entra_signing_keys", tenant=TENANT) == 1


def test_a_thousand_keys_are_taken(online):
    entra, make = online
    # Ordinary numbers, but of nobody's keys; odd, so that they are moduli.
    filler = [{**rsa(f"k{number}"), "n": b64(b"\xa5" + os.urandom(254) + b"\1")} for number in range(999)]
    entra.fault = key_set(*filler, entra.keys[0].jwk())
    webhook = make(refreshEvery="1s")
    assert webhook.metric("kube_entra_signing_keys", tenant=TENANT) == 1000
    assert reason(webhook.review(entra.token())) == "accepted"
    wait_for(lambda: refreshes(webhook, "success") >= 3)
    memory = rss(webhook)
    count = refreshes(webhook, "success")
    wait_for(lambda: refreshes(webhook, "success") >= count + 3, 20)
    assert rss(webhook) < memory + 12, (memory, rss(webhook))


@pytest.mark.parametrize(
    "certificate, words",
    [("entra-other-name", "for another name"), ("entra-expired", "expired"), ("entra-other-ca", "trusted authority")],
)
def test_an_authority_that_cannot_prove_itself(online, certificate, words):
    entra, make = online
    webhook = make(refreshEvery="1s")
    entra.stop()
    entra.start(certificate)
    start = len(webhook.log())
    wait_for(lambda: any(words in line for line in causes(webhook, start)), 10)
    assert refreshes(webhook, "failure") >= 1
    assert reason(webhook.review(entra.token())) == "accepted"
    # Without keys from before there is nothing to go by.
    fresh = make(ready=False)
    wait_for(lambda: refreshes(fresh, "failure") >= 1)
    assert reason(fresh.review(entra.token())) == "keys_unavailable"
    code, text = fresh.get("/readyz?verbose")
    assert code != 200
    assert words in text


def test_a_refused_connection_is_named(online):
    entra, make = online
    webhook = make(refreshEvery="1s")
    entra.stop()
    start = len(webhook.log())
    wait_for(lambda: any("connection was refused" in line for line in causes(webhook, start)))
    assert reason(webhook.review(entra.token())) == "accepted"


def test_a_black_hole_ends_with_the_time_limit(online):
    entra, make = online
    webhook = make(refreshEvery="1s")
    port = entra.port
    entra.stop()
    hole = BlackHole(port=port)
    try:
        start = len(webhook.log())
        wait_for(lambda: any("no connection within the time allowed" in line for line in causes(webhook, start)), 12)
        assert reason(webhook.review(entra.token())) == "accepted"
    finally:
        hole.close()
    successes = refreshes(webhook, "success")
    entra.start()
    wait_for(lambda: refreshes(webhook, "success") > successes, 15)


def test_a_name_that_does_not_exist(online):
    entra, make = online
    webhook = make(ready=False, authority="https://no-such-host.invalid")
    wait_for(lambda: any("host name" in line for line in causes(webhook, 0)), 15)
    assert "host name" in webhook.get("/readyz?verbose")[1]
    assert refreshes(webhook, "failure") >= 1


def test_a_fault_of_one_version_leaves_the_other(online):
    """Each version's keys come on their own; the one that was there stays."""
    entra, make = online

    def only_v1(handler, path):
        if path.endswith("/discovery/keys"):
            return never(handler, path)

    webhook = make()
    entra.fault = only_v1
    entra.keys.append(Key())
    before = time.time()
    assert reason(webhook.review(entra.token(version="2.0"))) == "accepted"
    assert time.time() - before < 11


def test_an_authority_of_one_version_only(online):
    entra, make = online
    entra.fault = lambda handler, path: "v2.0" not in path and (handler.answer(404, "{}") or True)
    webhook = make()
    assert refreshes(webhook, "success") == 1
    assert refreshes(webhook, "failure") == 0
    assert reason(webhook.review(entra.token())) == "accepted"
