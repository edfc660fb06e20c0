"""The inputs of `inspect`: tokens in every wrapping, and what is not a token."""

import json
import time

import pytest
from entra import LEFT_OUT, OBJECT, b64
from inspections import configured, envelope, inspect, text
from webhook import run


def wrapped(token, width=80):
    return "\n".join(token[start : start + width] for start in range(0, len(token), width))


# All wrappings, and all that is no token, are in PastedInputTests.swift and TokenInputTests.swift.
WRAPPINGS = {
    "line breaks of a terminal": (wrapped, None),
    "a header in a curl command": (lambda t: f"-H 'Authorization: Bearer {t}'", "an Authorization header"),
    "a TokenReview": (lambda t: json.dumps({"kind": "TokenReview", "spec": {"token": t}}), "a TokenReview"),
    "UTF-16 of PowerShell": (lambda t: b"\xff\xfe" + (t + "\r\n").encode("utf-16-le"), None),
}


@pytest.mark.parametrize("name", WRAPPINGS)
def test_a_token_is_found_in_every_wrapping(place, entra, name):
    wrap, origin = WRAPPINGS[name]
    report = inspect(wrap(entra.token()), config=str(place / "config.yaml"))
    assert (report["verdict"], report["input"]["kind"], report["input"]["from"]) == ("accepted", "accessToken", origin)
    for word in ("line breaks", "UTF-16", "byte order mark"):
        assert any(word in note for note in report["notes"]) == (word in name), report["notes"]


# What serve would refuse is refused; the second word is in a note.
AS_SENT = {
    "alone": (lambda t: t, True, None),
    "white space around": (lambda t: f" \n{t}\r\n", True, None),
    "Bearer": (lambda t: f"Bearer {t}\n", True, None),
    "kubelogin's answer": (lambda t: json.dumps({"kind": "ExecCredential", "status": {"token": t}}), True, None),
    "the Azure CLI's answer": (lambda t: json.dumps({"accessToken": t}), True, "the Azure CLI's output"),
    "line breaks inside": (wrapped, False, "line breaks"),
    "a byte order mark": (lambda t: b"\xef\xbb\xbf" + t.encode(), False, "a byte order mark"),
    "UTF-16": (lambda t: b"\xff\xfe" + t.encode("utf-16-le"), False, "UTF-16"),
    "quotation marks": (lambda t: f'"{t}"', False, "quotation marks"),
    "a whole header": (lambda t: f"Authorization: Bearer {t}", True, None),
    "another header": (lambda t: f"Authorization: Token {t}", False, ""),
    "a document with line breaks inside": (lambda t: json.dumps({"accessToken": wrapped(t)}), False, "line breaks"),
}


@pytest.mark.parametrize("command", [["policy", "check"], ["rbac", "explain", "--cluster", "cluster.yaml"]])
@pytest.mark.parametrize("name", AS_SENT)
def test_commands_that_answer_for_serve_take_off_what_the_contract_says(place, entra, command, name):
    (place / "cluster.yaml").write_text(
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: x}\nrules: []\n"
    )
    wrap, is_admitted, word = AS_SENT[name]
    words = [str(place / word) if word == "cluster.yaml" else word for word in command]
    config = str(place / "config.yaml")
    status, out, err = run(*words, "--config", config, "--output", "json", input=wrap(entra.token()))
    assert (status, json.loads(out)["admitted"]) == ((0, True) if is_admitted else (1, False)), (out, err)
    assert ("note: " in err) == (word is not None) and (word or "") in err, err
    assert is_admitted or "inspect" in err


OTHERS = {
    "nothing": (b"", "nothing", "token_missing"),
    "Entra's refresh token": (
        b"0.AXoA9Tc-" + b"x" * 400 + b".AgABAwEAAAD" + b"y" * 500,
        "refreshToken",
        "token_malformed",
    ),
    "binary": (bytes(range(128, 256)) * 10, "notText", "token_malformed"),
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


HOSTILE = {
    "dots": lambda count: b"." * count,
    "brackets": lambda count: b"[" * count,
    "a token's first part": lambda count: b"eyJ" + b"a" * (count - 3),
    "objects in objects": lambda count: b'{"a":' * (count // 5),
    "spaces": lambda count: b" " * count,
    "line feeds": lambda count: b"\n" * (count - 5) + b"a.b.c",
    "quotes": lambda count: b"'" * count,
    "schemes": lambda count: b"Bearer " * (count // 7),
    "fields of a form": lambda count: b"&access_token=" * (count // 14),
    "escapes in JSON": lambda count: b'{"token":"' + b"\\u0061" * (count // 6) + b'"}',
    "many tokens": lambda count: b"[" + b'{"token":"a.b.c"},' * (count // 18) + b"1]",
    "error codes": lambda count: b"AADSTS" * (count // 6),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_megabytes_of_hostile_input_are_read_once(name):
    """Going back to the start for each byte would take hours; once is a part of a second."""
    code, out, _ = run("inspect", input=HOSTILE[name](8 << 20), timeout=300)
    assert code == 1 and out.startswith("REJECTED (token_")


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
def test_each_kind_of_token_has_its_name(place, entra, name):
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
