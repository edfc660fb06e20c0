"""The decision log: content, floods, the journal, a reader that is stuck."""

import hashlib
import json
import os
import re
import socket
import threading
import time

import pytest
from decision_lines import AUDIT, decisions, lines
from entra import ADMINS, CLIENT, OBJECT, TENANT
from overage import asked
from webhook import Webhook, configuration, review_body, wait_for


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


@pytest.mark.parametrize("level", ["info", "warning"])
def test_emergency_access_is_a_decision_at_info_and_a_warning(level, start, entra):
    entry = {"objectID": OBJECT, "until": "2099-01-01T00:00:00Z", "kubernetesGroups": ["emergency"], "reason": "drill"}
    server = start(format="json", level=level, tenant={"emergencyAccess": [entry]})
    assert "emergency" in server.review(entra.token())["user"]["groups"]

    def found(message):
        return [line for line in map(json.loads, server.log().splitlines()) if line["message"] == message]

    wait_for(lambda: found("emergency access was used"))
    (warning,) = found("emergency access was used")
    assert warning["level"] == "warning" and (warning["tenant"], warning["objectID"]) == (TENANT, OBJECT)
    if level == "info":
        wait_for(lambda: found("token review"))
    decided = [(line["level"], line["decision"], line["emergencyReason"]) for line in found("token review")]
    assert decided == [("info", warning["decision"], "drill")] * (level == "info")


def test_text_lines_hold_the_same_fields(start, entra):
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
