"""Signing keys over the network: discovery, rotation, outage, and an Entra that misbehaves."""

import copy
import json
import os
import time

import pytest
from entra import Entra, Key, OTHER_TENANT, TENANT
from webhook import Webhook, configuration, reason, run


def wait_for(condition, timeout=10):
    end = time.time() + timeout
    while time.time() < end:
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError("it did not happen in time")


@pytest.fixture
def online(certificates, tmp_path):
    entra = Entra(str(tmp_path), certificates)
    entra.start()
    servers = []

    def make(ready=True, authority=None, **keys):
        config = configuration(
            authority=authority or entra.authority, authorityCA="ca.crt", signingKeys={"refreshEvery": "1h", **keys})
        server = Webhook(certificates, config, name=f"online-{tmp_path.name}-{len(servers)}.yaml")
        servers.append(server)
        return server.start(ready=ready)

    yield entra, make
    for server in servers:
        server.stop()
    entra.stop()


def test_both_versions_are_fetched_and_taken(online):
    entra, make = online
    webhook = make()
    assert reason(webhook.review(entra.token())) == "accepted"
    assert reason(webhook.review(entra.token(version="2.0"))) == "accepted"
    assert webhook.metric("kube_entra_signing_keys", tenant=TENANT) == 1
    assert webhook.metric("kube_entra_signing_key_refreshes_total", tenant=TENANT, result="success") == 1


def test_a_new_key_works_at_the_first_token(online):
    entra, make = online
    webhook = make()
    entra.keys.append(Key())
    assert reason(webhook.review(entra.token())) == "accepted"
    assert webhook.metric("kube_entra_signing_keys", tenant=TENANT) == 2


def test_a_flood_of_unknown_keys_costs_one_fetch(online):
    entra, make = online
    webhook = make()
    before = entra.fetches()
    for number in range(100):
        assert reason(webhook.review(entra.token(header={"kid": f"unknown-{number}"}))) == "key_not_found"
    assert entra.fetches() - before <= 2
    # Tokens of others never cause a fetch.
    webhook.review(entra.token(header={"kid": "x"}, iss="https://evil.example/"))
    assert entra.fetches() - before <= 2
    assert reason(webhook.review(entra.token())) == "accepted"


def test_a_removed_key_stops_after_the_next_refresh(online):
    entra, make = online
    webhook = make(refreshEvery="1s")
    old = entra.token()
    assert reason(webhook.review(old)) == "accepted"
    entra.keys[:] = [Key()]
    wait_for(lambda: reason(webhook.review(old)) == "key_not_found")
    assert reason(webhook.review(entra.token())) == "accepted"


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
            document = handler.server.entra.document(path)
            document.update(changes)
            handler.answer(200, json.dumps(document))
            return True
    return fault


def hang_up(handler, path):
    handler.close_connection = True
    handler.connection.close()
    return True


def slow(handler, path):
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    try:
        for _ in range(60):
            handler.wfile.write(b" ")
            time.sleep(0.2)
    except OSError:
        pass
    return True


def key_set(*jwks):
    return on_keys(lambda handler, path: handler.answer(200, json.dumps({"keys": list(jwks)})))


def huge(handler, path):
    try:
        handler.answer(200, b"[" + b" " * 50_000_000 + b"]")
    except OSError:
        pass


FAULTS = [
    ("404", answer(404, "{}")), ("500", answer(500, "oops")), ("empty", answer(200, "")),
    ("HTML", answer(200, "<html>Sign in to the network</html>", content_type="text/html")),
    ("truncated", answer(200, '{"issuer"', length=500)), ("redirect", answer(302, "", headers={"Location": "https://evil.example/"})),
    ("wrong issuer", changed(issuer="https://evil.example/")), ("foreign jwks_uri", changed(jwks_uri="https://evil.example/keys")),
    ("plain jwks_uri", changed(jwks_uri="http://localhost/keys")), ("no jwks_uri", changed(jwks_uri=None)),
    ("hang up", hang_up), ("key set 404", on_keys(lambda h, p: h.answer(404, "{}"))), ("no keys", key_set()),
    ("huge", on_keys(huge)), ("slow", slow), ("repeated members", on_keys(lambda h, p: h.answer(200, '{"keys":[],"keys":[]}'))),
    ("10,000 keys", on_keys(lambda h, p: h.answer(200, json.dumps({"keys": [{"kty": "RSA"}] * 10_000})))),
    ("only unusable keys", key_set({"kty": "RSA", "kid": "a", "n": "AQAB", "e": "AQAB"}, {"kty": "EC", "kid": "b"},
                                   {"kty": "RSA", "kid": "c", "n": "_" * 2731, "e": "AQAB"})),
]


@pytest.mark.parametrize("fault", [case[1] for case in FAULTS], ids=[case[0] for case in FAULTS])
def test_faults_leave_the_last_good_keys(online, fault):
    entra, make = online
    entra.server.entra = entra
    webhook = make(refreshEvery="1s")
    entra.fault = fault
    wait_for(lambda: webhook.metric("kube_entra_signing_key_refreshes_total", result="failure") >= 1, 15)
    assert reason(webhook.review(entra.token())) == "accepted"
    assert webhook.get("/readyz")[0] == 200
    line = next(line for line in webhook.log().splitlines() if "could not be refreshed" in line)
    assert "cause=" in line
    entra.fault = None
    successes = webhook.metric("kube_entra_signing_key_refreshes_total", result="success")
    wait_for(lambda: webhook.metric("kube_entra_signing_key_refreshes_total", result="success") > successes, 20)


@pytest.mark.parametrize("certificate", ["entra-other-name", "entra-expired", "entra-other-ca"])
def test_an_authority_that_cannot_prove_itself(certificates, online, certificate):
    entra, make = online
    entra.stop()
    entra.start(certificate)
    webhook = make(ready=False)
    wait_for(lambda: webhook.metric("kube_entra_signing_key_refreshes_total", result="failure") >= 1)
    assert reason(webhook.review(entra.token())) == "keys_unavailable"
    code, text = webhook.get("/readyz?verbose")
    assert code != 200
    assert "TLS failed" in text


def test_a_start_while_entra_is_down_heals_by_itself(online):
    entra, make = online
    entra.stop()
    webhook = make(ready=False)
    assert webhook.get("/livez")[0] == 200
    code, text = webhook.get("/readyz?verbose")
    assert code == 500
    assert "[-]signing-keys failed: " in text
    assert reason(webhook.review(entra.token())) == "keys_unavailable"
    time.sleep(3)
    entra.start()
    wait_for(lambda: webhook.get("/readyz")[0] == 200, 15)
    assert reason(webhook.review(entra.token())) == "accepted"


def test_keys_get_too_old(online):
    entra, make = online
    webhook = make(refreshEvery="1s", maximumAge="4s")
    assert reason(webhook.review(entra.token())) == "accepted"
    entra.stop()
    time.sleep(2)
    assert reason(webhook.review(entra.token())) == "accepted"
    wait_for(lambda: reason(webhook.review(entra.token())) == "keys_unavailable")
    assert webhook.get("/readyz")[0] == 500
    entra.start()
    wait_for(lambda: reason(webhook.review(entra.token())) == "accepted", 15)


def test_a_restart_during_an_outage_uses_the_cache_file(certificates, online):
    entra, make = online
    first = make(cacheFile="keys-cache.json")
    path = certificates.path("keys-cache.json")
    wait_for(lambda: os.path.exists(path))
    assert os.stat(path).st_mode & 0o777 == 0o600
    first.stop()
    entra.stop()
    second = make(cacheFile="keys-cache.json")
    assert reason(second.review(entra.token())) == "accepted"
    second.stop()
    for damage in [b"", b"{", json.dumps({"keys": []}).encode(), open(path, "rb").read().replace(TENANT.encode(), OTHER_TENANT.encode())]:
        with open(path, "wb") as file:
            file.write(damage)
        third = make(ready=False, cacheFile="keys-cache.json")
        assert reason(third.review(entra.token())) == "keys_unavailable"
        assert "cache file of signing keys is ignored" in third.log()
        third.stop()


def test_keys_fetch_and_show(certificates, online, tmp_path):
    entra, _ = online
    out = tmp_path / "fetched.json"
    code, _, err = run("keys", "fetch", "--tenant-id", TENANT, "--authority", entra.authority, "--authority-ca",
                       certificates.path("ca.crt"), "--out", str(out))
    assert code == 0, err
    assert json.loads(out.read_text())["keys"][0]["kid"] == entra.keys[0].kid
    code, text, _ = run("keys", "show", str(out))
    assert code == 0
    assert entra.keys[0].kid in text and "2048 bits" in text
    config = tmp_path / "config.yaml"
    config.write_text(json.dumps({**configuration(authority=entra.authority)}))
    code, text, err = run("inspect", "--config", str(config), "--keys", str(out), input=entra.token())
    assert code == 0, text + err
    code, _, err = run("keys", "fetch", "--tenant-id", TENANT, "--authority", entra.authority, "--out", str(out))
    assert code == 2
    assert "TLS failed" in err


def test_an_offline_webhook_opens_no_connection(webhook):
    """Every socket of the process belongs to one of its two listeners."""
    ports = {webhook.port, webhook.operations}
    inodes = {os.readlink(f"/proc/{webhook.process.pid}/fd/{fd}") for fd in os.listdir(f"/proc/{webhook.process.pid}/fd")
              if os.path.islink(f"/proc/{webhook.process.pid}/fd/{fd}")}
    for table in ["tcp", "tcp6"]:
        for line in open(f"/proc/{webhook.process.pid}/net/{table}").read().splitlines()[1:]:
            fields = line.split()
            if f"socket:[{fields[9]}]" in inodes:
                assert int(fields[1].split(":")[1], 16) in ports
