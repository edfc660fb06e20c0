"""The commands that fetch keys into a file and describe them."""

import json
import re

import pytest
from entra import OTHER_TENANT, TENANT, Key, b64
from webhook import configuration, reason, run, wait_for


def test_keys_fetch_and_show(certificates, online, tmp_path):
    entra, make = online
    out = tmp_path / "fetched.json"
    arguments = [
        "keys",
        "fetch",
        "--tenant-id",
        TENANT,
        "--authority",
        entra.authority,
        "--authority-ca",
        certificates.path("ca.crt"),
    ]
    code, text, err = run(*arguments, "--out", str(out))
    assert (code, text) == (0, ""), err
    assert json.loads(out.read_text())["keys"] == [entra.keys[0].jwk(issuer=entra.issuer("2.0", "{tenantid}"))]
    code, text, _ = run(*arguments, "--out", "-")
    assert code == 0
    assert json.loads(text)["keys"] == json.loads(out.read_text())["keys"]
    code, text, _ = run("keys", "show", str(out))
    assert code == 0
    assert entra.keys[0].kid in text and "2048 bits" in text and TENANT in text
    config = tmp_path / "config.yaml"
    config.write_text(json.dumps({**configuration(authority=entra.authority)}))
    code, text, err = run("inspect", "--config", str(config), "--keys", str(out), input=entra.token())
    assert code == 0, text + err
    entra.stop()
    # `serve` takes it as its offline file, and as its cache.
    for _number, keys in enumerate([{"file": str(out)}, {"cacheFile": str(out)}]):
        webhook = make(**keys)
        assert reason(webhook.review(entra.token())) == "accepted"
        webhook.stop()
    before = out.read_bytes()
    for wrong, status, words in [
        (["--tenant-id", TENANT, "--authority", entra.authority], 2, "connection was refused"),
        (["--tenant-id", "nobody"], 64, "tenant's ID"),
        ([], 64, "--tenant-id"),
        (["--tenant-id", TENANT, "--cloud", "mars"], 64, "mars"),
        (["--tenant-id", TENANT, "--authority", "http://localhost"], 64, "https://"),
        (["--tenant-id", TENANT, "--authority", entra.authority, "--authority-ca", "/no/such/file"], 2, "no such file"),
    ]:
        code, text, err = run("keys", "fetch", *wrong, "--out", str(out))
        assert (code, text) == (status, ""), (wrong, err)
        assert words in err, err
    assert out.read_bytes() == before
    entra.start()
    code, _, err = run(*arguments, "--out", "/no/such/folder/keys.json")
    assert code == 2 and "/no/such/folder/keys.json" in err
    code, _, err = run("keys", "fetch", "--tenant-id", TENANT, "--authority", entra.authority, "--out", str(out))
    assert code == 2
    assert "TLS failed" in err


def test_what_keys_fetch_cannot_do_is_said_with_what_to_do(certificates, online, tmp_path):
    entra, _ = online
    words = ["keys", "fetch", "--tenant-id", TENANT]
    trusted = ["--authority-ca", certificates.path("ca.crt")]

    def said(*more, out=tmp_path / "k.json"):
        code, text, err = run(*words, *more, "--out", str(out))
        assert (code, text) == (2, "")
        return err

    # What portals show.
    doubled = f"/{TENANT}/v2.0/{TENANT}"
    entra.fault = lambda handler, path: doubled in path and (handler.answer(404, "{}") or True)
    err = said("--authority", f"{entra.authority}/{TENANT}/v2.0", *trusted)
    assert f"→ the authority ends before the tenant's ID: {entra.authority}\n" in err
    err = said("--authority", entra.authority, "--authority-ca", "/no/such/ca.crt")
    assert "could not be fetched: the CA file /no/such/ca.crt: there is no such file" in err
    assert f"{tmp_path}: this is a folder, not a file" in said("--authority", entra.authority, *trusted, out=tmp_path)
    certificates.authority("another-ca")
    other = certificates.path("another-ca.crt")
    err = said("--authority", entra.authority, "--authority-ca", other)
    assert f"the authority's certificate was not issued by the CA in {other} (--authority-ca)" in err


def test_the_status_page_and_readiness_name_the_address(certificates, online):
    entra, make = online
    entra.stop()
    webhook = make(ready=False)
    try:
        where = f"{entra.authority}: the OpenID configuration could not be fetched"
        wait_for(lambda: where in webhook.get("/readyz?verbose")[1])
        page = webhook.get("/statusz")[1]
        top = page.split("\n\n")[1]
        assert top.startswith("Needs attention") and top.count(where) == 1 and "signing-keys:" not in top
    finally:
        webhook.stop()


def test_a_key_file_of_another_authority_says_which(tmp_path):
    path = tmp_path / "keys.json"
    document = {"tenantID": TENANT, "authority": "https://login.microsoftonline.us", "keys": [Key().jwk()]}
    path.write_text(json.dumps(document))
    code, _, err = run("keys", "show", str(path), "--tenant-id", OTHER_TENANT)
    assert code == 2 and f"are tenant {TENANT}'s, and another tenant's are wanted: {OTHER_TENANT}'s" in err
    config = tmp_path / "config.yaml"
    config.write_text(json.dumps(configuration()))
    code, _, err = run("policy", "check", "--config", str(config), "--keys", str(path), input="x.y.z")
    assert code == 2 and "another authority: https://login.microsoftonline.us, and this tenant's is https://" in err


def test_keys_fetch_takes_what_there_is(certificates, online, tmp_path):
    entra, _ = online
    arguments = [
        "keys",
        "fetch",
        "--tenant-id",
        TENANT,
        "--authority",
        entra.authority,
        "--authority-ca",
        certificates.path("ca.crt"),
        "--out",
        str(tmp_path / "keys.json"),
    ]
    entra.fault = lambda handler, path: "v2.0" not in path and (handler.answer(404, "{}") or True)
    code, _, err = run(*arguments)
    assert code == 0 and "404" not in err
    entra.fault = lambda handler, path: "v2.0" not in path and (handler.answer(500, "{}") or True)
    code, _, err = run(*arguments)
    assert code == 0 and "version 1.0" in err and "status 500" in err
    entra.fault = lambda handler, path: handler.answer(404, "{}") or True
    code, _, err = run(*arguments)
    assert code == 2 and "status 404" in err


def thumbprint(**members):
    import hashlib

    return b64(hashlib.sha256(json.dumps(members, sort_keys=True, separators=(",", ":")).encode()).digest())


def test_keys_show_says_what_is_wrong(tmp_path):
    good, short, three = Key(), Key(1024), Key(exponent=3)
    curve = {"kty": "EC", "crv": "P-256", "kid": "curve", "x": b64(b"\1" * 32), "y": b64(b"\2" * 32)}
    path = tmp_path / "keys.json"
    path.write_text(
        json.dumps(
            {
                "keys": [
                    good.jwk(kid="good", issuer="https://login.microsoftonline.com/{tenantid}/v2.0"),
                    short.jwk(kid="short"),
                    three.jwk(kid="three"),
                    curve,
                    good.jwk(kid="sealed", use="enc"),
                    good.jwk(kid="cloud", cloud_instance_name="microsoftonline.us"),
                    good.jwk(
                        kid="theirs",
                        issuer="https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0",
                    ),
                    good.jwk(kid="bent", x5c=["AAAA"]),
                    good.jwk(kid="\x1b[31mred\n"),
                    "text",
                ]
            }
        )
    )
    code, text, _ = run("keys", "show", str(path), "--output", "json")
    assert code == 0
    shown = json.loads(text)
    keys = {key["keyID"]: key for key in shown["keys"]}
    assert shown["usable"] == 3 and len(shown["keys"]) == 10
    first = keys["good"]
    assert first["usable"] is True and first["problem"] is None
    assert (first["type"], first["bits"]) == ("RSA", 2048)
    assert first["thumbprint"] == thumbprint(kty="RSA", n=good.n, e=good.e)
    assert first["issuer"] == "https://login.microsoftonline.com/{tenantid}/v2.0"
    for member in ["certificateNotBefore", "certificateNotAfter"]:
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", first[member])
    assert keys["curve"]["thumbprint"] == thumbprint(kty="EC", crv="P-256", x=curve["x"], y=curve["y"])
    assert keys["curve"]["bits"] == 256
    for kid, words in [
        ("short", "less than 2048 bits"),
        ("three", "exponent"),
        ("curve", "not an RSA key"),
        ("sealed", "not for signatures"),
        ("cloud", "another cloud"),
        ("theirs", "another issuer"),
    ]:
        assert keys[kid]["usable"] is False and words in keys[kid]["problem"]
    assert keys["bent"]["usable"] and keys["bent"]["certificateNotAfter"] is None
    code, text, _ = run("keys", "show", str(path))
    assert code == 0
    assert "10 keys, 3 usable" in text and text.count("NOT USABLE") == 7 and "\x1b" not in text
    for kid, words in [("short", "1024 bits"), ("three", "exponent"), ("good", first["thumbprint"])]:
        assert words in text.split(f"\n{kid}")[1].split("\n\n")[0]


@pytest.mark.parametrize(
    "content, status, words",
    [
        ('{"keys":[]}', 1, "0 keys, 0 usable"),
        ('{"keys":[{"kty":"RSA"}]}', 1, "1 keys, 0 usable|1 key, 0 usable"),
        ("", 2, "JSON"),
        ("{}", 2, "no list named keys"),
        ("[]", 2, "no list named keys"),
        ('{"keys":{}}', 2, "no list"),
        (None, 2, "no such file"),
        (json.dumps({"keys": [{}] * 1001}), 2, "more than 1000 keys"),
    ],
)
def test_exit_statuses_of_keys_show(tmp_path, content, status, words):
    path = tmp_path / "keys.json"
    if content is not None:
        path.write_text(content)
    code, text, err = run("keys", "show", str(path))
    assert code == status, text + err
    assert any(word in (text if status == 1 else err) for word in words.split("|")), text + err


def test_keys_of_a_private_cloud_ask_for_whose_they_are(tmp_path):
    """As its `jwks_uri` answers: nothing in the file says which tenant and which authority."""
    path = tmp_path / "keys.json"
    path.write_text(json.dumps({"keys": [Key().jwk(kid="a", issuer="https://login.private.example/{tenantid}/v2.0")]}))
    code, text, _ = run("keys", "show", str(path))
    assert code == 1 and "belongs to another issuer" in text
    assert "→ the file does not say whose keys these are" in text and "--authority" in text
    code, text, _ = run("keys", "show", str(path), "--output", "json")
    assert code == 1 and "--authority" in json.loads(text)["hint"]
    whose = ("--tenant-id", TENANT, "--authority", "https://login.private.example")
    code, text, _ = run("keys", "show", str(path), *whose, "--output", "json")
    assert code == 0 and json.loads(text)["usable"] == 1 and json.loads(text)["hint"] is None
    code, text, _ = run("keys", "show", str(path), "--tenant-id", TENANT, "--authority", "https://other.example")
    assert code == 1 and "→" not in text
