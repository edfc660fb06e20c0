"""All parts of the configuration that change without a restart, however the file is replaced, and emergency access."""

import json
import os
import shutil
import time
from datetime import UTC, datetime, timedelta

import pytest
import yaml
from entra import ADMINS, OBJECT
from lifecycle import Load, raw, request
from webhook import configuration, reason, review_body, run, wait_for

GROUPS = {"adminGroups": ["changed"]}


def changed(webhook, **sections):
    config = configuration()
    for name, value in sections.items():
        config.setdefault(name, {}).update(value)
    webhook.write(config)


def logged(webhook, text, count=1):
    wait_for(lambda: webhook.log().count(text) >= count)


def is_changed(webhook, entra):
    return webhook.review(entra.token(groups=[ADMINS]))["user"]["groups"][0] == "changed"


# What changes


def test_callers_can_be_taken_away_and_given_back(serve, entra):
    webhook = serve()
    body = review_body(entra.token())
    kept = raw(webhook, request(entra.token()))
    assert b'"authenticated":true' in kept.recv(65536)
    changed(webhook, server={"allowedClientNames": ["somebody-else"]})
    wait_for(lambda: webhook.post(body)[0] == 403)
    # A connection that was open before ends too, so that whoever may no longer ask gets no further answers.
    kept.settimeout(8)
    assert kept.recv(65536) == b""
    changed(webhook, server={"allowedClientNames": ["kube-apiserver"]})
    wait_for(lambda: webhook.post(body)[0] == 200)
    assert "restart" not in webhook.log()
    webhook.stop()


def test_a_change_of_bytes_is_a_change(serve, entra):
    """Two encodings of one letter, which some comparisons treat as equal."""
    webhook = serve()
    for count, city in enumerate(["caf\u00e9", "cafe\u0301"]):
        config = configuration(requiredClaims={"city": city})
        webhook.write(config)
        logged(webhook, "in force", count + 1)
        for claim in ["caf\u00e9", "cafe\u0301"]:
            expected = "accepted" if claim == city else "required_claim_mismatch"
            wait_for(lambda: reason(webhook.review(entra.token(city=claim))) == expected)
            assert reason(webhook.review(entra.token(city=claim))) == expected
    webhook.stop()


def test_limits_take_effect(serve, entra):
    webhook = serve()
    body = review_body(entra.token())
    assert webhook.post(body)[0] == 200
    changed(webhook, limits={"bodyBytes": 100})
    wait_for(lambda: webhook.post(body)[0] == 413)
    changed(webhook)
    wait_for(lambda: webhook.post(body)[0] == 200)
    changed(webhook, limits={"tokenBytes": 100})
    wait_for(lambda: reason(webhook.review(entra.token())) == "foreign")
    assert webhook.metric("kube_entra_token_reviews_total", reason="token_too_large") >= 1
    changed(webhook, limits={"clockSkew": "10m"})
    now = int(time.time())
    wait_for(lambda: reason(webhook.review(entra.token(iat=now - 900, nbf=now - 900, exp=now - 300))) == "accepted")
    changed(webhook, limits={"bytesInFlight": 10})
    wait_for(lambda: webhook.post(body)[0] == 503)
    changed(webhook)
    wait_for(lambda: webhook.post(body)[0] == 200)
    assert "restart" not in webhook.log()
    webhook.stop()


def test_the_cache_of_verified_tokens_can_be_turned_off_and_on(serve, entra):
    webhook = serve()
    token = entra.token()

    def hits():
        return webhook.metric("kube_entra_verified_token_cache_total", result="hit")

    for _ in range(8):
        webhook.review(token)
    assert hits() >= 1
    changed(webhook, verifiedTokenCache={"entries": 0})
    logged(webhook, "in force")
    before = hits()
    for _ in range(8):
        webhook.review(token)
    assert hits() == before
    changed(webhook)
    logged(webhook, "in force", 2)
    for _ in range(8):
        webhook.review(token)
    assert hits() > before
    webhook.stop()


def test_logging_takes_effect(serve, folder, entra):
    webhook = serve()
    webhook.review(entra.token())
    logged(webhook, " info token review ")
    changed(webhook, logging={"format": "json", "level": "debug", "audit": "audit.jsonl"})
    logged(webhook, '"message":"configuration and certificates are in force"')
    webhook.review(entra.token())
    logged(webhook, '"message":"checks"')
    wait_for(lambda: len(open(folder.path("audit.jsonl")).readlines()) == 1)
    changed(webhook, logging={"level": "error", "audit": "second.jsonl"})
    wait_for(lambda: os.path.exists(folder.path("second.jsonl")))
    length = len(webhook.log())
    webhook.review(entra.token())
    wait_for(lambda: len(open(folder.path("second.jsonl")).readlines()) == 1)
    assert len(open(folder.path("audit.jsonl")).readlines()) == 1
    assert len(webhook.log()) == length
    changed(webhook, logging={"audit": "no-such-folder/audit.jsonl"})
    wait_for(lambda: webhook.metric("kube_entra_config_reloads_total", result="failure") == 1)
    webhook.review(entra.token())
    wait_for(lambda: len(open(folder.path("second.jsonl")).readlines()) == 2)
    assert "logging.audit" in webhook.log()
    webhook.stop()


# How the file is written


def text_of(webhook, **sections):
    changed(webhook, **sections)
    with open(webhook.config_path) as file:
        return file.read()


@pytest.mark.parametrize(
    "way", ["in place", "in place, byte by byte", "renamed over", "deleted and made again", "linked"]
)
def test_every_way_of_writing_the_file(serve, entra, way):
    webhook = serve()
    text = text_of(webhook, kubernetes=GROUPS)
    changed(webhook)
    wait_for(lambda: not is_changed(webhook, entra))
    path = webhook.config_path
    if way == "in place":
        with open(path, "r+") as file:
            file.write(text)
            file.truncate()
    elif way == "in place, byte by byte":
        with open(path, "w") as file:
            for part in range(0, len(text), 40):
                file.write(text[part : part + 40])
                file.flush()
                time.sleep(0.05)
    elif way == "deleted and made again":
        os.unlink(path)
        wait_for(lambda: webhook.metric("kube_entra_config_reloads_total", result="failure") >= 1)
        assert reason(webhook.review(entra.token())) == "accepted"
        assert "there is no such file" in webhook.log()
        with open(path, "w") as file:
            file.write(text)
    else:
        with open(path + ".2", "w") as file:
            file.write(text)
        if way == "linked":
            os.symlink(path + ".2", path + ".link")
            os.rename(path + ".link", path)
        else:
            os.rename(path + ".2", path)
    wait_for(lambda: is_changed(webhook, entra))
    webhook.stop()


def test_a_refused_configuration_that_waits_for_its_certificate(serve, folder, entra):
    """Files of a volume arrive one by one; no second change of the configuration is needed."""
    webhook = serve()
    changed(webhook, kubernetes=GROUPS, server={"certificate": "late.crt", "privateKey": "late.key"})
    wait_for(lambda: webhook.metric("kube_entra_config_reloads_total", result="failure") == 1)
    _, _, checked = run("config", "check", webhook.config_path)
    assert checked.count("there is no such file") == 2
    # `config check` says in a second line what to do; the log does not.
    for line in [line for line in checked.splitlines() if not line.startswith("  → ")]:
        assert line in webhook.log()
    shutil.copy2(folder.path("server2.crt"), folder.path("late.crt"))
    shutil.copy2(folder.path("server2.key"), folder.path("late.key"))
    wait_for(lambda: is_changed(webhook, entra))
    webhook.stop()


@pytest.mark.parametrize(
    "field, content, source",
    [("clientSecretFile", None, "s"), ("graphCA", "no certificate", None), ("authorityCA", None, None)],
)
def test_a_refused_configuration_that_waits_for_what_serve_needs(serve, folder, entra, field, content, source):
    """A broken file of a tenant fails the reload like a broken certificate, and is checked until it is valid."""
    webhook = serve()
    path = folder.path(f"late-{field}")
    if content is not None:
        with open(path, "w") as file:
            file.write(content)
    directory = {"clientID": "bbbbbbbb-0000-0000-0000-000000000000", "clientSecretFile": "present"}
    with open(folder.path("present"), "w") as file:
        file.write("s")
    tenant = {"groupOverage": "resolve", "directory": directory}
    (tenant if field == "authorityCA" else directory)[field] = f"late-{field}"
    config = configuration(**tenant)
    config["kubernetes"] = GROUPS
    webhook.write(config)
    wait_for(lambda: webhook.metric("kube_entra_config_reloads_total", result="failure") == 1)
    assert not is_changed(webhook, entra) and f"{field}: {path}: " in webhook.log()
    assert webhook.get("/readyz")[0] == 200
    if source:
        with open(path, "w") as file:
            file.write(source)
    else:
        shutil.copy2(folder.path("ca.crt"), path)
    wait_for(lambda: is_changed(webhook, entra))
    webhook.stop()


# Emergency access


def emergency(seconds, **changes):
    until = datetime.now(UTC) + timedelta(seconds=seconds)
    return [
        {
            "objectID": OBJECT,
            "until": until.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "kubernetesGroups": ["kube-entra:cluster-admins"],
            "reason": "incident 4711",
            **changes,
        }
    ]


def test_emergency_access_ends_at_its_second_for_a_cached_token_too(serve, entra):
    entry = emergency(4)
    webhook = serve(lambda config: config["tenants"][0].update(emergencyAccess=entry))
    until = datetime.strptime(entry[0]["until"], "%Y-%m-%dT%H:%M:%S%z").timestamp()
    token = entra.token(groups=[])
    seen = set()
    while time.time() < until + 1.5:
        sent = time.time()
        groups = tuple(webhook.review(token)["user"]["groups"])
        answered = time.time()
        if answered < until:
            assert groups == ("kube-entra:cluster-admins",), until - sent
        elif sent >= until:
            assert groups == (), sent - until
        seen.add(groups)
        time.sleep(0.02)
    assert len(seen) == 2
    webhook.stop()


@pytest.mark.parametrize(
    "claims",
    [
        {},
        {"idtyp": "app", "upn": None, "scp": None},
        {"groups": None, "hasgroups": True},
        {
            "groups": None,
            "_claim_names": {"groups": "src1"},
            "_claim_sources": {"src1": {"endpoint": "https://x.example"}},
        },
    ],
    ids=["user", "application", "too many groups", "too many groups, with a source"],
)
def test_each_use_of_emergency_access_is_seen(serve, entra, tmp_path, claims):
    webhook = serve(
        lambda config: (
            config["tenants"][0].update(emergencyAccess=emergency(3600)),
            config.update(logging={"level": "info"}),
        )
    )
    given = {name: value for name, value in entra.claims(**{"groups": [], **claims}).items() if value is not None}
    token = entra.raw(json.dumps(entra.header()), json.dumps(given))
    for _ in range(12):
        user = webhook.review(token)["user"]
    assert user["groups"] == ["kube-entra:cluster-admins"]
    assert user["extra"]["kube-entra.dev/emergency-access"] == ["incident 4711"]
    assert webhook.metric("kube_entra_emergency_access_total") == 12
    logged(webhook, " warning emergency access was used ", 12)
    logged(webhook, " info token review ", 12)
    line = [line for line in webhook.log().splitlines() if "token review" in line][-1]
    assert "emergencyAccess=true" in line and 'emergencyReason="incident 4711"' in line and OBJECT in line
    now = int(time.time())
    # The same person without a valid token gets nothing, and nobody else gets anything.
    expired = json.dumps({**given, "iat": now - 4000, "nbf": now - 4000, "exp": now - 400})
    assert reason(webhook.review(entra.raw(json.dumps(entra.header()), expired))) == "token_expired"
    assert webhook.review(entra.token(groups=[], oid=ADMINS))["user"]["groups"] == []
    file = tmp_path / "claims.json"
    file.write_text(json.dumps(given))
    code, out, _ = run("policy", "check", "--config", webhook.config_path, "--claims", str(file), "--output", "json")
    answer = json.loads(out)
    assert (code, answer["admin"]) == (0, True)
    assert answer["because"] == [{"rule": "emergencyAccess", "matched": OBJECT, "gives": ["kube-entra:cluster-admins"]}]
    with open(webhook.config_path) as file:
        config = yaml.safe_load(file)
    config["tenants"][0]["emergencyAccess"] = []
    without = tmp_path / "without.yaml"
    without.write_text(json.dumps(config))
    code, out, _ = run("policy", "diff", webhook.config_path, str(without))
    assert code == 1 and f"object {OBJECT} loses emergency access" in out
    webhook.stop()


def test_reloads_of_everything_under_load_drop_nothing(serve, entra):
    webhook = serve()
    load = Load(
        webhook, [(entra.token(groups=[ADMINS]), {"accepted"}), (entra.token(aud="x"), {"audience_not_accepted"})]
    )
    for round in range(4):
        changed(
            webhook,
            kubernetes={"adminGroups": ["changed" if round % 2 else "other"]},
            limits={"idleTimeout": f"{100 + round}s", "connections": 1000 + round},
            verifiedTokenCache={"entries": round * 100},
            logging={"format": ["text", "json"][round % 2]},
        )
        wait_for(lambda: is_changed(webhook, entra) == bool(round % 2))
    load.stop()
    assert load.count > 100
    assert (load.wrong, load.broken) == ([], [])
    webhook.stop()
