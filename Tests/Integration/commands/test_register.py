"""register: its scripts work unchanged with a simulated Azure CLI, and agree with the document."""

import json
import re
import shlex
import shutil
import subprocess

import hcl2
import pytest
from programs import BINARY, ROOT, run
from registering import Desk

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
    desk = Desk(tmp_path / "desk", *choice)
    tmp_path = desk.folder
    assert subprocess.run(["bash", "-n", "register.sh"], cwd=tmp_path).returncode == 0
    found = subprocess.run(["shellcheck", "register.sh"], cwd=tmp_path, capture_output=True, text=True)
    assert found.returncode == 0, found.stdout
    said = []
    for _ in range(2):
        done = desk.register()
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


@pytest.mark.parametrize(("status", "choice"), [("403", EVERYTHING), ("429", []), ("500", ["--add-me"])])
def test_a_call_that_fails_is_not_passed_over_and_the_next_run_finishes(status, choice, tmp_path):
    desk, full = Desk(tmp_path / "desk", *choice), choice is EVERYTHING
    failed, runs = 0, 0
    while True:
        done = desk.register(fail=f"each:{status}")
        runs += 1
        if done.returncode == 0:
            break
        assert "kube-entra enable" not in done.stdout and "ERROR: " in done.stderr, done.stdout + done.stderr
        assert len(desk.held["failed"]) > failed, (runs, done.stderr)
        failed = len(desk.held["failed"])
    # What is refused is not tried again at once; the rest may be, where nothing can be made twice.
    assert len(desk.held["failed"]) > (20 if full else 9) and runs > (20 if full else 4), (runs, desk.held["failed"])
    if status == "403":
        assert len(desk.held["failed"]) == failed == runs - 1
    held = desk.held
    assert len(held["applications"]) == 2 + full and len(held["groups"]) == 1
    assert len(held["grants"]) == 4 * full and held["members"] == ["me"] * ("--add-me" in choice)
    assert not full or (desk.folder / "secret").read_text() == "a-secret\n"


@pytest.mark.parametrize("kind", ["groups", "applications"])
def test_what_somebody_else_made_is_not_taken(kind, tmp_path):
    desk = Desk(tmp_path / "desk")
    name = {"groups": "kubernetes-admins", "applications": "kubernetes"}[kind]
    theirs = {"id": "of-mallory", "appId": "app", "displayName": name, "createdDateTime": "2026-01-01T00:00:00Z"}
    people = {"of-mallory": [["1", "Mallory", "mallory@example.com"]]}
    desk.hold(**{kind: {"of-mallory": theirs}}, owners=people, members=people)
    done = desk.register()
    assert done.returncode == 1 and "kube-entra enable" not in done.stdout, done.stdout + done.stderr
    assert "did not make" in done.stderr and "mallory@example.com" in done.stderr and "--adopt" in done.stderr
    assert desk.held[kind]["of-mallory"] == theirs
    # Another one that is named does not count.
    assert desk.register("--adopt", "something").returncode == 1 and desk.held[kind]["of-mallory"] == theirs
    done = desk.register("--adopt", "of-mallory")
    assert done.returncode == 0 and "mallory@example.com" in done.stderr, done.stdout + done.stderr
    assert len(desk.held["groups"]) == 1 and len(desk.held["applications"]) == 2
    # From then on it is known.
    assert desk.register().stdout == done.stdout


def test_what_somebody_else_added_stays(tmp_path):
    desk = Desk(tmp_path / "desk", "--with-app-roles", "--with-azure-cli")
    assert desk.register().returncode == 0
    held = desk.held
    server, client = held["applications"].values()
    other = {"id": "7", "value": "other"}
    server["identifierUris"].append("api://other")
    server["api"]["oauth2PermissionScopes"].append(other)
    server["api"]["preAuthorizedApplications"].append({"appId": "8", "delegatedPermissionIds": ["7"]})
    server["api"]["knownClientApplications"] = ["9"]
    server["appRoles"].append(other)
    server["optionalClaims"]["accessToken"].append({"name": "ctry"})
    server["optionalClaims"]["idToken"] = [{"name": "email"}]
    client["publicClient"]["redirectUris"].append("http://localhost:8000")
    client["requiredResourceAccess"][0]["resourceAccess"].append({"id": "7", "type": "Scope"})
    client["requiredResourceAccess"].append({"resourceAppId": "10", "resourceAccess": [other]})
    # In lists in which the order means nothing, ours stand last.
    (desk.folder / "store").write_text(json.dumps(held))
    (desk.folder / "register.sh").write_text(run("register", "--format", "az").stdout)
    assert desk.register().returncode == 0
    after = desk.held["applications"]
    assert after.keys() == held["applications"].keys()
    assert sorted_lists(after) == sorted_lists(held["applications"])
    # What was taken away comes back.
    del server["identifierUris"][0], server["api"]["oauth2PermissionScopes"], client["publicClient"]
    (desk.folder / "store").write_text(json.dumps(held))
    assert desk.register().returncode == 0
    server, client = desk.held["applications"].values()
    assert len(server["identifierUris"]) == 2 and len(server["api"]["oauth2PermissionScopes"]) == 1
    assert client["publicClient"]["redirectUris"] == ["http://localhost"]


def sorted_lists(value):
    if isinstance(value, dict):
        return {name: sorted_lists(member) for name, member in value.items()}
    if isinstance(value, list):
        return sorted(map(sorted_lists, value), key=json.dumps)
    return value


def test_what_was_made_although_the_answer_was_lost_is_asked_about(tmp_path):
    desk = Desk(tmp_path / "desk")
    assert desk.register(fail="v1.0/groups --body:500:after").returncode == 1
    group = next(iter(desk.held["groups"]))
    done = desk.register()
    assert done.returncode == 1 and group in done.stderr, done.stderr
    assert desk.register("--adopt", group).returncode == 0 and len(desk.held["groups"]) == 1


def test_another_file_called_secret_is_not_taken(tmp_path):
    desk = Desk(tmp_path / "desk", "--with-directory")
    (desk.folder / "secret").write_text("of something else")
    done = desk.register()
    assert done.returncode == 1 and "move it away" in done.stderr
    assert (desk.folder / "secret").read_text() == "of something else"


def test_a_long_name_fits_where_it_must(tmp_path):
    desk = Desk(tmp_path / "desk", "--name", "a" * 100)
    done = desk.register()
    assert done.returncode == 0, done.stderr


def test_the_command_for_people_is_the_one_to_run(tmp_path):
    for form in ("az", "terraform"):
        words = ["register", "--format", form]
        text = run(*words, "--server", "https://api.example.com:6443", "--login", "devicecode").stdout
        assert "--server https://api.example.com:6443 " in text and "--login devicecode " in text
        assert "cluster.example" not in text
        # A node has no desktop, so the default there would be the device code for everybody.
        plain = run(*words).stdout
        assert "--login interactive " in plain and "Replace https://cluster.example:6443" in plain


@pytest.mark.parametrize("choice", CHOICES, ids=lambda words: " ".join(words) or "plain")
def test_the_configuration_for_terraform(choice, tmp_path):
    text = run("register", "--format", "terraform", *choice).stdout
    parsed = hcl2.loads(text)
    kinds = [next(iter(resource)).strip('"') for resource in parsed["resource"]]
    assert kinds.count("azuread_application") == 2 + (choice is EVERYTHING)
    # By default, Terraform makes a second one beside one with the same name.
    assert text.count("prevent_duplicate_names") == 3 + (choice is EVERYTHING)
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
        ["--format", "az", "--server", "cluster.example"],
        ["--format", "az", "--server", "https://$(id)"],
        ["--format", "az", "--login", "password"],
    ],
)
def test_wrong_usage_ends_with_status_64(words):
    done = run("register", *words)
    assert done.returncode == 64 and not done.stdout


def test_the_script_runs_out_of_a_pipe_and_says_how_to_adopt_there(tmp_path):
    desk = Desk(tmp_path / "desk")
    script = (desk.folder / "register.sh").read_text()
    done = desk.register(piped=script)
    assert done.returncode == 0 and "kube-entra enable" in done.stdout, done.stderr
    assert len(desk.held["applications"]) == 2
    (desk.folder / "kubernetes.entra-ids").unlink()
    done = desk.register(piped=script)
    assert done.returncode == 1 and "trust" in done.stderr, done.stderr
    assert "kube-entra register ... | bash -s -- --adopt ID" in done.stderr, done.stderr
    every = [word for id in (*desk.held["applications"], *desk.held["groups"]) for word in ("--adopt", id)]
    done = desk.register(*every, piped=script)
    assert done.returncode == 0, done.stderr
    assert len(desk.held["applications"]) == 2


def test_a_pipe_that_breaks_has_made_nothing(tmp_path):
    desk = Desk(tmp_path / "desk")
    lines = (desk.folder / "register.sh").read_text().splitlines(keepends=True)
    for length in range(0, len(lines), 7):
        done = desk.register(piped="".join(lines[:length]))
        assert "kube-entra enable" not in done.stdout
        assert not (desk.folder / "store").exists(), (length, done.stderr)


@pytest.mark.parametrize("plant", ["link", "for all", "for the group", "text"])
def test_a_record_that_others_could_have_written_is_refused(plant, tmp_path):
    desk = Desk(tmp_path / "desk")
    record = desk.folder / "kubernetes.entra-ids"
    held = desk.folder / "elsewhere" if plant == "link" else record
    held.write_text("groups of-mallory kubernetes-admins\n" if plant != "text" else "applications ../\x1b kubernetes\n")
    held.chmod({"for all": 0o602, "for the group": 0o620}.get(plant, 0o600))
    if plant == "link":
        record.symlink_to(held)
    done = desk.register()
    assert done.returncode == 1 and "kubernetes.entra-ids" in done.stderr and "\x1b" not in done.stderr, done.stderr
    assert not (desk.folder / "store").exists()


@pytest.mark.parametrize("mode", [0o777, 0o770, 0o1777, 0o702])
def test_a_folder_that_others_may_change_is_refused(mode, tmp_path):
    desk = Desk(tmp_path / "desk")
    desk.folder.chmod(mode)
    done = desk.register()
    assert done.returncode == 1 and "others may change this folder" in done.stderr, done.stderr
    assert not (desk.folder / "store").exists()
    desk.folder.chmod(0o755)
    assert desk.register().returncode == 0


def test_what_is_taken_from_the_record_is_described_first(tmp_path):
    desk = Desk(tmp_path / "desk")
    group = {"id": "of-mallory", "displayName": "kubernetes-admins", "createdDateTime": "2026-01-01T00:00:00Z"}
    # ESC, CSI as one character (C1), a turn of the direction, a character without width.
    people = [["1", "\x1b[2K\x9b2K\x85\u202e\u2066\u061c\u200bMallory Zoë €", "mallory@example.com"]] + [
        [str(n), "Crowd", "c"] for n in range(99)
    ]
    desk.hold(groups={"of-mallory": group}, members={"of-mallory": people}, owners={"of-mallory": people[:1]})
    record = desk.folder / "kubernetes.entra-ids"
    record.write_text("groups of-mallory kubernetes-admins\n")
    record.chmod(0o600)
    done = desk.register()
    assert done.returncode == 0 and "taken from kubernetes.entra-ids" in done.stderr, done.stderr
    assert done.stderr.count("[2K2KMallory Zoë €") == 2 and "\x1b" not in done.stderr, ascii(done.stderr)
    assert done.stderr.count("only the first page") == 1


def test_a_planted_file_for_the_secret_is_not_written_into(tmp_path):
    desk = Desk(tmp_path / "desk", "--with-directory")
    planted = desk.folder / "secret.new"
    planted.write_text("")
    planted.chmod(0o666)
    with planted.open() as opened:
        assert desk.register().returncode == 0
        assert opened.read() == ""
    secret = desk.folder / "secret"
    assert secret.read_text() == "a-secret\n" and secret.stat().st_mode & 0o777 == 0o600


def test_terraform_leaves_other_admins_alone():
    text = run("register", "--format", "terraform", "--add-me").stdout
    resources = {kind.strip('"'): body for item in hcl2.loads(text)["resource"] for kind, body in item.items()}
    assert "azuread_group_member" in resources and "ignore_changes = [member_object_id]" in text
    assert not re.search(r"^ *members *=", text, re.MULTILINE)


def test_the_fragment_can_be_pasted_into_a_tenant(tmp_path):
    desk = Desk(tmp_path / "desk", "--with-directory", "--with-app-role", "Viewer", "--pop", "cluster.example")
    said = desk.register().stdout
    lines = said.split("In /etc/kube-entra/kube-entra.yaml")[1].splitlines()
    fragment = "\n".join(line for line in lines if line.startswith("    "))
    (tmp_path / "secret").write_text("a-secret\n")
    (tmp_path / "secret").chmod(0o600)
    tenant = "tenants:\n  - tenantID: 11111111-2222-3333-4444-555555555555\n    audiences: [aaaaaaaa-0000-0000-0000-000000000000]\n"
    (tmp_path / "config.yaml").write_text(
        f"apiVersion: kube-entra.dev/v1\nkind: WebhookConfiguration\n{tenant}{fragment}\n"
    )
    done = run("config", "check", "--config", str(tmp_path / "config.yaml"))
    assert "clusterHost: cluster.example" in fragment
    for word in ("unknown", "while parsing", "duplicate", "not a key"):
        assert word not in done.stdout + done.stderr, done.stdout + done.stderr
    assert "-m 0600 secret /etc/kube-entra/secret" in said and "in the tenant" in said
