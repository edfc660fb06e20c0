"""`credential` behind a real kubectl."""

import os
import subprocess

import pytest
import yaml
from credentials import REFUSED, credential
from entra import AUDIENCE, TENANT
from json_server import JSONHandler, serving
from webhook import PROGRAM, run

pytestmark = pytest.mark.usefixtures("tools")


class Unauthorized(JSONHandler):
    """An API server without a signed-in user."""

    seen = []

    def do_GET(self):
        Unauthorized.seen.append(self.headers["Authorization"])
        self.answer(
            401,
            {
                "kind": "Status",
                "apiVersion": "v1",
                "metadata": {},
                "status": "Failure",
                "message": "Unauthorized",
                "reason": "Unauthorized",
                "code": 401,
            },
        )


@pytest.fixture(scope="module")
def api_server(certificates):
    with serving(Unauthorized, certificates.path("server.crt"), certificates.path("server.key")) as port:
        yield f"https://127.0.0.1:{port}"


@pytest.mark.parametrize("name,code,claims,tenant", REFUSED, ids=[entry[0] for entry in REFUSED])
def test_kubectl_shows_the_reason_above_its_own_error(
    issuer, certificates, api_server, tmp_path, name, code, claims, tenant
):
    config = tmp_path / "kube-entra.yaml"
    config.write_text(
        yaml.safe_dump(
            {
                "apiVersion": "kube-entra.dev/v1",
                "kind": "WebhookConfiguration",
                "server": {"certificate": "s.crt", "privateKey": "s.key", "clientCA": "c.crt"},
                "tenants": [
                    {"tenantID": TENANT, "audiences": [AUDIENCE], "signingKeys": {"file": "keys.json"}, **tenant}
                ],
            }
        )
    )
    kubeconfig = tmp_path / "kubeconfig"
    login = ["--login", "interactive"] if tenant.get("proofOfPossession") else []
    made = run(
        "kubeconfig",
        "user",
        "--server",
        api_server,
        "--ca",
        certificates.path("ca.crt"),
        "--config",
        str(config),
        "--explain",
        *login,
        "--out",
        str(kubeconfig),
    )
    assert made[0] == 0, made
    entry = yaml.safe_load(kubeconfig.read_text())["users"][0]["user"]["exec"]
    assert entry["command"] == "kube-entra" and entry["args"][0] == "credential" and "--strict" not in entry["args"]
    assert entry["args"][entry["args"].index("--") + 1 :][:2] == ["kubelogin", "get-token"]
    assert "kube-entra" in entry["installHint"] and "kubelogin" in entry["installHint"]
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "kube-entra").symlink_to(os.path.realpath(PROGRAM))
    token = issuer.token(**claims)
    (tmp_path / "output").write_text(credential(token))
    (programs / "kubelogin").write_text(f"#!/bin/sh\nexec cat {tmp_path}/output\n")
    (programs / "kubelogin").chmod(0o755)
    done = subprocess.run(
        ["kubectl", "--kubeconfig", str(kubeconfig), "get", "--raw", "/api"],
        capture_output=True,
        timeout=120,
        stdin=subprocess.DEVNULL,
        env={"PATH": f"{programs}:{os.environ['PATH']}", "HOME": str(tmp_path), "LC_ALL": "C.UTF-8"},
    )
    lines = done.stderr.decode().splitlines()
    assert done.returncode == 1
    assert any(line.startswith(f"kube-entra: {code}: ") for line in lines), lines
    assert "Bearer " + token in Unauthorized.seen


def test_an_explaining_kubeconfig_needs_a_configuration_and_the_exec_form():
    for options in (["--explain", "--server-id", AUDIENCE], ["--explain", "--config", "x.yaml", "--format", "azure"]):
        status, out, _ = run("kubeconfig", "user", "--server", "https://c.example", *options)
        assert (status, out) == (64, "")
