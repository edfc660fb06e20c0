"""`kubectl entra` as kubectl itself starts it, and the line of `can-i` given back to kubectl."""

import json
import os
import shlex
import subprocess

import pytest
from doctors import ADA, SEEN
from programs import BINARY, TOOLS
from signed_tokens import token

OBJECT = "0b1ec700-0000-0000-0000-000000000001"


@pytest.fixture
def kubectl(bench, monkeypatch):
    """Runs the real kubectl with the plugin in its path."""
    monkeypatch.setitem(ADA, "uid", OBJECT)
    link = bench.folder / "bin/kubectl-entra"
    if not link.is_symlink():
        link.symlink_to(os.path.realpath(BINARY))

    def ask(*words):
        bench.write()
        done = subprocess.run(
            ["kubectl", *words],
            cwd=bench.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            env={
                "PATH": f"{TOOLS}:{bench.path}",
                "HOME": str(bench.folder / "empty"),
                "KUBECONFIG": str(bench.folder / "kubeconfig"),
            },
        )
        assert bench.given not in done.stdout + done.stderr
        return done.returncode, done.stdout, done.stderr

    return ask


def test_kubectl_finds_the_plugin(kubectl):
    status, out, err = kubectl("plugin", "list")
    assert status == 0 and "/kubectl-entra" in out, err


def test_whoami_through_kubectl(bench, kubectl):
    status, out, err = kubectl("entra", "whoami", "--output", "json")
    assert status == 0, err
    report = json.loads(out)
    assert report["same"] is True and report["apiServer"]["username"] == "ada@example.com"
    # kubectl's own answer, of the same server.
    status, out, err = kubectl("auth", "whoami", "-o", "json")
    assert status == 0, err
    own = json.loads(out)["status"]["userInfo"]
    assert (own["username"], own["uid"]) == (report["apiServer"]["username"], report["apiServer"]["uid"])
    bench.gives(token(oid="99999999-0000-0000-0000-000000000001"))
    status, out, _ = kubectl("entra", "whoami")
    assert status == 1 and "They are not the same." in out
    bench.way("refuses")
    status, out, _ = kubectl("entra", "whoami")
    assert status == 1 and "it refuses the caller (401 Unauthorized)" in " ".join(out.split())
    assert kubectl("auth", "whoami")[0] == 1
    bench.cluster["server"] = "https://127.0.0.1:1"
    status, out, err = kubectl("entra", "whoami")
    assert (status, out) == (2, "") and "127.0.0.1:1" in err


def test_why_through_kubectl(bench, kubectl):
    status, out, _ = kubectl("entra", "why")
    assert status == 0 and out.startswith("SIGNED IN")
    bench.way("refuses")
    status, out, _ = kubectl("entra", "why")
    assert status == 1 and out.startswith("NOT WORKING")
    bench.cluster["server"] = "https://127.0.0.1:1"
    assert kubectl("entra", "why")[0] == 2


@pytest.mark.parametrize(
    "way, shown", [("ok", "*.*"), ("some", "pods"), ("unbound", "selfsubjectaccessreviews.authorization.k8s.io")]
)
def test_the_line_of_can_i_is_one_that_kubectl_takes(bench, kubectl, way, shown):
    bench.way(way)
    status, line, err = kubectl("entra", "can-i")
    assert status == 0, err
    words = shlex.split(line)
    assert words[:4] == ["kubectl", "auth", "can-i", "--list"]
    status, out, err = kubectl(*words[1:])
    assert status == 0 and shown in out, (out, err)
    # The administrator asks about somebody else: kubectl impersonates exactly whom the API server saw.
    path, headers = SEEN[-1][1], SEEN[-1][3]
    assert path.endswith("selfsubjectrulesreviews")
    assert headers.get_all("Impersonate-User") == ["ada@example.com"]
    assert headers.get_all("Impersonate-Group") == ["kube-entra:cluster-admins"]


@pytest.mark.parametrize("resource, answer, status", [("pods", "yes\n", 0), ("secrets", "no\n", 1)])
def test_one_question_as_the_caller_whom_can_i_names(bench, kubectl, resource, answer, status):
    bench.way("some")
    words = [word for word in shlex.split(kubectl("entra", "can-i")[1])[1:] if word != "--list"]
    done = kubectl(*words[:2], "get", resource, *words[2:])
    assert done[:2] == (status, answer), done


def test_can_i_of_somebody_who_is_refused(bench, kubectl):
    bench.way("refuses")
    status, out, err = kubectl("entra", "can-i")
    assert (status, out) == (1, "") and "401" in err and "kubectl entra why" in err
    bench.cluster["server"] = "https://127.0.0.1:1"
    status, out, err = kubectl("entra", "can-i")
    assert (status, out) == (2, "") and err


def test_other_words_through_kubectl(kubectl):
    status, out, err = kubectl("entra", "whom")
    assert (status, out) == (64, "") and all(name in err for name in ("why", "whoami", "can-i"))
