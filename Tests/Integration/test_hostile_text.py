"""Strangers' text never reaches the terminal unchanged: no control, direction or invisible characters."""

import json
import os
import unicodedata
from datetime import UTC, datetime, timedelta

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from webhook import run

MARK = "EVIL"
# A C1 control, an escape sequence, a right-to-left override, a zero-width space, a filler and a tag.
HOSTILE = f"{MARK}\u009b2J\u001b[8m\u202e\u200b\u3164\U000e0041{MARK}"
# A configuration refuses control characters; what nobody sees is a finding.
UNSEEN = f"{MARK}\u202e\u200b\u3164\U000e0041{MARK}"
TENANT = "11111111-2222-3333-4444-555555555555"
GROUP = "5d24aaaa-bbbb-cccc-dddd-eeeeafa27aed"


def harmful(text):
    """Characters that are invisible, or that control a terminal."""
    found = []
    for character in text:
        category = unicodedata.category(character)
        if character in "\n\t":
            continue
        if category in ("Cc", "Cf", "Zl", "Zp") or character in "\u3164\u115f\u1160\uffa0\u034f\u2800":
            found.append(f"U+{ord(character):04X}")
    return found


def configuration(path, group="developers"):
    path.write_text(f"""\
apiVersion: kube-entra.dev/v1
kind: WebhookConfiguration
server: {{certificate: server.crt, privateKey: server.key, clientCA: ca.crt}}
tenants:
  - tenantID: {TENANT}
    audiences: [aaaaaaaa-0000-0000-0000-000000000000]
    adminGroupObjectIDs: [{GROUP}]
    groupMappings:
      - groupObjectID: 9999aaaa-bbbb-cccc-dddd-eeeeffff0000
        kubernetesGroups: {yaml.safe_dump([group], default_flow_style=True, width=1000).strip()}""")
    return str(path)


def certificate(path):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, HOSTILE)])
    now = datetime.now(UTC)
    made = (x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
            .serial_number(1).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=90))
            .sign(key, hashes.SHA256()))
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    return str(path)


def write(path, value):
    path.write_text(value if isinstance(value, str) else json.dumps(value))
    return str(path)


def key_set(entra, folder):
    key = dict(entra.keys[-1].jwk(), kid=HOSTILE, issuer=HOSTILE, kty="RSA")
    return write(folder / "keys.json", {"keys": [key, {"kty": HOSTILE, "kid": "other"}]})


def kubeconfig(folder):
    return write(folder / "kubeconfig.yaml", yaml.safe_dump({
        "apiVersion": "v1", "kind": "Config", "current-context": HOSTILE,
        "contexts": [{"name": HOSTILE, "context": {"cluster": HOSTILE, "user": HOSTILE}}],
        "clusters": [{"name": HOSTILE, "cluster": {"server": f"https://{HOSTILE}.example"}}],
        "users": [{"name": HOSTILE, "user": {"token": "x"}}]}))


def aks(folder):
    return write(folder / "aks.json", {
        "name": HOSTILE, "aadProfile": {
            "managed": True, "tenantID": TENANT, "adminGroupObjectIDs": [GROUP], HOSTILE: True}})


# The command, and the files that it reads: F stands for the folder.
READERS = {
    "keys show": lambda entra, folder: ["keys", "show", key_set(entra, folder)],
    "keys show as JSON": lambda entra, folder: ["keys", "show", key_set(entra, folder), "--output", "json"],
    "inspect": lambda entra, folder: [
        "inspect", entra.token(header={"kid": HOSTILE}, upn=HOSTILE, name=HOSTILE, aud=HOSTILE, unknown=HOSTILE)],
    "inspect as JSON": lambda entra, folder: [
        "inspect", "--output", "json",
        entra.token(header={"kid": HOSTILE}, upn=HOSTILE, name=HOSTILE, aud=HOSTILE, unknown=HOSTILE)],
    "inspect --explain": lambda entra, folder: ["inspect", "--explain", HOSTILE],
    "certs show": lambda entra, folder: ["certs", "show", certificate(folder / "evil.crt")],
    "certs show as JSON": lambda entra, folder: [
        "certs", "show", certificate(folder / "evil.crt"), "--output", "json"],
    "certs show of a missing file": lambda entra, folder: ["certs", "show", str(folder / HOSTILE)],
    "certs create": lambda entra, folder: ["certs", "create", "--out", str(folder), "--client-name", HOSTILE],
    "config check of a missing file": lambda entra, folder: ["config", "check", str(folder / HOSTILE)],
    "config check of an unknown field": lambda entra, folder: [
        "config", "check", write(folder / "evil.yaml", yaml.safe_dump({HOSTILE: 1}))],
    "config import-aks": lambda entra, folder: ["config", "import-aks", aks(folder)],
    "policy diff": lambda entra, folder: [
        "policy", "diff", configuration(folder / "a.yaml"), configuration(folder / "b.yaml", UNSEEN)],
    "policy diff as JSON": lambda entra, folder: [
        "policy", "diff", configuration(folder / "a.yaml"), configuration(folder / "b.yaml", UNSEEN), "--output",
        "json"],
    "config check of a group's name": lambda entra, folder: [
        "config", "check", "--no-files", configuration(folder / "c.yaml", UNSEEN)],
    "policy check": lambda entra, folder: [
        "policy", "check", "--config", configuration(folder / "c.yaml", UNSEEN), "--user", "ada@example.com",
        "--group", "9999aaaa-bbbb-cccc-dddd-eeeeffff0000"],
    "doctor": lambda entra, folder: ["doctor", "--kubeconfig", kubeconfig(folder), "--timeout", "1"],
    "doctor as JSON": lambda entra, folder: [
        "doctor", "--kubeconfig", kubeconfig(folder), "--timeout", "1", "--output", "json"],
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
    assert name == "certs create" or MARK in out + err or "U+202E" in out + err, (code, out, err)


def test_json_means_what_was_read(entra, tmp_path):
    _, out, _ = run("keys", "show", key_set(entra, tmp_path), "--output", "json")
    assert json.loads(out)["keys"][0]["keyID"] == HOSTILE
    assert "\\u202e" in out


def test_a_client_name_that_cannot_be_seen_is_refused(tmp_path):
    for name in ["kube\u200bapiserver", "kube\u202eapiserver", "kube\u00a0apiserver", "kube\u009bapiserver", "\u3164"]:
        code, _, err = run("certs", "create", "--out", str(tmp_path / "x"), "--client-name", name)
        assert code == 64, name
        assert "characters that can be seen" in err
