"""Who may connect: every kind of client certificate, its alert or answer, and the cause under which it is counted."""

import http.client
import json
import re
import shutil
import socket
import ssl
import struct
import time
from types import SimpleNamespace

import pytest
from callers import SERVER, certify, load, p384, rsa_key, write
from certificates import CLIENT
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID
from http2 import GOAWAY, Connection, request
from webhook import Webhook, configuration, review_body, run, wait_for

NO_SIGNATURE = x509.KeyUsage(False, False, True, False, False, False, False, False, False)


@pytest.fixture(scope="module")
def issuers(certificates):
    """Authorities below the trusted one, valid and invalid, and one that only looks like it."""
    root = load(certificates, "ca")
    good = certify(root, "intermediate", usages=(), is_authority=True, path_length=0)
    return {
        "root": root,
        "other": load(certificates, "other-ca"),
        "intermediate": good,
        "second": certify(good, "second", usages=(), is_authority=True),
        "expired": certify(root, "old", usages=(), is_authority=True, days=(-30, -1)),
        "leaf": certify(root, "leaf"),
        "imitated": certify(None, "ca", usages=(), is_authority=True),
        "for servers": certify(root, "for servers", usages=(SERVER,), is_authority=True),
    }


# What is sent; the cause; the alert in TLS 1.3, which in 1.2 is another one for a missing certificate only.
REFUSED = [
    ("no certificate", None, "tls_no_client_certificate", "CERTIFICATE_REQUIRED"),
    ("another CA", lambda i: certify(i["other"]), "tls_untrusted_certificate", "UNKNOWN_CA"),
    ("self-signed", lambda i: certify(None), "tls_untrusted_certificate", "UNKNOWN_CA"),
    (
        "self-signed with the CA's name",
        lambda i: certify(None, "ca"),
        "tls_untrusted_certificate",
        "UNKNOWN_CA|DECRYPT_ERROR",
    ),
    (
        "a CA of the same name",
        lambda i: certify(i["imitated"], names_key=False),
        "tls_untrusted_certificate",
        "UNKNOWN_CA|DECRYPT_ERROR",
    ),
    ("expired", lambda i: certify(i["root"], days=(-30, -1)), "tls_certificate_expired", "CERTIFICATE_EXPIRED"),
    ("not yet valid", lambda i: certify(i["root"], days=(1, 30)), "tls_certificate_not_yet_valid", "BAD_CERTIFICATE"),
    (
        "for servers only",
        lambda i: certify(i["root"], usages=[SERVER]),
        "tls_wrong_certificate_purpose",
        "UNSUPPORTED_CERTIFICATE",
    ),
    (
        "for code signing only",
        lambda i: certify(i["root"], usages=[ExtendedKeyUsageOID.CODE_SIGNING]),
        "tls_wrong_certificate_purpose",
        "UNSUPPORTED_CERTIFICATE",
    ),
    (
        "a key that may not sign",
        lambda i: certify(i["root"], key_usage=NO_SIGNATURE),
        "tls_wrong_certificate_purpose",
        "UNSUPPORTED_CERTIFICATE",
    ),
    ("issued by an expired CA", lambda i: certify(i["expired"]), "tls_certificate_expired", "CERTIFICATE_EXPIRED"),
    (
        "issued by a certificate that is no CA",
        lambda i: certify(i["leaf"]),
        "tls_untrusted_certificate",
        "UNKNOWN_CA|BAD_CERTIFICATE",
    ),
    (
        "issued below a CA that may have none below",
        lambda i: certify(i["second"]),
        "tls_untrusted_certificate",
        "UNKNOWN_CA|BAD_CERTIFICATE",
    ),
    (
        "issued by a CA for servers",
        lambda i: certify(i["for servers"]),
        "tls_wrong_certificate_purpose",
        "UNSUPPORTED_CERTIFICATE",
    ),
    (
        "without its intermediate",
        lambda i: certify(i["intermediate"], chained=False),
        "tls_untrusted_certificate",
        "UNKNOWN_CA",
    ),
    (
        "RSA with 1024 bits",
        lambda i: certify(i["root"], key=rsa_key(1024)),
        "tls_certificate_refused",
        "BAD_CERTIFICATE|.*",
    ),
    (
        "an unknown critical extension",
        lambda i: certify(i["root"], critical="1.3.6.1.4.1.99999.1"),
        "tls_certificate_refused",
        ".*",
    ),
]

ACCEPTED = [
    ("RSA 2048", lambda i: certify(i["root"], key=rsa_key(2048))),
    ("RSA 4096", lambda i: certify(i["root"], key=rsa_key(4096))),
    ("P-384", lambda i: certify(i["root"], key=p384)),
    ("Ed25519", lambda i: certify(i["root"], key=ed25519.Ed25519PrivateKey.generate)),
    ("with its intermediate", lambda i: certify(i["intermediate"])),
    ("for servers and clients", lambda i: certify(i["root"], usages=[SERVER, ExtendedKeyUsageOID.CLIENT_AUTH])),
    # RFC 5280 section 4.2.1.12: without the extension nothing is restricted.
    ("without a restriction of its use", lambda i: certify(i["root"], usages=())),
    ("without a name", lambda i: certify(i["root"], name=None, dns=["a.example"])),
]

HEAD = b"POST /authenticate HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"


def ask(webhook, caller, folder, version=None, body=None, send_body=True):
    """The answer, or the alert that came instead of it."""
    context = ssl.create_default_context(cafile=webhook.certificates.path("ca.crt"))
    context.set_ciphers("DEFAULT:@SECLEVEL=0")  # The server is to judge, not this client's own library.
    if version:
        context.minimum_version = context.maximum_version = version
    if caller:
        context.load_cert_chain(*write(str(folder), "caller", caller))
    body = body or review_body("x").encode()
    received = b""
    try:
        with socket.create_connection(("127.0.0.1", webhook.port), timeout=5) as plain:
            with context.wrap_socket(plain, server_hostname="127.0.0.1") as tls:
                tls.sendall(HEAD % len(body) + (body if send_body else b""))
                while chunk := tls.recv(65536):
                    received += chunk
                    if b"\r\n\r\n" in received:
                        break
    except ssl.SSLError as error:
        return error.reason or str(error)
    return received.decode()


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["1.2", "1.3"])
@pytest.mark.parametrize("make,cause,alert", [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_callers_that_are_refused(webhook, issuers, tmp_path, version, make, cause, alert):
    rejected = webhook.metric("kube_entra_requests_rejected_total")
    counted = webhook.metric("kube_entra_requests_rejected_total", cause=cause)
    judged = webhook.metric("kube_entra_token_reviews_total")
    answer = ask(webhook, make(issuers) if make else None, tmp_path, version)
    if make is None and version == ssl.TLSVersion.TLSv1_2:
        alert = "HANDSHAKE_FAILURE"
    assert re.search(f"ALERT_({alert})", answer), answer
    # Before the peer hears of it, so that there is nothing to wait for.
    assert webhook.metric("kube_entra_requests_rejected_total", cause=cause) == counted + 1
    assert webhook.metric("kube_entra_requests_rejected_total") == rejected + 1
    assert webhook.metric("kube_entra_token_reviews_total") == judged


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["1.2", "1.3"])
@pytest.mark.parametrize("make", [case[1] for case in ACCEPTED], ids=[case[0] for case in ACCEPTED])
def test_callers_that_are_taken(webhook, issuers, tmp_path, version, make):
    assert ask(webhook, make(issuers), tmp_path, version).startswith("HTTP/1.1 200")


NAMES = [
    ("common name", dict(name="kube-apiserver"), True),
    ("DNS name", dict(name="else", dns=["api.example"]), True),
    ("DNS name in other letters", dict(name="else", dns=["API.Example"]), True),
    ("second DNS name", dict(name="else", dns=["no.example", "api.example"]), True),
    ("another", dict(name="else"), False),
    ("beginning of the name", dict(name="kube-api"), False),
    ("more than the name", dict(name="kube-apiserver.evil"), False),
    ("the name and a NUL", dict(name="kube-apiserver\0.evil"), False),
    ("the name in other letters", dict(name="Kube-Apiserver"), False),
    ("a name with a letter", dict(name="K8s"), True),
    ("a letter that some take for the same", dict(name="\u212a8s"), False),
    ("a wildcard", dict(name="*", dns=["*.example", "*"]), False),
    ("a name below", dict(name="else", dns=["x.api.example"]), False),
    ("no name", dict(name=None, dns=["x.example"]), False),
]


@pytest.fixture(scope="module")
def named(certificates, entra):
    entra.write_key_file(certificates.path("keys.json"))
    config = configuration()
    config["server"]["allowedClientNames"] = ["kube-apiserver", "api.example", "K8s"]
    server = Webhook(certificates, config, name="callers.yaml").start()
    yield server
    server.stop()


@pytest.mark.parametrize("form,allowed", [case[1:] for case in NAMES], ids=[case[0] for case in NAMES])
def test_callers_are_admitted_by_the_names_in_their_certificates(named, issuers, tmp_path, form, allowed):
    before = named.metric("kube_entra_requests_rejected_total", cause="client_name")
    answer = ask(named, certify(issuers["root"], **form), tmp_path)
    assert answer.startswith("HTTP/1.1 200" if allowed else "HTTP/1.1 403"), answer
    assert named.metric("kube_entra_requests_rejected_total", cause="client_name") == before + (not allowed)


def test_a_wrong_name_is_refused_before_the_body(named, issuers, tmp_path):
    """No byte of the body is waited for, so none is read."""
    answer = ask(named, certify(issuers["root"], "else"), tmp_path, send_body=False)
    head, body = answer.split("\r\n\r\n", 1)
    assert head.startswith("HTTP/1.1 403") and "connection: close" in head
    assert json.loads(body)["kind"] == "Status"


@pytest.mark.parametrize("protocol", ["http/1.1", "h2"])
def test_a_connection_ends_with_its_certificate(webhook, certificates, entra, protocol):
    """A connection that is always in use, too: the certificate is looked at again, not only in the handshake."""
    # A slow machine may need longer than that for a handshake.
    for lifetime in (6, 20, 60):
        name, end = f"short-{lifetime}-{protocol[0]}", time.time() + lifetime
        certificates.issue(name, certificates.ca, CLIENT, common_name="kube-apiserver", days=(0, lifetime / 86_400))
        try:
            if protocol == "h2":
                connection = Connection(SimpleNamespace(context=lambda: webhook.context(name), port=webhook.port))
            else:
                connection = webhook.connect(name)
                connection.connect()
        except OSError:
            continue
        try:
            if ended_by(connection, protocol, review_body(entra.token()), end + 60) is None:
                continue
        finally:
            connection.close()
        assert time.time() >= end - 1
        with pytest.raises(OSError):
            late = webhook.connect(name)
            late.request("POST", "/authenticate", b"{}", {"Content-Type": "application/json"})
            late.getresponse()
        return
    raise AssertionError("no connection in time")


def ended_by(connection, protocol, body, end):
    """How the server ended a connection in use; None if it never served it."""
    served = 0
    while time.time() < end:
        time.sleep(0.1)
        if protocol == "h2":
            stream = 2 * served + 1
            sent = connection.send(request(stream, body.encode()))
            if connection.kinds(GOAWAY):
                assert struct.unpack(">II", connection.kinds(GOAWAY)[0][3][:8])[1] == 0
                assert connection.closed.wait(30)
                return "GOAWAY"
            if not sent or connection.answer(stream, 10) is None:
                return "GOAWAY" if connection.kinds(GOAWAY) else None
        else:
            try:
                connection.request("POST", "/authenticate", body, {"Content-Type": "application/json"})
                answer = connection.getresponse()
            except (OSError, http.client.HTTPException):
                # It was idle when its time was over.
                return "closed" if served else None
            assert answer.status == 200 and answer.read()
            if answer.getheader("connection") == "close":
                return "connection: close"
        served += 1
    raise AssertionError(f"served {served} times, the last after the certificate's end")


# What the log says of them


@pytest.fixture
def quiet(certificates, entra, tmp_path):
    """A webhook for a single test, because the log has one line a minute for each cause."""
    entra.write_key_file(certificates.path("keys.json"))
    made = []

    def start(**server):
        config = configuration()
        config["server"].update(server)
        config["logging"] = {"format": "json"}
        made.append(Webhook(certificates, config, name=f"quiet-{tmp_path.name}.yaml").start())
        return made[0]

    yield start
    made[0].stop()


def warnings(webhook):
    return [line for line in map(json.loads, webhook.log().splitlines()) if line["message"] == "a caller was refused"]


def test_the_log_says_why_a_caller_was_refused(quiet, issuers, tmp_path):
    webhook = quiet(allowedClientNames=["kube-apiserver"])
    name = "evil\n2026 error \x1b[2J\u202e" + "x" * 30
    callers = [
        ("tls_no_client_certificate", None, None),
        ("tls_untrusted_certificate", certify(issuers["other"], name), "evil\n2026 error \x1b[2J\ufffd" + "x" * 30),
        ("tls_certificate_expired", certify(issuers["root"], "old", days=(-30, -1)), "old"),
        ("tls_certificate_not_yet_valid", certify(issuers["root"], "new", days=(1, 30)), "new"),
        ("tls_wrong_certificate_purpose", certify(issuers["root"], "server", usages=(SERVER,)), "server"),
        ("client_name", certify(issuers["root"], "else"), "else"),
    ]
    for _, caller, _ in callers:
        # The second is counted only.
        for _ in range(2):
            ask(webhook, caller, tmp_path)
    with socket.create_connection(("127.0.0.1", webhook.port), timeout=5) as plain:
        plain.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        while plain.recv(4096):
            pass
    wait_for(lambda: len(warnings(webhook)) == len(callers) + 1)
    found = {line["cause"]: line for line in warnings(webhook)}
    for cause, _, common_name in callers:
        assert found[cause].get("clientName") == common_name, found
    for line in found.values():
        assert line["level"] == "warning" and re.fullmatch(r"127\.0\.0\.1:\d+", line["peer"]) and line["problem"]
    assert "server.allowedClientNames" in found["client_name"]["problem"]
    assert found["tls_not_tls"]["problem"] == "what arrived is not TLS"


def test_a_flood_of_strangers_is_one_line(quiet, issuers, tmp_path):
    webhook = quiet()
    for _ in range(50):
        ask(webhook, None, tmp_path)
    assert webhook.metric("kube_entra_requests_rejected_total", cause="tls_no_client_certificate") == 50
    wait_for(lambda: len(warnings(webhook)) == 1)


def test_a_refused_name_is_told_to_its_owner(named, issuers, tmp_path):
    answer = ask(named, certify(issuers["root"], 'else"\n'), tmp_path)
    status = json.loads(answer.split("\r\n\r\n", 1)[1])
    assert (
        'the client certificate\'s name "else"\n" is not in the webhook\'s server.allowedClientNames'
        in status["message"]
    )
    assert "kube-apiserver" not in answer and "api.example" not in answer


# The file of server.clientCA


def test_a_client_ca_that_nobody_could_come_with(certificates, entra, issuers, tmp_path):
    for name in ("server.crt", "server.key", "ca.crt"):
        shutil.copy2(certificates.path(name), tmp_path)
    entra.write_key_file(str(tmp_path / "keys.json"))

    def check(*authorities):
        (tmp_path / "ca.crt").write_bytes(b"".join(a.certificate.public_bytes(Encoding.PEM) for a in authorities))
        config = configuration(subjects=["user"])
        config["server"]["allowedClientNames"] = ["kube-apiserver"]
        (tmp_path / "config.yaml").write_text(json.dumps(config))
        code, out, _ = run("config", "check", str(tmp_path / "config.yaml"), "--output", "json")
        answer = json.loads(out)
        problems = [(one["field"], "no CA certificate" in one["message"]) for one in answer["problems"]]
        return code, problems, [one["rule"] for one in answer["findings"]]

    # One that ends within 30 days would be a finding of its own.
    leaf = certify(issuers["root"], usages=(SERVER,), days=(-1, 60))
    assert check(issuers["root"]) == (0, [], [])
    assert check(issuers["root"], leaf) == (0, [], [])
    assert check(leaf) == (2, [("server.clientCA", True)], [])
    assert check(certify(None, usages=(SERVER,), days=(-1, 60))) == (2, [("server.clientCA", True)], [])
    assert check(certify(issuers["root"], days=(-1, 60))) == (0, [], ["client-ca-is-no-ca"])


@pytest.mark.parametrize("is_self_signed", [False, True])
def test_a_client_certificate_may_vouch_for_itself(certificates, quiet, issuers, tmp_path, is_self_signed):
    """The check above accepts exactly the possible values."""
    caller = certify(None if is_self_signed else issuers["root"])
    write(certificates.folder, "pinned", caller)
    webhook = quiet(clientCA="pinned.crt")
    assert ask(webhook, caller, tmp_path).startswith("HTTP/1.1 200")
    assert re.search("ALERT_UNKNOWN_CA", ask(webhook, certify(issuers["root"]), tmp_path))
