"""The webhook follows the deny list, and what explains it knows it."""

import json
import os
import signal
import time

import pytest
import yaml
from deny_lists import OTHER, add, config, deny, jwt, soon
from entra import CLIENT, LEFT_OUT, OBJECT
from webhook import Webhook, reason, run, wait_for


@pytest.fixture
def served(certificates, entra, file):
    entra.write_key_file(certificates.path("keys.json"))
    servers = []

    def serve(config, **options):
        server = Webhook(certificates, config, name=f"deny-{file.parent.name}-{len(servers)}.yaml")
        servers.append(server)
        return server.start(**options)

    yield serve
    for server in servers:
        server.stop()


def is_refused(server, token):
    return reason(server.review(token)) == "principal_denied"


def test_a_denied_token_is_refused_though_it_was_remembered_and_its_reason_stays_inside(served, entra, file):
    file.write_text('{"denied": []}')
    emergency = {"objectID": OBJECT, "until": "2999-01-01T00:00:00Z", "kubernetesGroups": ["x"], "reason": "y"}
    server = served(config(file, emergencyAccess=[emergency]))
    token = entra.token()
    for _ in range(3):
        assert reason(server.review(token)) == "accepted"
    assert add(file, "--object-id", OBJECT, reason="caught stealing")[0] == 0
    wait_for(lambda: is_refused(server, token), timeout=30)
    status = server.review(token)
    assert "stealing" not in json.dumps(status)
    wait_for(lambda: "caught stealing" in server.log(), timeout=30)
    assert server.metric("kube_entra_denied_total", by="objectID") >= 2
    assert server.metric("kube_entra_denied_total", by="tokenID") == 0
    assert server.metric("kube_entra_denied_entries") == 1
    assert server.metric("kube_entra_token_reviews_total", reason="principal_denied") >= 2
    assert "Denied entries in force" in server.get("/statusz")[1]
    assert deny("remove", "--file", file, "--object-id", OBJECT)[0] == 0
    wait_for(lambda: reason(server.review(token)) == "accepted", timeout=30)
    extra = server.review(token)["user"]["extra"]
    assert extra["kube-entra.dev/token-issued-at"] == [str(jwt(token)["iat"])]


def test_sighup_reads_the_list_at_once_and_only_older_tokens_are_refused(served, entra, file):
    file.write_text('{"denied": []}')
    server = served(config(file))
    old = entra.token()
    new = entra.token(iat=int(time.time()) + 5)
    assert add(file, "--object-id", OBJECT, "--issued-before", "now")[0] == 0
    server.process.send_signal(signal.SIGHUP)
    wait_for(lambda: is_refused(server, old), timeout=30)
    assert reason(server.review(new)) == "accepted"
    assert is_refused(server, entra.token(iat=LEFT_OUT))


def test_a_list_that_is_written_in_place_is_read_again_whatever_its_time_of_writing(served, entra, file):
    def text(token_id):
        return json.dumps({"denied": [{"tokenID": token_id, "reason": "x"}]})

    file.write_text(text("one"))
    server = served(config(file))
    before = os.stat(file)
    # The first change may come before the service has looked at the file at all.
    for token_id in ("two", "six"):
        token = entra.token(uti=token_id)
        assert reason(server.review(token)) == "accepted"
        # As many bytes, in the same file.
        with open(file, "r+") as open_file:
            open_file.write(text(token_id))
        os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
        after = os.stat(file)
        assert (after.st_ino, after.st_size, after.st_mtime_ns) == (before.st_ino, before.st_size, before.st_mtime_ns)
        wait_for(lambda token=token: is_refused(server, token), timeout=30)


def test_entries_of_both_places_hold_and_end_by_themselves(served, entra, file):
    file.write_text(json.dumps({"denied": [{"clientAppID": CLIENT, "reason": "x", "until": soon(3)}]}))
    server = served(config(file, denied=[{"tokenID": "one", "reason": "y"}]))
    token = entra.token()
    assert is_refused(server, token) and is_refused(server, entra.token(uti="one", appid=OTHER))
    assert server.metric("kube_entra_denied_entries") == 2
    wait_for(lambda: reason(server.review(token)) == "accepted", timeout=30)
    wait_for(lambda: server.metric("kube_entra_denied_entries") == 1)


def test_a_list_in_the_volume_of_a_secret_is_followed(served, entra, tmp_path):
    """denied.json → ..data/denied.json, ..data → ..1; for an update the kubelet renames another ..data over the old."""
    volume = tmp_path / "volume"
    volume.mkdir()

    def write(number, *denied):
        (volume / f"..{number}").mkdir()
        (volume / f"..{number}" / "denied.json").write_text(json.dumps({"denied": denied}))
        (volume / "..new").symlink_to(f"..{number}")
        (volume / "..new").rename(volume / "..data")

    write(1)
    (volume / "denied.json").symlink_to("..data/denied.json")
    server = served(config(volume / "denied.json"))
    token = entra.token()
    assert reason(server.review(token)) == "accepted"
    write(2, {"objectID": OBJECT, "reason": "lost laptop"})
    wait_for(lambda: is_refused(server, token), timeout=30)
    write(3)
    wait_for(lambda: reason(server.review(token)) == "accepted", timeout=30)


@pytest.mark.parametrize("content", ["", '{"denied": [{"objectID": "x", "reason": "y"}]}', None])
def test_a_broken_list_leaves_the_last_good_one_in_force(served, entra, file, content):
    add(file, "--object-id", OBJECT)
    server = served(config(file))
    token = entra.token()
    assert is_refused(server, token)
    assert "[+]denied-list ok\n" in server.get("/readyz?verbose")[1]
    if content is None:
        file.unlink()
    else:
        file.write_text(content)
    wait_for(lambda: "last good list stays" in server.get("/readyz?verbose")[1], timeout=30)
    assert is_refused(server, token) and server.get("/readyz")[0] == 200
    assert server.metric("kube_entra_denied_list_broken") == 1
    wait_for(lambda: "the deny list cannot be used, the last good one stays" in server.log(), timeout=30)
    # Also when the configuration is read again meanwhile.
    changed = config(file, maximumTokenLifetime="20h")
    server.write(changed)
    wait_for(lambda: server.log().count("configuration and certificates are in force") > 0, timeout=30)
    assert is_refused(server, token)
    file.write_text('{"denied": []}')
    wait_for(lambda: reason(server.review(token)) == "accepted", timeout=30)
    assert "[+]denied-list ok\n" in server.get("/readyz?verbose")[1]
    assert server.metric("kube_entra_denied_list_broken") == 0


def test_a_list_that_others_may_write_leaves_the_last_good_one_in_force_and_refuses_to_start(served, entra, file):
    add(file, "--object-id", OBJECT)
    server = served(config(file))
    token = entra.token()
    assert is_refused(server, token)
    # Another user empties the list.
    file.write_text('{"denied": []}')
    file.chmod(0o666)
    wait_for(lambda: "may change the file" in server.get("/readyz?verbose")[1], timeout=30)
    assert is_refused(server, token) and server.get("/readyz")[0] == 200
    assert "last good list stays" in server.get("/readyz?verbose")[1]
    assert server.metric("kube_entra_denied_list_broken") == 1
    wait_for(lambda: "the deny list cannot be used, the last good one stays" in server.log())
    status, _, errors = run("serve", "--config", server.config_path)
    assert status == 2 and "tenants[0].deniedFile" in errors and "may change the file" in errors
    file.chmod(0o600)
    wait_for(lambda: reason(server.review(token)) == "accepted", timeout=30)
    assert server.metric("kube_entra_denied_list_broken") == 0


@pytest.mark.parametrize("content", [None, "", "{}"])
def test_a_list_that_cannot_be_read_refuses_to_start_and_to_be_checked(certificates, entra, file, content):
    entra.write_key_file(certificates.path("keys.json"))
    if content is not None:
        file.write_text(content)
    server = Webhook(certificates, config(file), name=f"deny-broken-{file.parent.name}.yaml")
    for command in (["serve", "--config"], ["config", "check"], ["policy", "check", "--group", OBJECT, "--config"]):
        status, _, errors = run(*command, server.config_path)
        assert status == 2 and "tenants[0].deniedFile" in errors and str(file) in errors, command


def test_policy_check_and_inspect_know_the_list(certificates, entra, file):
    entra.write_key_file(certificates.path("keys.json"))
    add(file, "--object-id", OBJECT, "--until", "2999-01-01T00:00:00Z", reason="left")
    path = certificates.path(f"deny-policy-{file.parent.name}.yaml")
    with open(path, "w") as output:
        yaml.safe_dump(config(file), output)
    status, output, _ = run("policy", "check", "--config", path, "--object-id", OBJECT, "--output", "json")
    answer = json.loads(output)
    assert status == 1 and answer["reason"] == "principal_denied"
    assert [(grant["rule"], OBJECT in grant["matched"]) for grant in answer["because"]] == [("denied", True)]
    status, output, _ = run("inspect", "--config", path, "--output", "json", input=entra.token())
    report = json.loads(output)
    assert status == 1 and report["reason"] == "principal_denied" and "left" in report["message"]
    # Without a token, its age and ID are not known: the entries are named and do not apply.
    deny("remove", "--file", file, "--object-id", OBJECT)
    add(file, "--object-id", OBJECT, "--issued-before", "2999-01-01T00:00:00Z")
    add(file, "--token-id", "one-token")
    status, output, _ = run("policy", "check", "--config", path, "--object-id", OBJECT, "--output", "json")
    answer = json.loads(output)
    named = [grant["matched"] for grant in answer["because"] if grant["rule"] == "deniedUnjudged"]
    assert status == 0 and answer["admitted"] and len(named) == 2
    assert OBJECT in named[0] and "one-token" in named[1]
    status, output, _ = run("inspect", "--config", path, "--output", "json", input=entra.token())
    assert status == 1 and "2999-01-01T00:05:00Z" in json.loads(output)["hint"]
    status, output, _ = run(
        "policy",
        "check",
        "--config",
        path,
        "--keys",
        certificates.path("keys.json"),
        "--output",
        "json",
        input=entra.token(),
    )
    assert status == 1 and "2999-01-01T00:05:00Z" in json.loads(output)["hint"]
