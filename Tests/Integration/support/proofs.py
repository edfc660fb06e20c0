"""Proofs of possession as kubelogin makes them."""

import hashlib
import json
import time
import uuid

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from entra import b64, merged

HOST = "cluster.example"


class ProofKey:
    def __init__(self, bits=2048, exponent=65537, n=None, e=None):
        self.private = rsa.generate_private_key(exponent, bits)
        numbers = self.private.public_key().public_numbers()
        self.n = n or b64(numbers.n.to_bytes((numbers.n.bit_length() + 7) // 8, "big"))
        self.e = e or b64(numbers.e.to_bytes((numbers.e.bit_length() + 7) // 8, "big"))
        canonical = json.dumps({"e": self.e, "kty": "RSA", "n": self.n}, separators=(",", ":"), sort_keys=True)
        self.thumbprint = b64(hashlib.sha256(canonical.encode()).digest())

    @property
    def jwk(self):
        return {"kty": "RSA", "n": self.n, "e": self.e}

    def sign(self, data):
        return self.private.sign(data.encode(), padding.PKCS1v15(), hashes.SHA256())


KEY = ProofKey()


def envelope(entra, key=KEY, bound=None, header=None, signer=None, token=None, **payload):
    token = token or entra.token(cnf={"kid": (bound or key).thumbprint})
    header = merged({"typ": "pop", "alg": "RS256", "kid": key.thumbprint}, header or {})
    body = merged(
        {"at": token, "ts": int(time.time()), "u": HOST, "cnf": {"jwk": key.jwk}, "nonce": uuid.uuid4().hex}, payload
    )
    signed = b64(json.dumps(header)) + "." + b64(json.dumps(body))
    return signed + "." + b64((signer or key).sign(signed))
