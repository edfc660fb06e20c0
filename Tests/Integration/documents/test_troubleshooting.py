"""The ten most frequent mistakes: the programs' message for each, and the one command that fixes it. This test writes
the page in deploy/troubleshooting if UPDATE_DOCUMENTS=1 is set."""

import json
import os
import re
import shlex
import subprocess
import textwrap
import time

import pytest
import yaml
from entra import ADMINS, AUDIENCE, DEVELOPERS, LEFT_OUT, OBJECT, OTHER_TENANT, TENANT
from programs import ROOT
from webhook import PROGRAM, run

# The client application of `register`, as in README.
CLIENT = "bbbbbbbb-1111-0000-0000-000000000000"
PAGE = ROOT / "deploy/troubleshooting/README.md"
CONFIG = {
    "apiVersion": "kube-entra.dev/v1",
    "kind": "WebhookConfiguration",
    "server": {"certificate": "s.crt", "privateKey": "s.key", "clientCA": "c.crt"},
    "tenants": [
        {
            "tenantID": TENANT,
            "audiences": [AUDIENCE],
            "allowedClientAppIDs": [CLIENT],
            "adminGroupObjectIDs": [ADMINS],
            "groupMappings": [{"groupObjectID": DEVELOPERS, "kubernetesGroups": ["developers"]}],
        }
    ],
}
NOW = int(time.time())

# Writes a kubeconfig with the configuration's IDs and its hints, for whoever has the wrong one: on a node,
# ~/.kube/config is root's.
KUBECONFIG = (
    "kube-entra kubeconfig user --explain --config kube-entra.yaml --server https://cluster.example:6443 --ca ca.crt"
    f" --client-id {CLIENT} --login interactive --out kubeconfig.yaml --force"
)

# The mistake, the resulting token, and the command that fixes it.
TOKENS = [
    (
        "The wrong audience",
        "kubelogin has another application's `--server-id`.",
        {"aud": CLIENT},
        KUBECONFIG,
    ),
    (
        "The wrong tenant",
        "Somebody is signed in to another tenant.",
        {"tenant": OTHER_TENANT},
        KUBECONFIG,
    ),
    (
        "The wrong cloud",
        "kubelogin has another `--environment`.",
        {"iss": f"https://login.microsoftonline.us/{TENANT}/v2.0", "ver": "2.0", "azp": CLIENT, "appid": LEFT_OUT},
        KUBECONFIG,
    ),
    (
        "The wrong client",
        "An application that is not allowed requested the token.",
        {"appid": "04b07795-8ddb-461a-bbee-02f9e1bf7b46"},
        KUBECONFIG,
    ),
    (
        "An ID token",
        "A tool other than kubelogin put an ID token into the kubeconfig.",
        {"appid": LEFT_OUT},
        KUBECONFIG,
    ),
    (
        "An expired token",
        "The token was copied, or a cache is older than it should be.",
        {"iat": 1, "nbf": 1, "exp": 3601},
        "kubelogin remove-cache-dir",
    ),
    (
        "A wrong clock",
        "This computer's clock is behind.",
        {"iat": NOW + 10**6, "nbf": NOW + 10**6, "exp": NOW + 10**6 + 3600},
        "timedatectl set-ntp true",
    ),
]


def rename_subject(name):
    patch = json.dumps([{"op": "replace", "path": "/subjects/0/name", "value": name}], separators=(",", ":"))
    return f"kubectl patch clusterrolebinding team --type=json -p '{patch}'"


# The binding, the finding of `rbac lint`, and the command that fixes it.
BINDINGS = [
    (
        "A binding by display name",
        "Display names are never in a token.",
        {"kind": "Group", "name": "Platform Team"},
        "group-is-a-display-name",
        rename_subject(DEVELOPERS),
    ),
    (
        "A binding by a user's object ID",
        "People are named by their user principal name.",
        {"kind": "User", "name": OBJECT},
        "object-id-of-a-user",
        rename_subject("ada@example.com"),
    ),
]


GROUPS = f"az ad app update --id {AUDIENCE} --set groupMembershipClaims=SecurityGroup"
COMMANDS = [entry[-1] for entry in TOKENS + BINDINGS] + [GROUPS]

# A binding that has what it needs.
GOOD = {"kind": "Group", "name": DEVELOPERS}


class Bench:
    def __init__(self, folder, entra, authority):
        self.folder, self.entra = folder, entra
        (folder / "kube-entra.yaml").write_text(yaml.safe_dump(CONFIG))
        self.authority = authority
        self.hints = run("config", "hints", str(folder / "kube-entra.yaml"))[1]

    def credential(self, claims):
        """What kubectl's user sees, without the digest, which differs between tokens."""
        output = json.dumps(
            {
                "kind": "ExecCredential",
                "apiVersion": "client.authentication.k8s.io/v1beta1",
                "status": {"token": self.entra.token(**{"appid": CLIENT, **claims})},
            }
        )
        done = subprocess.run(
            [PROGRAM, "credential", "--hints", self.hints, "--", "echo", output], capture_output=True, timeout=60
        )
        assert done.returncode == 0 and done.stdout.decode().strip() == output
        return re.sub(r"\(token [0-9a-f]{12}\)", "(token 1a2b3c4d5e6f)", done.stderr.decode().strip())

    def kubelogin(self):
        """kubelogin's options in the kubeconfig that the page's command writes over a wrong one."""
        home = self.folder / "home"
        (home / ".kube").mkdir(parents=True, exist_ok=True)
        (self.folder / "ca.crt").write_text(self.authority)
        # As on the machine of somebody who has the program in the path.
        (home / "kube-entra").unlink(missing_ok=True)
        (home / "kube-entra").symlink_to(os.path.abspath(PROGRAM))
        environment = {"HOME": str(home), "PATH": f"{home}:{os.environ['PATH']}"}
        wrong = KUBECONFIG.replace(
            "--explain --config kube-entra.yaml",
            f"--server-id {OBJECT} --tenant-id {OTHER_TENANT} --cloud china",
        ).replace(f"{CLIENT} --login interactive", f"{AUDIENCE} --login devicecode")
        for command in (wrong, KUBECONFIG):
            done = subprocess.run(
                ["sh", "-c", command], cwd=self.folder, env=environment, capture_output=True, text=True, timeout=60
            )
            assert done.returncode == 0, done.stderr
        config = yaml.safe_load((self.folder / "kubeconfig.yaml").read_text())
        assert len(config["users"]) == 1
        words = config["users"][0]["user"]["exec"]["args"]
        options = words[words.index("--") + 3 :]
        return {name.removeprefix("--"): value for name, value in zip(options[::2], options[1::2])}

    def lint(self, subject):
        role = {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRole",
            "metadata": {"name": "view"},
            "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}],
        }
        binding = {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": "team"},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"},
            "subjects": [{"apiGroup": "rbac.authorization.k8s.io", **subject}],
        }
        return self.lint_documents([role, binding], subject)

    def lint_documents(self, documents, subject):
        (self.folder / "cluster.yaml").write_text(yaml.safe_dump_all(documents))
        out = run(
            "rbac",
            "lint",
            "--config",
            str(self.folder / "kube-entra.yaml"),
            "--cluster",
            str(self.folder / "cluster.yaml"),
            "--output",
            "json",
        )[1]
        return [f for f in json.loads(out)["findings"] if f["subject"] == subject]

    def lint_line(self, subject):
        lines = [f"{f['severity']}: {f['message']} [{f['rule']}] → {f['hint']}" for f in self.lint(subject)]
        assert len(lines) <= 1
        return "".join(lines)


@pytest.fixture(scope="module")
def bench(tmp_path_factory, certificates):
    from entra import Entra

    folder = tmp_path_factory.mktemp("troubleshooting")
    with open(certificates.path("ca.crt")) as file:
        return Bench(folder, Entra(str(folder), certificates), file.read())


def said(who, text):
    if not text:
        return f"{who}: nothing.\n"
    block = "\n".join(
        textwrap.wrap(text, 116, subsequent_indent="    ", break_on_hyphens=False, break_long_words=False)
    )
    return f"{who}:\n\n```\n{block}\n```\n"


def section(title, cause, credential, lint, command, inspect=None):
    parts = [f"## {title}\n\n{cause}\n", said("kubectl with `credential`", credential), said("`rbac lint`", lint)]
    if inspect:
        parts.append(said("`inspect`", inspect))
    return "\n".join(parts) + f"\nThe fix:\n\n```sh\n{command}\n```\n"


def page(bench):
    parts = [
        "# The ten most frequent mistakes\n\n"
        'kubectl prints only "You must be logged in to the server (Unauthorized)", or "(the server has asked for the\n'
        'client to provide credentials)". With a kubeconfig from `kube-entra kubeconfig user --explain`, which runs\n'
        "kubelogin through `kube-entra credential`, the reason is above that error, several times if kubectl tries\n"
        "several times. `kubectl entra why` explains it in detail. `kube-entra rbac lint` finds bindings that can\n"
        "never match. For each mistake, here is what the two print, and the one command that fixes it. Run\n"
        "`kubeconfig user` where the webhook's configuration is, and give its kubeconfig.yaml to the person, in place\n"
        "of the old one. `cluster.example` and `team` stand for your cluster and binding, `ca.crt` for the CA of\n"
        "kube-apiserver (with kubeadm `/etc/kubernetes/pki/ca.crt`), `bbbbbbbb-…` for the client application that\n"
        "`register` made. Every other reason is in [the reference](../reference/reasons.md).\n"
    ]
    for title, cause, claims, command in TOKENS:
        parts.append(section(title, cause, bench.credential(claims), bench.lint_line(GOOD), command))
    parts.append(
        section(
            "No groups in the token",
            "The sign-in works and everything is Forbidden: the server application does not emit groups.",
            bench.credential({"groups": LEFT_OUT}),
            bench.lint_line(GOOD),
            GROUPS,
            inspect="in groups   0, of which 0 admin and 0 mapped",
        )
    )
    for title, cause, subject, _rule, command in BINDINGS:
        parts.append(section(title, cause, bench.credential({}), bench.lint_line(subject), command))
    return "\n".join(parts)


def test_the_page_is_what_the_programs_say(bench):
    made = page(bench)
    if os.environ.get("UPDATE_DOCUMENTS"):
        PAGE.parent.mkdir(exist_ok=True)
        PAGE.write_text(made)
    assert PAGE.read_text() == made


@pytest.mark.parametrize("title,cause,claims,command", TOKENS, ids=[entry[0] for entry in TOKENS])
def test_each_mistake_has_a_code_of_its_own_and_the_value_that_mends_it(bench, title, cause, claims, command):
    line = bench.credential(claims)
    assert re.match(r"kube-entra: [a-z_]+: ", line), title
    # What the person is told is what the command writes.
    for option, value in re.findall(r"--(server-id|tenant-id|environment|client-id) (?:to )?(\S+?),? ", line):
        assert bench.kubelogin()[option] == value, title


def test_each_command_is_one_line_that_can_be_pasted():
    assert len(COMMANDS) == 10
    for command in COMMANDS:
        assert "\n" not in command and not re.search(r"[#$<>…]", command), command
        assert shlex.split(command)[0] in {"kube-entra", "kubelogin", "kubectl", "timedatectl", "az"}


@pytest.mark.parametrize("title,cause,subject,rule,command", BINDINGS, ids=[entry[0] for entry in BINDINGS])
def test_the_command_mends_the_binding(bench, title, cause, subject, rule, command):
    bench.lint(subject)
    role, binding = yaml.safe_load_all((bench.folder / "cluster.yaml").read_text())
    words = shlex.split(command)
    assert words[:4] == ["kubectl", "patch", "clusterrolebinding", binding["metadata"]["name"]]
    done = subprocess.run(
        ["kubectl", "patch", "--local", "-f", "-", *words[4:], "-o", "json"],
        input=json.dumps(binding),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    mended = json.loads(done.stdout)
    found = bench.lint_documents([role, mended], mended["subjects"][0])
    assert [f for f in found if f["severity"] == "warning"] == [] and rule not in [f["rule"] for f in found]


@pytest.mark.parametrize("title,cause,subject,rule,command", BINDINGS, ids=[entry[0] for entry in BINDINGS])
def test_each_binding_is_found_by_its_rule(bench, title, cause, subject, rule, command):
    assert [f["rule"] for f in bench.lint(subject)] == [rule], title


def test_a_token_without_groups_is_shown_as_such(bench, entra, tmp_path):
    _, out, _ = run("inspect", "--config", str(bench.folder / "kube-entra.yaml"), input=entra.token(groups=LEFT_OUT))
    assert "in groups   0, of which 0 admin and 0 mapped" in out
