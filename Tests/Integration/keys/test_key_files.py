"""Keys in files: the cache that survives restarts, and the offline file."""

import json
import os
import signal
import subprocess
import time
from datetime import UTC, datetime, timedelta

import pytest
from entra import OTHER_TENANT, TENANT, Key, merged
from key_outages import refreshes
from programs import ROOT
from webhook import PROGRAM, Webhook, configuration, reason, run, wait_for

# Entra's own key sets of 2026, as it published them.
DOCUMENTS = ROOT / "Tests" / "Documents"


# The cache file


def stamp(**ago):
    return (datetime.now(UTC) - timedelta(**ago)).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_a_restart_during_an_outage_uses_the_cache_file(certificates, online):
    entra, make = online
    path = certificates.path("keys-cache.json")
    first = make(cacheFile="keys-cache.json")
    wait_for(lambda: os.path.exists(path))
    assert os.stat(path).st_mode & 0o777 == 0o600
    written = json.load(open(path))
    assert written["tenantID"] == TENANT and written["authority"] == entra.authority
    assert [key["kid"] for key in written["keys"]] == [entra.keys[0].kid]
    assert [name for name in os.listdir(certificates.folder) if "keys-cache" in name] == ["keys-cache.json"]
    first.stop()
    entra.stop()
    start = time.time()
    second = make(cacheFile="keys-cache.json")
    assert time.time() - start < 10
    for version in ["1.0", "2.0"]:
        assert reason(second.review(entra.token(version=version))) == "accepted"
    fetched = datetime.strptime(written["fetchedAt"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    assert second.metric("kube_entra_signing_keys_last_success_timestamp_seconds") == fetched.timestamp()
    second.stop()
    # What happens to the real file.
    good = json.load(open(path))
    cases = {
        "empty": b"",
        "cut off": open(path, "rb").read()[:-20],
        "no keys": json.dumps({**good, "keys": []}).encode(),
        "another tenant's": json.dumps({**good, "tenantID": OTHER_TENANT}).encode(),
        "another authority's": json.dumps({**good, "authority": "https://login.microsoftonline.com"}).encode(),
        "a plain key set": json.dumps({"keys": good["keys"]}).encode(),
        "without a time": json.dumps(merged(good, {"fetchedAt": "yesterday"})).encode(),
        "too old": json.dumps({**good, "fetchedAt": stamp(hours=25)}).encode(),
        "from the future": json.dumps({**good, "fetchedAt": stamp(hours=-2)}).encode(),
        "a weak key": json.dumps({**good, "keys": [{**good["keys"][0], "e": "Aw"}]}).encode(),
        "too large": b" " * 2_000_000,
        "something after it": open(path, "rb").read() + b"{}",
        "text": b"\xff\xfe",
    }
    for name, content in cases.items():
        with open(path, "wb") as file:
            file.write(content)
        code, cause = tried(certificates, entra, path)
        assert code == "keys_unavailable", name
        assert cause, name
    with open(path, "w") as file:
        json.dump(good, file)
    os.chmod(path, 0o666)
    code, cause = tried(certificates, entra, path)
    assert code == "keys_unavailable" and "every user may change the file" in cause
    os.chmod(path, 0o600)
    assert tried(certificates, entra, path) == ("accepted", None)


def tried(certificates, entra, path):
    """What a start with that cache file and without an authority makes of a token, and the warning in the log."""
    config = configuration(authority=entra.authority, authorityCA="ca.crt", signingKeys={"cacheFile": path})
    webhook = Webhook(certificates, config, name="tried.yaml").start(ready=False)
    code = reason(webhook.review(entra.token()))
    lines = [line for line in webhook.log().splitlines() if "cache file of signing keys is ignored" in line]
    webhook.stop()
    assert len(lines) <= 1
    return code, lines[0] if lines else None


def test_age_counts_from_the_fetch(certificates, online):
    entra, make = online
    first = make(cacheFile="aging-cache.json", maximumAge="7s", refreshEvery="1h")
    fetched = first.metric("kube_entra_signing_keys_last_success_timestamp_seconds")
    wait_for(lambda: os.path.exists(certificates.path("aging-cache.json")))
    first.stop()
    entra.stop()
    second = make(cacheFile="aging-cache.json", maximumAge="7s")
    assert reason(second.review(entra.token())) == "accepted"
    token = entra.token()
    while time.time() < fetched + 6.8:
        assert reason(second.review(token)) == "accepted"
        time.sleep(0.2)
    wait_for(lambda: reason(second.review(token)) == "keys_unavailable", 2)
    assert time.time() < fetched + 9
    assert second.get("/readyz")[0] == 500
    wait_for(lambda: second.metric("kube_entra_signing_keys", tenant=TENANT) == 0, 3)
    assert second.metric("kube_entra_signing_keys_last_success_timestamp_seconds") == fetched
    # Long after, recovery is as quick as after a start.
    entra.start()
    wait_for(lambda: second.get("/readyz")[0] == 200, 15)
    assert reason(second.review(token)) == "accepted"


def test_a_cache_file_that_cannot_be_written_harms_nobody(certificates, online):
    entra, make = online
    webhook = make(cacheFile="no-such-folder/cache.json")
    assert reason(webhook.review(entra.token())) == "accepted"
    wait_for(lambda: "the cache file of signing keys is not written" in webhook.log())


# The offline file


def offline(certificates, name, path):
    return Webhook(certificates, configuration(signingKeys={"file": path}), name=name).start()


def test_the_offline_file_is_followed(certificates, entra, tmp_path):
    path = tmp_path / "keys.json"
    old, new, newest = entra.keys[0], Key(), Key()
    path.write_text(json.dumps({"keys": [old.jwk()]}))
    webhook = offline(certificates, "followed.yaml", str(path))

    def result(key):
        return reason(webhook.review(entra.token(header={"kid": key.kid}, key=key)))

    try:
        assert result(old) == "accepted"
        assert result(old) == "accepted"
        assert result(new) == "key_not_found"
        path.write_text(json.dumps({"keys": [new.jwk()]}))
        wait_for(lambda: result(new) == "accepted", 5)
        # Also for a token that was accepted before.
        assert result(old) == "key_not_found"
        for damage in [
            "",
            "{",
            '{"keys":[]}',
            '{"keys":[{"kty":"RSA","kid":"a","n":"AQAB","e":"AQAB"}]}',
            json.dumps({"tenantID": OTHER_TENANT, "keys": [old.jwk()]}),
        ]:
            failures = refreshes(webhook, "failure")
            path.write_text(damage)
            wait_for(lambda: refreshes(webhook, "failure") > failures, 5)
            assert result(new) == "accepted"
        path.unlink()
        time.sleep(1.5)
        assert result(new) == "accepted"
        assert webhook.get("/readyz")[0] == 200
        # Another change of the configuration does not lose what the damaged file cannot give back.
        config = configuration(signingKeys={"file": str(path), "refreshEvery": "2h"})
        webhook.write(config)
        wait_for(lambda: "configuration and certificates are in force" in webhook.log())
        assert result(new) == "accepted"
        # As Kubernetes swaps: a link to a link, replaced in one step.
        for number, key in enumerate([newest, old]):
            folder = tmp_path / f"..data_{number}"
            folder.mkdir()
            (folder / "keys.json").write_text(json.dumps({"keys": [key.jwk()]}))
            link = tmp_path / "..new"
            link.symlink_to(folder.name)
            os.rename(link, tmp_path / "..data")
            if number == 0:
                path.symlink_to("..data/keys.json")
            wait_for(lambda: result(key) == "accepted", 5)
        path.unlink()
        path.write_text(json.dumps({"keys": [newest.jwk()]}))
        webhook.process.send_signal(signal.SIGHUP)
        wait_for(lambda: result(newest) == "accepted", 5)
    finally:
        webhook.stop()


def test_an_offline_webhook_never_connects(certificates, entra, tmp_path):
    """Every system call of the process and its threads is watched: there is no connect, and nothing is sent."""
    path = tmp_path / "keys.json"
    path.write_text(json.dumps({"keys": [entra.keys[0].jwk()]}))
    trace = tmp_path / "trace"
    webhook = Webhook(certificates, configuration(signingKeys={"file": str(path)}), name="traced.yaml")
    environment = {name: value for name, value in os.environ.items() if name != "NOTIFY_SOCKET"}
    webhook.process = subprocess.Popen(
        [
            "strace",
            "-f",
            "-o",
            str(trace),
            "-e",
            "trace=socket,connect,sendto,sendmsg,sendmmsg",
            PROGRAM,
            "serve",
            "--config",
            webhook.config_path,
        ],
        stderr=open(webhook.log_path, "wb"),
        env={**environment, "HTTPS_PROXY": "http://127.0.0.1:9"},
    )
    try:
        webhook.wait("/readyz", 30)
        assert reason(webhook.review(entra.token())) == "accepted"
        assert reason(webhook.review(entra.token(header={"kid": "unknown"}))) == "key_not_found"
        path.write_text(json.dumps({"keys": [entra.keys[0].jwk(), Key().jwk()]}))
        wait_for(lambda: webhook.metric("kube_entra_signing_keys", tenant=TENANT) == 2, 5)
        for page in ["/metrics", "/statusz", "/healthz?verbose"]:
            webhook.get(page)
    finally:
        pid = int(
            subprocess.run(["pgrep", "-P", str(webhook.process.pid)], capture_output=True, text=True).stdout.split()[0]
        )
        os.kill(pid, signal.SIGTERM)
        webhook.process.wait(25)
    lines = [line for line in trace.read_text().splitlines() if "(" in line and "---" not in line]
    # Two listeners, and nothing else that could reach anybody.
    assert len([line for line in lines if "socket(AF_INET" in line]) == 2, lines
    assert not [line for line in lines if "socket(AF_INET" not in line], lines


@pytest.mark.parametrize("is_plain", [False, True])
def test_an_offline_file_that_nobody_replaces_is_seen(certificates, entra, tmp_path, is_plain):
    path, days = tmp_path / "keys.json", 3
    fetched = int(time.time()) - days * 86_400
    entra.write_key_file(str(path), **({} if is_plain else {"fetchedAt": stamp(days=days)}))
    if is_plain:
        os.utime(path, (fetched, fetched))
    webhook = offline(certificates, f"old-{is_plain}.yaml", str(path))
    try:
        for name in ("last_success", "file"):
            seen = webhook.metric(f"kube_entra_signing_keys_{name}_timestamp_seconds", tenant=TENANT)
            assert abs(seen - fetched) < 60, name
        assert "those in the file were fetched 3 d 0 h ago" in webhook.get("/statusz")[1]
        assert "the signing keys in the file are old" in webhook.log()
        entra.write_key_file(str(path), fetchedAt=stamp(minutes=1))
        wait_for(lambda: webhook.metric("kube_entra_signing_keys_file_timestamp_seconds", tenant=TENANT) > fetched + 60)
        assert reason(webhook.review(entra.token())) == "accepted"
    finally:
        webhook.stop()


@pytest.mark.parametrize("name, count, usable", [("common", 7, 5), ("organizations", 6, 6)])
def test_entras_own_key_sets(certificates, entra, name, count, usable):
    path = str(DOCUMENTS / f"{name}-keys.json")
    code, text, _ = run("keys", "show", path, "--tenant-id", TENANT, "--output", "json")
    assert code == 0
    shown = json.loads(text)
    assert (len(shown["keys"]), shown["usable"]) == (count, usable)
    for key in shown["keys"]:
        assert key["usable"] or "another issuer" in key["problem"]
        assert key["bits"] == 2048 and key["certificateNotAfter"]
    webhook = offline(certificates, f"{name}.yaml", path)
    assert webhook.metric("kube_entra_signing_keys", tenant=TENANT) == usable
    webhook.stop()
    # Another cloud's tenant can use none of them.
    code, _, _ = run("keys", "show", path, "--tenant-id", TENANT, "--cloud", "usGovernment")
    assert code == 1
