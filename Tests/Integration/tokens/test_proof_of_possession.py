"""Tokens bound to a key, in their envelopes, with everything that guard does not check."""

import hashlib
import json
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from entra import LEFT_OUT, b64
from proofs import HOST, KEY, ProofKey, envelope
from webhook import Webhook, configuration, reason, run, wait_for


class ExponentOne(ProofKey):
    """Anybody can sign with it."""

    def __init__(self):
        super().__init__(e="AQ")

    def sign(self, data):
        digest = bytes.fromhex("3031300d060960864801650304020105000420") + hashlib.sha256(data.encode()).digest()
        return b"\0\1" + b"\xff" * (256 - 3 - len(digest)) + b"\0" + digest


def kubelogin(entra, key, host):
    """Character for character what kubelogin and MSAL write (PoPAuthenticationScheme.FormatAccessToken)."""
    token = entra.token(cnf={"kid": key.thumbprint, "xms_ksl": "sw"})
    jwk = f'{{"e":"{key.e}","kty":"RSA","n":"{key.n}","alg":"RS256","kid":"{key.thumbprint}"}}'
    header = f'{{"typ":"pop","alg":"RS256","kid":"{key.thumbprint}"}}'
    nonce = str(uuid.uuid4()).replace("-", "")
    payload = f'{{"at":"{token}","ts":{int(time.time())},"u":"{host}","cnf":{{"jwk":{jwk}}},"nonce":"{nonce}"}}'
    signed = b64(header) + "." + b64(payload)
    return signed + "." + b64(key.sign(signed))


@pytest.fixture(scope="module")
def servers(certificates, entra):
    entra.write_key_file(certificates.path("keys.json"))
    made = {}
    for rule in ["off", "accept", "require"]:
        made[rule] = Webhook(
            certificates, configuration(proofOfPossession=rule, clusterHost=HOST), name=f"pop-{rule}.yaml"
        ).start()
    yield made
    for server in made.values():
        server.stop()


def test_what_each_setting_takes(servers, entra):
    bearer, bound = entra.token(), entra.token(cnf={"kid": KEY.thumbprint})
    expected = {
        "off": ("accepted", "proof_of_possession_required", "proof_of_possession_not_accepted"),
        "accept": ("accepted", "proof_of_possession_required", "accepted"),
        "require": ("proof_of_possession_required", "proof_of_possession_required", "accepted"),
    }
    for rule, answers in expected.items():
        server = servers[rule]
        got = tuple(reason(server.review(token)) for token in (bearer, bound, envelope(entra)))
        assert got == answers, rule


OTHER = ProofKey()
INVALID = "proof_of_possession_invalid"


def now(offset):
    return int(time.time()) + offset


CASES = [
    ("another host", lambda e: envelope(e, u="other.example"), INVALID),
    ("the host in other case", lambda e: envelope(e, u="CLUSTER.example"), "accepted"),
    ("a host with a port", lambda e: envelope(e, u=HOST + ":443"), INVALID),
    ("no host", lambda e: envelope(e, u=LEFT_OUT), INVALID),
    ("an hour old", lambda e: envelope(e, ts=now(-3600)), INVALID),
    ("ten minutes in the future", lambda e: envelope(e, ts=now(600)), INVALID),
    ("half a minute in the future", lambda e: envelope(e, ts=now(30)), "accepted"),
    ("no time", lambda e: envelope(e, ts=LEFT_OUT), INVALID),
    ("time as a text", lambda e: envelope(e, ts=str(now(0))), INVALID),
    ("no nonce", lambda e: envelope(e, nonce=LEFT_OUT), INVALID),
    ("an empty nonce", lambda e: envelope(e, nonce=""), INVALID),
    ("a token bound to another key", lambda e: envelope(e, bound=OTHER), INVALID),
    ("a token bound to none", lambda e: envelope(e, token=e.token()), INVALID),
    ("another key in the header", lambda e: envelope(e, header={"kid": OTHER.thumbprint}), INVALID),
    ("signed by another key", lambda e: envelope(e, signer=OTHER), INVALID),
    ("no key", lambda e: envelope(e, cnf=LEFT_OUT), INVALID),
    ("alg none", lambda e: envelope(e, header={"alg": "none"}), INVALID),
    ("crit", lambda e: envelope(e, header={"crit": ["x"]}), INVALID),
    ("a key of 1024 bits", lambda e: envelope(e, key=ProofKey(1024)), INVALID),
    ("an exponent of 3", lambda e: envelope(e, key=ProofKey(2048, 3)), INVALID),
    (
        "an expired token inside",
        lambda e: envelope(e, token=e.token(cnf={"kid": KEY.thumbprint}, exp=now(-200), nbf=now(-900), iat=now(-900))),
        "token_expired",
    ),
    (
        "a forged token inside",
        lambda e: envelope(e, token=e.token(cnf={"kid": KEY.thumbprint}, key=e.foreign)),
        "signature_invalid",
    ),
    (
        "a foreign token inside",
        lambda e: envelope(e, token=e.token(cnf={"kid": KEY.thumbprint}, iss="https://x", header={"kid": "y"})),
        "foreign",
    ),
    ("garbage inside", lambda e: envelope(e, token="x.y"), "foreign"),
    ("an envelope inside", lambda e: envelope(e, token=envelope(e)), "foreign"),
    (
        "the host with a letter that is only like K",
        lambda e: envelope(e, u="cluster.example".replace("c", "\u212a")),
        INVALID,
    ),
    ("a host with a path", lambda e: envelope(e, u=HOST + "/"), INVALID),
    ("a host that is a list", lambda e: envelope(e, u=[HOST]), INVALID),
    ("fourteen minutes old", lambda e: envelope(e, ts=now(-14 * 60)), "accepted"),
    ("seventeen minutes old", lambda e: envelope(e, ts=now(-17 * 60)), INVALID),
    ("two minutes in the future", lambda e: envelope(e, ts=now(120)), INVALID),
    ("a time beyond all numbers", lambda e: envelope(e, ts=2**63 - 1), INVALID),
    ("a time before all numbers", lambda e: envelope(e, ts=-(2**63)), INVALID),
    ("a fraction of a second", lambda e: envelope(e, ts=time.time()), INVALID),
    ("a nonce that is a number", lambda e: envelope(e, nonce=7), INVALID),
    ("a nonce of 2,000 letters", lambda e: envelope(e, nonce="x" * 2000), INVALID),
    ("an exponent of 1", lambda e: envelope(e, key=ExponentOne()), INVALID),
    ("an even exponent", lambda e: envelope(e, key=ProofKey(e="AQAA")), INVALID),
    ("a huge exponent", lambda e: envelope(e, key=ProofKey(e=b64(b"\1" * 200))), INVALID),
    ("an exponent with a zero before it", lambda e: envelope(e, key=ProofKey(e="AAEAAQ")), INVALID),
    ("a key of 8192 bits", lambda e: envelope(e, key=ProofKey(n=b64(b"\xff" * 1024))), INVALID),
    ("a modulus with padding", lambda e: envelope(e, key=ProofKey(n=KEY.n + "==")), INVALID),
    ("a key for something else", lambda e: envelope(e, cnf={"jwk": {**KEY.jwk, "use": "enc"}}), INVALID),
    ("a key of another algorithm", lambda e: envelope(e, cnf={"jwk": {**KEY.jwk, "alg": "PS256"}}), INVALID),
    ("another key than the token's", lambda e: envelope(e, cnf={"jwk": OTHER.jwk}), INVALID),
    ("no key ID in the header", lambda e: envelope(e, header={"kid": LEFT_OUT}), INVALID),
    ("no signature", lambda e: envelope(e).rsplit(".", 1)[0] + ".", INVALID),
    ("jku", lambda e: envelope(e, header={"jku": "https://127.0.0.1/"}), INVALID),
    ("typ JWT around it", lambda e: envelope(e, header={"typ": "JWT"}), "foreign"),
    ("a token bound by certificate", lambda e: envelope(e, token=e.token(cnf={"x5t#S256": "x"})), INVALID),
    (
        "wrong in two ways: token first",
        lambda e: envelope(e, u="x", token=e.token(cnf={"kid": KEY.thumbprint}, aud="another")),
        "audience_not_accepted",
    ),
    ("a typ in other case", lambda e: envelope(e, header={"typ": "PoP"}), "accepted"),
]


@pytest.mark.parametrize("make,expected", [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_each_envelope_is_accepted_or_refused_for_its_reason(servers, entra, make, expected):
    assert reason(servers["accept"].review(make(entra))) == expected


def test_an_envelope_is_taken_once(servers, entra):
    token = envelope(entra)
    assert reason(servers["accept"].review(token)) == "accepted"
    for _ in range(8):
        assert reason(servers["accept"].review(token)) == "proof_of_possession_replayed"
    # The same nonce in a new envelope of the same key is a replay, too.
    again = envelope(entra, nonce="the-same")
    assert reason(servers["accept"].review(again)) == "accepted"
    assert reason(servers["accept"].review(envelope(entra, nonce="the-same"))) == "proof_of_possession_replayed"


def test_a_used_envelope_stays_used_when_the_skew_is_raised(certificates, entra):
    config = configuration(proofOfPossession="accept", clusterHost=HOST)
    config["limits"] = {"clockSkew": "0s"}
    webhook = Webhook(certificates, config, name="pop-skew.yaml").start()
    try:
        token = envelope(entra, ts=int(time.time()) - 15 * 60 + 2)
        assert reason(webhook.review(token)) == "accepted"
        time.sleep(2.5)
        assert reason(webhook.review(token)) == "proof_of_possession_invalid"
        config["limits"] = {"clockSkew": "60s"}
        webhook.write(config)
        wait_for(lambda: "in force" in webhook.log())
        for _ in range(4):
            assert reason(webhook.review(token)) == "proof_of_possession_replayed"
    finally:
        webhook.stop()


def test_a_key_has_a_share_of_a_thousand_envelopes(servers, entra):
    key, server = ProofKey(), servers["require"]
    token = entra.token(cnf={"kid": key.thumbprint})
    # A handshake for each would take longer than everything else here.
    connection = server.connect()
    for _ in range(1000):
        assert reason(server.review(envelope(entra, key=key, token=token), connection=connection)) == "accepted"
    connection.close()
    answer = server.review(envelope(entra, key=key, token=token))
    assert reason(answer) == "proof_of_possession_invalid" and "1,000" in answer["error"]
    assert reason(server.review(envelope(entra))) == "accepted"


def test_what_kubelogin_sends_is_accepted(servers, entra):
    for rule in ("accept", "require"):
        assert reason(servers[rule].review(kubelogin(entra, KEY, HOST))) == "accepted"
    assert reason(servers["off"].review(kubelogin(entra, KEY, HOST))) == "proof_of_possession_not_accepted"


def test_a_nonce_is_used_up_by_genuine_envelopes_only(servers, entra):
    for number, spoiled in enumerate(
        [
            {"u": "other.example"},
            {"signer": OTHER},
            {"ts": now(-3600)},
            {"token": entra.token(cnf={"kid": KEY.thumbprint}, aud="another")},
        ]
    ):
        nonce = f"victim-{number}"
        assert reason(servers["accept"].review(envelope(entra, nonce=nonce, **spoiled))) != "accepted"
        assert reason(servers["accept"].review(envelope(entra, nonce=nonce))) == "accepted"
    # The same nonce of another key is another nonce.
    assert reason(servers["accept"].review(envelope(entra, key=OTHER, nonce="victim-0"))) == "accepted"


def test_of_many_at_once_one_is_taken(servers, entra):
    token = envelope(entra)
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: reason(servers["accept"].review(token)), range(32)))
    assert sorted(set(answers)) == ["accepted", "proof_of_possession_replayed"]
    assert answers.count("accepted") == 1


def test_inspect_opens_envelopes(servers, entra):
    config = servers["accept"].config_path
    code, out, _ = run("inspect", "--config", config, "--output", "json", input=envelope(entra))
    assert code == 0, out
    assert any("envelope" in note for note in json.loads(out)["notes"])
    code, out, _ = run("inspect", "--config", config, "--output", "json", input=envelope(entra, u="x"))
    assert (code, json.loads(out)["reason"]) == (1, INVALID)
