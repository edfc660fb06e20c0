"""Tokens that must be refused, each with its own reason; `inspect` agrees with the webhook."""

import hashlib
import json
import random
import time

import pytest
from entra import ADMINS, LEFT_OUT, OTHER_TENANT, TENANT
from hostile_tokens import CASES, FOREIGN, GRAPH
from webhook import reason, run


@pytest.mark.parametrize("make,expected", [case[1:] for case in CASES], ids=[case[0][:60] for case in CASES])
def test_hostile_tokens_are_refused_for_their_own_reason(webhook, entra, make, expected):
    token = make(entra)
    status = webhook.review(token)
    assert reason(status) == expected
    if expected != "accepted":
        assert status["authenticated"] is False
        assert not status.get("user", {}).get("username")


def test_group_system_masters_gives_nothing(webhook, entra):
    assert webhook.review(entra.token(groups=["system:masters", ADMINS.upper()]))["user"]["groups"] == [
        "kube-entra:cluster-admins",
        ADMINS,
    ]


# White space around a token, line breaks inside and a byte order mark are taken off for inspect, which is for people; so
# is JSON around one.
FOR_PEOPLE = {"white space at the end", "a line break inside", "a byte order mark in front"}
BOTH = [case for case in CASES if case[0] not in FOR_PEOPLE]


def compare(webhook, token, folder):
    """Both processes check the token; verdict, reason and user must be the same. Returns serve's answer."""
    before = {name: webhook.metric("kube_entra_token_reviews_total", reason=name) for name in FOREIGN_REASONS}
    status = webhook.review(token)
    served = reason(status)
    if served == FOREIGN:
        # The answer does not say why, the counter does.
        (served,) = [
            name
            for name in FOREIGN_REASONS
            if webhook.metric("kube_entra_token_reviews_total", reason=name) > before[name]
        ]
    path = folder / "token"
    path.write_text(token)
    code, out, err = run("inspect", "--config", webhook.config_path, "--token-file", str(path), "--output", "json")
    report = json.loads(out)
    if served == "accepted":
        assert (code, report["verdict"], report["reason"]) == (0, "accepted", None)
        assert report["user"] == status["user"]
    else:
        assert (code, report["verdict"], report["reason"]) == (1, "rejected", served)
        assert report["reason"] in [check["reason"] for check in report["checks"]] + ["issuer_not_trusted"]
    for part in token.split("."):
        if len(part) > 40:
            assert part not in out and part not in err
    return served


FOREIGN_REASONS = ["token_missing", "token_too_large", "token_malformed", "token_encrypted", "issuer_not_trusted"]


@pytest.mark.parametrize("make,expected", [case[1:] for case in BOTH], ids=[case[0][:60] for case in BOTH])
def test_inspect_agrees_with_the_webhook(webhook, entra, make, expected, tmp_path):
    served = compare(webhook, make(entra), tmp_path)
    assert served == expected or (expected == FOREIGN and served in FOREIGN_REASONS)


@pytest.mark.parametrize("seed", range(4))
def test_inspect_agrees_on_random_tokens(webhook, entra, tmp_path, seed):
    """Tokens that are wrong in several ways at once, the same in every run."""
    draw = random.Random(seed)
    values = [
        LEFT_OUT,
        None,
        "",
        "x",
        0,
        -1,
        1.5,
        True,
        [],
        {},
        [1],
        TENANT,
        OTHER_TENANT,
        "1.0",
        "2.0",
        "app",
        "device",
        f"https://sts.windows.net/{OTHER_TENANT}/",
        GRAPH,
        2**53,
        ["system:masters"],
        "system:admin",
        "a#EXT#@b",
        "a_EXT_@b",
    ]
    names = [
        "aud",
        "iss",
        "iat",
        "nbf",
        "exp",
        "appid",
        "azp",
        "oid",
        "scp",
        "tid",
        "upn",
        "ver",
        "groups",
        "roles",
        "idtyp",
        "idp",
        "acct",
        "_claim_names",
        "hasgroups",
        "cnf",
        "xms_mirid",
        "xms_sub_fct",
    ]
    seen = set()
    for _ in range(40):
        changes = {draw.choice(names): draw.choice(values) for _ in range(draw.randint(0, 3))}
        head = {draw.choice(["alg", "kid", "typ", "crit", "nonce"]): draw.choice(values)} if draw.random() < 0.3 else {}
        token = entra.token(header=head, key=entra.foreign if draw.random() < 0.1 else None, **changes)
        if draw.random() < 0.2:
            place = draw.randrange(len(token))
            token = token[:place] + draw.choice([".", "", "A", "=", "/", "eyJ"]) + token[place + draw.randint(0, 1) :]
        seen.add(compare(webhook, token, tmp_path))
    assert len(seen) > 5 and "accepted" in seen


def test_nothing_leaks_into_the_log(webhook, entra):
    token = entra.token(upn="secret.person@example.com", name="Secret Person")
    webhook.review(token)
    forged = entra.token(key=entra.foreign, upn="secret.person@example.com")
    webhook.review(forged)
    time.sleep(0.3)
    log = webhook.log()
    assert "token review" in log
    for secret in [
        "secret.person",
        "Secret Person",
        token.split(".")[1][:40],
        token.split(".")[2][:40],
        forged.split(".")[2][:40],
    ]:
        assert secret not in log
    assert hashlib.sha256(token.encode()).hexdigest()[:12] in log
