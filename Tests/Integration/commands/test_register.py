"""register: its scripts work unchanged with a simulated Azure CLI, and agree with the document."""

import json
import os
import re
import shlex
import shutil
import subprocess

import hcl2
import pytest
from azure_cli import AZ
from programs import BINARY, ROOT, run

EVERYTHING = [
    "--name",
    "prod east",
    "--group-name",
    "admins",
    "--with-app-role",
    "Cluster.Viewer",
    "--with-directory",
    "--with-azure-cli",
    "--assigned-groups",
    "--add-me",
    "--pop",
    "cluster.example",
]
CHOICES = [[], EVERYTHING, ["--cloud", "china"], ["--with-app-roles"]]


@pytest.mark.parametrize("choice", CHOICES, ids=lambda words: " ".join(words) or "plain")
def test_the_script_for_the_azure_cli(choice, tmp_path):
    script = run("register", "--format", "az", *choice)
    assert script.returncode == 0, script.stderr
    (tmp_path / "register.sh").write_text(script.stdout)
    assert subprocess.run(["bash", "-n", "register.sh"], cwd=tmp_path).returncode == 0
    found = subprocess.run(["shellcheck", "register.sh"], cwd=tmp_path, capture_output=True, text=True)
    assert found.returncode == 0, found.stdout
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/az").write_text(AZ)
    (tmp_path / "bin/az").chmod(0o755)
    environment = {**os.environ, "PATH": f"{tmp_path}/bin:{os.environ['PATH']}", "AZ_STORE": str(tmp_path / "store")}
    said = []
    for _ in range(2):
        done = subprocess.run(
            ["bash", "register.sh"], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300
        )
        assert done.returncode == 0, done.stdout + done.stderr
        said.append(done.stdout)
    # The second run makes nothing anew.
    assert said[0] == said[1]
    held = json.loads((tmp_path / "store").read_text())
    full = choice is EVERYTHING
    assert len(held["applications"]) == 2 + full and len(held["groups"]) == 1
    assert len(held["grants"]) == 4 * full and held["members"] == ["me"] * full
    applications = {o["displayName"]: o for o in held["applications"].values()}
    name = "prod east" if full else "kubernetes"
    server, client = applications[name], applications[name + "-login"]
    scope = server["api"]["oauth2PermissionScopes"][0]
    assert scope["value"] == "user_impersonation" and server["identifierUris"] == [f"api://{server['appId']}"]
    assert server["api"]["preAuthorizedApplications"][0] == {
        "appId": client["appId"],
        "delegatedPermissionIds": [scope["id"]],
    }
    assert client["requiredResourceAccess"][0]["resourceAppId"] == server["appId"] and client["isFallbackPublicClient"]
    assert server["groupMembershipClaims"] == ("ApplicationGroup" if full else "SecurityGroup")
    # What comes out is what enable takes.
    line = next(line for line in said[0].splitlines() if "kube-entra enable" in line)
    group = next(iter(held["groups"]))
    assert f"--audience {server['appId']} --admin-group {group}" in line
    checked = subprocess.run(
        [BINARY, *shlex.split(line)[1:], "--dry-run", "--timeout", "1s"], capture_output=True, text=True
    )
    assert checked.returncode != 64, checked.stderr
    if full:
        assert oct((tmp_path / "secret").stat().st_mode)[-3:] == "600" and "a-secret" not in said[0]


@pytest.mark.parametrize("choice", CHOICES, ids=lambda words: " ".join(words) or "plain")
def test_the_configuration_for_terraform(choice, tmp_path):
    text = run("register", "--format", "terraform", *choice).stdout
    parsed = hcl2.loads(text)
    kinds = [next(iter(resource)).strip('"') for resource in parsed["resource"]]
    assert kinds.count("azuread_application") == 2 + (choice is EVERYTHING)
    assert "azuread_application_pre_authorized" in kinds and kinds.count("azuread_group") == 1
    (tmp_path / "entra.tf").write_text(text)
    if shutil.which("terraform"):
        done = subprocess.run(
            ["terraform", "fmt", "-check", "-diff", "entra.tf"], cwd=tmp_path, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_document_names_what_is_registered():
    document = (ROOT / "deploy/entra/README.md").read_text()
    source = (ROOT / "Sources/Tools/Registration/Registration.swift").read_text()
    settings = re.findall(r'case \w+ = "(\w+)"', source.split("enum Setting")[1].split("\n    }")[0])
    assert len(settings) > 8
    for word in settings + [
        "user_impersonation",
        "http://localhost",
        "SecurityGroup",
        "idtyp",
        "GroupMember.Read.All",
        "User.Read.All",
        "Application.Read.All",
        "04b07795-8ddb-461a-bbee-02f9e1bf7b46",
    ]:
        assert word in document, word


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["--format", "arm"],
        ["--format", "az", "--name", "a'b"],
        ["--format", "az", "--name", "$(id)"],
        ["--format", "az", "--with-app-role", "a b"],
        ["--format", "az", "--pop", "https://x"],
    ],
)
def test_wrong_usage_ends_with_status_64(words):
    done = run("register", *words)
    assert done.returncode == 64 and not done.stdout
