"""The TLS listener with other implementations: openssl s_client, curl, h2load, Python's ssl."""

import json
import re
import socket
import subprocess
import time

import pytest
from cryptography import x509
from webhook import Webhook, configuration, reason, review_body


@pytest.fixture(scope="module")
def open_webhook(certificates, entra):
    """Without client certificates, which h2load cannot present."""
    entra.write_key_file(certificates.path("keys.json"))
    config = configuration()
    config["server"].pop("clientCA")
    config["server"]["insecureAllowAnyClient"] = True
    server = Webhook(certificates, config, name="open.yaml").start()
    yield server
    server.stop()


def s_client(webhook, *arguments, client="client", input=b"", timeout=15):
    """openssl's output about the connection, and what the server sent."""
    path = webhook.certificates.path
    own = ["-cert", path(f"{client}.crt"), "-key", path(f"{client}.key")] if client else []
    done = subprocess.run(
        [
            "openssl",
            "s_client",
            "-connect",
            f"127.0.0.1:{webhook.port}",
            "-CAfile",
            path("ca.crt"),
            "-verify_return_error",
            "-verify_ip",
            "127.0.0.1",
            *own,
            *arguments,
        ],
        input=input,
        capture_output=True,
        timeout=timeout,
    )
    return done.returncode, (done.stdout + done.stderr).decode(errors="replace")


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_versions_that_are_spoken(webhook, version):
    code, text = s_client(webhook, version)
    assert code == 0, text
    assert "Verify return code: 0 (ok)" in text
    # 1.2 through the handshake's line, 1.3 as well: "New, TLSv1.2, Cipher is …".
    assert f"New, TLSv{version[-3:].replace('_', '.')}, Cipher is " in text


@pytest.mark.parametrize(
    "arguments",
    [
        ["-tls1", "-cipher", "ALL:@SECLEVEL=0"],
        ["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"],
        # No forward secrecy, no authenticated encryption, no encryption, no authentication.
        ["-tls1_2", "-cipher", "AES128-GCM-SHA256:AES128-SHA"],
        ["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA:ECDHE-RSA-AES256-SHA384"],
        ["-tls1_2", "-cipher", "eNULL:@SECLEVEL=0"],
        ["-tls1_2", "-cipher", "aNULL:@SECLEVEL=0"],
        ["-tls1_2", "-cipher", "DHE"],
        ["-tls1_3", "-groups", "secp521r1"],
        ["-tls1_3", "-groups", "ffdhe2048"],
    ],
    ids=" ".join,
)
def test_what_is_not_spoken(webhook, arguments):
    code, text = s_client(webhook, *arguments)
    assert code != 0, text
    # The server's alert: a client that fails by itself would prove nothing.
    assert re.search(r"SSL alert number (40|70)\b", text), text


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_no_resumption_and_no_compression(webhook, version, tmp_path):
    session = str(tmp_path / "session")
    assert s_client(webhook, version, "-sess_out", session)[0] == 0
    code, text = s_client(webhook, version, *(["-sess_in", session] if (tmp_path / "session").exists() else []))
    assert code == 0, text
    assert "\nReused, " not in text
    assert "Compression: NONE" in text
    assert "TLS session ticket:" not in text


def test_renegotiation_is_refused(webhook):
    """A TLS 1.2 client that asks for renegotiation ("R") does not get it; the service continues."""
    path = webhook.certificates.path
    process = subprocess.Popen(
        [
            "openssl",
            "s_client",
            "-connect",
            f"127.0.0.1:{webhook.port}",
            "-CAfile",
            path("ca.crt"),
            "-tls1_2",
            "-cert",
            path("client.crt"),
            "-key",
            path("client.key"),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    time.sleep(0.7)
    try:
        text = process.communicate(b"R\n", timeout=10)[0].decode(errors="replace")
    finally:
        process.kill()
    assert "RENEGOTIATING" in text
    assert "no renegotiation" in text, text
    assert reason(webhook.review("x")) == "foreign"


@pytest.mark.parametrize(
    "offered,chosen",
    [
        ("h2,http/1.1", "h2"),
        ("http/1.1,h2", "h2"),
        ("http/1.1", "http/1.1"),
        ("h2", "h2"),
    ],
)
def test_alpn_is_the_servers_preference(webhook, offered, chosen):
    code, text = s_client(webhook, "-alpn", offered)
    assert code == 0, text
    assert f"ALPN protocol: {chosen}" in text


def test_alpn_by_default_prefers_http2(open_webhook):
    assert "ALPN protocol: h2" in s_client(open_webhook, "-alpn", "http/1.1,h2", client=None)[1]


def test_alpn_without_anything_in_common(webhook):
    """Another protocol's client is refused in the handshake (ALPACA)."""
    code, text = s_client(webhook, "-alpn", "ftp")
    assert code != 0 and "no application protocol" in text, text


def test_no_alpn_is_http1(webhook):
    code, text = s_client(
        webhook, "-quiet", "-ign_eof", input=b"GET /authenticate HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    )
    assert "HTTP/1.1 405 " in text, text


def test_client_certificate_is_asked_for_by_ca(webhook):
    text = s_client(webhook)[1]
    assert re.search(r"Acceptable client certificate CA names\n.*CN ?= ?ca\b", text), text


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
@pytest.mark.parametrize(
    "client,alert",
    [
        (None, "certificate required|handshake failure"),
        ("client-other-ca", "unknown ca"),
        ("client-expired", "certificate expired"),
        ("client-wrong-usage", "unsupported certificate"),
    ],
)
def test_a_refused_certificate_gets_its_alert(webhook, version, client, alert):
    # In 1.3 the client is done before the server has seen its certificate: it must read to learn of the alert.
    head = b"GET /authenticate HTTP/1.1\r\nHost: a\r\n\r\n"
    text = s_client(webhook, version, "-ign_eof", client=client, input=head)[1]
    assert re.search(f"alert ({alert})", text), text
    assert "HTTP/1.1" not in text


def test_cut_off_and_garbage_handshakes(webhook, entra):
    before = webhook.metric("kube_entra_connections")
    for data in [
        b"",
        b"\x16",
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x80\x2e\x01\x00\x02",
        b"\x16\x03\x01\xff\xff" + b"\x01" * 70_000,
        bytes(range(256)) * 40,
    ]:
        with socket.create_connection(("127.0.0.1", webhook.port), timeout=5) as plain:
            plain.sendall(data)
            plain.shutdown(socket.SHUT_WR)
            try:
                while plain.recv(4096):
                    pass
            except ConnectionError:
                pass
    assert reason(webhook.review(entra.token())) == "accepted"
    end = time.time() + 5
    while webhook.metric("kube_entra_connections") > before and time.time() < end:
        time.sleep(0.05)
    assert webhook.metric("kube_entra_connections") <= before


def curl(webhook, tmp_path, token, *arguments):
    path = webhook.certificates.path
    (tmp_path / "body.json").write_text(review_body(token))
    done = subprocess.run(
        [
            "curl",
            "-sS",
            "--max-time",
            "15",
            "--cacert",
            path("ca.crt"),
            "-H",
            "Content-Type: application/json",
            "--data-binary",
            f"@{tmp_path / 'body.json'}",
            "-w",
            "\n%{http_version} %{http_code}",
            *arguments,
            f"https://127.0.0.1:{webhook.port}/authenticate?timeout=30s",
        ],
        capture_output=True,
        timeout=20,
    )
    return done.returncode, done.stdout.decode(), done.stderr.decode()


@pytest.mark.parametrize("protocol,version", [("--http1.1", "1.1"), ("--http2", "2"), ("--http2-prior-knowledge", "2")])
@pytest.mark.parametrize("tls", [["--tls-max", "1.2"], ["--tlsv1.3"]], ids=["TLS 1.2", "TLS 1.3"])
def test_curl_with_a_client_certificate(webhook, entra, tmp_path, protocol, version, tls):
    path = webhook.certificates.path
    code, out, err = curl(
        webhook, tmp_path, entra.token(), protocol, *tls, "--cert", path("client.crt"), "--key", path("client.key")
    )
    assert code == 0, err
    body, line = out.rsplit("\n", 1)
    assert line == f"{version} 200"
    assert json.loads(body)["status"]["authenticated"] is True


@pytest.mark.parametrize("protocol", ["--http1.1", "--http2"])
def test_curl_without_a_client_certificate(webhook, entra, tmp_path, protocol):
    code, out, err = curl(webhook, tmp_path, entra.token(), protocol)
    assert code in {35, 52, 55, 56}, (code, out, err)
    assert "authenticated" not in out


@pytest.mark.parametrize(
    "names,code",
    [(["kube-apiserver"], 200), (["other", "kube-apiserver"], 200), (["KUBE-APISERVER2"], 403), (["kube"], 403)],
)
def test_only_allowed_client_names_are_served(certificates, entra, names, code):
    config = configuration()
    config["server"]["allowedClientNames"] = names
    server = Webhook(certificates, config, name="names.yaml").start()
    try:
        before = server.metric("kube_entra_requests_rejected_total")
        try:
            got, body = server.post(review_body(entra.token()))
        except OSError:  # The contract allows a refusal in the handshake as well.
            got, body = 403, ""
        assert got == code
        assert ("authenticated" in body) == (code == 200)
        assert server.metric("kube_entra_requests_rejected_total") == before + (code != 200)
    finally:
        server.stop()


@pytest.mark.parametrize("protocol", [[], ["--h1"]], ids=["h2", "http/1.1"])
def test_h2load_gets_every_answer(open_webhook, entra, tmp_path, protocol):
    body = tmp_path / "body.json"
    body.write_text(review_body(entra.token()))
    count = 20_000
    before = open_webhook.metric("kube_entra_token_reviews_total", result="accepted")
    done = subprocess.run(
        [
            "h2load",
            "-n",
            str(count),
            "-c",
            "4",
            "-m",
            "16",
            "-d",
            str(body),
            "-H",
            "content-type: application/json",
            *protocol,
            *(["--npn-list=h2"] if not protocol else []),
            f"https://127.0.0.1:{open_webhook.port}/authenticate?timeout=30s",
        ],
        capture_output=True,
        timeout=120,
    )
    text = done.stdout.decode()
    assert f"Application protocol: {'http/1.1' if protocol else 'h2'}" in text, text
    assert f"{count} succeeded, 0 failed, 0 errored, 0 timeout" in text, text
    assert f"status codes: {count} 2xx" in text, text
    assert open_webhook.metric("kube_entra_token_reviews_total", result="accepted") - before == count


@pytest.mark.parametrize(
    "days,sentence",
    [
        ((-30, -5), "a certificate has expired"),
        ((-30, 5), "a certificate expires soon"),
        ((1, 60), "a certificate is not valid yet"),
    ],
)
def test_the_start_says_what_is_wrong_with_the_certificate(certificates, entra, days, sentence):
    entra.write_key_file(certificates.path("keys.json"))
    made = certificates.authority("dated-ca")
    certificates.issue("dated", made, x509.oid.ExtendedKeyUsageOID.SERVER_AUTH, names=["localhost"], days=days)
    config = configuration()
    config["server"].update(certificate="dated.crt", privateKey="dated.key")
    server = Webhook(certificates, config, name="dated.yaml").start()
    try:
        [line] = [line for line in server.log().splitlines() if "a certificate " in line]
        assert sentence in line and "field=server.certificate" in line
    finally:
        server.stop()
