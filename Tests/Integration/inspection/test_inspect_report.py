"""What `inspect` says about a token, as text and as JSON."""

import os
import pty
import re
import subprocess
import time

import pytest
from entra import ADMINS, AUDIENCE, CLIENT, DEVELOPERS, LEFT_OUT, OBJECT, OTHER_TENANT, PLAIN, TENANT
from inspections import GRAPH, configured, failed, inspect, text
from webhook import PROGRAM, run


def test_text_says_it_all_at_a_glance(place, entra):
    token = entra.token(
        groups=[PLAIN, ADMINS, DEVELOPERS, "a name"],
        roles=["Cluster.Viewer"],
        name="Ada L.",
        iat=int(time.time()) - 720,
        nbf=int(time.time()) - 720,
    )
    shown = text(token, "--config", str(place / "config.yaml"), code=0)
    assert shown.splitlines()[0] == "ACCEPTED: accepted as ada@example.com, an admin"
    for line in [
        "who         user",
        "object ID   " + OBJECT,
        "tenant      " + TENANT,
        "name        Ada L.  (display only)",
        f"asked by    {CLIENT} (AKS client)",
        "made for    " + AUDIENCE,
        "version     1.0",
        "in groups   3, of which 1 admin and 1 mapped",
        f"{ADMINS}  admin group",
        f"{DEVELOPERS}  gives developers",
        "user        ada@example.com",
        "groups      kube-entra:cluster-admins  (admin group)",
        "developers  (mapped group)",
        "viewers  (app role)",
        "ok    signature         right",
    ]:
        assert line in shown, (line, shown)
    assert re.search(r"issued      \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ  \(12 minutes ago\)", shown)
    assert "note: 1 value in groups is no object ID and was dropped" in shown
    assert shown.isascii()


EXAMPLES = [
    ({"exp": -7200, "iat": -20000, "nbf": -20000}, "token_expired", "expired 2 h ago", "kubelogin remove-cache-dir"),
    (
        {"aud": GRAPH},
        "audience_not_accepted",
        f"audience is {GRAPH} (Microsoft Graph)",
        f"the kubeconfig's --server-id must be {AUDIENCE}",
    ),
    (
        {"tid": OTHER_TENANT, "iss": f"https://sts.windows.net/{OTHER_TENANT}/"},
        "issuer_not_trusted",
        f"issued by tenant {OTHER_TENANT}, this cluster trusts tenant {TENANT}",
        f"--tenant-id in the kubeconfig to {TENANT}",
    ),
    (
        {"ver": "2.0", "iss": f"https://login.microsoftonline.us/{TENANT}/v2.0"},
        "issuer_not_trusted",
        "in the cloud usGovernment",
        "--environment in the kubeconfig to AzurePublicCloud",
    ),
    ({"groups": LEFT_OUT, "hasgroups": True}, "group_overage", "more than 200 groups", "groupOverage: resolve"),
    (
        {"appid": "04b07795-8ddb-461a-bbee-02f9e1bf7b46", "aud": "https://management.core.windows.net/"},
        "audience_not_accepted",
        "(Azure Resource Manager)",
        f"az account get-access-token --resource {AUDIENCE}",
    ),
    ({"idtyp": "device"}, "subject_kind_not_allowed", "a device's", "subjects"),
    ({"oid": "x"}, "subject_missing", 'oid is "x", which is no object ID', "oid"),
    ({"upn": "system:admin"}, "username_reserved", '"system:admin"', "username: oid"),
    ({"cnf": {"kid": "x"}}, "proof_of_possession_required", "without its envelope", "--pop-enabled"),
    ({"groups": "x"}, "groups_malformed", "groups is a string", "Group ID"),
    ({"nbf": 600, "iat": 0}, "token_not_yet_valid", "valid in 10 minutes", "timedatectl"),
    ({"exp": 40 * 3600}, "token_lifetime_too_long", "the longest allowed is 29 h", "maximumTokenLifetime"),
    ({"ver": "3.0"}, "claims_malformed", 'ver is "3.0"', "claims-mapping policy"),
    (
        {"exp": LEFT_OUT, "upn": 1, "roles": [1], "iat": "now"},
        "claims_malformed",
        "upn is a number; iat is a string; roles is a list of something other than strings; exp is missing",
        "claims-mapping",
    ),
    ({"exp": 100, "nbf": 200}, "claims_malformed", "exp is not later than nbf", "claims-mapping"),
    ({"tid": OTHER_TENANT}, "tenant_mismatch", f'tid is "{OTHER_TENANT}", and the issuer is tenant {TENANT}', "tenant"),
]


@pytest.mark.parametrize(
    "changes, reason, said, hint", EXAMPLES, ids=[f"{case[1]}: {case[2]}"[:60] for case in EXAMPLES]
)
def test_each_failure_has_its_values_and_its_hint(place, entra, changes, reason, said, hint):
    now = int(time.time())
    changes = {
        name: value + now if name in ("exp", "iat", "nbf") and isinstance(value, int) else value
        for name, value in changes.items()
    }
    # The report says how long ago and how soon, however long the machine takes to start it.
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now))
    report = inspect(entra.token(**changes), "--at", at, config=str(place / "config.yaml"))
    assert report["reason"] == reason
    assert said in report["message"] and hint in report["hint"], (report["message"], report["hint"])


def test_all_failures_at_once(place, entra):
    config = configured(place, allowedClientAppIDs=[OBJECT], subjects=["user"], requiredClaims={"acrs": ["c1"]})
    token = entra.token(
        aud=GRAPH,
        exp=int(time.time()) - 9000,
        nbf=0,
        iat=0,
        idtyp="app",
        groups=[1],
        cnf={},
        header={"jku": "https://evil.example"},
        key=entra.foreign,
        oid=LEFT_OUT,
    )
    report = inspect(token, config=config)
    assert list(failed(report)) == [
        "header_not_allowed",
        "signature_invalid",
        "audience_not_accepted",
        "token_expired",
        "token_lifetime_too_long",
        "client_app_not_allowed",
        "subject_kind_not_allowed",
        "subject_missing",
        "required_claim_missing",
        "groups_malformed",
        "proof_of_possession_required",
    ]
    assert report["reason"] == "header_not_allowed"
    shown = text(token, "--config", config, code=1)
    assert "10 more checks failed" in shown and shown.count("FAIL") == 11
    for check in failed(report).values():
        assert check["hint"] and " ".join(check["hint"].split()[:3]) in " ".join(shown.split())


def test_every_failure_of_another_tenants_token_with_several_tenants(webhook, entra):
    issuer = "https://sts.windows.net/00000000-0000-0000-0000-000000000001/"
    token = entra.token(iss=issuer, exp=int(time.time()) - 9000, nbf=0, iat=0, oid="x", groups=1)
    report = inspect(token, config=webhook.config_path)
    assert list(failed(report)) == ["issuer_not_trusted", "token_expired", "subject_missing", "groups_malformed"]


def test_a_v2_token_without_upn_says_what_is_missing(place, entra):
    report = inspect(entra.token(version="2.0", upn=LEFT_OUT), config=str(place / "config.yaml"))
    assert report["user"]["username"] == OBJECT
    assert "v2 token without a upn claim: the user is named by object ID" in report["notes"][0]


def test_failures_of_one_check_are_all_listed(place, entra):
    both = configured(place, requiredClaims={"amr": "mfa", "city": "Ulm", "street": "x"})
    report = inspect(entra.token(city="Bonn"), config=both)
    assert list(failed(report)) == ["required_claim_missing", "required_claim_mismatch"]
    assert "amr is missing" in report["message"] and "street is missing" in report["message"]
    report = inspect(
        entra.token(groups="x", hasgroups=True, oid="x", upn="system:x"), config=str(place / "config.yaml")
    )
    assert list(failed(report)) == ["subject_missing", "group_overage", "groups_malformed", "username_reserved"]
    report = inspect(entra.token(groups="x", hasgroups=True), config=str(place / "config.yaml"))
    assert list(failed(report)) == ["group_overage", "groups_malformed"]


def test_what_gives_nothing_is_named(place, entra):
    config = str(place / "config.yaml")
    notes = "; ".join(inspect(entra.token(groups=LEFT_OUT), config=config)["notes"])
    assert "the token has no groups claim" in notes and "Token configuration" in notes
    assert "groups claim" not in "; ".join(inspect(entra.token(), config=config)["notes"])
    notes = "; ".join(inspect(entra.token(roles=["Cluster.Viewer", "Other", "Ano\x1bther"]), config=config)["notes"])
    assert "the app roles Other, Ano" in notes and "Viewer" not in notes and "\x1b" not in notes
    assert "gives nothing" not in "; ".join(inspect(entra.token(roles=["Cluster.Viewer"]), config=config)["notes"])


@pytest.mark.parametrize(
    "value",
    ["x" * 3000, "y " * 400, "字" * 200, "e\u0301" * 300, "\u202e\u200b" * 50, "a\x1b[31mb", "https://" + "z/" * 300],
    ids=["one word", "words", "wide", "combining", "hidden", "escapes", "an address"],
)
def test_long_and_strange_values_stay_within_80_columns(place, entra, value):
    token = entra.token(
        aud=value,
        name=value,
        preferred_username=value,
        appid=value,
        tid=value,
        iss=value,
        oid=value,
        roles=[value],
        header={"kid": value, "typ": value},
    )
    for arguments in ([], ["--config", str(place / "config.yaml")]):
        shown = text(token, *arguments, code=1)
        assert not set(shown) & set("\x1b\u202e\u200b")


def test_colour_and_rules_only_on_a_terminal_that_wants_them(place, entra):
    (place / "token").write_text(entra.token())
    arguments = [PROGRAM, "inspect", "--config", str(place / "config.yaml"), "--token-file", str(place / "token")]

    def on_terminal(**env):
        reader, writer = pty.openpty()
        process = subprocess.Popen(arguments, stdout=writer, stdin=subprocess.DEVNULL, env=env)
        os.close(writer)
        shown = b""
        while True:
            try:
                part = os.read(reader, 65_536)
            except OSError:
                break
            if not part:
                break
            shown += part
        os.close(reader)
        assert process.wait(10) == 0
        return shown.decode()

    shown = on_terminal(TERM="xterm")
    assert "\x1b[32m" in shown and "──" in shown
    plain = re.sub(r"\x1b\[\d+m", "", shown)
    assert all(len(line) <= 80 for line in plain.splitlines())
    for env in ({"TERM": "xterm", "NO_COLOR": "1"}, {"TERM": "dumb"}):
        shown = on_terminal(**env)
        assert "\x1b" not in shown and "─" not in shown
    done = subprocess.run(arguments, capture_output=True, env={"TERM": "xterm"})
    assert done.stdout.decode().isascii() and b"\x1b" not in done.stdout


def test_at_judges_the_token_at_another_time(place, entra):
    token, config = entra.token(), str(place / "config.yaml")
    report = inspect(token, "--at", "2001-01-01T00:00:00Z", config=config)
    assert report["reason"] == "token_not_yet_valid" and report["times"]["judgedAt"] == "2001-01-01T00:00:00Z"
    assert inspect(token, "--at", "2101-01-01T01:00:00+01:00", config=config)["reason"] == "token_expired"
    for wrong in ("yesterday", "2026-01-01", "1700000000", ""):
        code, out, err = run("inspect", "--at", wrong, input=token)
        assert (code, out) == (64, "") and ("RFC 3339" in err or "zone" in err), err
