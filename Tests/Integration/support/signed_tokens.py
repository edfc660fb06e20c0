"""Tokens of a tenant whose keys are in a file."""

import time

from joserfc import jwt
from joserfc.jwk import RSAKey

TENANT = "11111111-2222-3333-4444-555555555555"
SERVER = "aaaaaaaa-0000-0000-0000-000000000000"
ADMINS = "5d24aaaa-bbbb-cccc-dddd-eeeeafa27aed"
KEY = RSAKey.generate_key(2048, {"kid": "k1", "use": "sig"}, private=True)


def token(**changes):
    now = int(time.time())
    claims = {
        "aud": SERVER,
        "iss": f"https://sts.windows.net/{TENANT}/",
        "tid": TENANT,
        "ver": "1.0",
        "iat": now,
        "nbf": now,
        "exp": now + 3600,
        "appid": "04b07795-8ddb-461a-bbee-02f9e1bf7b46",
        "oid": "0b1ec700-0000-0000-0000-000000000001",
        "upn": "ada@example.com",
        "uti": "u",
        "groups": [ADMINS],
    }
    return jwt.encode({"alg": "RS256", "kid": "k1", "typ": "JWT"}, claims | changes, KEY, algorithms=["RS256"])
