#!/usr/bin/env python3
"""Writes the seed corpora and dictionaries of the fuzz targets. Usage: seeds.py FOLDER

The same files every time, none of them with a key that signs anything: FOLDER/TARGET/NAME and FOLDER/TARGET.dict.
"""

import base64
import itertools
import json
import struct
import sys
from pathlib import Path

TENANT = "11111111-2222-3333-4444-555555555555"
AUDIENCE = "aaaaaaaa-0000-0000-0000-000000000000"
ADMINS = "5d24aaaa-bbbb-cccc-dddd-eeeeafa27aed"
MAPPED = "9999aaaa-bbbb-cccc-dddd-eeeeffff0000"
EMERGENCY = "7777aaaa-bbbb-cccc-dddd-eeeeffff0000"
NOW = 1_800_000_000
# One more than a session has, as the target checks.
RESET_BLOCKS = 48
KELVIN = "\N{KELVIN SIGN}"
HEADER = {"typ": "JWT", "alg": "RS256", "kid": "k1"}
CLAIMS = {
    "aud": AUDIENCE,
    "iss": f"https://sts.windows.net/{TENANT}/",
    "iat": NOW - 300,
    "nbf": NOW - 300,
    "exp": NOW + 3600,
    "appid": "80faf920-1908-4b52-b5ef-a8e7bedfc67a",
    "appidacr": "0",
    "oid": "0b1ec700-0000-0000-0000-000000000001",
    "scp": "user.read",
    "tid": TENANT,
    "upn": "ada@example.com",
    "uti": "abc_DEF-1",
    "ver": "1.0",
    "groups": [ADMINS],
}


def without(claims, *names):
    return {name: value for name, value in claims.items() if name not in names}


def compact(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def base64url(data):
    data = data.encode() if isinstance(data, str) else data
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def claims_seeds():
    v2 = without(CLAIMS, "appid", "appidacr") | {
        "iss": f"https://login.microsoftonline.com/{TENANT}/v2.0",
        "azp": CLAIMS["appid"],
        "ver": "2.0",
    }
    app = without(CLAIMS, "scp", "upn", "groups") | {"idtyp": "app", "roles": ["Cluster.Viewer"]}
    overage = without(CLAIMS, "groups") | {"_claim_names": {"groups": "src1"}, "_claim_sources": {"src1": {}}}
    changes = [
        {},
        {"groups": [MAPPED, "developers", ADMINS.upper()]},
        {"idp": "https://other.example/", "acct": 1},
        {"oid": EMERGENCY, "groups": 1},
        {"xms_idrel": "7 33", "xms_mirid": "/x"},
        {"xms_sub_fct": "13"},
        {"cnf": {"kid": "x"}},
        {"upn": "system:admin"},
        {"hasgroups": True},
        {"aud": "spn:" + AUDIENCE},
        {"aud": "https://Kube.example/api"},
        {"exp": 2**63 - 1, "iat": -(2**63)},
        {"nbf": NOW + 60},
        {"exp": NOW - 59},
        {"uti": '"\\\u0001\N{GRINNING FACE}'},
        {"ver": "2.0"},
        {"tid": "x"},
    ]
    return [compact(CLAIMS | change) for change in changes] + [compact(v2), compact(app), compact(overage)]


def scanner_seeds():
    deep = [f"{'[' * count}{']' * count}" for count in (3, 4, 32, 33)]
    names = [{f"n{number}": number for number in range(count)} for count in (31, 33, 70)]
    numbers = [
        "0",
        "-0",
        "1.5e-7",
        "9223372036854775807",
        "9223372036854775808",
        "-9223372036854775808",
        "1e308",
        "1e309",
        "1.7976931348623159e308",
        "01",
        "1.",
        "-",
    ]
    strings = ["\\ud83d\\ude00", "\\ud800", "\\u0000", "\\u00e9\\/\\b", "\N{GRINNING FACE}\x7f", "\\x"]
    return (
        claims_seeds()
        + tokenreview_seeds()
        + deep
        + [compact(value) for value in names]
        + [f'{{"a":{number},"b":[ {number} ]}}' for number in numbers]
        + [f'{{"{text}":"{text}","\\u0069ss":1}}' for text in strings]
    )


def header_seeds():
    changes = [
        {},
        {"typ": "at+jwt"},
        {"typ": "application/JWT"},
        {"alg": "none"},
        {"kid": ""},
        {"x5t": "k1"},
        {"crit": ["exp"]},
        {"jku": "https://a"},
        {"b64": False},
        {"nonce": "n"},
        {"alg": "HS256"},
        {"typ": "pop"},
        {"kid": "k2"},
    ]
    return [compact(HEADER | change) for change in changes]


def jws_seeds():
    signature = base64url(bytes(range(256)))
    tokens = [
        ".".join([base64url(header), base64url(claims), signature])
        for header, claims in zip(header_seeds(), itertools.cycle(claims_seeds()))
    ]
    envelope = compact({"at": tokens[0], "ts": NOW, "u": "kube.example", "cnf": {"jwk": {"kty": "RSA"}}, "nonce": "n"})
    return tokens + [
        ".".join([base64url(compact({"typ": "pop", "alg": "RS256", "kid": "k"})), base64url(envelope), signature]),
        "e30.e30.",
        "e30.e30.AA",
        "e30.e31.AA",
        "..",
        "....",
        "eyJlbmMiOiIifQ.a.b.c.d",
        "." * 64,
        "Bearer " + tokens[0],
        compact({"kind": "ExecCredential", "status": {"token": tokens[0]}}),
        "0.AXoA-_x",
    ]


def pop_seeds():
    header = compact({"typ": "pop", "alg": "RS256", "kid": "$K"})
    payload = {
        "at": "$T",
        "ts": NOW,
        "u": "kube.example",
        "nonce": "n1",
        "cnf": {"jwk": {"kty": "RSA", "n": "$N", "e": "$E"}},
    }
    changes = [
        {},
        {"u": "KUBE.example"},
        {"u": KELVIN + "ube.example"},
        {"ts": NOW - 900},
        {"ts": NOW + 61},
        {"nonce": ""},
    ]
    changes += [{"cnf": {"jwk": {"kty": "RSA", "n": "$N", "e": "Aw"}}}, {"at": "e30.e30."}, {"m": "POST", "p": "/"}]
    seeds = [f"{header}\n{compact(payload | change)}" for change in changes]
    return seeds + ["!" + seeds[0], compact(HEADER) + "\n" + compact(payload), header + "\n{}"]


def key(kid="k1", first=0xC3, bits=2048, **more):
    modulus = bytes([first]) + bytes((7 * i + 1) % 256 for i in range(bits // 8 - 2)) + b"\x01"
    return {"kty": "RSA", "use": "sig", "kid": kid, "x5t": kid, "n": base64url(modulus), "e": "AQAB"} | more


def jwks_seeds():
    issuer = "https://login.microsoftonline.com/{tenantid}/v2.0"
    sets = [
        [key()],
        [key(issuer=issuer), key("k2", 0xC5, issuer=issuer.format(tenantid=TENANT))],
        [key(bits=1024)],
        [key(bits=4096)],
        [key(e="Aw")],
        [key(e="AQAAAAE")],
        [key(use="enc")],
        [key(alg="RS512")],
        [key(x5c=["AAAA"])],
        [key(cloud_instance_name="microsoftonline.com")],
        [{"kty": "EC", "kid": "e", "crv": "P-256"}],
        [],
        [1],
        [key()] * 3,
        [key(first=first) for first in (0xC1, 0xC3, 0xC5, 0xC7, 0xC9)],
    ]
    kept = {
        "tenantID": TENANT,
        "authority": "https://login.microsoftonline.com",
        "fetchedAt": "2026-11-01T00:00:00Z",
        "keys": [key()],
    }
    return [compact({"keys": keys}) for keys in sets] + [compact(kept), "{}", "[]"]


def discovery_seeds():
    base = f"https://entra.example:8443/base/{TENANT}"
    v1 = {"issuer": base + "/", "jwks_uri": base + "/discovery/keys"}
    v2 = {"issuer": base + "/v2.0", "jwks_uri": base + "/discovery/v2.0/keys"}
    addresses = [
        "https://entra.example/keys",
        "https://ENTRA.example:8443",
        "https://entra.example:8443@evil.example/",
        "https://evil.example/?https://entra.example:8443",
        "http://entra.example:8443/",
        "https://[::1]:8443/?a#b",
        "https://entra.example:8443.evil.example/",
        "https://entra.example:+8443/",
        "https://a:99999/",
    ]
    return [compact(v1), compact(v2)] + [compact(v2 | {"jwks_uri": address}) for address in addresses] + addresses


def accessreview_seeds():
    extra = {
        "oid": ["0b1ec700-0000-0000-0000-000000000001"],
        "kube-entra.dev/tenant-id": ["11111111-2222-3333-4444-555555555555"],
        "kube-entra.dev/token-issued-at": ["1800000000"],
        "kube-entra.dev/emergency-access": ["x"],
        "authentication.kubernetes.io/credential-id": ["JTI=1"],
    }
    member = dict(extra, oid=["5d24aaaa-bbbb-cccc-dddd-eeeeafa27aed"])
    member.pop("kube-entra.dev/emergency-access")
    specs = [{"user": "a", "uid": "b", "extra": extra}, {"extra": None}, [], {"extra": {"oid": None}}]
    specs += [
        {"extra": member, name: ["kube-entra:cluster-admins", "5d24aaaa-bbbb-cccc-dddd-eeeeafa27aed"]}
        for name in ("groups", "group")
    ]
    return [
        compact(
            {
                "kind": "SubjectAccessReview",
                "apiVersion": f"authorization.k8s.io/{version}",
                "metadata": {},
                "spec": spec,
                "status": {"allowed": True},
            }
        )
        for spec in specs
        for version in ("v1", "v1beta1", "v2")
    ]


def tokenreview_seeds():
    def body(version, spec, metadata='{"creationTimestamp":null}', tail=""):
        return (
            f'{{"kind":"TokenReview","apiVersion":"authentication.k8s.io/{version}","metadata":{metadata},'
            f'"spec":{spec},"status":{{"user":{{}}}}}}{tail}'
        )

    requests = [
        body("v1", '{"token":"a.b.c"}', tail="\n"),
        body("v1beta1", '{"token":"a.b.c"}', "{}"),
        body("v1", '{"token":"a","audiences":["https://kubernetes.default.svc","b"]}'),
        body("v1", '{"audiences":null}'),
        body("v1", '{"token":"\\u0061\\ud83d\\ude00"}'),
        body("v2", '{"token":"a"}'),
        body("v1", '{"token":1}'),
        body("v1", '{"token":"a","t\\u006fken":"b"}'),
        body("v1", "[]"),
        "{}",
        "[]",
        "[" * 64,
    ]
    user = {
        "username": "ada@example.com",
        "uid": "u",
        "groups": ["a", "b"],
        "extra": {"oid": ["x"], "authentication.kubernetes.io/credential-id": ["JTI=1"]},
    }
    answer = {"kind": "TokenReview", "apiVersion": "authentication.k8s.io/v1"}
    statuses = [{"authenticated": True, "user": user}, {"authenticated": False, "error": "no", "audiences": ["a"]}, {}]
    who = {"kind": "SelfSubjectReview", "status": {"userInfo": user}}
    return requests + [compact(answer | {"status": status}) for status in statuses] + [compact(who)]


MINIMAL = f"""apiVersion: kube-entra.dev/v1
kind: WebhookConfiguration
server: {{certificate: s.crt, privateKey: s.key, clientCA: ca.crt}}
tenants:
  - tenantID: {TENANT}
    audiences: [{AUDIENCE}]
"""

FULL = f"""apiVersion: kube-entra.dev/v1
kind: WebhookConfiguration
server:
  listen: "[::1]:9443"
  operations: :0
  certificate: s.crt
  privateKey: s.key
  eventLoops: 2
  protocols: [h2]
  cryptography: fips
  insecureAllowAnyClient: true  # kube-entra:allow anybody-may-ask a test
tenants:
  - tenantID: {TENANT}
    cloud: public
    audiences: [{AUDIENCE}, https://api.example]
    allowedClientAppIDs: [80faf920-1908-4b52-b5ef-a8e7bedfc67a]
    subjects: [user, guest, app, managedIdentity, agent, device]
    requiredClaims: {{acrs: [c1, c2], acct: 0, x: true}}
    maximumTokenLifetime: 1h30m
    adminGroupObjectIDs: [{ADMINS}]
    groupMappings: [{{groupObjectID: {MAPPED}, kubernetesGroups: [developers]}}]
    appRoleMappings: [{{appRole: Cluster.Viewer, kubernetesGroups: [viewers]}}]
    groupOverage: resolve
    directory: {{clientID: {MAPPED}, clientSecretFile: secret, groups: all, timeout: 3s, cacheFor: 0s, staleFor: 1h,
      watch: admins, watchEvery: 10s, whenSilent: refuse}}
    denied:
      - {{objectID: {EMERGENCY}, until: 2026-12-01T00:00:00Z, reason: a laptop was lost}}
      - {{clientAppID: {MAPPED}, issuedBefore: 2026-11-01T12:00:00+01:00, reason: b}}
      - {{tokenID: abc_DEF-1, reason: c}}
    deniedFile: denied.yaml
    emergencyAccess:
      - {{objectID: {EMERGENCY}, until: 2026-12-01T00:00:00Z, kubernetesGroups: [a], reason: incident}}
    proofOfPossession: require
    clusterHost: kube.example
    signingKeys: {{refreshEvery: 2h, unknownKeyRefreshInterval: 1s, maximumAge: 3h, cacheFile: c, proxy: "http://p:1"}}
kubernetes: {{adminGroups: [system:masters], username: oid, usernamePrefix: "e:", groupObjectIDs: drop, groupPrefix: "g:"}}
limits: {{tokenBytes: 65536, handshakeTimeout: 10s, clockSkew: 0s, connectionsPerPeer: 7, streamsPerConnection: 9}}
verifiedTokenCache: {{entries: 0, maximumAge: 10m}}
logging: {{level: debug, format: json, audit: a.jsonl}}
"""

SUITE = f"""tests:
  - name: an admin
    given: {{groups: [{ADMINS}], user: ada}}
    expect: {{admitted: true, admin: true, groupsInclude: [kube-entra:cluster-admins]}}
  - name: nobody
    at: 2026-01-01T00:00:00Z
    given: {{claims: {{aud: x}}}}
    expect: {{admitted: false, reason: issuer_not_trusted}}
"""


def configuration_seeds():
    return [
        MINIMAL,
        FULL,
        SUITE,
        FULL.replace("protocols: [h2]", "allowedClientNames: [a]"),
        MINIMAL.replace("clientCA", "allowedClientNames: [a], clientCA"),
        MINIMAL.replace("kind", "knid"),
        MINIMAL + "server: {}\n",
        "a: &a [*a]\n",
        "a: &a {b: c}\nd: *a\n",
        "--- {}\n--- {}\n",
        "!!str a",
        "? [a]\n: b\n",
        "\ufeffa: b\n",
        "a:\n\tb: c\n",
        compact({"apiVersion": "kube-entra.dev/v1", "kind": "WebhookConfiguration", "tenants": [{}]}),
        "[]",
        "null",
        "#",
    ]


def rbac_seeds():
    api = "rbac.authorization.k8s.io/v1"
    rules = [
        {"verbs": ["get", "*"], "apiGroups": ["", "*"], "resources": ["pods", "*", "pods/log"], "resourceNames": ["a"]},
        {"verbs": ["get"], "nonResourceURLs": ["/metrics", "/a/**", "*"]},
    ]
    role = {"apiVersion": api, "kind": "ClusterRole", "metadata": {"name": "r", "labels": {"one": "x"}}, "rules": rules}
    collected = {
        "apiVersion": api,
        "kind": "ClusterRole",
        "metadata": {"name": "all"},
        "rules": None,
        "aggregationRule": {
            "clusterRoleSelectors": [
                {"matchLabels": {"one": "x"}},
                {"matchExpressions": [{"key": "one", "operator": "Exists"}]},
            ]
        },
    }
    subjects = [
        {"kind": "Group", "name": "developers", "apiGroup": "rbac.authorization.k8s.io"},
        {"kind": "User", "name": "ada@example.com"},
        {"kind": "User", "name": "a_b#EXT#@example.com"},
        {"kind": "Group", "name": "9999aaaa-bbbb-cccc-dddd-eeeeffff0000"},
        {"kind": "Group", "name": "A Team"},
        {"kind": "ServiceAccount", "name": "s", "namespace": "n"},
    ]
    meta = {"name": "b", "annotations": {"kube-entra.dev/lint-allow": "group-never-given because"}}
    wide = {
        "apiVersion": api,
        "kind": "ClusterRoleBinding",
        "metadata": meta,
        "roleRef": {"kind": "ClusterRole", "name": "all", "apiGroup": "rbac.authorization.k8s.io"},
        "subjects": subjects,
    }
    narrow = dict(wide, kind="RoleBinding", metadata={"name": "b", "namespace": "team"})
    whole = {"apiVersion": "v1", "kind": "List", "items": [role, collected, wide, narrow, {"kind": "Pod"}]}
    texts = [
        whole,
        role,
        wide,
        dict(wide, roleRef=None),
        dict(role, rules=[[]]),
        {"kind": "Nosuch"},
        [],
        wide | {"subjects": {}},
    ]
    return [compact(text) for text in texts] + [
        "---\n".join(compact(text) + "\n" for text in texts),
        "kind: ClusterRole\nmetadata: {name: &a b}\nrules: [*a]\n",
        "kind: Role\nmetadata:\n  name: r\nrules:\n- verbs: [get]\n  apiGroups: ['']\n  resources: [pods]\n---\n# x\n",
        compact(role) + compact(role),
        "\ufeff" + compact(role),
    ]


def denyfile_seeds():
    identity = "0b1ec700-0000-0000-0000-000000000001"
    entries = [
        {"objectID": identity, "reason": "left"},
        {"clientAppID": identity, "reason": "x"},
        {"tokenID": "abc_DEF-1", "reason": "x", "until": "2030-01-01T00:00:00Z"},
        {"objectID": identity, "issuedBefore": "2026-01-01T00:00:00Z", "reason": "\u00e9"},
    ]
    wrong = [
        {},
        {"objectID": identity},
        {"objectID": identity, "clientAppID": identity, "reason": "x"},
        {"objectID": "x", "reason": "x"},
        {"objectID": identity, "reason": ""},
        {"tokenID": 1, "reason": "x"},
    ]
    return [compact({"denied": part}) for part in [entries, [], *[[entry] for entry in entries + wrong]]] + [
        "",
        "{}",
        "[]",
        '{"denied":null}',
        compact({"denied": [], "x": 1}),
    ]


def kubeconfig_seeds():
    execution = {
        "apiVersion": "client.authentication.k8s.io/v1beta1",
        "command": "kubelogin",
        "args": ["get-token"],
        "env": [{"name": "A", "value": "b"}],
        "interactiveMode": "IfAvailable",
    }
    whole = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "c",
        "preferences": {},
        "clusters": [{"name": "c", "cluster": {"server": "https://a.example", "certificate-authority-data": "YQ=="}}],
        "users": [{"name": "u", "user": {"exec": execution}}, {"name": "v", "user": {"token": "x"}}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u", "namespace": "n"}}],
    }
    yaml = (
        "apiVersion: v1\nkind: Config # x\nclusters:\n- cluster:\n    server: https://a.example\n  name: c\nusers: []\n"
        "contexts:\n- context: {cluster: c}\n  name: c\ncurrent-context: c\n"
    )
    return [
        compact(whole),
        yaml,
        yaml.replace("users: []", "users:"),
        yaml.replace("\n", "\r\n"),
        "",
        "# x\n",
        yaml.replace("- ", "  - "),
        compact(dict(whole, users=None)),
        compact(dict(whole, clusters=[{}])),
        "a: &a [*a]\n",
    ]


def tls_seeds():
    """Pairs of an operation and its argument; the first byte says who begins. See TLSTarget.swift."""
    hello = bytes.fromhex("160301002f0100002b0303") + bytes(32) + bytes.fromhex("000002130101000000")
    handshake = bytes([0]) * 16
    return [
        b"\x00" + hello,
        b"\x00" + b"GET / HTTP/1.1\r\n\r\n",
        b"\x00\x15\x03\x03\x00\x02\x02\x28",
        b"\x00\x80\x2e\x01\x00\x02",
        b"\x01" + handshake,
        b"\x01" + handshake + bytes([1, 40, 0, 0, 2, 40, 0, 0, 3, 0, 0, 0, 0, 0]),
        b"\x01" + handshake + bytes([1, 40, 5, 9, 0, 0]),
        b"\x01" + handshake + bytes([1, 40, 6, 30, 0, 0]),
        b"\x01" + handshake + bytes([4, 0, 0, 0]),
        b"\x01" + handshake + bytes([9, 0, 0, 0, 10, 200]),
        b"\x01" + handshake + bytes([1, 40, 7, 0, 0, 0]),
        b"\x01" + bytes([8, 1] * 40),
        b"\x01" + bytes([11, 0, 0, 0]),
        b"\x01" + handshake + bytes([12, 9, 23, 3, 3, 0, 4, 1, 2, 3, 4]),
        b"\x02" + handshake + bytes([1, 40, 0, 0]),
        b"\x03" + handshake + bytes([1, 255, 2, 255, 0, 0]),
    ]


def review_of(token):
    return compact({"kind": "TokenReview", "apiVersion": "authentication.k8s.io/v1", "spec": {"token": token}})


def unknown_key():
    """A token that causes a fetch of keys before it is refused."""
    header = {"alg": "RS256", "kid": "x"}
    return f"{base64url(compact(header))}.{base64url(compact({'iss': CLAIMS['iss']}))}.AA"


def http1_seeds():
    review = review_of("e30.e30.AA")
    late = review_of(unknown_key())
    head = "POST /authenticate HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
    whole = f"{head}Content-Length: {len(review)}\r\n\r\n{review}"
    waiting = f"{head}Content-Length: {len(late)}\r\n\r\n{late}"
    question = accessreview_seeds()[0]
    access = head.replace("/authenticate", "/authorize")
    asked = f"{access}Content-Length: {len(question)}\r\n\r\n{question}"
    chunked = f"{head}Transfer-Encoding: chunked\r\n\r\n{len(review):x}\r\n{review}\r\n0\r\n\r\n"
    requests = [
        whole,
        whole * 3,
        waiting,
        waiting + whole + waiting,
        waiting + "x",
        "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n" + whole,
        chunked,
        chunked + whole,
        head + "Content-Length: 2\r\n\r\n{}",
        "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        head.replace("/authenticate", "/tokenreviews") + "Content-Length: 0\r\n\r\n",
        head + "\r\n",
        f"{head}Expect: 100-continue\r\nContent-Length: {len(review)}\r\n\r\n{review}",
        f"{head}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "GET / HTTP/1.0\r\n\r\n",
        f"{head}Connection: close\r\nContent-Length: 2\r\n\r\n{{}}" + whole,
        "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
        "CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n" + whole,
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "GET / HTTP/1.1\n\n",
        "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n" + whole,
        "GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n",
        "GET / HTTP/1.1\r\n\r\n",
        asked,
        asked + whole + asked,
        asked.replace("authorization", "x"),
    ]
    return [bytes([index % 8 * 37 % 256]) + request.encode() for index, request in enumerate(requests)]


def hpack(*fields):
    """Literals without indexing: every length fits into seven bits."""
    block = b""
    for name, value in fields:
        block += b"\x00" + bytes([len(name)]) + name.encode() + bytes([len(value)]) + value.encode()
    return block


def http2_seeds():
    review = review_of("e30.e30.AA").encode()
    late = review_of(unknown_key()).encode()
    post = hpack(
        (":method", "POST"),
        (":scheme", "https"),
        (":path", "/authenticate"),
        (":authority", "a"),
        ("content-type", "application/json"),
    )
    access = hpack(
        (":method", "POST"),
        (":scheme", "https"),
        (":path", "/authorize"),
        (":authority", "a"),
        ("content-type", "application/json"),
    )
    question = compact({"kind": "SubjectAccessReview", "apiVersion": "authorization.k8s.io/v1", "spec": {}}).encode()
    get = hpack((":method", "GET"), (":scheme", "https"), (":path", "/"), (":authority", "a"))

    def short(kind, flags, stream, payload=b""):
        """A frame as the target's structured form has it."""
        return bytes([kind, flags, stream, len(payload)]) + payload

    def frame(kind, flags, stream, payload=b""):
        return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload

    def request(make, stream, body=review):
        return make(1, 4, stream, post) + make(0, 1, stream, body)

    settings = struct.pack(">HI", 4, 65_535)
    preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
    structured = [
        request(short, 1),
        request(short, 1, late) + request(short, 3, late),
        request(short, 1) + request(short, 3) + short(7, 0, 0, bytes(8)),
        short(1, 5, 1, get),
        short(1, 0, 1, post[:20]) + short(9, 4, 1, post[20:]) + short(0, 1, 1, review),
        short(6, 0, 0, bytes(8)),
        (short(1, 4, 1, post) + short(3, 0, 1, bytes([0, 0, 0, 8]))) * 2,
        short(4, 0, 0, settings),
        short(4, 1, 0),
        short(8, 0, 0, bytes([0x7F, 255, 255, 255])) * 2,
        short(2, 0, 1, bytes(5)),
        short(1, 0x2D, 1, bytes(6) + get),
        short(0, 9, 1, b"\x01a\x00"),
        short(1, 4, 1, post) + short(8, 0, 1, bytes(4)),
        short(1, 5, 2, get),
        short(16, 0, 0, b"u=1"),
        short(1, 5, 1, b"\x82\x87\x84\x41\x01a"),
        short(1, 5, 1, b"\x3f\xe1\x1f\x82\x87\x84"),
        short(1, 4, 1, access) + short(0, 1, 1, question),
        request(short, 1, late) + short(1, 4, 3, access) + short(0, 1, 3, question),
    ]
    raw = [preface + frame(4, 0, 0, settings) + request(frame, 1), preface + frame(4, 0, 0) + frame(1, 5, 1, get)]
    return [bytes([index * 2 % 256]) + seed for index, seed in enumerate(structured)] + [b"\x01" + seed for seed in raw]


def reset_seeds():
    """Every block of bytes of a session over HTTP/1.1 and HTTP/2 that ends with a reset and with an end of file."""
    return [bytes([variant, block]) for variant in range(4) for block in range(RESET_BLOCKS)]


JSON_WORDS = ['{"', '":', '","', "[]", "{}", "null", "true", "false", "1e308", "\\u0000", "\\ud800", KELVIN]
CLAIM_WORDS = [f'"{name}":' for name in CLAIMS] + [
    '"azp":',
    '"idtyp":',
    '"idp":',
    '"acct":',
    '"roles":',
    '"_claim_names":',
    '"hasgroups":',
    '"cnf":',
    '"wids":',
    '"xms_idrel":',
    '"xms_mirid":',
    '"xms_sub_fct":',
    '"xms_act_fct":',
    "1.0",
    "2.0",
    "app",
    "user",
    "device",
    "#EXT#",
    "spn:",
    "system:masters",
    "Cluster.Viewer",
    AUDIENCE,
    ADMINS,
    MAPPED,
    EMERGENCY,
    TENANT,
    f"https://sts.windows.net/{TENANT}/",
    f"https://login.microsoftonline.com/{TENANT}/v2.0",
    "https://Kube.example/api",
]
HEADER_WORDS = [
    '"alg":',
    '"kid":',
    '"typ":',
    '"jku":',
    '"x5u":',
    '"jwk":',
    '"x5c":',
    '"crit":',
    '"b64":',
    '"zip":',
    '"cty":',
    '"nonce":',
    '"enc":',
    "RS256",
    "none",
    "HS256",
    "JWT",
    "at+jwt",
    "pop",
    "application/",
    "k1",
    "k2",
]
HTTP_WORDS = [
    "POST ",
    "GET ",
    "/authenticate",
    "/authorize",
    " HTTP/1.1\r\n",
    " HTTP/1.0\r\n",
    "\r\n\r\n",
    "Host: a\r\n",
    "Content-Length: ",
    "Transfer-Encoding: chunked\r\n",
    "Expect: 100-continue\r\n",
    "Connection: close\r\n",
    "0\r\n\r\n",
    "Upgrade: h2c\r\n",
    "Content-Type: application/json\r\n",
    "CONNECT ",
    "HEAD ",
    "OPTIONS * ",
    "application/json; charset=utf-8",
    "keep-alive",
]
YAML_WORDS = sorted(
    {word.strip("\"'{}[]:") + ":" for word in (FULL + SUITE).split() if word.endswith(":")}
    | {word.strip("{").rstrip(":") + ":" for word in FULL.split() if word.startswith("{")}
)

TARGETS = {
    "jws": (jws_seeds, [".", "..", "e30", "eyJ", "Bearer "]),
    "scanner": (scanner_seeds, JSON_WORDS + CLAIM_WORDS + ["\\\\u", "\\\\ud8", "e308", "-0", "[[", "]]"]),
    "header": (header_seeds, HEADER_WORDS + JSON_WORDS),
    "claims": (claims_seeds, CLAIM_WORDS + JSON_WORDS),
    "pop": (
        pop_seeds,
        HEADER_WORDS + JSON_WORDS + ["$T", "$N", "$E", "$K", '"at":', '"ts":', '"u":', '"cnf":', '"jwk":'],
    ),
    "jwks": (
        jwks_seeds,
        JSON_WORDS + ['"keys":', '"kty":', '"use":', '"n":', '"e":', '"issuer":', "RSA", "sig", "AQAB"],
    ),
    "discovery": (
        discovery_seeds,
        JSON_WORDS + ['"issuer":', '"jwks_uri":', "https://", "entra.example:8443", "@", "[::1]"],
    ),
    "tokenreview": (
        tokenreview_seeds,
        JSON_WORDS
        + [
            '"kind":',
            '"TokenReview"',
            '"apiVersion":',
            "authentication.k8s.io/v1",
            "beta1",
            '"spec":',
            '"token":',
            '"audiences":',
            '"status":',
            '"user":',
            '"groups":',
            '"extra":',
            '"authenticated":',
            '"creationTimestamp":null',
        ],
    ),
    "accessreview": (
        accessreview_seeds,
        JSON_WORDS
        + [
            '"kind":',
            '"SubjectAccessReview"',
            '"apiVersion":',
            "authorization.k8s.io/v1",
            "beta1",
            '"spec":',
            '"user":',
            '"groups":',
            '"group":',
            '"extra":',
            '"oid":',
            '"kube-entra.dev/tenant-id":',
        ],
    ),
    "configuration": (
        configuration_seeds,
        YAML_WORDS + ["&a ", "*a", "!!", "---", "? ", "\n  - ", "\n    ", "1s", "29h"],
    ),
    "rbac": (
        rbac_seeds,
        JSON_WORDS
        + YAML_WORDS
        + [
            '"kind":',
            '"ClusterRole"',
            '"RoleBinding"',
            '"subjects":',
            '"roleRef":',
            '"rules":',
            '"verbs":',
            '"metadata":',
            '"aggregationRule":',
            '"nonResourceURLs":',
            "---\n",
            "#EXT#",
            "system:",
        ],
    ),
    "denyfile": (denyfile_seeds, JSON_WORDS + ['"denied":', '"objectID":', '"tokenID":', '"reason":', '"until":']),
    "kubeconfig": (
        kubeconfig_seeds,
        JSON_WORDS
        + YAML_WORDS
        + ["clusters:", "users:", "contexts:", "current-context:", "name:", "exec:", "&a ", "*a", "---\n"],
    ),
    "tls": (tls_seeds, []),
    "http1": (http1_seeds, HTTP_WORDS),
    "http2": (
        http2_seeds,
        [
            ":method",
            ":path",
            ":scheme",
            ":authority",
            "/authenticate",
            "/authorize",
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        ],
    ),
    "resets": (reset_seeds, []),
}


def main():
    folder = Path(sys.argv[1])
    for target, (seeds, words) in TARGETS.items():
        corpus = folder / target
        corpus.mkdir(parents=True, exist_ok=True)
        for index, seed in enumerate(seeds()):
            (corpus / f"seed-{index:02}").write_bytes(seed.encode() if isinstance(seed, str) else seed)
        lines = ["".join(f"\\x{byte:02x}" for byte in word.encode()) for word in words]
        (folder / f"{target}.dict").write_text("".join(f'"{line}"\n' for line in lines))


main()
