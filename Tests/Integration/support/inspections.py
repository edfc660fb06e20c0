"""Runs `inspect`, and checks its output against the contract."""

import hashlib
import json
import re
import time
import unicodedata

from entra import b64
from webhook import configuration, run

GRAPH = "00000003-0000-0000-c000-000000000000"


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
