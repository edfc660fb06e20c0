"""An Entra that uses no code of the program: keys and tokens by `cryptography` and `joserfc`, HTTPS by Python's ssl."""

import base64
import hashlib
import json
import socket
import ssl
import threading
import time
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID
from joserfc import jws
from joserfc.jwk import RSAKey
from ports import free_port

TENANT = "11111111-2222-3333-4444-555555555555"
OTHER_TENANT = "99999999-2222-3333-4444-555555555555"
AUDIENCE = "aaaaaaaa-0000-0000-0000-000000000000"
CLIENT = "80faf920-1908-4b52-b5ef-a8e7bedfc67a"
OBJECT = "0b1ec700-0000-0000-0000-000000000001"
ADMINS = "5d24aaaa-bbbb-cccc-dddd-eeeeafa27aed"
DEVELOPERS = "9999aaaa-bbbb-cccc-dddd-eeeeffff0000"
PLAIN = "77777777-bbbb-cccc-dddd-eeeeffff0000"


class LeftOut:
    """A claim that a token does not have; the names of tests show it."""

    def __repr__(self):
        return "left out"


LEFT_OUT = LeftOut()


def b64(data):
    if isinstance(data, str):
        data = data.encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Key:
    """RSA with a self-signed certificate; the key ID is the certificate's SHA-1 thumbprint, as Entra's are."""

    def __init__(self, bits=2048, exponent=65537):
        self.private = rsa.generate_private_key(exponent, bits)
        now = datetime.now(UTC)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "accounts.accesscontrol.windows.net")])
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(self.private.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=365))
            .sign(self.private, hashes.SHA256())
        )
        self.der = certificate.public_bytes(serialization.Encoding.DER)
        self.kid = b64(hashlib.sha1(self.der).digest())
        numbers = self.private.public_key().public_numbers()
        self.n = b64(numbers.n.to_bytes((numbers.n.bit_length() + 7) // 8, "big"))
        self.e = b64(numbers.e.to_bytes((numbers.e.bit_length() + 7) // 8, "big"))

    def jwk(self, **changes):
        key = {
            "kty": "RSA",
            "use": "sig",
            "kid": self.kid,
            "x5t": self.kid,
            "n": self.n,
            "e": self.e,
            "x5c": [base64.b64encode(self.der).decode()],
        }
        return merged(key, changes)

    def sign(self, data):
        return self.private.sign(
            data if isinstance(data, bytes) else data.encode(), padding.PKCS1v15(), hashes.SHA256()
        )

    def joserfc(self):
        pem = self.private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return RSAKey.import_key(pem)


def merged(base, changes):
    result = dict(base)
    for name, value in changes.items():
        if value is LEFT_OUT:
            result.pop(name, None)
        else:
            result[name] = value
    return result


class Entra:
    """Tenants' keys and tokens, and a server for discovery and key sets that can fail in many ways."""

    def __init__(self, folder, certificates):
        self.keys = [Key()]
        self.foreign = Key()
        self.counts = {}
        self.hosts = set()
        self.fault = None
        self.folder = folder
        self.server = None
        self.held = None
        self.authority = None
        self.certificates = certificates

    # Tokens

    def issuer(self, version="1.0", tenant=TENANT):
        if self.authority:
            base = self.authority
            return f"{base}/{tenant}/" if version == "1.0" else f"{base}/{tenant}/v2.0"
        if version == "1.0":
            return f"https://sts.windows.net/{tenant}/"
        return f"https://login.microsoftonline.com/{tenant}/v2.0"

    def claims(self, version="1.0", tenant=TENANT, **changes):
        now = int(time.time())
        claims = {
            "aud": AUDIENCE,
            "iss": self.issuer(version, tenant),
            "iat": now - 300,
            "nbf": now - 300,
            "exp": now + 3600,
            "oid": OBJECT,
            "sub": "pairwise",
            "scp": "user.read",
            "tid": tenant,
            "upn": "ada@example.com",
            "name": "Ada",
            "uti": "abc_DEF-1",
            "ver": version,
            "groups": [PLAIN, ADMINS],
        }
        claims["appid" if version == "1.0" else "azp"] = CLIENT
        return merged(claims, changes)

    def header(self, **changes):
        return merged({"typ": "JWT", "alg": "RS256", "kid": self.keys[-1].kid}, changes)

    def token(self, header=None, version="1.0", tenant=TENANT, key=None, **claims):
        header = merged(self.header(), header or {})
        return self.raw(json.dumps(header), json.dumps(self.claims(version, tenant, **claims)), key)

    def library_token(self, **claims):
        """The same by joserfc, so that two independent signers are used."""
        key = self.keys[-1]
        return jws.serialize_compact(self.header(), json.dumps(self.claims(**claims)).encode(), key.joserfc())

    def raw(self, header, payload, key=None):
        signed = b64(header) + "." + b64(payload)
        return signed + "." + b64((key or self.keys[-1]).sign(signed))

    # Keys

    def key_set(self, tenant=TENANT, version="2.0"):
        if tenant == OTHER_TENANT:
            return {"keys": [self.foreign.jwk()]}
        issuer = {"issuer": self.issuer("2.0", "{tenantid}")} if version == "2.0" else {}
        return {"keys": [key.jwk(**issuer) for key in self.keys]}

    def write_key_file(self, path, **changes):
        with open(path, "w") as file:
            json.dump(merged(self.key_set(), changes), file)

    # Server

    def start(self, certificate="entra", host="localhost", address="127.0.0.1"):
        entra = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            entra = self

            def log_message(self, *_):
                pass

            def do_GET(self):
                path = self.path.split("?")[0]
                entra.counts[path] = entra.counts.get(path, 0) + 1
                entra.hosts.add(self.headers.get("Host"))
                if entra.fault and entra.fault(self, path):
                    return
                self.answer(200, json.dumps(entra.document(path)))

            def answer(self, status, body, content_type="application/json", headers=None, length=None):
                body = body if isinstance(body, bytes) else body.encode()
                self.send_response(status)
                self.send_header("Content-Type", content_type)
                self.send_header("Content-Length", str(len(body) if length is None else length))
                for name, value in (headers or {}).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128
            address_family = socket.AF_INET6 if ":" in address else socket.AF_INET

            def handle_error(self, request, client_address):
                pass

        if self.held:
            self.held.close()
            self.held = None
        self.server = Server((address, getattr(self, "port", None) or free_port()), Handler)
        self.context = context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(
            self.certificates.path(f"{certificate}.crt"), self.certificates.path(f"{certificate}.key")
        )
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.port = self.server.server_address[1]
        self.authority = f"https://{host}:{self.port}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self, holds_port=False):
        """`holds_port`: connections are refused, and no other server gets the port before the next start."""
        if self.server:
            address = self.server.server_address
            self.server.shutdown()
            self.server.server_close()
            if holds_port:
                # Bound, but not listening.
                self.held = socket.socket(self.server.address_family)
                self.held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                self.held.bind(address)
            self.server = None
        elif self.held and not holds_port:
            self.held.close()
            self.held = None

    def document(self, path):
        tenant = path.split("/")[1]
        rest = "/".join(path.split("/")[2:])
        base = f"{self.authority}/{tenant}"
        return {
            ".well-known/openid-configuration": {
                "issuer": self.issuer("1.0", tenant),
                "jwks_uri": f"{base}/discovery/keys",
            },
            "v2.0/.well-known/openid-configuration": {
                "issuer": self.issuer("2.0", tenant),
                "jwks_uri": f"{base}/discovery/v2.0/keys",
            },
            "discovery/keys": self.key_set(tenant, "1.0"),
            "discovery/v2.0/keys": self.key_set(tenant, "2.0"),
        }.get(rest, {})

    def fetches(self):
        return sum(count for path, count in self.counts.items() if path.endswith("/keys"))
