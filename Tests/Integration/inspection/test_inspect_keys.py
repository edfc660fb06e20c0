"""`inspect` with keys and configurations of every kind, and without; its failures and wrong usage."""

import base64
import json

import pytest
from entra import AUDIENCE, LEFT_OUT, OBJECT, OTHER_TENANT, TENANT
from inspections import configured, failed, inspect
from webhook import configuration, run


def test_nobody_is_told_to_fetch_keys_from_where_a_stranger_says(entra):
    report = inspect(entra.token(iss=f"https://evil.example/{TENANT}/"))
    assert report["verdict"] == "unverified" and "evil.example" not in report["hint"]
    assert any("of none of its clouds" in note for note in report["notes"])
    report = inspect(entra.token(version="2.0", iss=f"https://login.microsoftonline.us/{TENANT}/v2.0"))
    assert f"--tenant-id {TENANT} --cloud usGovernment --out keys.json" in report["hint"]


def test_keys_come_from_an_option_or_the_configuration(place, entra, tmp_path):
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


def test_the_command_for_keys_is_safe_to_paste(place, entra):
    """An authority is a stranger's text if the configuration is."""
    path = configured(place, authority="https://login.x.example/$(id)", signingKeys={})
    token = entra.token(iss=f"https://login.x.example/$(id)/{TENANT}/v2.0", ver="2.0")
    hint = inspect(token, config=path)["hint"]
    assert f"keys fetch --tenant-id {TENANT} --authority 'https://login.x.example/$(id)' --out keys.json`" in hint


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
def test_what_cannot_be_read_ends_with_status_2(arguments):
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
def test_wrong_usage_ends_with_status_64(arguments):
    code, out, err = run("inspect", *arguments)
    assert (code, out) == (64, "") and err
    if "token_expird" in arguments:
        assert "did you mean token_expired?" in err
