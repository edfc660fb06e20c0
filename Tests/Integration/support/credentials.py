"""What a credential plugin prints, and the hints that `credential` reads."""

import json
import time

from entra import AUDIENCE, CLIENT, LEFT_OUT, OTHER_TENANT, TENANT, merged

SUBJECTS = ["user", "guest", "app", "managedIdentity"]


def credential(token, version="v1beta1", **status):
    return json.dumps(
        {
            "kind": "ExecCredential",
            "apiVersion": f"client.authentication.k8s.io/{version}",
            "spec": {},
            "status": {"expirationTimestamp": "2030-01-01T00:00:00Z", "token": token, **status},
        }
    )


def hints(**tenant):
    return {
        "apiVersion": "kube-entra.dev/v1",
        "kind": "TokenHints",
        "writtenAt": "2026-01-01T00:00:00Z",
        "configurationSHA256": "00",
        "clockSkew": "60s",
        "tenants": [
            merged(
                {
                    "tenantID": TENANT,
                    "cloud": "public",
                    "authority": None,
                    "audiences": [AUDIENCE],
                    "allowedClientAppIDs": [],
                    "subjects": SUBJECTS,
                    "maximumTokenLifetime": "29h",
                    "groupOverage": "deny",
                    "proofOfPossession": "off",
                    "clusterHost": None,
                },
                tenant,
            )
        ],
    }


REFUSED = [
    ("issued by another tenant", "issuer_not_trusted", {"tenant": OTHER_TENANT}, {}),
    ("a tenant that its issuer does not stand for", "tenant_mismatch", {"tid": OTHER_TENANT}, {}),
    ("an ID token", "token_kind_not_accepted", {"appid": LEFT_OUT}, {}),
    ("made for another application", "audience_not_accepted", {"aud": CLIENT}, {}),
    ("expired", "token_expired", {"iat": 1, "nbf": 1, "exp": 3601}, {}),
    ("from the future", "token_not_yet_valid", {"nbf": 4_000_000_000, "exp": 4_000_003_600}, {}),
    ("valid for three days", "token_lifetime_too_long", {"exp": int(time.time()) + 260_000}, {}),
    ("asked for by another application", "client_app_not_allowed", {}, {"allowedClientAppIDs": [AUDIENCE]}),
    (
        "an application where only users may",
        "subject_kind_not_allowed",
        {"idtyp": "app", "upn": LEFT_OUT},
        {"subjects": ["user"]},
    ),
    ("bound and without an envelope", "proof_of_possession_required", {"cnf": {"kid": "x"}}, {}),
    (
        "a bearer token where proof is required",
        "proof_of_possession_required",
        {},
        {"proofOfPossession": "require", "clusterHost": "cluster.example"},
    ),
]
