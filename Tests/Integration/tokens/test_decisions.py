"""Valid tokens of every kind give the right user, over both protocols and in both versions."""

import time

import pytest
from entra import ADMINS, CLIENT, DEVELOPERS, LEFT_OUT, OBJECT, PLAIN, TENANT
from webhook import reason, run

CASES = [
    # name, version, claims, username, kind
    ("v1 user", "1.0", {}, "ada@example.com", "user"),
    ("v2 user with upn", "2.0", {}, "ada@example.com", "user"),
    ("v2 user without upn", "2.0", {"upn": LEFT_OUT, "preferred_username": "ada@example.com"}, OBJECT, "user"),
    ("guest by idp", "2.0", {"idp": "https://sts.windows.net/99999999-9999-9999-9999-999999999999/"}, OBJECT, "guest"),
    ("guest by acct", "1.0", {"acct": 1}, OBJECT, "guest"),
    ("guest by name", "1.0", {"upn": "ada_home.example#EXT#@example.com"}, OBJECT, "guest"),
    ("guest by name without hash", "2.0", {"upn": "ada_home.example_EXT_@example.com"}, OBJECT, "guest"),
    ("app", "2.0", {"idtyp": "app", "scp": LEFT_OUT, "upn": LEFT_OUT}, OBJECT, "app"),
    ("app without idtyp", "1.0", {"scp": LEFT_OUT, "upn": LEFT_OUT, "roles": []}, OBJECT, "app"),
    (
        "managed identity",
        "2.0",
        {"idtyp": "app", "scp": LEFT_OUT, "upn": LEFT_OUT, "xms_mirid": "/x"},
        OBJECT,
        "managedIdentity",
    ),
]


@pytest.mark.parametrize("version", ["v1", "v1beta1"])
@pytest.mark.parametrize("http2", [False, True], ids=["http1", "http2"])
@pytest.mark.parametrize("name,token_version,claims,username,kind", CASES, ids=[case[0] for case in CASES])
def test_each_kind_of_token_gives_its_user(webhook, entra, name, token_version, claims, username, kind, http2, version):
    token = entra.token(version=token_version, **claims)
    status = webhook.review_http2(token, version) if http2 else webhook.review(token, version)
    assert status["authenticated"] is True
    user = status["user"]
    assert user["username"] == username
    assert user["uid"] == OBJECT
    assert user["groups"] == ["kube-entra:cluster-admins", PLAIN, ADMINS]
    issued = user["extra"].pop("kube-entra.dev/token-issued-at")
    assert len(issued) == 1 and 0 <= time.time() - int(issued[0]) < 3600
    assert user["extra"] == {
        "oid": [OBJECT],
        "kube-entra.dev/tenant-id": [TENANT],
        "kube-entra.dev/client-app-id": [CLIENT],
        "kube-entra.dev/subject-kind": [kind],
        "kube-entra.dev/admin-group-object-id": [ADMINS],
        "authentication.kubernetes.io/credential-id": ["JTI=abc_DEF-1"],
    }


def test_groups_in_order_without_repetition(webhook, entra):
    token = entra.library_token(groups=[PLAIN, DEVELOPERS.upper(), ADMINS, "a name", PLAIN], roles=["Cluster.Viewer"])
    status = webhook.review(token)
    assert status["user"]["groups"] == ["kube-entra:cluster-admins", "developers", "viewers", PLAIN, DEVELOPERS, ADMINS]


def test_no_groups_at_all(webhook, entra):
    status = webhook.review(entra.token(groups=LEFT_OUT))
    assert status["authenticated"] is True
    assert status["user"].get("groups", []) == []


def test_inspect_agrees_with_serve(webhook, entra):
    # One token: the seconds in it are those of its making.
    token = entra.token()
    code, out, _ = run("inspect", "--config", webhook.config_path, "--output", "json", input=token)
    assert code == 0
    import json

    report = json.loads(out)
    assert report["verdict"] == "accepted"
    assert report["user"] == webhook.review(token)["user"]
    assert reason(webhook.review(entra.token(exp=1))) == "claims_malformed"
