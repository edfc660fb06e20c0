"""`inspect` for the engineer on call: its inputs, its output, what it never prints, and its failures."""

import base64
import hashlib
import json
import os
import pty
import re
import shutil
import subprocess
import time
import unicodedata

import pytest
from entra import ADMINS, AUDIENCE, CLIENT, DEVELOPERS, LEFT_OUT, OBJECT, OTHER_TENANT, PLAIN, TENANT, b64
from webhook import PROGRAM, configuration, run

GRAPH = "00000003-0000-0000-c000-000000000000"


@pytest.fixture(scope="module")
def place(certificates, entra, tmp_path_factory):
    """A folder with a configuration and all that it names; the first tenant is the only one."""
    folder = tmp_path_factory.mktemp("inspect")
    for name in ("server.crt", "server.key", "ca.crt"):
        shutil.copy2(certificates.path(name), folder)
    entra.write_key_file(str(folder / "keys.json"))
    (folder / "config.yaml").write_text(json.dumps(configuration()))
    return folder


def configured(place, name="changed.yaml", **tenant):
    (place / name).write_text(json.dumps(configuration(**tenant)))
    return str(place / name)


def inspect(token, *arguments, config=None, env=None):
    """The exit status and the object; the type of every member is checked."""
    arguments = [*(["--config", config] if config else []), *arguments]
    code, out, err = run("inspect", "--output", "json", *arguments, input=token, env=env)
    assert out, err
    report = json.loads(out)
    assert code == (0 if report["verdict"] == "accepted" else 1)
    hold_to_contract(report)
    return report


def hold_to_contract(report):
    text, optional = (str,), (str, type(None))
    types = {
        "verdict": text,
        "reason": optional,
        "message": text,
        "hint": optional,
        "checks": (list,),
        "header": (dict,),
        "claims": (dict,),
        "claimsTrusted": (bool,),
        "subject": (dict,),
        "times": (dict,),
        "user": (dict, type(None)),
        "adminGroups": (list,),
        "mappedGroups": (list,),
        "admin": (bool,),
        "notes": (list,),
        "input": (dict,),
    }
    for name, wanted in types.items():
        assert isinstance(report[name], wanted), (name, report.get(name))
    assert report["verdict"] in ("accepted", "rejected", "unverified")
    for check in report["checks"]:
        assert set(check) == {"name", "status", "detail", "reason", "hint"}
        assert check["status"] in ("passed", "failed", "skipped") and check["detail"]
        assert (check["reason"] is not None) == (check["hint"] is not None) == (check["status"] == "failed")
    assert {"kind", "tenantID", "objectID", "tokenVersion"} <= set(report["subject"])
    assert report["subject"]["kind"] in ("user", "guest", "app", "managedIdentity", "agent", "device", "unknown")
    assert report["subject"]["tokenVersion"] in ("1.0", "2.0", None)
    for name in ("issuedAt", "notBefore", "expires"):
        assert report["times"][name] is None or re.fullmatch(r"\d{4,}-\d\d-\d\dT\d\d:\d\d:\d\dZ", report["times"][name])
    failed = [check for check in report["checks"] if check["status"] == "failed"]
    if report["verdict"] == "accepted":
        assert not failed and report["reason"] is None
    if report["verdict"] == "rejected":
        assert report["user"] is None and report["reason"] and report["hint"]
        assert report["reason"] in [check["reason"] for check in failed] + ["issuer_not_trusted"]
    if report["user"]:
        assert set(report["user"]) == {"username", "uid", "groups", "extra"}


def failed(report):
    return {check["reason"]: check for check in report["checks"] if check["status"] == "failed"}


def text(token, *arguments, code=None):
    status, out, err = run("inspect", *arguments, input=token)
    assert status == code if code is not None else status in (0, 1), err
    assert all(columns(line) <= 80 for line in out.splitlines()), out
    return out


def columns(line):
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 0 if unicodedata.combining(c) else 1 for c in line)


# What it takes


def wrapped(token, width=80):
    return "\n".join(token[start : start + width] for start in range(0, len(token), width))


WRAPPINGS = {
    "alone": (lambda t: t, None),
    "white space around": (lambda t: f"\n  {t} \r\n\n", None),
    "line breaks of a terminal": (wrapped, None),
    "line breaks and indentation": (lambda t: wrapped(t).replace("\n", "\r\n    "), None),
    "Bearer": (lambda t: f"Bearer {t}", "an Authorization header"),
    "bearer, two spaces": (lambda t: f"bearer  {t}\n", "an Authorization header"),
    "a header": (lambda t: f"Authorization: Bearer {t}", "an Authorization header"),
    "a header in other case": (lambda t: f"AUTHORIZATION: BEARER {t}", "an Authorization header"),
    "a header in a curl command": (lambda t: f"-H 'Authorization: Bearer {t}'", "an Authorization header"),
    "a header in curl's output": (lambda t: f"> Authorization: Bearer {t}", "an Authorization header"),
    "quotation marks": (lambda t: f'"{t}"', "quotation marks"),
    "apostrophes": (lambda t: f"'{t}'\n", "quotation marks"),
    "a line of JSON": (lambda t: f'  "token": "{t}",', "a field named token"),
    "ExecCredential": (
        lambda t: json.dumps(
            {
                "kind": "ExecCredential",
                "apiVersion": "client.authentication.k8s.io/v1beta1",
                "spec": {"interactive": False},
                "status": {"expirationTimestamp": "2026-01-01T00:00:00Z", "token": t},
            }
        ),
        "an ExecCredential",
    ),
    "MSAL's cache": (
        lambda t: json.dumps(
            {
                "AccessToken": {
                    "a": {
                        "credential_type": "AccessToken",
                        "secret": "old.old.old",
                        "expires_on": "100",
                        "target": "x/.default",
                    },
                    "b": {
                        "credential_type": "AccessToken",
                        "secret": t,
                        "expires_on": "200",
                        "target": f"{AUDIENCE}/.default",
                    },
                },
                "RefreshToken": {"r": {"credential_type": "RefreshToken", "secret": "0.AXoA" + "x" * 60}},
                "IdToken": {"i": {"credential_type": "IdToken", "secret": "id.id.id"}},
                "Account": {},
                "AppMetadata": {},
            }
        ),
        "a token cache",
    ),
    "kubelogin's cache of ADAL times": (
        lambda t: json.dumps(
            {
                "access_token": t,
                "refresh_token": "0.AXoA" + "x" * 60,
                "expires_in": "3599",
                "expires_on": "1605",
                "not_before": "1600",
                "resource": AUDIENCE,
                "token_type": "Bearer",
            }
        ),
        "a token cache",
    ),
    "az account get-access-token": (
        lambda t: json.dumps(
            {
                "accessToken": t,
                "expiresOn": "2026-01-01 00:00:00.000000",
                "expires_on": 1767225600,
                "subscription": "s",
                "tenant": TENANT,
                "tokenType": "Bearer",
            }
        ),
        "the Azure CLI's output",
    ),
    "the Azure CLI's old file": (
        lambda t: json.dumps(
            [{"accessToken": t, "expiresOn": "2020-01-01", "resource": AUDIENCE, "refreshToken": "x"}]
        ),
        "the Azure CLI's output",
    ),
    "the token endpoint's answer": (
        lambda t: json.dumps(
            {"token_type": "Bearer", "scope": "x", "expires_in": 3599, "access_token": t, "id_token": "a.b.c"}
        ),
        "a token endpoint's answer",
    ),
    "a TokenReview": (lambda t: json.dumps({"kind": "TokenReview", "spec": {"token": t}}), "a TokenReview"),
    "a kubeconfig": (
        lambda t: "apiVersion: v1\nkind: Config\nusers:\n- name: a\n  user:\n    token: " + t + "\n",
        "a kubeconfig",
    ),
    "a kubeconfig in JSON": (
        lambda t: json.dumps({"kind": "Config", "users": [{"name": "a", "user": {"token": t}}]}),
        "a kubeconfig",
    ),
    "a redirect": (lambda t: f"http://localhost/#access_token={t}&token_type=Bearer", "a redirect address"),
    "UTF-16 of PowerShell": (lambda t: b"\xff\xfe" + (t + "\r\n").encode("utf-16-le"), None),
    "UTF-16 with the high byte first": (lambda t: b"\xfe\xff" + (t + "\r\n").encode("utf-16-be"), None),
    "UTF-16 without a mark": (lambda t: t.encode("utf-16-le"), None),
    "UTF-8 with a byte order mark": (lambda t: b"\xef\xbb\xbf" + t.encode(), None),
}


@pytest.mark.parametrize("name", WRAPPINGS)
def test_takes(place, entra, name):
    wrap, origin = WRAPPINGS[name]
    report = inspect(wrap(entra.token()), config=str(place / "config.yaml"))
    assert (report["verdict"], report["input"]["kind"], report["input"]["from"]) == ("accepted", "accessToken", origin)
    for word in ("line breaks", "UTF-16", "byte order mark"):
        assert any(word in note for note in report["notes"]) == (word in name), report["notes"]


OTHERS = {
    "nothing": (b"", "nothing", "token_missing"),
    "white space": (b" \n\t", "nothing", "token_missing"),
    "Bearer alone": (b"Bearer \n", "nothing", "token_missing"),
    "Entra's refresh token": (
        b"0.AXoA9Tc-" + b"x" * 400 + b".AgABAwEAAAD" + b"y" * 500,
        "refreshToken",
        "token_malformed",
    ),
    "its newer form": (b"1.AXoA9Tc-xxxxxxxxx.AgABAwEAAAD." + b"y" * 500, "refreshToken", "token_malformed"),
    "its older form": (b"AwABAAAAvPM1KaPlrEqdFSBzjqfTGBCmLdgfSTLEMPGYuNHSUYBrq", "refreshToken", "token_malformed"),
    "a personal account's": (b"M.C507_BAY.0.U.-CkY" + b"x" * 300, "refreshToken", "token_malformed"),
    "a code": (b"http://localhost/?code=0.AXoAabc&state=1", "authorizationCode", "token_malformed"),
    "device login": (
        b"To sign in, use a web browser to open the page https://microsoft.com/devicelogin and enter the code"
        b" ABCD to authenticate.",
        "deviceLogin",
        "token_malformed",
    ),
    "a bootstrap token": (b"abcdef.0123456789abcdef", "bootstrapToken", "token_malformed"),
    "a client secret": (b"abc8Q~abcdefghijklmnopqrstuvwxyzABCDEFGH", "clientSecret", "token_malformed"),
    "a certificate": (b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n", "pem", "token_malformed"),
    "a proxy's page": (b"<!DOCTYPE html><html><body>403</body></html>", "markup", "token_malformed"),
    "a kubeconfig": (b"apiVersion: v1\nkind: Config\nusers: []\n", "kubeconfig", "token_malformed"),
    "JSON": (b'{"hello": "world"}', "json", "token_malformed"),
    "an ExecCredential without": (b'{"kind":"ExecCredential","status":{}}', "json", "token_malformed"),
    "binary": (bytes(range(128, 256)) * 10, "notText", "token_malformed"),
    "invalid UTF-8": (b"eyJhbGciOiJSUzI1NiJ9.\xff\xfe.x", "notText", "token_malformed"),
    "garbage": (b"hello", "garbage", "token_malformed"),
    "long garbage": (b"x" * 500, "garbage", "token_malformed"),
    "three words": (b"hello.dear.world", "garbage", "token_malformed"),
    "cut off JSON": (b'{"kind": "ExecCred', "garbage", "token_malformed"),
    "deep JSON": (b"[" * 30_000, "garbage", "token_malformed"),
    "dots": (b"." * 60_000, "garbage", "token_malformed"),
    "a million dots": (b"." * 1_000_000, "garbage", "token_too_large"),
    "10 MB": (b"a" * 10_000_000, "garbage", "token_too_large"),
}


@pytest.mark.parametrize("name", OTHERS)
@pytest.mark.parametrize("with_config", [False, True])
def test_names_what_is_no_token(place, name, with_config):
    given, kind, reason = OTHERS[name]
    report = inspect(given, config=str(place / "config.yaml") if with_config else None)
    assert (report["verdict"], report["reason"], report["input"]["kind"]) == ("rejected", reason, kind)
    assert report["claims"] == {} and report["user"] is None
    shown = text(given, code=1)
    assert shown.startswith("REJECTED (" + reason + "): ")
    assert "xxxxxxxxxxxxxxxxxxxxxxxx" not in shown and "aaaaaaaaaaaaaaaaaaaa" not in shown


def test_takes_no_longer_than_a_tenth_of_a_second_below_the_limit(entra):
    for given in (
        b"." * 65_536,
        b"[" * 65_536,
        b"eyJ" + b"a" * 65_000,
        entra.token(groups=["x"] * 9_000).encode(),
        b'{"a":' * 13_000,
        b" " * 65_536,
        b"\n" * 30_000 + b"a.b.c",
        b"'" * 65_536,
    ):
        assert len(given) <= 65_600
        times = []
        for _ in range(30):
            begin = time.perf_counter()
            run("inspect", input=given)
            times.append(time.perf_counter() - begin)
            if times[-1] < 0.1:
                break
        assert min(times) < 5, (given[:5], times)


KINDS = {
    "v1": (lambda e: e.token(), "accessToken", "a v1 access token", "accepted", None),
    "v2": (lambda e: e.token(version="2.0"), "accessToken", "a v2 access token", "accepted", None),
    "an ID token": (
        lambda e: e.token(appid=LEFT_OUT, nonce="n"),
        "idToken",
        "a v1 ID token",
        "rejected",
        "token_kind_not_accepted",
    ),
    "Graph": (
        lambda e: e.token(aud="https://graph.microsoft.com", header={"nonce": "n"}, key=e.foreign),
        "graphToken",
        "a v1 access token for Microsoft Graph",
        "rejected",
        "header_not_allowed",
    ),
    "JWE": (
        lambda e: b64('{"alg":"RSA-OAEP","enc":"A256GCM"}') + ".AA.AA.AA.AA",
        "encryptedToken",
        "an encrypted token (JWE)",
        "rejected",
        "token_encrypted",
    ),
    "a service account": (
        lambda e: e.raw(
            json.dumps({"alg": "RS256", "kid": "sa"}),
            json.dumps(
                {
                    "iss": "https://kubernetes.default.svc.cluster.local",
                    "sub": "system:serviceaccount:a:b",
                    "aud": ["https://kubernetes.default.svc"],
                    "exp": 2e9,
                    "kubernetes.io": {"namespace": "a"},
                }
            ),
        ),
        "serviceAccountToken",
        "a service account's token of a Kubernetes cluster",
        "rejected",
        "issuer_not_trusted",
    ),
    "another provider": (
        lambda e: e.raw(
            json.dumps({"alg": "RS256", "kid": "g"}), json.dumps({"iss": "https://accounts.google.com", "aud": "x"})
        ),
        "foreignToken",
        "a JSON Web Token that is not from Entra",
        "rejected",
        "issuer_not_trusted",
    ),
    "cut off": (lambda e: e.token()[:-1], "damagedToken", "a damaged token", "rejected", "token_malformed"),
    "padded": (lambda e: e.token() + "=", "damagedToken", "a damaged token", "rejected", "token_malformed"),
}


@pytest.mark.parametrize("name", KINDS)
def test_kinds(place, entra, name):
    make, kind, said, verdict, reason = KINDS[name]
    token = make(entra)
    report = inspect(token, config=str(place / "config.yaml"))
    assert (report["input"]["kind"], report["input"]["name"]) == (kind, said)
    assert (report["verdict"], report["reason"]) == (verdict, reason)
    assert report["header"]["alg"]
    assert f"token       {said}" in text(token, "--config", str(place / "config.yaml"))
    # Without a configuration and keys it has the same name.
    report = inspect(token)
    assert report["input"]["kind"] == kind
    assert report["verdict"] == ("rejected" if reason in ("token_malformed", "token_encrypted") else "unverified")
    assert report["claimsTrusted"] is False


def envelope(entra, **changes):
    """What kubelogin --pop-enabled makes, with the tests' second key as the client's."""
    key = entra.foreign
    canonical = json.dumps({"e": key.e, "kty": "RSA", "n": key.n}, separators=(",", ":"), sort_keys=True)
    thumbprint = b64(hashlib.sha256(canonical.encode()).digest())
    token = entra.token(cnf={"kid": changes.pop("bound", thumbprint)})
    claims = {
        "at": token,
        "ts": int(time.time()),
        "u": "cluster.example",
        "nonce": "n1",
        "cnf": {"jwk": {"kty": "RSA", "n": key.n, "e": key.e}},
    } | changes
    return entra.raw(
        json.dumps({"typ": "pop", "alg": "RS256", "kid": thumbprint}), json.dumps(claims), changes.get("key", key)
    ), token


POP = {"proofOfPossession": "accept", "clusterHost": "cluster.example"}


@pytest.mark.parametrize(
    "tenant, changes, reason, said",
    [
        (POP, {}, None, ""),
        (POP, {"u": "elsewhere.example"}, "proof_of_possession_invalid", 'for the host "elsewhere.example"'),
        (POP, {"ts": -3000}, "proof_of_possession_invalid", "made 50 minutes ago"),
        (POP, {"nonce": ""}, "proof_of_possession_invalid", "nonce"),
        (POP, {"bound": "another"}, "proof_of_possession_invalid", "not the one that the token is bound to"),
        ({}, {}, "proof_of_possession_not_accepted", "proofOfPossession is off"),
    ],
)
def test_envelopes_are_opened_one_level(place, entra, tenant, changes, reason, said):
    if "ts" in changes:
        changes = {**changes, "ts": int(time.time()) + changes["ts"]}
    proof, inner = envelope(entra, **changes)
    report = inspect(proof, config=configured(place, **tenant))
    assert report["input"]["kind"] == "proofOfPossession" and report["envelope"]["header"]["typ"] == "pop"
    assert report["reason"] == reason and said in report["message"]
    assert report["subject"]["objectID"] == OBJECT and "at" not in report["envelope"]["claims"]
    assert inner.split(".")[1] not in json.dumps(report)
    # The token inside, taken out, is refused under every setting.
    assert inspect(inner, config=configured(place, **tenant))["reason"] == "proof_of_possession_required"


# What it says


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
    report = inspect(entra.token(**changes), config=str(place / "config.yaml"))
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


def test_v2_without_upn(place, entra):
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


def test_at(place, entra):
    token, config = entra.token(), str(place / "config.yaml")
    report = inspect(token, "--at", "2001-01-01T00:00:00Z", config=config)
    assert report["reason"] == "token_not_yet_valid" and report["times"]["judgedAt"] == "2001-01-01T00:00:00Z"
    assert inspect(token, "--at", "2101-01-01T01:00:00+01:00", config=config)["reason"] == "token_expired"
    for wrong in ("yesterday", "2026-01-01", "1700000000", ""):
        code, out, err = run("inspect", "--at", wrong, input=token)
        assert (code, out) == (64, "") and "RFC 3339" in err or "zone" in err


# Keys


def test_nobody_is_told_to_fetch_keys_from_where_a_stranger_says(entra):
    report = inspect(entra.token(iss=f"https://evil.example/{TENANT}/"))
    assert report["verdict"] == "unverified" and "evil.example" not in report["hint"]
    assert any("of none of its clouds" in note for note in report["notes"])
    report = inspect(entra.token(version="2.0", iss=f"https://login.microsoftonline.us/{TENANT}/v2.0"))
    assert f"--tenant-id {TENANT} --cloud usGovernment --out keys.json" in report["hint"]


def test_keys(place, entra, tmp_path):
    token, config = entra.token(), str(place / "config.yaml")
    # From --keys, without a configuration.
    report = inspect(token, "--keys", str(place / "keys.json"))
    assert (report["verdict"], report["claimsTrusted"], report["user"]) == ("accepted", True, None)
    assert "--config" in report["hint"]
    # From the configured offline file, or the cache file; or from neither.
    assert inspect(token, config=config)["verdict"] == "accepted"
    cached = json.loads((place / "keys.json").read_text())
    cached |= {
        "tenantID": TENANT,
        "authority": "https://login.microsoftonline.com",
        "fetchedAt": "2026-01-01T00:00:00Z",
    }
    (place / "cache.json").write_text(json.dumps(cached))
    report = inspect(token, config=configured(place, signingKeys={"cacheFile": "cache.json"}))
    assert report["verdict"] == "accepted" and any("cacheFile" in note for note in report["notes"])
    for keys in ({"cacheFile": "missing.json"}, {}, {"file": "missing.json"}):
        report = inspect(token, config=configured(place, signingKeys=keys))
        assert (report["verdict"], report["reason"], report["claimsTrusted"]) == ("unverified", None, False)
        assert {check["name"] for check in report["checks"] if check["status"] == "skipped"} == {
            "key",
            "signature",
            "keyIssuer",
        }
        assert bool(keys) == any("missing.json" in note for note in report["notes"])
        assert f"`kube-entra keys fetch --tenant-id {TENANT} --out keys.json`" in report["hint"]
    report = inspect(entra.token(aud="x", oid="y"), config=configured(place, signingKeys={}))
    assert report["verdict"] == "unverified"
    assert list(failed(report)) == ["audience_not_accepted", "subject_missing"]


def test_a_token_whose_tenants_keys_are_not_at_hand_is_not_called_wrong(place, entra):
    both = configuration()
    both["tenants"].append({"tenantID": OTHER_TENANT, "audiences": [AUDIENCE]})
    (place / "two.yaml").write_text(json.dumps(both))
    token = entra.token(tenant=OTHER_TENANT, key=entra.foreign, header={"kid": entra.foreign.kid})
    report = inspect(token, config=str(place / "two.yaml"))
    assert (report["verdict"], report["reason"]) == ("unverified", None)


def test_groups_that_only_graph_knows(place, entra):
    config = configured(place, groupOverage="resolve", directory={"clientID": OBJECT, "clientSecretFile": "keys.json"})
    report = inspect(entra.token(groups=LEFT_OUT, hasgroups=True), config=config)
    assert (report["verdict"], report["reason"], report["user"]) == ("unverified", None, None)
    assert "Microsoft Graph" in report["message"]


@pytest.mark.parametrize(
    "content, said",
    [
        (None, "no such file"),
        (b"", "JSON"),
        (b"\x00\xff" * 100, ""),
        (b"[]", "JWK set"),
        (b'{"keys": 1}', "JWK set"),
        (b'{"keys": []}', "there is none in it"),
        (b'{"keys": [{"kty": "EC", "kid": "x", "crv": "P-256"}]}', "not an RSA key"),
        (b'{"keys": [{"kty": "oct", "kid": "x", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQ"}]}', "not an RSA key"),
        (b'{"keys": [{"kty": "RSA", "kid": "x", "use": "enc", "n": "AQAB", "e": "AQAB"}]}', "not for signatures"),
        (b"-----BEGIN RSA " + b"PRIVATE KEY-----\nc2VjcmV0LXNlY3JldC1zZWNyZXQ\n", ""),
        (b'{"keys":' + b"[" * 100_000, ""),
        (b" " * 2_000_000, "larger"),
        ("folder", "folder"),
    ],
    ids=range(13),
)
def test_key_files_that_are_none(place, entra, tmp_path, content, said):
    path = tmp_path / "keys"
    if content == "folder":
        path.mkdir()
    elif content is not None:
        path.write_bytes(content)
    for token in (entra.token(), entra.raw('{"alg":"RS256","kid":"x"}', '{"iss":"https://accounts.google.com"}')):
        for arguments in ([], ["--config", str(place / "config.yaml")]):
            code, out, err = run("inspect", *arguments, "--keys", str(path), input=token)
            # A token of another system is nobody's, so that no tenant could use a key of the file.
            if (
                not arguments
                and "google" in base64.urlsafe_b64decode(token.split(".")[1] + "==").decode()
                and code == 1
            ):
                continue
            assert (code, out) == (2, ""), (code, out, err)
            assert str(path) in err and said in err and "c2VjcmV0" not in err and len(err) < 500


@pytest.mark.parametrize(
    "arguments",
    [
        ["--token-file", "/no/such/file"],
        ["--token-file", "/"],
        ["--config", "/no/such/file", "a.b.c"],
        ["--config", "/", "a.b.c"],
        ["--keys", "/no/such/file", "a.b.c"],
        ["--token-file", "/proc/self/mem"],
    ],
)
def test_cannot_check(arguments):
    code, out, err = run("inspect", *arguments)
    assert (code, out) == (2, "") and arguments[1] in err and len(err.splitlines()) == 1, err


@pytest.mark.parametrize(
    "arguments",
    [
        ["a.b.c", "d.e.f"],
        ["a.b.c", "--token-file", "x"],
        ["--output", "yaml"],
        ["--nonsense"],
        ["--explain", "token_expird"],
        ["--explain", ""],
    ],
)
def test_wrong_usage(arguments):
    code, out, err = run("inspect", *arguments)
    assert (code, out) == (64, "") and err
    if "token_expird" in arguments:
        assert "did you mean token_expired?" in err


# Safety


def test_offline_provably(place, entra, tmp_path):
    (place / "token").write_text(entra.token())
    arguments = [PROGRAM, "inspect", "--config", str(place / "config.yaml"), "--token-file", str(place / "token")]
    trace = tmp_path / "trace"
    done = subprocess.run(
        ["strace", "-f", "-qq", "-e", "trace=%network", "-o", str(trace), *arguments], capture_output=True
    )
    assert done.returncode == 0, done.stderr
    assert [line for line in trace.read_text().splitlines() if "exited" not in line and "SIG" not in line] == []


def person(entra):
    return entra.token(
        upn="ada.lovelace@contoso.example",
        name="Ada Lovelace",
        given_name="Ada",
        family_name="Lovelace",
        email="Ada.Lovelace@Contoso.example",
        ipaddr="203.0.113.77",
        employeeid=4711,
        extension_boss="Charles Babbage",
        onprem_sid="S-1-5-21-1",
        groups=[PLAIN, ADMINS.upper(), "Domain Admins of Contoso"],
        xms_mirid="/subscriptions/88888888-1111-2222-3333-444444444444/resourcegroups/secret-project",
        _claim_sources={"src1": {"endpoint": f"https://graph.windows.net/{TENANT}/users/{OBJECT}"}},
    )


SECRETS = [
    "ada",
    "lovelace",
    "contoso",
    "203.0.113.77",
    "4711",
    "babbage",
    "s-1-5-21-1",
    "domain admins",
    "secret-project",
    "88888888",
    TENANT,
    OBJECT,
    PLAIN,
    ADMINS,
    AUDIENCE,
    CLIENT,
    "abc_def-1",
]


@pytest.mark.parametrize("arguments", [[], ["--output", "json"]])
@pytest.mark.parametrize(
    "tenant",
    [
        {},
        {"audiences": [OTHER_TENANT, "api://11110000-1111-2222-3333-444444444444"]},
        {"tenantID": OTHER_TENANT},
        {"requiredClaims": {"upn": "grace@contoso.example"}},
    ],
)
def test_redaction(place, entra, arguments, tenant):
    token = person(entra)
    config = configured(place, **tenant)
    arguments = [*arguments, "--at", time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())]
    code, plain, _ = run("inspect", "--config", config, *arguments, input=token)
    same, shown, _ = run("inspect", "--config", config, "--redact", *arguments, input=token)
    assert code == same and shown != plain
    for secret in SECRETS + [OTHER_TENANT, "11110000-1111", "grace"]:
        assert secret.lower() not in shown.lower(), (secret, shown)
    assert not re.search(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}", shown)
    assert "<name-1>" in shown and "<object-1>" in shown and "<tenant-1>" in shown
    assert "<group-" in shown or tenant.get("tenantID")
    if "json" in arguments:
        before, after = json.loads(plain), json.loads(shown)
        hold_to_contract(after)
        for name in ("verdict", "reason", "admin", "groupCount", "claimsTrusted", "times"):
            assert before[name] == after[name]
        assert [c["status"] for c in before["checks"]] == [c["status"] for c in after["checks"]]
        assert after["subject"]["objectID"] == after["claims"]["oid"] == "<object-1>"
        if after["user"]:
            assert after["user"]["uid"] == "<object-1>" and after["user"]["username"] == "<name-1>"
            assert after["adminGroups"][0] in after["user"]["groups"]
    else:
        assert all(len(line) <= 80 for line in shown.splitlines())


def test_redaction_is_stable(place, entra):
    token, config = person(entra), str(place / "config.yaml")
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    outputs = {run("inspect", "--config", config, "--redact", "--at", at, input=token)[1] for _ in range(5)}
    assert len(outputs) == 1


def test_a_persons_name_does_not_change_the_words_of_the_report(place, entra):
    report = inspect(
        entra.token(name="user", given_name="passed", nickname="accepted"),
        "--redact",
        config=str(place / "config.yaml"),
    )
    assert report["subject"]["kind"] == "user" and report["verdict"] == "accepted"


# Explanations


def reasons():
    contract = run("inspect", "--list-reasons", "--output", "json")
    return json.loads(contract[1])


def test_every_reason_of_the_contract_is_explained():
    names = """token_missing token_too_large token_malformed token_encrypted algorithm_not_allowed header_not_allowed
        key_id_missing key_not_found keys_unavailable signature_invalid claims_malformed issuer_not_trusted tenant_mismatch
        key_issuer_mismatch token_kind_not_accepted audience_not_accepted token_expired token_not_yet_valid
        token_lifetime_too_long client_app_not_allowed subject_kind_not_allowed subject_missing principal_denied
        required_claim_missing required_claim_mismatch account_disabled sessions_revoked group_overage groups_malformed
        group_resolution_failed username_reserved proof_of_possession_required proof_of_possession_not_accepted proof_of_possession_invalid
        proof_of_possession_replayed""".split()
    explained = reasons()
    assert [reason["reason"] for reason in explained] == names
    shown = run("inspect", "--list-reasons")[1]
    for reason in explained:
        assert reason["meaning"] and reason["causes"] and reason["fixes"] and reason["hint"]
        code, out, _ = run("inspect", "--explain", reason["reason"])
        assert code == 0 and out.rstrip() in shown and out.startswith(reason["reason"] + "\n")
        assert "Usual causes:" in out and "What to do:" in out and out.isascii()
        assert ("Entra admin center (https://entra.microsoft.com)" in out) == (reason["portal"] is not None)
        assert all(len(line) <= 80 for line in out.splitlines())
    for code in ("emergency_access_ended", "membership_ended"):
        _, out, _ = run("inspect", "--explain", code)
        assert code not in names and out.startswith(code + "\n") and "as an authorizer" in out.replace("\n", " ")
    assert run("inspect", "--explain", "Token-Expired")[1] == run("inspect", "--explain", "token_expired")[1]


def test_the_table_of_reasons_says_what_the_reasons_say():
    code, table, _ = run("inspect", "--reasons-table")
    assert code == 0
    for reason in reasons():
        assert f"| `{reason['reason']}` | {reason['message']} |" in table.replace("&lt;", "<")
