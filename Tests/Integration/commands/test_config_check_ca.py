"""`config check` on the files of authorityCA and graphCA: a server's own certificate, and what is of the past."""

import json

import pytest
from callers import certify
from certificates import CLIENT, SERVER
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from entra import AUDIENCE
from webhook import configuration, run

NO_SIGNING = x509.KeyUsage(True, False, False, False, False, False, False, False, False)
NO_CA = "authority-ca-is-no-ca"
LONG = (-1, 90)


@pytest.mark.parametrize("field", ["authorityCA", "graphCA"])
@pytest.mark.parametrize(
    ("name", "made", "found"),
    [
        ("a CA", [{"usages": (), "is_authority": True}], []),
        ("a CA and a server", [{"usages": (), "is_authority": True}, {"usages": (SERVER,)}], []),
        ("a server's own", [{"usages": (SERVER,)}], [(NO_CA, "these very certificates")]),
        ("no usage at all", [{"usages": ()}], [(NO_CA, "these very certificates")]),
        ("a client's", [{"usages": (CLIENT,)}], [(NO_CA, "so no server is trusted")]),
        (
            "a CA that may not sign",
            [{"usages": (CLIENT,), "is_authority": True, "key_usage": NO_SIGNING}],
            [(NO_CA, "so no server is trusted")],
        ),
        (
            "a CA of the past",
            [{"usages": (), "is_authority": True, "days": (-90, -1)}],
            [("certificate-expires", "expired at")],
        ),
    ],
)
def test_a_ca_that_is_none_or_of_the_past_is_found(certificates, entra, tmp_path, field, name, made, found):
    issued = [certify(None, **{"days": LONG, **one}).certificate for one in made]
    (tmp_path / "authority.crt").write_bytes(b"".join(one.public_bytes(Encoding.PEM) for one in issued))
    entra.write_key_file(str(tmp_path / "keys.json"))
    config = configuration(subjects=["user"])
    for key, file in {"certificate": "server.crt", "privateKey": "server.key", "clientCA": "ca.crt"}.items():
        config["server"][key] = certificates.path(file)
    if field == "authorityCA":
        config["tenants"][0].update(authorityCA="authority.crt")
    else:
        (tmp_path / "secret").write_text("s")
        (tmp_path / "secret").chmod(0o600)
        directory = {"clientID": AUDIENCE, "clientSecretFile": "secret", "graphCA": "authority.crt"}
        config["tenants"][0].update(groupOverage="resolve", directory=directory)
    (tmp_path / "config.yaml").write_text(json.dumps(config))
    code, out, err = run("config", "check", str(tmp_path / "config.yaml"), "--output", "json")
    answer = json.loads(out)
    place = "tenants[0]." + ("directory." if field == "graphCA" else "") + field
    findings = [(one["rule"], one["field"]) for one in answer["findings"]]
    assert code == 0 and findings == [(rule, place) for rule, _ in found], err
    for finding, (_, words) in zip(answer["findings"], found, strict=True):
        assert words in finding["message"]
