"""The deny list: the command that edits its file, and the webhook that follows it."""

import base64
import json
import os
import pty
import signal
import stat
import subprocess
import sys
import threading
import time

import pytest
import yaml
from entra import CLIENT, LEFT_OUT, OBJECT
from webhook import PROGRAM, Webhook, configuration, reason, run, wait_for

OTHER = "0b1ec700-0000-0000-0000-0000000000ff"


@pytest.fixture
def file(tmp_path):
    return tmp_path / "denied.json"


def entries(file):
    return json.loads(file.read_text())["denied"]


def jwt(token):
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def soon(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds))


def deny(*arguments, input=None):
    return run("deny", *map(str, arguments), input=input)


def add(file, *arguments, reason="left", input=None):
    return deny("add", "--file", file, "--reason", reason, *arguments, input=input)


# The command


def test_add_creates_the_file_and_list_shows_it(file):
    status, output, _ = add(file, "--object-id", OBJECT.upper())
    assert status == 0 and OBJECT in output
    assert entries(file) == [{"objectID": OBJECT, "reason": "left"}]
    assert stat.S_IMODE(file.stat().st_mode) == 0o644
    lock = file.with_name("denied.json.lock")
    assert lock.read_bytes() == b"" and sorted(os.listdir(file.parent)) == ["denied.json", "denied.json.lock"]
    status, output, _ = deny("list", "--file", file, "--output", "json")
    assert status == 0 and json.loads(output) == {"denied": [{"objectID": OBJECT, "reason": "left"}]}
    status, output, _ = deny("list", "--file", file)
    assert status == 0 and OBJECT in output and "left" in output


def test_an_identical_entry_is_not_added_again_and_one_with_other_times_stands_beside_it(file):
    assert add(file, "--object-id", OBJECT)[0] == 0
    before = file.read_bytes()
    assert add(file, "--object-id", OBJECT)[0] == 0 and file.read_bytes() == before
    status, output, _ = add(file, "--object-id", OBJECT, "--until", "2999-01-01T00:00:00+01:00", "--output", "json")
    assert status == 0
    assert json.loads(output) == {"objectID": OBJECT, "until": "2998-12-31T23:00:00Z", "reason": "left"}
    assert len(entries(file)) == 2
    status, output, _ = deny("remove", "--file", file, "--object-id", OBJECT)
    assert status == 0 and entries(file) == []
    assert deny("remove", "--file", file, "--object-id", OBJECT)[0] == 1


def test_each_kind_of_id_and_time(file):
    assert add(file, "--client-app-id", CLIENT, "--issued-before", "now", "--for", "8h")[0] == 0
    assert add(file, "--token-id", "aB-c", "--issued-before", "2026-11-29T12:00:00.25Z")[0] == 0
    first, second = entries(file)
    assert sorted(first) == ["clientAppID", "issuedBefore", "reason", "until"]
    # A whole second is older than 12:00:00.25 exactly when it is older than 12:00:01.
    assert second == {"tokenID": "aB-c", "issuedBefore": "2026-11-29T12:00:01Z", "reason": "left"}
    assert deny("remove", "--file", file, "--token-id", "ab-c")[0] == 1
    assert deny("remove", "--file", file, "--token-id", "aB-c")[0] == 0
    assert deny("remove", "--file", file, "--client-app-id", CLIENT.upper())[0] == 0


def test_a_token_is_read_for_its_ids_and_not_shown(file, entra, tmp_path):
    token = entra.token(uti="abc_DEF-1")
    assert add(file, input=f"Bearer {token}\n")[0] == 0
    path = tmp_path / "token"
    path.write_text(token)
    status, output, errors = add(file, "--token-file", path, "--only-this-token")
    assert status == 0 and token[:20] not in output + errors + file.read_text()
    assert [{k: v for k, v in entry.items() if k != "reason"} for entry in entries(file)] == [
        {"objectID": OBJECT},
        {"tokenID": "abc_DEF-1"},
    ]
    # Signed by nobody: it is not verified.
    forged = token.rsplit(".", 1)[0] + ".AAAA"
    assert deny("remove", "--file", file, "-", input=forged)[0] == 0
    assert deny("remove", "--file", file, "--only-this-token", input=token)[0] == 0
    assert entries(file) == []


NO_TOKENS = [
    ("nothing", lambda e: "", []),
    ("no token", lambda e: "hello", []),
    ("no oid", lambda e: e.token(oid=None), []),
    ("an oid that is no ID", lambda e: e.token(oid="me"), []),
    ("no uti", lambda e: e.token(uti=None), ["--only-this-token"]),
]


@pytest.mark.parametrize("make, arguments", [case[1:] for case in NO_TOKENS], ids=[case[0] for case in NO_TOKENS])
def test_what_is_no_token_is_2(file, entra, make, arguments):
    assert add(file, *arguments, input=make(entra))[0] == 2
    assert not file.exists()


WRONG = [
    ("no reason", ["--object-id", OBJECT]),
    ("an empty reason", ["--object-id", OBJECT, "--reason", ""]),
    ("a long reason", ["--object-id", OBJECT, "--reason", "x" * 257]),
    ("a name", ["--object-id", "ada", "--reason", "x"]),
    ("an empty token ID", ["--token-id", "", "--reason", "x"]),
    ("two IDs", ["--object-id", OBJECT, "--client-app-id", CLIENT, "--reason", "x"]),
    ("an ID and a token", ["--object-id", OBJECT, "--token-file", "x", "--reason", "x"]),
    ("an ID and only this token", ["--object-id", OBJECT, "--only-this-token", "--reason", "x"]),
    ("two ends", ["--object-id", OBJECT, "--for", "1h", "--until", "2999-01-01T00:00:00Z", "--reason", "x"]),
    ("an end in the past", ["--object-id", OBJECT, "--until", "2001-01-01T00:00:00Z", "--reason", "x"]),
    ("no time at all", ["--object-id", OBJECT, "--for", "0s", "--reason", "x"]),
    ("a time without a zone", ["--object-id", OBJECT, "--issued-before", "2026-01-01T00:00:00", "--reason", "x"]),
    ("no duration", ["--object-id", OBJECT, "--for", "long", "--reason", "x"]),
]


@pytest.mark.parametrize("arguments", [case[1] for case in WRONG], ids=[case[0] for case in WRONG])
def test_wrong_usage_is_64_and_writes_nothing(file, arguments):
    assert deny("add", "--file", file, *arguments)[0] == 64
    assert not file.exists()


def test_no_id_and_no_token_on_a_terminal_is_64(file):
    master, slave = pty.openpty()
    for command in (["add", "--reason", "x"], ["remove"]):
        done = subprocess.run(
            [PROGRAM, "deny", *command, "--file", str(file)], stdin=slave, capture_output=True, timeout=30
        )
        assert done.returncode == 64, done.stderr
    os.close(master)
    os.close(slave)


BROKEN = [
    "",
    "{",
    "[]",
    "{}",
    '{"denied": null}',
    '{"denied": {}}',
    '{"denied": [], "denied": []}',
    '{"denied": [], "more": 1}',
    '{"denied": [1]}',
    '{"denied": [{"objectID": "%s"}]}',
    '{"denied": [{"reason": "x"}]}',
    '{"denied": [{"objectID": "%s", "reason": ""}]}',
    '{"denied": [{"objectID": "%s", "reason": "x", "until": null}]}',
    '{"denied": [{"objectID": "%s", "reason": "x", "until": "soon"}]}',
    '{"denied": [{"objectID": "%s", "reason": "x", "since": "2026-01-01T00:00:00Z"}]}',
    '{"denied": [{"objectID": "%s", "tokenID": "x", "reason": "x"}]}',
    '{"denied": [{"objectID": "%s", "objectID": "%s", "reason": "x"}]}',
    '{"denied": [{"objectID": "{%s}", "reason": "x"}]}',
    '{"denied": [{"tokenID": "", "reason": "x"}]}',
    '{"denied": [{"tokenID": 1, "reason": "x"}]}',
    '{"denied": []} x',
    '{"denied": [{"objectID": "%s", "reason": "' + "x" * 257 + '"}]}',
]


@pytest.mark.parametrize("text", BROKEN)
def test_a_broken_list_is_refused_and_left_alone(file, text):
    file.write_text(text.replace("%s", OBJECT))
    before = file.read_bytes()
    assert add(file, "--object-id", OTHER)[0] == 2
    assert deny("remove", "--file", file, "--object-id", OBJECT)[0] == 2
    status, output, errors = deny("list", "--file", file)
    assert status == 2 and not output and str(file) in errors
    assert file.read_bytes() == before


def test_a_missing_file_is_made_by_add_alone(file):
    assert deny("list", "--file", file)[0] == 2
    assert deny("remove", "--file", file, "--object-id", OBJECT)[0] == 2
    assert os.listdir(file.parent) == []
    assert add(file.parent / "no" / "folder.json", "--object-id", OBJECT)[0] == 2


def test_mode_owner_group_and_link_stay(file):
    link = file.with_name("link.json")
    link.symlink_to("denied.json")
    assert add(link, "--object-id", OBJECT)[0] == 0 and link.is_symlink()
    file.chmod(0o640)
    if os.geteuid() == 0:
        os.chown(file, 1, 2)
    owner = (file.stat().st_uid, file.stat().st_gid)
    inode = file.stat().st_ino
    assert add(link, "--object-id", OTHER)[0] == 0
    after = file.stat()
    assert link.is_symlink() and len(entries(file)) == 2 and after.st_ino != inode
    assert (stat.S_IMODE(after.st_mode), after.st_uid, after.st_gid) == (0o640, *owner)
    assert [name for name in os.listdir(file.parent) if name.endswith(".tmp")] == []


@pytest.mark.skipif(os.geteuid() != 0, reason="needs another user")
def test_a_folder_that_cannot_be_written_is_2(file):
    add(file, "--object-id", OBJECT)
    file.with_name("denied.json.lock").unlink()
    for folder in file.parents:
        if str(folder).startswith("/tmp/"):
            folder.chmod(0o755)
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import os, sys; os.setgid(65534); os.setuid(65534); os.execv(sys.argv[1], sys.argv[1:])",
            PROGRAM,
            "deny",
            "add",
            "--file",
            str(file),
            "--object-id",
            OTHER,
            "--reason",
            "x",
        ],
        capture_output=True,
    )
    assert done.returncode == 2, done
    assert len(entries(file)) == 1


def test_writers_at_once_lose_nothing(file):
    failures = []

    def write(first):
        for number in range(first, first + 12):
            if add(file, "--object-id", f"0b1ec700-0000-0000-0000-{number:012d}")[0]:
                failures.append(number)

    add(file, "--object-id", OTHER)
    writers = [threading.Thread(target=write, args=(100 * index,)) for index in range(4)]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        # Readers see whole lists only.
        entries(file)
    assert not failures and len(entries(file)) == 49


# The webhook


def config(file, **tenant):
    # As long a poll as the contract allows may pass before a change is seen.
    return configuration(deniedFile=str(file), **tenant)


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
    assert "caught stealing" in server.log()
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


def test_entries_of_both_places_hold_and_end_by_themselves(served, entra, file):
    file.write_text(json.dumps({"denied": [{"clientAppID": CLIENT, "reason": "x", "until": soon(3)}]}))
    server = served(config(file, denied=[{"tokenID": "one", "reason": "y"}]))
    token = entra.token()
    assert is_refused(server, token) and is_refused(server, entra.token(uti="one", appid=OTHER))
    assert server.metric("kube_entra_denied_entries") == 2
    wait_for(lambda: reason(server.review(token)) == "accepted", timeout=30)
    wait_for(lambda: server.metric("kube_entra_denied_entries") == 1)


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
    assert "the deny list cannot be used, the last good one stays" in server.log()
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


# What explains


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
