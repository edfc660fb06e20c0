"""The audit file: content, rotation, kill -9, full disks."""

import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import threading
import time

import jsonschema
import pytest
from decision_lines import AUDIT, lines
from entra import ADMINS, DEVELOPERS, OBJECT, TENANT
from programs import ROOT
from webhook import configuration, reason, review_body, wait_for


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


def test_a_flood_of_forged_tokens_makes_a_small_audit_file(start, entra, tmp_path):
    """Nobody needs an account to make them. What Entra signed is written, however much of it there is."""
    path = tmp_path / "audit.jsonl"
    server = start(audit=str(path))
    whole = entra.token(groups=[ADMINS])
    head = whole[: whole.rindex(".") + 1]
    signature = whole[len(head) :]

    def flood(part):
        connection = server.connect()
        for number in range(500):
            forged = f"{head}{part}{number:07}{signature[8:]}"
            connection.request("POST", "/authenticate", review_body(forged), {"Content-Type": "application/json"})
            connection.getresponse().read()
            if number % 5 == 0:
                body = review_body(entra.token(aud="another", uti=f"{part}{number}"))
                connection.request("POST", "/authenticate", body, {"Content-Type": "application/json"})
                connection.getresponse().read()
        connection.close()

    begin = time.monotonic()
    threads = [threading.Thread(target=flood, args=(part,)) for part in "ABCD"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    intervals = 1 + (time.monotonic() - begin) // 60
    assert server.metric("kube_entra_token_reviews_total", reason="signature_invalid") == 2000
    # The rest is counted, at the end at the latest.
    left_out = server.metric(AUDIT, log="audit", cause="repeated")
    server.stop()
    found = lines(path)
    forged = [line for line in found if line["reason"] == "signature_invalid"]
    assert len({line["tokenID"] for line in found if "tokenID" in line}) == 400
    assert sum("decision" in line for line in forged) <= 60 * (intervals + 1)
    assert sum("decision" in line for line in forged) + left_out == 2000
    assert sum(line.get("leftOut", 0) for line in forged) == left_out
    with open(ROOT / "deploy" / "reference" / "audit.schema.json") as file:
        schema = json.load(file)
    for line in found:
        jsonschema.validate(line, schema)
        assert line.keys() <= schema["properties"].keys()


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
        special = {"deniedBy", "deniedReason", "emergencyAccess", "emergencyReason", "leftOut"}
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
