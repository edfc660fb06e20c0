"""`review` with a running `serve`, and with webhooks that answer wrongly. joserfc makes the tokens."""

import json
import os
import socket
import subprocess
import time

import pytest
from callers import CLIENT as CLIENT_AUTH
from callers import SERVER as SERVER_AUTH
from callers import Issuer, certify, write
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from json_server import JSONHandler, serving
from ports import free_port
from programs import BINARY
from signed_tokens import ADMINS, KEY, SERVER, TENANT, token


def review(folder, *arguments, given, status):
    done = subprocess.run(
        [BINARY, "review", *arguments],
        cwd=folder,
        input=given,
        capture_output=True,
        text=True,
        timeout=60,
        env={k: v for k, v in os.environ.items() if "proxy" not in k.lower()},
    )
    assert done.returncode == status, (done.returncode, done.stdout, done.stderr)
    for part in given.strip().split("."):
        assert len(part) < 24 or part not in done.stdout + done.stderr
    return done


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with certificates, key file, configuration and kubeconfig, and the webhook that runs from it."""
    folder = tmp_path_factory.mktemp("review")
    port, operations = free_port(), free_port()
    subprocess.run([BINARY, "certs", "create", "--host", "127.0.0.1", "--host", "localhost"], cwd=folder, check=True)
    (folder / "keys.json").write_text(json.dumps({"keys": [KEY.as_dict(private=False)]}))
    (folder / "config.yaml").write_text(f"""
apiVersion: kube-entra.dev/v1
kind: WebhookConfiguration
server:
  listen: 127.0.0.1:{port}
  operations: 127.0.0.1:{operations}
  certificate: certs/server.crt
  privateKey: certs/server.key
  clientCA: certs/client-ca.crt
tenants:
  - tenantID: {TENANT}
    audiences: [{SERVER}]
    adminGroupObjectIDs: [{ADMINS}]
    signingKeys: {{file: keys.json}}
""")
    subprocess.run(
        [
            BINARY,
            "kubeconfig",
            "webhook",
            "--server",
            f"https://127.0.0.1:{port}/authenticate",
            "--out",
            "webhook.conf",
        ],
        cwd=folder,
        check=True,
    )
    served = subprocess.Popen([BINARY, "serve", "--config", "config.yaml"], cwd=folder, stderr=subprocess.PIPE)
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            break
        except OSError:
            time.sleep(0.05)
    yield folder
    served.terminate()
    served.wait(20)


@pytest.mark.parametrize("where", [["--config", "config.yaml"], ["--kubeconfig", "webhook.conf"]])
@pytest.mark.parametrize("version", ["v1", "v1beta1"])
def test_an_accepted_token_is_status_0_with_its_user(folder, where, version):
    done = review(folder, *where, "--webhook-version", version, "--output", "json", given=token(), status=0)
    answer = json.loads(done.stdout)
    assert answer["verdict"] == "accepted" and answer["reason"] is None
    assert answer["user"]["username"] == "ada@example.com"
    assert answer["apiVersion"] == "authentication.k8s.io/" + version
    assert answer["tls"]["keyExchange"] in ("x25519", "X25519MLKEM768")
    assert answer["tls"]["version"] == "TLSv1.3" and "127.0.0.1" in answer["tls"]["certificate"]["names"]
    times = answer["timing"]
    assert 0 < times["totalMilliseconds"] < 10_000
    assert times["handshakeMilliseconds"] > 0 and times["answerMilliseconds"] > 0


def test_the_text_begins_with_the_verdict(folder):
    done = review(folder, "--config", "config.yaml", given="Bearer " + token() + "\n", status=0)
    assert done.stdout.startswith("ACCEPTED: accepted as ada@example.com")
    assert ADMINS in done.stdout and "TLSv1.3" in done.stdout
    assert all(len(line) <= 80 for line in done.stdout.splitlines())


def test_a_refused_token_is_status_1_with_its_reason(folder):
    done = review(folder, "--config", "config.yaml", "--output", "json", given=token(aud="another"), status=1)
    answer = json.loads(done.stdout)
    assert (answer["verdict"], answer["reason"]) == ("refused", "audience_not_accepted")
    assert answer["decisionID"] and answer["hint"]
    text = review(folder, "--config", "config.yaml", given=token(aud="another"), status=1).stdout
    assert "REFUSED" in text and "audience_not_accepted" in text


@pytest.mark.parametrize("given", ["", "\n", "Bearer "])
def test_nothing_is_not_sent(folder, given):
    done = review(folder, "--config", "config.yaml", given=given, status=2)
    assert done.stdout == "" and "there is nothing here\n→ pipe a token in" in done.stderr


@pytest.mark.parametrize("given", ["garbage", "a.b.c"])
def test_a_token_of_another_issuer_is_not_ours(folder, given):
    done = review(folder, "--config", "config.yaml", given=given, status=1)
    assert "none of the webhook's" in done.stdout


def test_files_can_be_given_as_options(folder):
    done = review(
        folder,
        "--kubeconfig",
        "webhook.conf",
        "--ca",
        "certs/ca.crt",
        "--certificate",
        "certs/client.crt",
        "--key",
        "certs/client.key",
        given=token(),
        status=0,
    )
    assert done.stdout.startswith("ACCEPTED")


@pytest.mark.parametrize(
    "arguments, status, sentence",
    [
        ([], 64, "--config or --kubeconfig"),
        (["--config", "missing.yaml"], 2, "missing.yaml"),
        (["--kubeconfig", "missing.conf"], 2, "there is no such file"),
        (["--kubeconfig", "keys.json"], 2, "there is no current context"),
        (["--kubeconfig", "certs/server.crt"], 2, "certs/server.crt"),
        (["--kubeconfig", "webhook.conf", "--certificate", "x"], 64, "belong together"),
        (["--kubeconfig", "webhook.conf", "--server", "http://127.0.0.1/"], 64, "--server"),
        (["--kubeconfig", "webhook.conf", "--server", "https://127.0.0.1:1/authenticate"], 2, "refused"),
        (["--kubeconfig", "webhook.conf", "--ca", "certs/client.crt"], 2, "--ca"),
        (
            ["--kubeconfig", "webhook.conf", "--certificate", "certs/server.crt", "--key", "certs/server.key"],
            2,
            "does not take this client certificate",
        ),
        (
            ["--kubeconfig", "webhook.conf", "--certificate", "certs/server.crt", "--key", "certs/client.key"],
            2,
            "does not belong",
        ),
    ],
)
def test_what_cannot_be_asked_is_status_2(folder, arguments, status, sentence):
    done = review(folder, *arguments, given=token(), status=status)
    assert done.stdout == "" and sentence in done.stderr, done.stderr


def test_a_missing_client_certificate_is_named(folder):
    text = (folder / "webhook.conf").read_text()
    bare = "\n".join(line for line in text.splitlines() if "client-" not in line).replace("user:\n", "user: {}\n")
    (folder / "bare.conf").write_text(bare.replace("    user: {}", "    user: kube-apiserver"))
    done = review(folder, "--kubeconfig", "bare.conf", given=token(), status=2)
    assert "wants a client certificate" in done.stderr


@pytest.mark.parametrize(
    "name, days, purpose, sentence",
    [
        ("own-ca", (-30, -1), CLIENT_AUTH, "the client certificate has expired"),
        ("own-ca", (1, 30), CLIENT_AUTH, "it is not valid yet"),
        ("own-ca", (-1, 30), SERVER_AUTH, "it is not meant for clients"),
        ("another", (-1, 30), CLIENT_AUTH, "it is not from a CA in the webhook's server.clientCA"),
    ],
)
def test_a_client_certificate_that_is_refused(folder, name, days, purpose, sentence):
    if name == "own-ca":
        issuer = Issuer(
            x509.load_pem_x509_certificate((folder / "certs/ca.crt").read_bytes()),
            serialization.load_pem_private_key((folder / "certs/ca.key").read_bytes(), None),
        )
    else:
        issuer = certify(None, "another", usages=(), is_authority=True)
    crt, key = write(str(folder), "caller", certify(issuer, usages=(purpose,), days=days))
    done = review(folder, "--kubeconfig", "webhook.conf", "--certificate", crt, "--key", key, given=token(), status=2)
    assert sentence in " ".join(done.stderr.split()), done.stderr
    assert ("--renew" in done.stderr) == (sentence.endswith("has expired"))


class BadWebhook(JSONHandler):
    """Answers depending on the path."""

    def do_POST(self):
        sent = self.sent()
        yes = {"authenticated": True, "user": {"username": "ada"}}
        answers = {
            "/audiences": {
                "apiVersion": sent["apiVersion"],
                "kind": "TokenReview",
                "status": yes | {"audiences": ["elsewhere"]},
            },
            "/version": {"apiVersion": "authentication.k8s.io/v1beta1", "kind": "TokenReview", "status": yes},
            "/echo": {
                "apiVersion": sent["apiVersion"],
                "kind": "TokenReview",
                "status": {"authenticated": False, "error": "no: " + sent["spec"]["token"]},
            },
            "/escape": {
                "apiVersion": sent["apiVersion"],
                "kind": "TokenReview",
                "status": {"authenticated": True, "user": {"username": "\x1b[2Jada"}},
            },
            "/json": "nonsense",
            "/503": {"kind": "Status", "message": "too busy"},
        }
        self.answer(503 if self.path == "/503" else 200, answers[self.path])


@pytest.fixture(scope="module")
def bad(folder):
    with serving(BadWebhook, folder / "certs/server.crt", folder / "certs/server.key") as port:
        yield f"https://127.0.0.1:{port}"


@pytest.mark.parametrize(
    "path, status, sentence",
    [
        ("/audiences", 1, "other audiences"),
        ("/version", 2, "apiVersion"),
        ("/echo", 1, "no: …"),
        ("/escape", 0, "ada"),
        ("/json", 2, "not valid JSON"),
        ("/503", 2, "status 503: too busy"),
    ],
)
@pytest.mark.parametrize("output", ["text", "json"])
def test_answers_that_make_no_sense_are_status_2(folder, bad, path, status, sentence, output):
    done = review(
        folder, "--kubeconfig", "webhook.conf", "--server", bad + path, "--output", output, given=token(), status=status
    )
    # A terminal without UTF-8 is shown three dots.
    assert sentence in " ".join(done.stdout.split()).replace("...", "…"), done.stdout
    assert "\x1b" not in done.stdout
