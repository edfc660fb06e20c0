"""No token, signature, name or key is left where it does not belong: in logs of any level, in what the operations
listener shows, in errors; and the private key's file is not left in memory."""

import base64
import json
import os
import re
import socket
import time

import pytest
from entra import b64
from overage import CLIENT_ID, OVERAGE
from proofs import HOST, envelope
from webhook import Webhook, configuration, review_body

SECRETS = ["ada@example.com", "Ada", "eve.secret@example.com", "Eve Secret", "grp-secret-name"]


@pytest.fixture(scope="module")
def tokens(entra):
    """Every kind of token: accepted, refused at each stage, damaged."""
    good = entra.token()
    head, claims, signature = good.split(".")
    named = dict(
        upn="eve.secret@example.com",
        name="Eve Secret",
        email="eve.secret@example.com",
        preferred_username="eve.secret@example.com",
    )
    return [
        good,
        entra.token(**named),
        entra.token(groups=["grp-secret-name"], **named),
        entra.token(exp=1, nbf=0, iat=0, **named),
        entra.token(aud="elsewhere", **named),
        entra.token(iss="https://secret.example/", **named),
        entra.token(key=entra.foreign, **named),
        entra.token(version="2.0", **named),
        entra.token(oid="eve.secret", **named),
        entra.token(header={"kid": "unknown-kid"}, **named),
        entra.token(header={"alg": "none"}, **named),
        entra.token(header={"alg": "HS256"}, **named),
        entra.token(upn="system:admin"),
        entra.token(groups=5, **named),
        entra.token(_claim_names={"groups": "src1"}, groups=[], **named),
        entra.token(cnf={"kid": "x"}, **named),
        head + "." + claims + ".",
        head + "." + claims,
        f"{head}.{claims}.{signature[:-4]}AAAA",
        "a.b.c." + good,
        good + "." + good,
        "Bearer " + good,
        f"{head}.{b64('{')}.{signature}",
        b64("eve.secret@example.com") + ".e.e",
    ]


def parts(tokens):
    """Everything as secret as a token: each part that is long enough, and signatures in every encoding."""
    found = set()
    for token in tokens:
        for part in token.replace("Bearer ", "").split("."):
            if len(part) >= 40:
                found.update({part, part[:40], part[-40:]})
        last = token.split(".")[-1]
        if len(last) > 300:
            raw = base64.urlsafe_b64decode(last + "=" * (-len(last) % 4))
            found.update({raw.hex()[:48], base64.b64encode(raw).decode()[:48]})
    return found


@pytest.mark.parametrize("level", ["info", "debug", "trace"])
def test_pages_of_operations_show_no_secret(certificates, entra, tokens, level):
    entra.write_key_file(certificates.path("keys.json"))
    webhook = Webhook(certificates, configuration(), name=f"leaks-{level}.yaml").start(arguments=["--log-level", level])
    answers = []
    try:
        for token in tokens:
            answers.append(webhook.post(review_body(token))[1])
            # In places where no token belongs.
            for body in (
                token,
                json.dumps({"kind": "TokenReview", "apiVersion": token}),
                review_body(token)[:-9],
                "[" + token,
            ):
                answers.append(webhook.post(body)[1])
            answers.append(webhook.post("{}", path="/authenticate/" + token[:2000].replace(" ", "+"))[1])
            answers.append(
                webhook.post("{}", headers={"Authorization": "Bearer " + token, "Content-Type": token[:500]})[1]
            )
        with socket.create_connection(("127.0.0.1", webhook.port)) as plain:
            plain.sendall(b"GET /" + tokens[0].encode() + b" HTTP/1.1\r\n\r\n")
            plain.recv(100)
        shown = "".join(
            webhook.get(path, {"Accept": kind})[1]
            for path in ("/metrics", "/statusz", "/readyz?verbose", "/livez?verbose", "/" + tokens[0][:900])
            for kind in ("*/*", "text/html", "application/openmetrics-text")
        )
        # The user's name is for kube-apiserver; an error is for everybody.
        errors = "".join(
            json.loads(a).get("status", {}).get("error", "") if "TokenReview" in a else a
            for a in answers
            if '"authenticated":true' not in a
        )
    finally:
        webhook.stop()
    log = webhook.log()
    assert log.count("token review") >= len(tokens)
    secrets = parts(tokens)
    for where, text in {"log": log, "operations": shown, "errors": errors}.items():
        assert [s for s in secrets if s in text] == [], where
        if level == "info" or where != "log":
            assert [s for s in SECRETS if re.search(rf"\b{re.escape(s)}\b", text)] == [], where


def memory(process):
    """Everything that the process may write to."""
    with open(f"/proc/{process.pid}/maps") as maps, open(f"/proc/{process.pid}/mem", "rb", 0) as mem:
        for line in maps:
            addresses, rights = line.split()[:2]
            if "rw" not in rights or "[v" in line:
                continue
            start, end = (int(x, 16) for x in addresses.split("-"))
            mem.seek(start)
            try:
                yield mem.read(end - start)
            except OSError:
                continue


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may look into another process")
def test_the_key_file_is_not_left_in_memory(certificates, entra):
    """OpenSSL stores the key as numbers; its text is cleared after reading, at the start and at reloads."""
    entra.write_key_file(certificates.path("keys.json"))
    webhook = Webhook(certificates, configuration(), name="memory.yaml").start()
    try:
        with open(certificates.path("server.key")) as file:
            lines = [line.encode() for line in file.read().split("\n") if len(line) == 64]
        with open(certificates.path("server.crt")) as file:
            public = [line.encode() for line in file.read().split("\n") if len(line) == 64]
        assert lines and public
        for round in range(2):
            found = [line for block in memory(webhook.process) for line in lines if line in block]
            assert found == [], round
            os.utime(certificates.path("server.key"))
            end = time.time() + 6
            while webhook.metric("kube_entra_config_reloads_total", result="success") < 1 and time.time() < end:
                time.sleep(0.1)
        assert webhook.metric("kube_entra_config_reloads_total", result="success") >= 1
    finally:
        webhook.stop()


def remembered(webhook, needles):
    """How often each of them is in the process's memory."""
    blocks = list(memory(webhook.process))
    return {name: sum(block.count(needle) for block in blocks) for name, needle in needles.items()}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may look into another process")
@pytest.mark.parametrize("protocol", ["http/1.1", "h2"])
def test_no_token_is_left_in_memory(certificates, entra, protocol):
    """Neither encoded nor decoded; in requests of every form, accepted or not."""
    entra.write_key_file(certificates.path("keys.json"))
    config = configuration(proofOfPossession="accept", clusterHost=HOST)
    config["server"]["protocols"] = [protocol]
    webhook = Webhook(certificates, config, name="token-memory.yaml").start()
    review = webhook.review if protocol == "http/1.1" else webhook.review_http2
    try:
        many = [f"{number:08x}-0000-4000-8000-000000000000" for number in range(200)]
        forms = {
            "taken": entra.token(),
            "with 200 groups": entra.token(groups=many),
            "expired": entra.token(exp=1, nbf=0, iat=0),
            "signed by another": entra.token(key=entra.foreign),
            "in an envelope": envelope(entra),
            "not ours": entra.token(iss="https://secret.example/", header={"kid": "other"}),
        }
        needles = {"control": configuration()["tenants"][0]["tenantID"].encode()}
        for name, token in forms.items():
            review(token)
            if protocol == "http/1.1":
                # In pieces, and written so that only the JSON parser can read it.
                body = json.dumps(json.loads(review_body(token)), indent=1).replace("TokenReview", "\\u0054okenReview")
                webhook.post(body)
                webhook.post(
                    "".join(
                        f"{len(body[at : at + 1000]):x}\r\n{body[at : at + 1000]}\r\n"
                        for at in range(0, len(body), 1000)
                    )
                    + "0\r\n\r\n",
                    headers={"Transfer-Encoding": "chunked"},
                )
                webhook.post(review_body(token)[:-9])
            signature = token.split(".")[2]
            needles |= {
                f"{name}: signature": signature[40:90].encode(),
                f"{name}: claims": token.split(".")[1][60:130].encode(),
                f"{name}: decoded": base64.urlsafe_b64decode(signature + "==")[60:110],
            }
        # What is read last may wait for the next to come.
        for _ in range(16):
            review("x" * 20_000)
        time.sleep(0.2)
        found = remembered(webhook, needles)
    finally:
        webhook.stop()
    assert found.pop("control") > 0
    # Our own memory is cleansed. Of what a library's buffers held and gave back, a copy may be left for a while.
    assert max(found.values()) <= 2 and sum(n for name, n in found.items() if "claims" not in name) <= 3, found


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may look into another process")
def test_the_secret_for_graph_is_not_left_in_memory(setting, entra):
    graph, make = setting
    webhook = make()
    assert webhook.review(entra.token(**OVERAGE))["authenticated"]
    time.sleep(0.2)
    found = remembered(webhook, {"control": CLIENT_ID.encode(), "secret": graph.secret[:6].encode()})
    assert found["control"] > 0 and found["secret"] == 0, found
