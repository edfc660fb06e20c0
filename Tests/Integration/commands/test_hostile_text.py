"""Strangers' text never reaches the terminal unchanged: no control, direction or invisible characters."""

import contextlib
import json
import os

import pytest
import yaml
from hostile_commands import READERS, SILENT
from hostile_text import HOSTILE, MARK, harmful, key_set
from json_server import JSONHandler, serving
from webhook import run


@pytest.mark.parametrize("name", READERS)
def test_what_a_stranger_wrote_is_made_safe(entra, tmp_path, name):
    arguments = READERS[name](entra, tmp_path)
    code, out, err = run(*arguments, env={**os.environ, "HOME": str(tmp_path)})
    assert "Fatal" not in err
    assert not harmful(out), (harmful(out), out)
    assert not harmful(err), (harmful(err), err)
    # One that said nothing of the text would pass for nothing.
    assert name in SILENT or MARK in out + err or "U+202E" in out + err, (code, out, err)


@contextlib.contextmanager
def hostile_webhook(certificates, status=200):
    """A webhook with a good certificate that answers in a stranger's words."""

    class Handler(JSONHandler):
        def do_POST(self):
            sent = self.sent()
            answer = {
                "apiVersion": sent["apiVersion"],
                "kind": "TokenReview",
                "message": HOSTILE,
                "status": {
                    "authenticated": sent["spec"]["token"] == "yes",
                    "error": HOSTILE,
                    "user": {"username": HOSTILE, "uid": HOSTILE, "groups": [HOSTILE], "extra": {HOSTILE: [HOSTILE]}},
                },
            }
            self.answer(status, answer)

    with serving(Handler, certificates.path("server.crt"), certificates.path("server.key")) as port:
        yield f"https://127.0.0.1:{port}/authenticate"


@pytest.mark.parametrize("output", ["text", "json"])
@pytest.mark.parametrize("token, status", [("yes", 200), ("no", 200), ("no", 503)])
def test_what_a_webhook_answers_is_made_safe(certificates, tmp_path, token, status, output):
    with hostile_webhook(certificates, status) as address:
        (tmp_path / "webhook.yaml").write_text(
            yaml.safe_dump(
                {
                    "apiVersion": "v1",
                    "kind": "Config",
                    "current-context": "c",
                    "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
                    "clusters": [
                        {
                            "name": "c",
                            "cluster": {"server": address, "certificate-authority": certificates.path("ca.crt")},
                        }
                    ],
                    "users": [{"name": "u", "user": {}}],
                }
            )
        )
        code, out, err = run("review", "--kubeconfig", str(tmp_path / "webhook.yaml"), "--output", output, token)
    assert code == (2 if status == 503 else 0 if token == "yes" else 1)
    assert not harmful(out + err), (harmful(out + err), out, err)
    assert MARK in out + err


def test_json_means_what_was_read(entra, tmp_path):
    _, out, _ = run("keys", "show", key_set(entra, tmp_path), "--output", "json")
    assert json.loads(out)["keys"][0]["keyID"] == HOSTILE
    assert "\\u202e" in out


def test_a_client_name_that_cannot_be_seen_is_refused(tmp_path):
    for name in ["kube\u200bapiserver", "kube\u202eapiserver", "kube\u00a0apiserver", "kube\u009bapiserver", "\u3164"]:
        code, _, err = run("certs", "create", "--out", str(tmp_path / "x"), "--client-name", name)
        assert code == 64, name
        assert "characters that can be seen" in err
