"""How the webhook's own application signs in to Microsoft Graph: secret, certificate, federated token, managed identity."""

import base64
import hashlib
import json
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from certificates import self_signed
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from entra import TENANT
from graph import MetadataService
from overage import CLIENT_ID, OVERAGE, logged, object_id
from webhook import reason


def eventually(condition, timeout=8):
    end = time.time() + timeout
    while not condition():
        assert time.time() < end, "it did not happen in time"
        time.sleep(0.05)


def write_certificate(path, key):
    certificate = self_signed(key, "kube-entra", days=(-1, 9))
    with open(path, "wb") as file:
        file.write(certificate.public_bytes(serialization.Encoding.PEM))
        file.write(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
    return certificate


def decoded(part):
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def test_a_secret_signs_the_application_in(setting, entra):
    graph, make = setting
    webhook = make()
    assert reason(webhook.review(entra.token(**OVERAGE))) == "accepted"
    assert graph.tokens[0] == {
        "grant_type": "client_credentials",
        "client_id": CLIENT_ID,
        "client_secret": graph.secret,
        "scope": f"{graph.base}/.default",
    }
    assert graph.requests[0][2] == "Bearer app-token-1"
    for secret in (graph.secret, "app-token-1"):
        assert secret not in webhook.log()


def test_a_certificate_signs_an_assertion(setting, entra, certificates):
    graph, make = setting
    key = rsa.generate_private_key(65537, 2048)
    certificate = write_certificate(certificates.path("directory.pem"), key)
    begin = int(time.time())
    webhook = make(clientSecretFile=None, clientCertificateFile="directory.pem")
    assert reason(webhook.review(entra.token(**OVERAGE))) == "accepted"
    form = graph.tokens[0]
    assert form["client_assertion_type"] == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    header, claims, signature = form["client_assertion"].split(".")
    # What Entra documents for certificate credentials: PS256 and the SHA-256 thumbprint.
    der = certificate.public_bytes(serialization.Encoding.DER)
    thumbprint = base64.urlsafe_b64encode(hashlib.sha256(der).digest()).rstrip(b"=").decode()
    assert json.loads(decoded(header)) == {"alg": "PS256", "typ": "JWT", "x5t#S256": thumbprint}
    key.public_key().verify(
        decoded(signature),
        f"{header}.{claims}".encode(),
        padding.PSS(padding.MGF1(hashes.SHA256()), 32),
        hashes.SHA256(),
    )
    claims = json.loads(decoded(claims))
    assert claims["iss"] == claims["sub"] == CLIENT_ID
    assert claims["aud"] == f"{graph.base}/{TENANT}/oauth2/v2.0/token"
    assert claims["nbf"] <= begin + 1 and begin + 300 <= claims["exp"] <= begin + 660
    assert len(claims["jti"]) >= 20


def test_a_new_certificate_is_used_for_the_next_token(setting, entra, certificates):
    graph, make = setting
    graph.lifetime = 2
    write_certificate(certificates.path("directory.pem"), rsa.generate_private_key(65537, 2048))
    make(clientSecretFile=None, clientCertificateFile="directory.pem")
    renewed = rsa.generate_private_key(65537, 3072)
    write_certificate(certificates.path("directory.pem"), renewed)
    eventually(lambda: len(decoded(graph.tokens[-1]["client_assertion"].split(".")[2])) == 384)


@pytest.mark.parametrize("content", ["no PEM at all", "only a certificate"])
def test_serve_does_not_start_with_a_certificate_of_no_use(setting, certificates, content):
    _, make = setting
    path = certificates.path("directory.pem")
    write_certificate(path, ec.generate_private_key(ec.SECP256R1()))
    text = open(path).read()
    with open(path, "w") as file:
        file.write({"no": "x", "only": text[: text.index("-----BEGIN PRIVATE")]}[content.split()[0]])
    with pytest.raises(AssertionError, match="directory.clientCertificateFile: .*no (certificate|private key) in PEM"):
        make(clientSecretFile=None, clientCertificateFile="directory.pem")


@pytest.mark.parametrize("content", ["no PEM at all", "only a certificate", "a key that RSA is not"])
def test_a_certificate_that_cannot_sign(setting, entra, certificates, content):
    graph, make = setting
    path = certificates.path("directory.pem")
    write_certificate(path, ec.generate_private_key(ec.SECP256R1()))
    with open(path) as file:
        text = file.read()
    # It was right when the webhook started.
    webhook = make(clientSecretFile=None, clientCertificateFile="directory.pem")
    with open(path, "w") as file:
        file.write({"no": "x", "only": text[: text.index("-----BEGIN PRIVATE")], "a": text}[content.split()[0]])
    assert reason(webhook.review(entra.token(**OVERAGE))) == "group_resolution_failed"
    assert graph.tokens == []
    said = f"directory.clientCertificateFile: {path}: the file holds no certificate with its RSA private key → "
    assert logged(webhook, said)


def test_a_federated_token_is_read_anew(setting, entra, certificates):
    graph, make = setting
    graph.lifetime = 2
    with open(certificates.path("federated"), "w") as file:
        file.write("projected-token")
    webhook = make(clientSecretFile=None, federatedTokenFile="federated")
    assert reason(webhook.review(entra.token(**OVERAGE))) == "accepted"
    assert graph.tokens[0]["client_assertion"] == "projected-token"
    with open(certificates.path("federated"), "w") as file:
        file.write("next-projected-token\n")
    eventually(lambda: graph.tokens[-1]["client_assertion"] == "next-projected-token")
    assert "projected-token" not in webhook.log()


@pytest.mark.parametrize("client_id", [None, CLIENT_ID], ids=["the machine's", "a user-assigned one"])
def test_a_managed_identity_signs_the_application_in(setting, entra, client_id):
    graph, make = setting
    service = MetadataService(graph)
    try:
        # The metadata service is asked directly, whatever proxies there are.
        environment = {"AZURE_POD_IDENTITY_AUTHORITY_HOST": service.base, "HTTP_PROXY": "http://127.0.0.1:1"}
        webhook = make(env=environment, clientSecretFile=None, managedIdentity=True, clientID=client_id)
        assert reason(webhook.review(entra.token(**OVERAGE))) == "accepted"
    finally:
        service.stop()
    path, headers = service.requests[0]
    resource = graph.base.replace(":", "%3A").replace("/", "%2F")
    expected = f"/metadata/identity/oauth2/token?api-version=2018-02-01&resource={resource}"
    assert path == expected + (f"&client_id={client_id}" if client_id else "")
    assert headers["Metadata"] == "true" and "Authorization" not in headers
    assert graph.tokens == []


@pytest.mark.parametrize("base", ["https://127.0.0.1", "http://metadata.example", "http://10.0.0.1", "127.0.0.1:80"])
def test_a_metadata_service_that_is_not_near(setting, entra, base):
    graph, make = setting
    webhook = make(env={"AZURE_POD_IDENTITY_AUTHORITY_HOST": base}, clientSecretFile=None, managedIdentity=True)
    assert reason(webhook.review(entra.token(**OVERAGE))) == "group_resolution_failed"
    assert logged(webhook, "AZURE_POD_IDENTITY_AUTHORITY_HOST")


def test_a_token_is_renewed_before_it_ends_and_once_at_a_time(setting, entra):
    graph, make = setting
    graph.lifetime = 12
    graph.token_delay = 0.3
    webhook = make()
    with ThreadPoolExecutor(12) as pool:
        tokens = [entra.token(**OVERAGE, oid=object_id(number)) for number in range(12)]
        list(pool.map(webhook.review, tokens))
    assert len(graph.tokens) == 1
    # Nobody asks, and there is a new one when half of its life is over.
    eventually(lambda: len(graph.tokens) == 2, timeout=30)
    graph.token_fault = lambda handler: handler.answer(503, {})
    # While the sign-in is out of order, the token at hand is used for as long as it is good.
    assert reason(webhook.review(entra.token(**OVERAGE))) == "accepted"


def test_a_token_that_is_refused_is_replaced_once(setting, entra):
    graph, make = setting
    webhook = make()
    # Graph does not know this principal, but the webhook has its token now.
    assert reason(webhook.review(entra.token(**OVERAGE, oid=object_id(2)))) == "group_resolution_failed"
    assert len(graph.tokens) == 1 and len(graph.requests) == 1
    graph.issued += 1
    assert reason(webhook.review(entra.token(**OVERAGE))) == "accepted"
    assert len(graph.tokens) == 2 and len(graph.requests) == 3
    graph.fault = lambda handler, count: handler.answer(401, {}) or True
    assert reason(webhook.review(entra.token(**OVERAGE, oid=object_id(1)))) == "group_resolution_failed"
    assert len(graph.tokens) == 3 and len(graph.requests) == 5
    assert logged(webhook, "does not accept the application's token")


def test_a_changed_secret_is_read(setting, entra, certificates):
    graph, make = setting
    graph.secret = "another"
    webhook = make()
    assert reason(webhook.review(entra.token(**OVERAGE))) == "group_resolution_failed"
    assert logged(webhook, "refuses a token for Microsoft Graph with status 401")
    with open(certificates.path("secret"), "w") as file:
        file.write("another")
    assert reason(webhook.review(entra.token(**OVERAGE))) == "accepted"
    assert "another" not in webhook.log()


TOKEN_FAULTS = {
    "an error page": lambda handler: handler.answer(200, b"<html>"),
    "no token": lambda handler: handler.answer(200, {"expires_in": 3599}),
    "a token with a line end": lambda handler: handler.answer(200, {"access_token": "a\r\nX: y", "expires_in": 1}),
    "a life without end": None,
    "a redirect": lambda handler: handler.answer(302, b"", {"Location": "https://localhost:1/"}),
    "a slow answer": lambda handler: time.sleep(3),
}


@pytest.mark.parametrize("fault", TOKEN_FAULTS)
def test_faults_of_the_token_endpoint(setting, entra, fault):
    graph, make = setting
    graph.token_fault = TOKEN_FAULTS[fault] or (lambda handler: graph.give_token(handler, 2**62))
    webhook = make(timeout="1s")
    begin = time.time()
    expected = "group_resolution_failed" if TOKEN_FAULTS[fault] else "accepted"
    assert reason(webhook.review(entra.token(**OVERAGE))) == expected
    assert time.time() - begin < 30
    assert reason(webhook.review(entra.token())) == "accepted"
    if TOKEN_FAULTS[fault]:
        assert graph.requests == []
