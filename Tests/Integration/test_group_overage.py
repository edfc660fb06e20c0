"""Group overage against a Microsoft Graph that was not written in Swift, and that can misbehave."""

import base64
import hashlib
import json
import ssl
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives import serialization
from entra import ADMINS, DEVELOPERS, LEFT_OUT, OBJECT, PLAIN, TENANT
from webhook import Webhook, configuration, reason

CLIENT_ID = "bbbbbbbb-0000-0000-0000-000000000000"
OVERAGE = {"groups": LEFT_OUT, "_claim_names": {"groups": "src1"},
           "_claim_sources": {"src1": {"endpoint": "https://169.254.169.254/never"}}}


class Graph:
    def __init__(self, certificates):
        graph = self
        self.members = {OBJECT: {ADMINS, PLAIN}}
        self.requests, self.tokens, self.fault, self.delay = [], [], None, 0
        self.secret = "s3cret+/="
        self.issued = 0

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def answer(self, status, body, headers=None):
                body = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                for name, value in (headers or {}).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                time.sleep(graph.delay)
                if self.path.endswith("/oauth2/v2.0/token"):
                    return graph.token(self, dict(urllib.parse.parse_qsl(body.decode())))
                graph.requests.append((self.path, json.loads(body), self.headers.get("Authorization")))
                if graph.fault and graph.fault(self, len(graph.requests)):
                    return
                if self.headers.get("Authorization") != f"Bearer app-token-{graph.issued}":
                    return self.answer(401, {})
                _, version, kind, oid, action = self.path.split("/")
                members = graph.members.get(oid)
                if members is None:
                    return self.answer(404, {})
                if action == "checkMemberGroups":
                    asked = json.loads(body)["groupIds"]
                    assert len(asked) <= 20
                    return self.answer(200, {"value": [group for group in asked if group in members]})
                groups = sorted(members)
                self.answer(200, graph.page(groups, 0))

            def do_GET(self):
                graph.requests.append((self.path, None, self.headers.get("Authorization")))
                offset = int(self.path.split("skip=")[1])
                self.answer(200, graph.page(sorted(next(iter(graph.members.values()))), offset))

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_: None
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificates.path("entra.crt"), certificates.path("entra.key"))
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.base = f"https://localhost:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def page(self, groups, offset):
        answer = {"value": groups[offset:offset + 100]}
        if offset + 100 < len(groups):
            answer["@odata.nextLink"] = f"{self.base}/v1.0/next?skip={offset + 100}"
        return answer

    def token(self, handler, form):
        self.tokens.append(form)
        if "client_secret" in form and form["client_secret"] != self.secret:
            return handler.answer(401, {"error": "invalid_client"})
        self.issued += 1
        handler.answer(200, {"access_token": f"app-token-{self.issued}", "expires_in": 3599, "token_type": "Bearer"})


@pytest.fixture
def setting(certificates, entra, tmp_path):
    graph = Graph(certificates)
    with open(certificates.path("secret"), "w") as file:
        file.write(graph.secret + "\n")
    servers = []

    def make(**changes):
        directory = {"clientID": CLIENT_ID, "clientSecretFile": "secret", "graphEndpoint": graph.base,
                     "graphCA": "ca.crt", **changes}
        directory = {name: value for name, value in directory.items() if value is not None}
        # Tokens keep the public cloud's issuers, so only the application's token must come from the stand-in.
        config = configuration(groupOverage="resolve", directory=directory, authority=graph.base, authorityCA="ca.crt")
        server = Webhook(certificates, config, name=f"overage-{tmp_path.name}-{len(servers)}.yaml")
        servers.append(server)
        entra.authority = graph.base
        entra.write_key_file(certificates.path("keys.json"))
        return server.start()

    yield graph, make
    for server in servers:
        server.stop()
    entra.authority = None
    entra.write_key_file(certificates.path("keys.json"))
    graph.server.shutdown()


def test_a_user_is_asked_about_and_remembered(setting, entra):
    graph, make = setting
    webhook = make()
    status = webhook.review(entra.token(**OVERAGE))
    assert status["user"]["groups"] == ["kube-entra:cluster-admins", ADMINS]
    path, body, authorization = graph.requests[0]
    assert path == f"/v1.0/users/{OBJECT}/checkMemberGroups"
    assert body == {"groupIds": [ADMINS, DEVELOPERS]}
    assert graph.tokens[0]["scope"] == f"{graph.base}/.default"
    for _ in range(5):
        webhook.review(entra.token(**OVERAGE))
    assert len(graph.requests) == 1
    assert webhook.metric("kube_entra_group_resolutions_total", result="success") == 1
    assert webhook.metric("kube_entra_group_resolutions_total", result="cached") == 5


def test_an_application_is_asked_about_as_one(setting, entra):
    graph, make = setting
    webhook = make()
    status = webhook.review(entra.token(idtyp="app", scp=LEFT_OUT, upn=LEFT_OUT, **OVERAGE))
    assert status["user"]["groups"] == ["kube-entra:cluster-admins", ADMINS]
    assert graph.requests[0][0].startswith("/v1.0/servicePrincipals/")


def test_nobody_else_causes_a_question(setting, entra):
    graph, make = setting
    webhook = make()
    assert reason(webhook.review(entra.token())) == "accepted"
    assert graph.requests == []


def test_all_groups_in_pages(setting, entra):
    graph, make = setting
    graph.members[OBJECT] = {ADMINS} | {f"00000000-0000-0000-0000-{number:012d}" for number in range(5000)}
    webhook = make(groups="all", timeout="5s")
    status = webhook.review(entra.token(**OVERAGE))
    assert len(status["user"]["groups"]) == 5002


def test_a_certificate_signs_an_assertion(setting, entra, certificates):
    graph, make = setting
    key = rsa.generate_private_key(65537, 2048)
    from datetime import datetime, timedelta, timezone
    name = x509.Name([x509.NameAttribute(x509.oid.NameOID.COMMON_NAME, "kube-entra")])
    now = datetime.now(timezone.utc)
    certificate = (x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
                   .serial_number(1).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=9))
                   .sign(key, hashes.SHA256()))
    with open(certificates.path("directory.pem"), "wb") as file:
        file.write(certificate.public_bytes(serialization.Encoding.PEM))
        file.write(key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    webhook = make(clientSecretFile=None, clientCertificateFile="directory.pem")
    assert reason(webhook.review(entra.token(**OVERAGE))) == "accepted"
    form = graph.tokens[0]
    assert form["client_assertion_type"] == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    header, claims, signature = form["client_assertion"].split(".")
    decode = lambda part: base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    key.public_key().verify(decode(signature), f"{header}.{claims}".encode(), padding.PKCS1v15(), hashes.SHA256())
    der = certificate.public_bytes(serialization.Encoding.DER)
    assert decode(json.loads(decode(header))["x5t#S256"]) == hashlib.sha256(der).digest()
    claims = json.loads(decode(claims))
    assert claims["iss"] == claims["sub"] == CLIENT_ID
    assert claims["aud"] == f"{graph.base}/{TENANT}/oauth2/v2.0/token"


def test_a_federated_token(setting, entra, certificates):
    graph, make = setting
    with open(certificates.path("federated"), "w") as file:
        file.write("projected-token")
    webhook = make(clientSecretFile=None, federatedTokenFile="federated")
    assert reason(webhook.review(entra.token(**OVERAGE))) == "accepted"
    assert graph.tokens[0]["client_assertion"] == "projected-token"


def status(code, headers=None):
    return lambda handler, count: handler.answer(code, {}, headers) or True


FAULTS = [
    ("401", status(401)), ("403", status(403)), ("404", status(404)), ("500", status(500)),
    ("429 for a minute", status(429, {"Retry-After": "60"})),
    ("wrong JSON", lambda handler, count: handler.answer(200, b"[]") or True),
    ("HTML", lambda handler, count: handler.answer(200, b"<html>") or True),
    ("groups that are none", lambda handler, count: handler.answer(200, {"value": ["x"]}) or True),
    ("slow", lambda handler, count: time.sleep(4) or handler.answer(200, {"value": []}) or True),
]


@pytest.mark.parametrize("fault", [case[1] for case in FAULTS], ids=[case[0] for case in FAULTS])
def test_faults(setting, entra, fault):
    graph, make = setting
    graph.fault = fault
    webhook = make()
    begin = time.time()
    assert reason(webhook.review(entra.token(**OVERAGE))) == "group_resolution_failed"
    assert time.time() - begin < 3
    assert reason(webhook.review(entra.token())) == "accepted"
    assert webhook.metric("kube_entra_group_resolutions_total", result="failure") >= 1
    assert "groups could not be resolved" in webhook.log()
    if fault is FAULTS[1][1]:
        assert "GroupMember.Read.All" in webhook.log()


def test_another_host_in_next_link(setting, entra):
    graph, make = setting
    graph.fault = lambda handler, count: handler.answer(
        200, {"value": [], "@odata.nextLink": "https://evil.example/next"}) or True
    webhook = make(groups="all")
    assert reason(webhook.review(entra.token(**OVERAGE))) == "group_resolution_failed"


def test_endless_pages(setting, entra):
    graph, make = setting
    graph.page = lambda groups, offset: {"value": [PLAIN], "@odata.nextLink": f"{graph.base}/v1.0/next?skip=1"}
    webhook = make(groups="all", timeout="5s")
    assert reason(webhook.review(entra.token(**OVERAGE))) == "group_resolution_failed"
    assert len(graph.requests) <= 250


def test_a_moment_of_trouble_is_ridden_out(setting, entra):
    graph, make = setting
    graph.fault = lambda handler, count: count == 1 and (handler.answer(503, {}) or True)
    webhook = make()
    assert reason(webhook.review(entra.token(**OVERAGE))) == "accepted"
    graph.fault = None


def test_the_last_answer_is_used_while_it_is_young_enough(setting, entra):
    graph, make = setting
    webhook = make(cacheFor="1s", staleFor="1h")
    assert reason(webhook.review(entra.token(**OVERAGE))) == "accepted"
    graph.fault = status(500)
    time.sleep(1.2)
    assert webhook.review(entra.token(**OVERAGE))["user"]["groups"] == ["kube-entra:cluster-admins", ADMINS]
    assert webhook.metric("kube_entra_group_resolutions_total", result="stale") >= 1


def test_a_changed_secret_is_read(setting, entra, certificates):
    graph, make = setting
    graph.secret = "another"
    webhook = make()
    assert reason(webhook.review(entra.token(**OVERAGE))) == "group_resolution_failed"
    with open(certificates.path("secret"), "w") as file:
        file.write("another")
    assert reason(webhook.review(entra.token(**OVERAGE))) == "accepted"
