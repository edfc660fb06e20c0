"""`kubectl entra`: why, whoami and can-i."""

import hashlib
import json
import os
import subprocess

import pytest
from doctors import ADA, OTHER
from programs import BINARY
from signed_tokens import token


def entra(bench, *arguments, status, **user):
    bench.write()
    link = bench.folder / "bin/kubectl-entra"
    if not link.is_symlink():
        link.symlink_to(os.path.realpath(BINARY))
    done = subprocess.run(
        [str(link), *arguments],
        cwd=bench.folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        env={"PATH": bench.path, "HOME": str(bench.folder / "empty"), "KUBECONFIG": "kubeconfig"},
    )
    assert done.returncode == status, (done.returncode, done.stdout, done.stderr)
    assert bench.given not in done.stdout + done.stderr
    return done.stdout, done.stderr


def test_kubectl_entra_why_is_doctor(bench):
    out, _ = entra(bench, "why", "--output", "json", status=0)
    assert json.loads(out)["verdict"] == "signedIn"


def test_kubectl_entra_whoami_says_who_the_api_server_sees(bench, monkeypatch):
    monkeypatch.setitem(ADA, "uid", "0b1ec700-0000-0000-0000-000000000001")
    bench.gives(token(oid="0B1EC700-0000-0000-0000-000000000001"))
    report = json.loads(entra(bench, "whoami", "--output", "json", status=0)[0])
    assert list(report) == ["apiServer", "token", "same"] and report["same"] is True
    assert (
        list(report["apiServer"]) == ["username", "uid", "groups", "extra"]
        and report["apiServer"]["username"] == "ada@example.com"
    )
    assert report["token"]["tokenSHA256"] == hashlib.sha256(bench.given.encode()).hexdigest()[:12]
    assert {"kind", "tenantID", "objectID", "tokenVersion"} <= set(report["token"])
    assert "Both are the same." in entra(bench, "whoami", status=0)[0]
    bench.gives(token(oid=OTHER))
    assert json.loads(entra(bench, "whoami", "--output", "json", status=1)[0])["same"] is False
    bench.way("refuses")
    assert json.loads(entra(bench, "whoami", "--output", "json", status=1)[0])["apiServer"] is None
    bench.cluster["server"] = "https://127.0.0.1:1"
    assert entra(bench, "whoami", "--output", "json", status=2)[0] == ""


def test_kubectl_entra_whoami_says_what_to_do_next(bench):
    bench.way("refuses")
    out, err = entra(bench, "whoami", status=1)
    assert not out.startswith("\n") and "They are not the same." in out and "kubectl entra why" in err
    bench.user = {"client-certificate": "certs/client.crt", "client-key": "certs/client.key"}
    bench.way("ok")
    out, err = entra(bench, "whoami", status=1)
    assert "There is no token to compare with." in out and "not the same" not in out and err == ""


def test_kubectl_entra_can_i_says_for_whom_its_line_is(bench):
    assert "you yourself: kubectl auth can-i --list" in entra(bench, "can-i", status=0)[1]
    out, err = entra(bench, "can-i", "get", "pods", status=64)
    assert out == "" and "kubectl auth can-i get pods" in err


def test_kubectl_entra_can_i(bench):
    out, _ = entra(bench, "can-i", status=0)
    assert out == "kubectl auth can-i --list --as=ada@example.com --as-group=kube-entra:cluster-admins\n"
    bench.way("refuses")
    entra(bench, "can-i", status=1)


@pytest.mark.parametrize("words", [(), ("who",), ("serve",), ("doctor",)])
def test_kubectl_entra_names_its_three(bench, words):
    out, err = entra(bench, *words, status=64)
    assert out == "" and all(name in err for name in ("why", "whoami", "can-i"))


@pytest.mark.parametrize("words, status", [(("whoami",), 1), (("can-i",), 0), (("why", "--output", "json"), 0)])
def test_kubectl_entra_shows_no_part_of_the_token_that_a_server_repeats(bench, monkeypatch, words, status):
    given = token()
    bench.gives(given)
    signature = given.split(".")[2]
    monkeypatch.setitem(ADA, "groups", [signature, "system:authenticated"])
    monkeypatch.setitem(ADA, "username", f"ada-{signature}")
    out = "".join(entra(bench, *words, status=status))
    assert signature not in out and "ada-…" in out.replace("...", "…")
