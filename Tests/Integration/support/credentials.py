"""What a credential plugin prints, and the hints that `credential` reads."""

import json

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


# Some refusals of each kind; CredentialVerdictTests.swift has all.
REFUSED = [
    ("issued by another tenant", "issuer_not_trusted", {"tenant": OTHER_TENANT}, {}),
    ("made for another application", "audience_not_accepted", {"aud": CLIENT}, {}),
    ("expired", "token_expired", {"iat": 1, "nbf": 1, "exp": 3601}, {}),
    (
        "an application where only users may",
        "subject_kind_not_allowed",
        {"idtyp": "app", "upn": LEFT_OUT},
        {"subjects": ["user"]},
    ),
]
