"""The decision log and the audit file: content, floods, rotation, kill -9, full disks."""

import hashlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import threading
import time

import jsonschema
import pytest
from entra import ADMINS, CLIENT, DEVELOPERS, OBJECT, TENANT
from overage import asked
from programs import ROOT
from webhook import Webhook, configuration, reason, review_body, wait_for

AUDIT = "kube_entra_log_lines_dropped_total"


@pytest.fixture
def start(certificates, entra, tmp_path):
    entra.write_key_file(certificates.path("keys.json"))
    servers = []

    def make(level=None, **logging):
        config = configuration()
        config["logging"] = logging
        server = Webhook(certificates, config, name=f"logs-{tmp_path.name}-{len(servers)}.yaml")
        servers.append(server)
        return server.start(arguments=["--log-level", level] if level else [])

    yield make
    for server in servers:
        server.stop()


def lines(path):
    with open(path, "rb") as file:
        data = file.read()
    assert data.endswith(b"\n") or not data, "half a line"
    return [json.loads(line) for line in data.splitlines()]


def decisions(server):
    return [line for line in server.log().splitlines() if " token review " in line]


def test_one_line_a_decision_with_the_fields_of_the_contract(start, entra):
    server = start(format="json")
    tokens = [entra.token(groups=[ADMINS], uti="first-uti"), entra.token(aud="another", uti="second_uti"), "x"]
    statuses = [server.review(token) for token in tokens]

    def found():
        return [line for line in map(json.loads, server.log().splitlines()) if line["message"] == "token review"]

    wait_for(lambda: len(found()) == 3)
    accepted, refused, foreign = (
        sorted(found(), key=lambda line: line["result"])[0],
        *[next(line for line in found() if line["result"] == result) for result in ("refused", "foreign")],
    )
    for line, token in zip((accepted, refused, foreign), tokens):
        assert line["level"] == "info" and re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["time"])
        assert line["tokenSHA256"] == hashlib.sha256(token.encode()).hexdigest()[:12]
        assert isinstance(line["durationMicroseconds"], int) and line["durationMicroseconds"] > 0
    subject = {
        "tenant": TENANT,
        "subjectKind": "user",
        "objectID": OBJECT,
        "clientAppID": CLIENT,
        "keyID": entra.keys[-1].kid,
    }
    assert subject.items() <= accepted.items() and accepted["admin"] is True and "reason" not in accepted
    assert refused.items() >= {**subject, "reason": "audience_not_accepted"}.items()
    assert foreign["reason"] == "token_malformed" and not (subject.keys() | {"tokenID"}) & foreign.keys()
    assert (accepted["tokenID"], refused["tokenID"]) == ("first-uti", "second_uti")
    # From the API server's log to this one in one search.
    assert f"(decision {refused['decision']})" in statuses[1]["error"]
    assert len({line["decision"] for line in found()}) == 3
    for secret in ("ada", "Ada", "another", *[part for token in tokens[:2] for part in token.split(".")]):
        assert secret not in server.log(), secret


def test_text_lines(start, entra):
    server = start()
    error = server.review(entra.token(aud="another"))["error"]
    decision = re.search(r"decision (\w+)", error)[1]
    wait_for(lambda: decision in server.log())
    line = next(line for line in server.log().splitlines() if decision in line)
    assert (
        f" info token review decision={decision} result=refused reason=audience_not_accepted admin=false tenant={TENANT} "
        in line
    )


def journal_stream(descriptor):
    status = os.fstat(descriptor)
    return f"{status.st_dev}:{status.st_ino}"


@pytest.mark.parametrize("format", ["text", "json"])
@pytest.mark.parametrize("channel", ["file", "socket"])
def test_lines_for_the_journal_have_a_priority_and_no_second_time(certificates, entra, tmp_path, format, channel):
    entra.write_key_file(certificates.path("keys.json"))
    config = configuration()
    audit = tmp_path / "audit.jsonl"
    config["logging"] = {"format": format, "audit": str(audit)}
    config["server"]["insecureAllowAnyClient"] = True
    del config["server"]["clientCA"]
    server = Webhook(certificates, config, name=f"journal-{tmp_path.name}.yaml")
    path = tmp_path / "stderr"
    if channel == "file":
        writing, reading = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), None
    else:
        reading, ours = socket.socketpair()
        writing = ours.detach()
    try:
        server.start(stderr=writing, env={**os.environ, "JOURNAL_STREAM": journal_stream(writing)})
        server.review(entra.token(aud="another"))
        server.stop()
    finally:
        os.close(writing)
        server.stop()
    if reading:
        with reading, reading.makefile("rb") as file:
            found = file.read().decode().splitlines()
    else:
        found = path.read_text().splitlines()
    message = {"text": r"<(\d)>(\w+) ([^=]*?)(?: \w+=.*)?", "json": r'<(\d)>\{"level":"(\w+)","message":"([^"]*)".*\}'}[
        format
    ]
    matches = [re.fullmatch(message, line) for line in found]
    assert all(matches), found
    priorities = {"info": "6", "notice": "5", "warning": "4"}
    assert all(match[1] == priorities[match[2]] for match in matches)
    assert {match[2] for match in matches} == priorities.keys()
    assert any(match[3] == "token review" for match in matches)
    assert all(line.endswith("}") and '"time"' not in line for line in found) or format == "text"
    # The audit file is no journal's.
    assert lines(audit)[0]["time"]


@pytest.mark.parametrize("stream", ["other", "", "1", "a:b", "1:2:3", "-1:-1"])
def test_another_programs_journal_changes_nothing(certificates, entra, tmp_path, stream):
    entra.write_key_file(certificates.path("keys.json"))
    server = Webhook(certificates, configuration(), name=f"journal-{tmp_path.name}.yaml")
    reading, writing = os.pipe()
    value = journal_stream(writing) if stream == "other" else stream
    try:
        server.start(env={**os.environ, "JOURNAL_STREAM": value})
        server.stop()
    finally:
        os.close(reading)
        os.close(writing)
        server.stop()
    assert server.log() and all(re.match(r"\d{4}-\d\d-\d\dT\S+Z \w+ ", line) for line in server.log().splitlines())


def test_debug_shows_the_checks_in_order(start, entra):
    server = start(level="debug")
    server.review(entra.token(aud="another"))
    wait_for(lambda: "checks" in server.log())
    line = next(line for line in server.log().splitlines() if " debug checks " in line)
    checks = re.search(r'checks="([^"]*)"', line)[1]
    assert checks.startswith(
        "size: passed, structure: passed, algorithm: passed, header: passed, keyID: passed, key: passed"
    )
    assert "audience: audience_not_accepted" in checks
    assert "ada" not in server.log() and "another" not in server.log()


@pytest.mark.parametrize("level, count", [(None, 10_000), ("debug", 2000)])
def test_a_flood_of_refusals_makes_a_small_log(start, entra, level, count):
    server = start(level=level)
    body = review_body(entra.token(aud="another"))

    def flood():
        connection = server.connect()
        for _ in range(count // 4):
            connection.request("POST", "/authenticate", body, {"Content-Type": "application/json"})
            connection.getresponse().read()
        connection.close()

    begin = time.time()
    threads = [threading.Thread(target=flood) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.time() - begin + 2

    def left_out():
        return sum(int(n) for n in re.findall(r"left out of the log .*leftOut=(\d+)", server.log()))

    wait_for(lambda: len(decisions(server)) + left_out() == count)
    # A hundred lines a second, a reason and an event loop.
    assert len(decisions(server)) <= 100 * os.cpu_count() * (seconds + 1)
    assert server.metric(AUDIT, log="decisions", cause="repeated") == left_out()
    assert server.metric("kube_entra_token_reviews_total", reason="audience_not_accepted") == count
    assert len(server.log()) < 500_000 * (seconds + 1)
    # Another reason is not drowned.
    now = int(time.time())
    server.review(entra.token(exp=now - 100, nbf=now - 900, iat=now - 900))
    wait_for(lambda: "token_expired" in server.log())


def test_the_audit_file_has_every_decision_that_is_ours(start, entra, tmp_path):
    path = tmp_path / "audit.jsonl"
    server = start(audit=str(path))
    for _ in range(30):
        server.review(entra.token(aud="another"))
    server.review(entra.token(groups=[ADMINS]))
    server.review("x")
    wait_for(lambda: len(lines(path)) == 31)
    assert [line["result"] for line in lines(path)] == ["refused"] * 30 + ["accepted"]
    assert lines(path)[-1].items() >= {"objectID": OBJECT, "admin": True, "tenant": TENANT}.items()
    assert os.stat(path).st_mode & 0o777 == 0o600


def test_the_audit_file_says_what_was_given(start, entra, tmp_path):
    path = tmp_path / "audit.jsonl"
    server = start(audit=str(path), format="json")

    def digest():
        with open(server.config_path, "rb") as file:
            return hashlib.sha256(file.read()).hexdigest()

    first = digest()
    user = server.review(entra.token(groups=[ADMINS, DEVELOPERS], uti="A"))["user"]
    server.review(entra.token(version="2.0", aud="another", uti="B"))
    forged = entra.token(groups=[ADMINS], uti="C")
    server.review(forged[:-8] + ("AAAAAAAA" if forged[-8:] != "AAAAAAAA" else "BBBBBBBB"))
    # Remembered, it says the same.
    again = entra.token(groups=[], uti="D", upn="grace@example.org")
    server.review(again)
    server.review(again)
    wait_for(lambda: len(lines(path)) == 5)
    accepted, refused, bad, *remembered = lines(path)
    assert accepted["username"] == user["username"] and "ada" in user["username"]
    objects = [group for group in user["groups"] if group.endswith((ADMINS, DEVELOPERS))]
    assert accepted["groups"] == [group for group in user["groups"] if group not in objects]
    assert "developers" in accepted["groups"] and accepted["groupObjectIDs"] == len(objects) == 2
    assert accepted["adminGroupObjectIDs"] == [ADMINS]
    assert (accepted["tokenVersion"], refused["tokenVersion"]) == ("1.0", "2.0")
    for line in lines(path):
        assert re.fullmatch(r"127\.0\.0\.1:\d+ kube-apiserver", line["caller"])
        assert line["configurationSHA256"] == first
        assert {"time", "decision", "result", "admin", "durationMicroseconds", "tokenSHA256"} <= line.keys()
    given = {"username", "groups", "groupObjectIDs", "adminGroupObjectIDs"}
    assert not given & refused.keys() and refused["tokenID"] == "B"
    assert bad["reason"] == "signature_invalid"
    assert not (given | {"tokenID", "tokenVersion", "objectID", "tenant"}) & bad.keys()
    changing = ("time", "decision", "durationMicroseconds", "caller")
    one, other = [{name: value for name, value in line.items() if name not in changing} for line in remembered]
    assert one == other and one["tokenID"] == "D" and one["groups"] == []
    assert not {"groupObjectIDs", "adminGroupObjectIDs"} & one.keys()
    # Nothing of that is for the ordinary log.
    found = [line for line in map(json.loads, server.log().splitlines()) if line["message"] == "token review"]
    assert found and not any(
        (given | {"caller", "tokenVersion", "configurationSHA256"}) & line.keys() for line in found
    )
    for secret in (user["username"], "ada", "grace"):
        assert secret not in server.log()
    # Another configuration in force.
    config = configuration()
    config["logging"] = {"audit": str(path), "format": "json"}
    config["kubernetes"] = {"groupObjectIDs": "drop"}
    server.write(config)
    wait_for(lambda: "configuration and certificates are in force" in server.log())
    server.review(entra.token(groups=[DEVELOPERS], uti="E"))
    wait_for(lambda: len(lines(path)) == 6)
    last = lines(path)[-1]
    assert last["configurationSHA256"] == digest() != first
    assert last["groups"] == ["developers"] and "groupObjectIDs" not in last


def test_audit_and_log_lines_are_as_their_schemas_say(start, entra, tmp_path):
    path = tmp_path / "audit.jsonl"
    server = start(audit=str(path), format="json")
    server.review(entra.token(groups=[ADMINS, DEVELOPERS]))
    server.review(entra.token(aud="another"))
    wait_for(lambda: len(lines(path)) == 2)

    def logged():
        return [line for line in map(json.loads, server.log().splitlines()) if line["message"] == "token review"]

    wait_for(lambda: len(logged()) == 2)
    for name, found in (("audit", lines(path)), ("log", logged())):
        with open(ROOT / "deploy" / "reference" / f"{name}.schema.json") as file:
            schema = json.load(file)
        for line in found:
            jsonschema.validate(line, schema)
            assert line.keys() <= schema["properties"].keys()
        # Whatever may be there is, but for what these two principals do not have.
        special = {"deniedBy", "deniedReason", "emergencyAccess", "emergencyReason"}
        assert set().union(*found) == schema["properties"].keys() - special


def test_an_audit_file_that_was_removed_is_made_anew(start, entra, tmp_path):
    path = tmp_path / "audit.jsonl"
    server = start(audit=str(path))
    server.review(entra.token(uti="A"))
    wait_for(lambda: len(lines(path)) == 1)
    # Without a line to write.
    os.unlink(path)
    wait_for(path.exists)
    assert os.stat(path).st_mode & 0o777 == 0o600 and lines(path) == []
    # And with one at once, which is not lost.
    os.unlink(path)
    server.review(entra.token(uti="B"))
    wait_for(lambda: path.exists() and len(lines(path)) == 1)
    assert lines(path)[0]["tokenID"] == "B"
    # Somebody has made another meanwhile.
    other = tmp_path / "other"
    other.write_text('{"decision":"before"}\n')
    os.rename(other, path)
    server.review(entra.token(uti="C"))
    wait_for(lambda: len(lines(path)) == 2)
    assert lines(path)[1]["tokenID"] == "C"


def test_audit_lines_without_a_folder_are_counted_as_lost(start, entra, tmp_path):
    folder = tmp_path / "logs"
    folder.mkdir()
    path = folder / "audit.jsonl"
    server = start(audit=str(path))
    shutil.rmtree(folder)
    server.review(entra.token(uti="A"))
    wait_for(lambda: server.metric(AUDIT, log="audit", cause="write_failed") == 1)
    folder.mkdir()
    wait_for(path.exists)
    server.review(entra.token(uti="B"))
    wait_for(lambda: len(lines(path)) == 1)


def test_the_audit_file_is_opened_again_on_sighup(start, entra, tmp_path):
    path, rotated = tmp_path / "audit.jsonl", tmp_path / "audit.jsonl.1"
    server = start(audit=str(path))
    server.review(entra.token())
    wait_for(lambda: len(lines(path)) == 1)
    os.rename(path, rotated)
    server.review(entra.token(uti="second"))
    wait_for(lambda: len(lines(rotated)) == 2)
    server.process.send_signal(signal.SIGHUP)
    wait_for(path.exists)
    server.review(entra.token(uti="third"))
    wait_for(lambda: len(lines(path)) == 1)
    assert len(lines(rotated)) == 2


def test_kill_9_leaves_whole_lines(start, entra, tmp_path):
    path = tmp_path / "audit.jsonl"
    server = start(audit=str(path))
    stop = threading.Event()

    def ask():
        connection = server.connect()
        number = 0
        while not stop.is_set():
            try:
                connection.request(
                    "POST",
                    "/authenticate",
                    review_body(entra.token(uti=str(number))),
                    {"Content-Type": "application/json"},
                )
                connection.getresponse().read()
            except OSError:
                return
            number += 1

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    wait_for(lambda: path.stat().st_size > 40_000)
    server.process.kill()
    server.process.wait()
    stop.set()
    for thread in threads:
        thread.join()
    assert len(lines(path)) > 40


def test_half_a_line_from_before_does_not_spoil_the_next(start, entra, tmp_path):
    path = tmp_path / "audit.jsonl"
    path.write_text('{"decision":"A"}\n{"decisi')
    server = start(audit=str(path))
    server.review(entra.token())
    wait_for(lambda: path.read_text().count("\n") == 3)
    assert json.loads(path.read_text().splitlines()[2])["result"] == "accepted"


def test_a_full_disk_stops_no_review(start, entra, tmp_path):
    server = start(audit="/dev/full")
    for number in range(20):
        assert reason(server.review(entra.token(uti=str(number)))) == "accepted"
    wait_for(lambda: server.metric(AUDIT, log="audit", cause="write_failed") == 20)
    assert os.stat("/dev/full").st_mode & 0o777 == 0o666


def test_a_disk_that_fills_up_keeps_whole_lines(start, entra, tmp_path):
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", folder], capture_output=True)
    if mounted.returncode != 0:
        pytest.skip("only root may mount a small file system")
    try:
        server = start(audit=str(folder / "audit.jsonl"))
        for number in range(100):
            assert reason(server.review(entra.token(uti=str(number)))) == "accepted"
        wait_for(lambda: server.metric(AUDIT, log="audit", cause="write_failed") > 0)
        kept = len(lines(folder / "audit.jsonl"))
        assert kept > 10
        wait_for(lambda: server.metric(AUDIT, log="audit", cause="write_failed") == 100 - kept)
        # There is room again.
        os.truncate(folder / "audit.jsonl", 0)
        server.review(entra.token(uti="later"))
        wait_for(lambda: len(lines(folder / "audit.jsonl")) == 1)
    finally:
        server.stop()
        subprocess.run(["umount", folder], check=True)


def test_a_reader_that_is_stuck_stops_nothing(certificates, entra):
    entra.write_key_file(certificates.path("keys.json"))
    server = Webhook(certificates, configuration(), name="stuck.yaml")
    reading, writing = os.pipe()
    server.start(stderr=writing)
    os.close(writing)
    try:
        # Far more than a pipe takes.
        asked(server, entra.token(), 1000)
        begin = time.time()
        server.stop()
        assert time.time() - begin < 10
    finally:
        os.close(reading)
