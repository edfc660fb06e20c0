"""Hostile text in everything that a command reads."""

import json
import re
import unicodedata

import yaml
from certificates import self_signed
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

MARK = "EVIL"


# A line end and a workflow command of GitHub's, a colour, a logging command of Azure Pipelines, a C1 control, an escape
# sequence, a right-to-left override, a zero-width space, a filler and a tag.
HOSTILE = f"{MARK}\n::error::x\u001b[31m##vso[x]\u009b2J\u001b[8m\u202e\u200b\u3164\U000e0041{MARK}"


# A configuration refuses control characters; invisible characters are a finding.
UNSEEN = f"::error::{MARK}##[error]\u202e\u200b\u3164\U000e0041{MARK}"
TENANT = "11111111-2222-3333-4444-555555555555"
GROUP = "5d24aaaa-bbbb-cccc-dddd-eeeeafa27aed"


def harmful(text):
    """Characters that are invisible, or that control a terminal, and lines that CI takes for commands or that begin
    within a value."""
    # GitHub looks for `::` at the beginning, also after white space, and for `##[` anywhere; Azure for `##vso[`.
    found = re.findall(r"^\s*(?:::[a-z]|\ufffd:error::x).*|.*##[a-z]*\[.*", text, re.MULTILINE)
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


def quoted(text):
    """A YAML key or value in double quotes; unlike json.dumps, without surrogates."""
    return '"' + "".join(c if " " < c < "\x7f" and c not in '"\\' else f"\\U{ord(c):08x}" for c in text) + '"'


def broken(folder):
    """A configuration whose unknown fields, one of them twice, are a stranger's."""
    path = folder / "broken.yaml"
    configuration(path)
    path.write_text(f"{path.read_text()}\n    {quoted(HOSTILE)}: 1\n" + f"{quoted(HOSTILE)}: 1\n" * 2)
    return str(path)


def claimed(folder, value):
    """A configuration that requires a claim of a stranger's name."""
    path = folder / "claimed.yaml"
    configuration(path)
    path.write_text(f"{path.read_text()}\n    requiredClaims: {{{quoted(HOSTILE)}: {value}}}\n")
    return str(path)


def suite(folder, **more):
    case = {"name": UNSEEN, "given": {"user": "ada@example.com"}, "expect": {"admitted": False}}
    return write(folder / "suite.yaml", yaml.safe_dump({"tests": [{**case, **more}]}, width=1000))


def strange_file(folder, name, text):
    """A folder with one file that has a stranger's name."""
    (folder / "strange").mkdir()
    (folder / "strange" / name).write_text(text)
    return str(folder / "strange")


def certificate(path):
    made = self_signed(ec.generate_private_key(ec.SECP256R1()), HOSTILE)
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    return str(path)


def write(path, value):
    path.write_text(value if isinstance(value, str) else json.dumps(value))
    return str(path)


def key_set(entra, folder):
    key = dict(entra.keys[-1].jwk(), kid=HOSTILE, issuer=HOSTILE, kty="RSA")
    return write(folder / "keys.json", {"keys": [key, {"kty": HOSTILE, "kid": "other"}]})


def kubeconfig(folder):
    return write(
        folder / "kubeconfig.yaml",
        yaml.safe_dump(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "current-context": HOSTILE,
                "contexts": [{"name": HOSTILE, "context": {"cluster": HOSTILE, "user": HOSTILE}}],
                "clusters": [{"name": HOSTILE, "cluster": {"server": f"https://{HOSTILE}.example"}}],
                "users": [{"name": HOSTILE, "user": {"token": "x"}}],
            }
        ),
    )


def aks(folder):
    return write(
        folder / "aks.json",
        {
            "name": HOSTILE,
            "aadProfile": {"managed": True, "tenantID": TENANT, "adminGroupObjectIDs": [GROUP], HOSTILE: True},
        },
    )


def cluster(folder, mark=HOSTILE):
    """RBAC objects in which every name, label and annotation was written by a stranger."""
    api = "rbac.authorization.k8s.io/v1"
    meta = {"name": mark, "annotations": {mark: mark, "kube-entra.dev/lint-allow": mark}, "labels": {mark: mark}}
    return write(
        folder / "cluster.json",
        {
            "kind": "List",
            "apiVersion": "v1",
            "items": [
                {
                    "apiVersion": api,
                    "kind": "ClusterRole",
                    "metadata": meta,
                    "rules": [
                        {"verbs": ["*", mark], "apiGroups": ["*", mark], "resources": ["*", mark], "resourceNames": []},
                        {"verbs": ["get"], "nonResourceURLs": ["/" + mark]},
                    ],
                },
                {
                    "apiVersion": api,
                    "kind": "ClusterRoleBinding",
                    "metadata": meta,
                    "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": mark},
                    "subjects": [
                        {"kind": "Group", "name": mark},
                        {"kind": "User", "name": mark},
                        {"kind": "Group", "name": GROUP},
                        {"kind": "ServiceAccount", "name": mark, "namespace": mark},
                    ],
                },
                {
                    "apiVersion": api,
                    "kind": "RoleBinding",
                    "metadata": {**meta, "namespace": mark},
                    "roleRef": {
                        "apiGroup": "rbac.authorization.k8s.io",
                        "kind": "ClusterRole",
                        "name": "not there " + mark,
                    },
                    "subjects": [{"kind": "Group", "name": "system:authenticated"}],
                },
                {"apiVersion": mark, "kind": mark, "metadata": meta},
            ],
        },
    )


def rbac(folder, *words):
    return ["rbac", *words, "--config", configuration(folder / "c.yaml"), "--cluster", cluster(folder)]


def named(folder):
    """A configuration whose names are a stranger's: display names are chosen by their owners."""
    names = {
        GROUP: {"displayName": HOSTILE, "kind": "group", "deleted": False},
        "9999aaaa-bbbb-cccc-dddd-eeeeffff0000": {"displayName": HOSTILE, "deleted": True},
    }
    write(folder / "names.json", {"names": names})
    path = configuration(folder / "named.yaml")
    (folder / "named.yaml").write_text((folder / "named.yaml").read_text() + "\nnames: names.json\n")
    return path


def deny_list(folder, reason=HOSTILE, **entry):
    entry = entry or {"objectID": "0b1ec700-0000-0000-0000-000000000001"}
    return write(folder / "denied.json", {"denied": [{**entry, "reason": reason}]})


def plugin(folder, output, error=""):
    path = folder / "plugin"
    (folder / "out").write_text(output)
    path.write_text(f"#!/bin/sh\ncat '{folder}/out'\n{error}\n")
    path.chmod(0o755)
    return str(path)


def credential(token):
    return json.dumps(
        {
            "kind": "ExecCredential",
            "apiVersion": "client.authentication.k8s.io/v1",
            "spec": {},
            "status": {"token": token},
        }
    )


def hints(**more):
    tenant = {
        "tenantID": TENANT,
        "cloud": "public",
        "authority": None,
        "audiences": [HOSTILE],
        "allowedClientAppIDs": [HOSTILE],
        "subjects": ["user"],
        "maximumTokenLifetime": "29h",
        "groupOverage": "deny",
        "proofOfPossession": "off",
        "clusterHost": HOSTILE,
    }
    return json.dumps(
        {
            "apiVersion": "kube-entra.dev/v1",
            "kind": "TokenHints",
            "writtenAt": HOSTILE,
            "configurationSHA256": HOSTILE,
            "clockSkew": "60s",
            "tenants": [tenant],
            **more,
        }
    )
