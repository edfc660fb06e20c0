"""Mistakes of people who follow the documents for the first time: each gets a message that says what to do."""

import datetime
import json
import os
import pty
import socket
import subprocess

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import ExtendedKeyUsageOID
from entra import AUDIENCE, TENANT
from ports import free_port
from webhook import PROGRAM, configuration, run

AKS = {"name": "a", "aadProfile": {"managed": True, "tenantID": TENANT}}


def certs(folder):
    assert run("certs", "create", "--out", str(folder))[0] == 0
    return ["kubeconfig", "webhook", "--certs", str(folder)]


def client(folder, usage, days):
    """Another certificate in place of kube-apiserver's."""
    key = serialization.load_pem_private_key((folder / "client.key").read_bytes(), None)
    old = x509.load_pem_x509_certificate((folder / "client.crt").read_bytes())
    now = datetime.datetime.now(datetime.UTC)
    builder = x509.CertificateBuilder().subject_name(old.subject).issuer_name(old.issuer).serial_number(7)
    builder = builder.not_valid_before(now - datetime.timedelta(days=9)).public_key(key.public_key())
    builder = builder.not_valid_after(now + datetime.timedelta(days=days))
    builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
    (folder / "client.crt").write_bytes(builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))


@pytest.mark.parametrize("path, warned", [("", True), ("/", True), ("/authenticate", False), ("/tokenreviews", False)])
def test_an_address_without_a_path(tmp_path, path, warned):
    code, out, err = run(*certs(tmp_path / "certs"), "--server", f"https://127.0.0.1:8443{path}")
    assert code == 0 and f'server: "https://127.0.0.1:8443{path}"' in out
    assert ("it is https://127.0.0.1:8443/authenticate" in err) == warned, err


@pytest.mark.parametrize(
    "usage, days, words",
    [
        (ExtendedKeyUsageOID.CLIENT_AUTH, 9, ""),
        (ExtendedKeyUsageOID.CLIENT_AUTH, -1, "has expired"),
        (ExtendedKeyUsageOID.SERVER_AUTH, 9, "no clientAuth"),
    ],
)
def test_a_client_certificate_that_the_webhook_would_refuse(tmp_path, usage, days, words):
    command = certs(tmp_path / "certs")
    client(tmp_path / "certs", usage, days)
    code, out, err = run(*command)
    assert code == 0 and "client-certificate" in out
    assert words in err and (words or err == ""), err


@pytest.mark.parametrize("field", ["listen", "operations"])
def test_an_address_that_is_taken_is_named(certificates, entra, tmp_path, field):
    config = configuration()
    for name in ("server.crt", "server.key", "ca.crt"):
        (tmp_path / name).symlink_to(certificates.path(name))
    entra.write_key_file(str(tmp_path / "keys.json"))
    config["server"].update(listen="127.0.0.1:0", operations="127.0.0.1:0")
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        config["server"][field] = "127.0.0.1:%d" % other.getsockname()[1]
        (tmp_path / "config.yaml").write_text(json.dumps(config))
        code, _, err = run("serve", "--config", str(tmp_path / "config.yaml"))
    assert code == 2
    assert f"cannot listen on {config['server'][field]} (server.{field}): the address is in use\n→ `ss -ltnp`" in err


def test_a_file_where_a_token_belongs(entra, tmp_path):
    file = tmp_path / "token"
    file.write_text(entra.token())
    for command in (["inspect"], ["review", "--config", "x"]):
        code, out, err = run(*command, str(file))
        assert (code, out) == (64, "") and "this is a file: use --token-file" in err
    assert run("inspect", "--token-file", str(file))[0] == 1


def test_review_on_a_terminal_does_not_wait(tmp_path):
    command = certs(tmp_path / "certs")
    assert run(*command, "--out", str(tmp_path / "webhook.yaml"))[0] == 0
    ours, theirs = pty.openpty()
    try:
        done = subprocess.run(
            [PROGRAM, "review", "--kubeconfig", str(tmp_path / "webhook.yaml")],
            stdin=theirs,
            capture_output=True,
            text=True,
            timeout=20,
        )
    finally:
        os.close(ours)
        os.close(theirs)
    assert done.returncode == 2 and "there is no token\n→ pipe a token in" in done.stderr


def test_import_aks_explains_what_it_cannot_read(tmp_path):
    for text in ("", "\n", "ERROR: (ResourceNotFound)\n"):
        code, out, err = run("config", "import-aks", input=text)
        assert (code, out) == (2, "") and "did `az aks show` fail" in err
    code, _, err = run("config", "import-aks", "--cluster", "c", input=json.dumps([AKS, {**AKS, "name": "b"}]))
    assert code == 2 and 'there is "a", "b"' in err
    folder = tmp_path / "new" / "folder"
    assert run("config", "import-aks", "--folder", str(folder), input=json.dumps([AKS]))[0] == 0
    assert os.listdir(folder) == ["a.yaml"]


def test_keys_fetch_says_a_failure_once_and_where():
    authority = f"https://127.0.0.1:{free_port()}"
    clean = {name: value for name, value in os.environ.items() if not name.lower().endswith("proxy")}
    code, _, err = run("keys", "fetch", "--tenant-id", TENANT, "--authority", authority, "--out", "-", env=clean)
    assert code == 2
    assert (
        err == f"kube-entra: {authority}: the OpenID configuration could not be fetched: the connection was refused\n"
        "→ if the way out is a proxy, name it with --proxy or HTTPS_PROXY\n"
    )


def test_keys_fetch_asks_about_the_tenant_and_the_authority(certificates, online):
    entra, _ = online
    arguments = ["keys", "fetch", "--tenant-id", TENANT, "--authority", entra.authority, "--out", "-"]
    code, _, err = run(*arguments)
    assert code == 2 and "with --authority-ca" in err and "inspect TLS" in err, err
    entra.fault = lambda handler, path: handler.answer(400, "{}") or True
    code, _, err = run(*arguments, "--authority-ca", certificates.path("ca.crt"))
    assert code == 2 and err.count("is the tenant ID right") == 1, err


def test_folders_that_are_missing_are_named(tmp_path):
    made = ["config", "init", "--tenant-id", TENANT, "--audience", AUDIENCE, "--out", str(tmp_path / "no/a.yaml")]
    code, _, err = run(*made)
    assert code == 2 and "the folder that it would be in is not there" in err
