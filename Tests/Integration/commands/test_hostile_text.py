"""Strangers' text never reaches the terminal unchanged: no control, direction or invisible characters."""

import contextlib
import json
import os

import pytest
import yaml
from hostile_text import (
    GROUP,
    HOSTILE,
    MARK,
    UNSEEN,
    aks,
    certificate,
    cluster,
    configuration,
    credential,
    deny_list,
    harmful,
    hints,
    key_set,
    kubeconfig,
    named,
    plugin,
    rbac,
    write,
)
from json_server import JSONHandler, serving
from webhook import run

# The command, and the files that it reads.
READERS = {
    "keys show": lambda entra, folder: ["keys", "show", key_set(entra, folder)],
    "keys show as JSON": lambda entra, folder: ["keys", "show", key_set(entra, folder), "--output", "json"],
    "inspect": lambda entra, folder: [
        "inspect",
        entra.token(header={"kid": HOSTILE}, upn=HOSTILE, name=HOSTILE, aud=HOSTILE, unknown=HOSTILE),
    ],
    "inspect as JSON": lambda entra, folder: [
        "inspect",
        "--output",
        "json",
        entra.token(header={"kid": HOSTILE}, upn=HOSTILE, name=HOSTILE, aud=HOSTILE, unknown=HOSTILE),
    ],
    "inspect --explain": lambda entra, folder: ["inspect", "--explain", HOSTILE],
    "certs show": lambda entra, folder: ["certs", "show", certificate(folder / "evil.crt")],
    "certs show as JSON": lambda entra, folder: ["certs", "show", certificate(folder / "evil.crt"), "--output", "json"],
    "certs show of a missing file": lambda entra, folder: ["certs", "show", str(folder / HOSTILE)],
    "certs create": lambda entra, folder: ["certs", "create", "--out", str(folder), "--client-name", HOSTILE],
    "config check of a missing file": lambda entra, folder: ["config", "check", str(folder / HOSTILE)],
    "config check of an unknown field": lambda entra, folder: [
        "config",
        "check",
        write(folder / "evil.yaml", yaml.safe_dump({HOSTILE: 1})),
    ],
    "config import-aks": lambda entra, folder: ["config", "import-aks", aks(folder)],
    "policy diff": lambda entra, folder: [
        "policy",
        "diff",
        configuration(folder / "a.yaml"),
        configuration(folder / "b.yaml", UNSEEN),
    ],
    "policy diff as JSON": lambda entra, folder: [
        "policy",
        "diff",
        configuration(folder / "a.yaml"),
        configuration(folder / "b.yaml", UNSEEN),
        "--output",
        "json",
    ],
    "config check of a group's name": lambda entra, folder: [
        "config",
        "check",
        "--no-files",
        configuration(folder / "c.yaml", UNSEEN),
    ],
    "policy check": lambda entra, folder: [
        "policy",
        "check",
        "--config",
        configuration(folder / "c.yaml", UNSEEN),
        "--user",
        "ada@example.com",
        "--group",
        "9999aaaa-bbbb-cccc-dddd-eeeeffff0000",
    ],
    "doctor": lambda entra, folder: ["doctor", "--kubeconfig", kubeconfig(folder), "--timeout", "1"],
    "doctor as JSON": lambda entra, folder: [
        "doctor",
        "--kubeconfig",
        kubeconfig(folder),
        "--timeout",
        "1",
        "--output",
        "json",
    ],
    "review of a kubeconfig": lambda entra, folder: ["review", "--kubeconfig", kubeconfig(folder), "x"],
    "rbac lint": lambda entra, folder: rbac(folder, "lint"),
    "rbac lint as JSON": lambda entra, folder: rbac(folder, "lint", "--output", "json"),
    "rbac lint as Markdown": lambda entra, folder: rbac(folder, "lint", "--output", "markdown"),
    "rbac lint as SARIF": lambda entra, folder: rbac(folder, "lint", "--output", "sarif"),
    "rbac lint of a damaged file": lambda entra, folder: [
        "rbac",
        "lint",
        "--config",
        configuration(folder / "c.yaml"),
        "--cluster",
        write(folder / f"{HOSTILE}.json", '{"kind": "' + HOSTILE + '",}'),
    ],
    "rbac who": lambda entra, folder: rbac(folder, "who", "--can", "get", "secrets"),
    "rbac who as JSON": lambda entra, folder: rbac(folder, "who", "--can", "get", "secrets", "--output", "json"),
    "rbac who of something unknown": lambda entra, folder: rbac(folder, "who", "--can", "get", HOSTILE),
    "rbac explain": lambda entra, folder: rbac(folder, "explain", "--group", GROUP, "--user", "ada@example.com"),
    "rbac explain as JSON": lambda entra, folder: rbac(
        folder, "explain", "--group", GROUP, "--user", "ada@example.com", "--output", "json"
    ),
    "policy list": lambda entra, folder: [
        "policy",
        "list",
        "--config",
        configuration(folder / "c.yaml", UNSEEN),
        "--cluster",
        cluster(folder),
    ],
    "policy list with names": lambda entra, folder: ["policy", "list", "--config", named(folder)],
    "policy list with names as JSON": lambda entra, folder: [
        "policy",
        "list",
        "--config",
        named(folder),
        "--output",
        "json",
    ],
    "policy diff with names": lambda entra, folder: [
        "policy",
        "diff",
        configuration(folder / "a.yaml", "before"),
        named(folder),
    ],
    "policy diff as Markdown": lambda entra, folder: [
        "policy",
        "diff",
        configuration(folder / "a.yaml"),
        configuration(folder / "b.yaml", UNSEEN),
        "--output",
        "markdown",
    ],
    "policy diff with a cluster": lambda entra, folder: [
        "policy",
        "diff",
        configuration(folder / "a.yaml", "before"),
        configuration(folder / "b.yaml", UNSEEN),
        "--cluster",
        cluster(folder, UNSEEN),
    ],
    "inspect with names": lambda entra, folder: ["inspect", "--config", named(folder), entra.token(groups=[GROUP])],
    "policy list with damaged names": lambda entra, folder: [
        "policy",
        "list",
        "--config",
        (named(folder), write(folder / "names.json", {"names": {HOSTILE: {}}, HOSTILE: 1}))[0],
    ],
    "names fetch": lambda entra, folder: [
        "names",
        "fetch",
        "--config",
        str(folder / HOSTILE),
        "--out",
        str(folder / "n.json"),
    ],
    "deny list": lambda entra, folder: ["deny", "list", "--file", deny_list(folder)],
    "deny list as JSON": lambda entra, folder: ["deny", "list", "--file", deny_list(folder), "--output", "json"],
    "deny list of a token": lambda entra, folder: ["deny", "list", "--file", deny_list(folder, "x", tokenID=HOSTILE)],
    "deny list of an unknown field": lambda entra, folder: [
        "deny",
        "list",
        "--file",
        deny_list(folder, **{HOSTILE: 1}),
    ],
    "deny add": lambda entra, folder: [
        "deny",
        "add",
        "--file",
        str(folder / "d.json"),
        "--token-id",
        HOSTILE,
        "--reason",
        HOSTILE,
    ],
    "deny remove": lambda entra, folder: ["deny", "remove", "--file", deny_list(folder), "--token-id", HOSTILE],
    "credential": lambda entra, folder: [
        "credential",
        "--hints",
        hints(),
        "--",
        plugin(folder, credential(entra.token(aud="other"))),
    ],
    "credential with hints of another version": lambda entra, folder: [
        "credential",
        "--hints",
        hints(apiVersion=HOSTILE),
        "--",
        plugin(folder, credential(entra.token(aud=HOSTILE))),
    ],
    "credential without its command": lambda entra, folder: ["credential", "--", str(folder / HOSTILE)],
    "credential without its hints": lambda entra, folder: [
        "credential",
        "--hints",
        str(folder / HOSTILE),
        "--",
        plugin(folder, credential("x")),
    ],
    "an unknown option": lambda entra, folder: ["keys", f"--{HOSTILE}"],
    "an unknown topic": lambda entra, folder: ["help", HOSTILE],
}


@pytest.mark.parametrize("name", READERS)
def test_what_a_stranger_wrote_is_made_safe(entra, tmp_path, name):
    arguments = READERS[name](entra, tmp_path)
    code, out, err = run(*arguments, env={**os.environ, "HOME": str(tmp_path)})
    assert "Fatal" not in err
    assert not harmful(out), (harmful(out), out)
    assert not harmful(err), (harmful(err), err)
    # One that said nothing of the text would pass for nothing.
    assert name in SILENT or MARK in out + err or "U+202E" in out + err, (code, out, err)


# Those which have a sentence of their own, without the text.
SILENT = {
    "certs create",
    "review of a kubeconfig",
    "rbac who of something unknown",
    "policy list with damaged names",
    "deny list of an unknown field",
    "deny remove",
    "credential with hints of another version",
    "credential without its command",
    "credential without its hints",
}


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
