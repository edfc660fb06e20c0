"""Tokens that must be refused, each with its reason."""

import base64
import hashlib
import hmac
import json
import time

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from entra import ADMINS, AUDIENCE, LEFT_OUT, OTHER_TENANT, TENANT, b64

GRAPH = "00000003-0000-0000-c000-000000000000"
FOREIGN = "foreign"


def header(**changes):
    return lambda e: e.token(header=changes)


def claims(**changes):
    return lambda e: e.token(**changes)


def at(**offsets):
    return lambda e: e.token(**{name: int(time.time()) + offset for name, offset in offsets.items()})


def payload(text):
    return lambda e: e.raw(json.dumps(e.header()), text)


def raw_header(text):
    return lambda e: e.raw(text, json.dumps(e.claims()))


def hmac_token(secret):
    def make(e):
        signed = b64(json.dumps(e.header(alg="HS256"))) + "." + b64(json.dumps(e.claims()))
        return signed + "." + b64(hmac.new(secret(e), signed.encode(), hashlib.sha256).digest())

    return make


def public_pem(e):
    return (
        e.keys[-1]
        .private.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )


def public_der(e):
    return (
        e.keys[-1]
        .private.public_key()
        .public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    )


def pss_token(e):
    signed = b64(json.dumps(e.header(alg="PS256"))) + "." + b64(json.dumps(e.claims()))
    signature = e.keys[-1].private.sign(
        signed.encode(), padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256()
    )
    return signed + "." + b64(signature)


def touched(change):
    def make(e):
        head, body, signature = e.token().split(".")
        return change(head, body, signature)

    return make


def signature_bytes(change):
    def make(e):
        head, body, signature = e.token().split(".")
        value = base64.urlsafe_b64decode(signature + "=" * (-len(signature) % 4))
        return f"{head}.{body}.{b64(change(value, e))}"

    return make


def trailing_bits(head, body, signature):
    # A 256-byte signature leaves four bits over; the last character with one of them set is another text for the same.
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return f"{head}.{body}.{signature[:-1]}{alphabet[alphabet.index(signature[-1]) | 1]}"


CASES = [
    # Algorithms
    *[
        (f"alg {alg}", header(alg=alg), "algorithm_not_allowed")
        for alg in [
            "none",
            "None",
            "NONE",
            "nOnE",
            "",
            "HS256",
            "HS512",
            "RS384",
            "RS512",
            "PS384",
            "ES256",
            "EdDSA",
            "rs256",
            "RS256 ",
        ]
    ],
    ("alg missing", header(alg=LEFT_OUT), "algorithm_not_allowed"),
    ("alg null", header(alg=None), "algorithm_not_allowed"),
    ("alg array", header(alg=["RS256"]), "algorithm_not_allowed"),
    ("alg number", header(alg=256), "algorithm_not_allowed"),
    ("HS256 keyed with the public PEM", hmac_token(public_pem), "algorithm_not_allowed"),
    ("HS256 keyed with the public DER", hmac_token(public_der), "algorithm_not_allowed"),
    ("HS256 keyed with the modulus", hmac_token(lambda e: e.keys[-1].n.encode()), "algorithm_not_allowed"),
    ("PS256 with the right key", pss_token, "algorithm_not_allowed"),
    (
        "alg none without a signature",
        touched(lambda h, b, s: b64('{"alg":"none","typ":"JWT"}') + f".{b}."),
        "algorithm_not_allowed",
    ),
    # Header
    *[
        (f"header {name}", header(**{name: value}), "header_not_allowed")
        for name, value in [
            ("jku", "https://evil.example/keys"),
            ("x5u", "https://evil.example/x"),
            ("jwk", {"kty": "RSA"}),
            ("x5c", ["AA"]),
            ("crit", []),
            ("crit", ["exp"]),
            ("crit", None),
            ("b64", False),
            ("zip", "DEF"),
            ("cty", "JWT"),
            ("nonce", "x"),
            ("typ", "pop"),
            ("typ", "JWE"),
            ("typ", 1),
        ]
    ],
    ("typ at+jwt", header(typ="at+jwt"), "accepted"),
    ("typ missing", header(typ=LEFT_OUT), "accepted"),
    *[(f"kid {kid!r}"[:40], header(kid=kid), "key_id_missing") for kid in [LEFT_OUT, "", 1, None, ["a"], {}]],
    *[
        (f"kid {kid!r}"[:40], header(kid=kid), "key_not_found")
        for kid in ["unknown", "../../etc/passwd", "'--", "a" * 3000]
    ],
    ("kid of 30 KB, in a header of more than 4 KB", header(kid="a" * 30000), FOREIGN),
    ("kid in other case", lambda e: e.token(header={"kid": e.keys[-1].kid.swapcase()}), "key_not_found"),
    ("kid with NUL", header(kid="a\0b"), FOREIGN),
    ("kid of 1 MB", header(kid="a" * 1_000_000), FOREIGN),
    # Encoding and structure
    ("empty", lambda e: "", FOREIGN),
    ("the character 0", lambda e: "\0", FOREIGN),
    ("the character 0 inside", touched(lambda h, b, s: f"{h}.{b}\0.{s}"), FOREIGN),
    ("the character 0 at the end", touched(lambda h, b, s: f"{h}.{b}.{s}\0"), FOREIGN),
    ("opaque", lambda e: "0.AXoA" + "x" * 500, FOREIGN),
    ("one dot", touched(lambda h, b, s: f"{h}.{b}"), FOREIGN),
    ("three dots", touched(lambda h, b, s: f"{h}.{b}.{s}."), FOREIGN),
    ("five parts", touched(lambda h, b, s: f"{h}.{b}.{s}.{b}.{s}"), FOREIGN),
    ("64,000 dots", lambda e: "." * 64_000, FOREIGN),
    ("a million dots", lambda e: "." * 1_000_000, FOREIGN),
    ("padding", touched(lambda h, b, s: f"{h}.{b}.{s}=="), FOREIGN),
    ("white space at the end", touched(lambda h, b, s: f"{h}.{b}.{s} "), FOREIGN),
    ("a line break inside", touched(lambda h, b, s: f"{h}.{b[:10]}\n{b[10:]}.{s}"), FOREIGN),
    ("plus in the signature", touched(lambda h, b, s: f"{h}.{b}.+{s[1:]}"), FOREIGN),
    ("slash in the signature", touched(lambda h, b, s: f"{h}.{b}./{s[1:]}"), FOREIGN),
    ("trailing bits", touched(trailing_bits), FOREIGN),
    ("empty header", touched(lambda h, b, s: f".{b}.{s}"), FOREIGN),
    ("empty payload", touched(lambda h, b, s: f"{h}..{s}"), FOREIGN),
    ("a byte order mark in front", touched(lambda h, b, s: "\ufeff" + f"{h}.{b}.{s}"), FOREIGN),
    ("JSON serialization", lambda e: json.dumps({"payload": b64("{}"), "signatures": []}), FOREIGN),
    ("header is an array", raw_header("[]"), FOREIGN),
    ("header is a text", raw_header('"x"'), FOREIGN),
    ("header repeats alg", raw_header('{"alg":"RS256","alg":"none","kid":"x"}'), FOREIGN),
    ("header repeats alg by escape", raw_header('{"alg":"RS256","\\u0061lg":"none","kid":"x"}'), FOREIGN),
    ("header nested deeply", raw_header('{"a":' + "[" * 5000 + "]" * 5000 + "}"), FOREIGN),
    ("header is no UTF-8", lambda e: e.raw(b'{"alg":"\xff"}', "{}"), FOREIGN),
    # JSON of the payload
    *[
        (f"payload {text[:24]!r}", payload(text), "claims_malformed")
        for text in [
            "[]",
            "1",
            "null",
            '"x"',
            "{",
            "{} {}",
            '{"a":1,"a":2}',
            '{"tid":"a","\\u0074id":"b"}',
            "\ufeff{}",
            '{"a":"\\ud800"}',
            '{"a":1e999}',
            '{"a":123456789012345678901234567890}',
            '{"a":"\\u0000"}',
            '{"a":' + "[" * 3000 + "]" * 3000 + "}",
        ]
    ],
    # Signature
    ("empty signature", touched(lambda h, b, s: f"{h}.{b}."), "signature_invalid"),
    ("truncated signature", signature_bytes(lambda s, e: s[:-1]), "signature_invalid"),
    ("longer signature", signature_bytes(lambda s, e: s + b"\0"), "signature_invalid"),
    ("leading zero", signature_bytes(lambda s, e: b"\0" + s), "signature_invalid"),
    ("zero", signature_bytes(lambda s, e: bytes(256)), "signature_invalid"),
    ("one", signature_bytes(lambda s, e: bytes(255) + b"\1"), "signature_invalid"),
    (
        "s plus n",
        signature_bytes(
            lambda s, e: (int.from_bytes(s, "big") + e.keys[-1].private.public_key().public_numbers().n).to_bytes(
                257, "big"
            )
        ),
        "signature_invalid",
    ),
    ("one bit changed", signature_bytes(lambda s, e: bytes([s[0] ^ 1]) + s[1:]), "signature_invalid"),
    ("another key with our key ID", lambda e: e.token(key=e.foreign), "signature_invalid"),
    ("a claim changed", touched(lambda h, b, s: f"{h}.{b[:-6]}AAAAAA.{s}"), "signature_invalid"),
    # Time
    *[
        (f"exp {value!r}", claims(exp=value), "claims_malformed")
        for value in [LEFT_OUT, "2000000000", 1.5, None, 1e308, [], {}, True, -1, 0]
    ],
    ("exp 2^63", payload('{"exp":9223372036854775808}'), "claims_malformed"),
    ("expired a minute and a bit ago", at(exp=-70, nbf=-900, iat=-900), "token_expired"),
    ("expired within the skew", at(exp=-40), "accepted"),
    ("not yet", at(nbf=75, iat=0), "token_not_yet_valid"),
    ("not yet, within the skew", at(nbf=45), "accepted"),
    ("exp before nbf", at(exp=100, nbf=200), "claims_malformed"),
    ("28 hours", at(exp=28 * 3600), "accepted"),
    ("30 hours", at(exp=30 * 3600), "token_lifetime_too_long"),
    ("a thousand years", at(exp=31_536_000_000), "token_lifetime_too_long"),
    ("nbf text", claims(nbf="now"), "claims_malformed"),
    ("iat fraction", claims(iat=1.5), "claims_malformed"),
    # Issuer and tenant
    *[
        (f"iss {iss!r}", claims(iss=iss), FOREIGN)
        for iss in [
            LEFT_OUT,
            "",
            f"https://sts.windows.net/{TENANT}",
            f"https://STS.windows.net/{TENANT}/",
            f"http://sts.windows.net/{TENANT}/",
            f"https://u@sts.windows.net/{TENANT}/",
            f"https://sts.windows.net:443/{TENANT}/",
            f"https://sts.windows.net.evil.example/{TENANT}/",
            "https://sts.windows.net/{tenantid}/",
            f"https://sts.windows.net/{TENANT}/x",
            f"https://sts.windows.net//{TENANT}/",
            "https://sts.windows.net/common/",
        ]
    ],
    ("iss number", claims(iss=1), "claims_malformed"),
    ("v1 issuer, ver 2.0", claims(ver="2.0"), FOREIGN),
    ("v2 issuer, ver 1.0", claims(iss=f"https://login.microsoftonline.com/{TENANT}/v2.0"), FOREIGN),
    (
        "v2 issuer with a slash",
        lambda e: e.token(version="2.0", iss=f"https://login.microsoftonline.com/{TENANT}/v2.0/"),
        FOREIGN,
    ),
    ("ver missing", claims(ver=LEFT_OUT), "claims_malformed"),
    ("ver number", claims(ver=1.0), "claims_malformed"),
    ("tid of another", claims(tid=OTHER_TENANT), "tenant_mismatch"),
    ("tid no GUID", claims(tid="common"), "tenant_mismatch"),
    ("tid missing", claims(tid=LEFT_OUT), "tenant_mismatch"),
    ("tid in other case only", claims(tid=LEFT_OUT, Tid=TENANT), "tenant_mismatch"),
    ("our key for the other tenant", lambda e: e.token(tenant=OTHER_TENANT), "key_issuer_mismatch"),
    (
        "the other tenant's key for us",
        lambda e: e.token(header={"kid": e.foreign.kid}, key=e.foreign),
        "key_issuer_mismatch",
    ),
    (
        "another cluster's service account",
        lambda e: e.token(header={"kid": "sa"}, iss="https://kubernetes.default.svc", key=e.foreign),
        FOREIGN,
    ),
    # Audience
    *[
        (f"aud {aud!r}", claims(aud=aud), "audience_not_accepted")
        for aud in [
            LEFT_OUT,
            "",
            GRAPH,
            f"spn:{GRAPH}",
            AUDIENCE[:-1],
            AUDIENCE + "0",
            " " + AUDIENCE,
            f"spn:spn:{AUDIENCE}",
            f"api://{AUDIENCE}",
            "*",
        ]
    ],
    *[(f"aud {aud!r}", claims(aud=aud), "claims_malformed") for aud in [[AUDIENCE], None, 1, {}]],
    ("aud spn:", claims(aud=f"spn:{AUDIENCE}"), "accepted"),
    ("an ID token", claims(appid=LEFT_OUT, nonce="x"), "token_kind_not_accepted"),
    # Identity
    *[(f"oid {oid!r}", claims(oid=oid), "subject_missing") for oid in [LEFT_OUT, "", "me", AUDIENCE + "0"]],
    ("oid number", claims(oid=1), "claims_malformed"),
    ("upn system:admin", claims(upn="system:admin"), "username_reserved"),
    ("upn with a line break", claims(upn="a\nb@example.com"), "claims_malformed"),
    ("upn number", claims(upn=1), "claims_malformed"),
    ("group system:masters", claims(groups=["system:masters"]), "accepted"),
    *[
        (f"groups {value!r}"[:40], claims(groups=value), "groups_malformed")
        for value in [ADMINS, 1, None, {}, [ADMINS, 1], [None], [[ADMINS]]]
    ],
    ("10,000 groups", claims(groups=[ADMINS] * 10_000), FOREIGN),
    (
        "overage",
        claims(
            groups=LEFT_OUT,
            _claim_names={"groups": "src1"},
            _claim_sources={"src1": {"endpoint": "http://169.254.169.254/x"}},
        ),
        "group_overage",
    ),
    ("overage without sources", claims(groups=LEFT_OUT, _claim_names={"groups": "src1"}), "group_overage"),
    ("hasgroups", claims(groups=LEFT_OUT, hasgroups=True), "group_overage"),
    ("groups and overage", claims(hasgroups=True), "group_overage"),
    ("_claim_names text", claims(_claim_names="groups"), "claims_malformed"),
    ("an agent", claims(idtyp="user", xms_sub_fct="3 13"), "subject_kind_not_allowed"),
    ("a device", claims(idtyp="device"), "subject_kind_not_allowed"),
    ("an unknown kind", claims(idtyp="toaster"), "subject_kind_not_allowed"),
    ("bound, as a bearer", claims(cnf={"kid": "x"}), "proof_of_possession_required"),
    ("bound by anything", claims(cnf=None), "proof_of_possession_required"),
]
