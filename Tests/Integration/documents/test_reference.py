"""The reference documents are the program's output, and its schemas agree with its readers."""

import json
import os
import subprocess

import jsonschema
import pytest
import yaml
from programs import ROOT
from webhook import PROGRAM, configuration, run

REFERENCE = ROOT / "deploy" / "reference"
HOW = "kube-entra reference --folder deploy/reference"


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("reference") / "made"
    code, out, err = run("reference", "--folder", str(folder))
    assert (code, out) == (0, ""), err
    return folder


def files(folder):
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_the_committed_documents_are_the_programs_own(written):
    made, committed = files(written), files(REFERENCE)
    assert sorted(made) == sorted(committed), f"write them again: {HOW}"
    for name, text in made.items():
        assert committed[name] == text, f"{name}: write it again: {HOW}"


def test_every_command_has_a_page(written):
    dump = json.loads(subprocess.run([PROGRAM, "--experimental-dump-help"], capture_output=True, text=True).stdout)

    def pages(command, above):
        words = [*above, command["commandName"]]
        yield "-".join(words)
        for one in command.get("subcommands", []):
            if one["commandName"] != "help":
                yield from pages(one, words)

    names = set(pages(dump["command"], []))
    assert names == {path.stem for path in (written / "man").iterdir()}
    for name in names:
        text = (written / "man" / f"{name}.1").read_text()
        assert text.startswith('.TH "') and ".SH NAME\n" in text and ".SH SYNOPSIS\n" in text


def test_links_and_tables_are_whole(written):
    import re

    pages = list(written.glob("*.md"))
    assert len(pages) > 3
    for path in pages:
        text = path.read_text()
        for target in re.findall(r"\]\(([^)]+)\)", text):
            assert (written / target).exists(), (path.name, target)
        rows = [line for line in text.splitlines() if line.startswith("|")]
        assert all(row.endswith("|") for row in rows), path.name


def schema(*options):
    return json.loads(run("config", "schema", *options)[1])


def accepts(schema, document):
    return jsonschema.Draft202012Validator(schema).is_valid(document)


def check(folder, document):
    path = folder / "config.yaml"
    path.write_text(json.dumps(document))
    return run("config", "check", "--no-files", str(path))[0] == 0


def test_the_schemas_are_schemas():
    for options in [(), ("--of", "configuration"), ("--of", "suite")]:
        jsonschema.Draft202012Validator.check_schema(schema(*options))
    assert run("config", "schema", "--of", "nonsense")[0] == 64


def changed(path, value):
    document = configuration()
    place = document
    *above, last = path.split(".")
    for name in above:
        place = place[int(name)] if isinstance(place, list) else place.setdefault(name, {})
    if value is KeyError:
        del place[last]
    else:
        place[last] = value
    return document


DENIED = {"objectID": "7777aaaa-bbbb-cccc-dddd-eeeeffff0000", "reason": "left"}


@pytest.mark.parametrize(
    "path, value",
    [
        ("server.eventLoops", "auto"),
        ("server.eventLoops", 4),
        ("server.cryptography", "fips"),
        ("server.protocols", ["h2"]),
        ("names", None),
        ("names", "names.json"),
        ("limits.connectionsPerPeer", 3),
        ("limits.clockSkew", "0s"),
        ("tenants.0.tenantID", "{11111111-2222-3333-4444-55555555555A}"),
        ("tenants.0.authority", None),
        ("tenants.0.requiredClaims", {"acct": 0, "acrs": ["c1", "c2"], "x": True, "y": 1.5}),
        ("tenants.0.maximumTokenLifetime", "1h30m"),
        ("tenants.0.denied", [DENIED]),
        ("tenants.0.denied", [{**DENIED, "until": "2026-12-01T00:00:00Z"}]),
        (
            "tenants.0.directory",
            {"managedIdentity": True, "watch": "everyone", "watchEvery": "2s", "whenSilent": "refuse"},
        ),
        ("kubernetes.username", "upnLowercase"),
        ("logging", None),
        ("kubernetes.groupPrefix", "g:"),
    ],
)
def test_what_the_reader_takes_the_schema_takes(tmp_path, path, value):
    document = changed(path, value)
    assert (
        check(tmp_path, document) and accepts(schema(), document) and accepts(schema("--of", "configuration"), document)
    )


@pytest.mark.parametrize(
    "path, value",
    [
        ("server.eventLoops", 0),
        ("server.eventLoops", "many"),
        ("server.protocols", []),
        ("server.protocols", ["h3"]),
        ("server.certificate", KeyError),
        ("server", KeyError),
        ("tenants", KeyError),
        ("tenants", []),
        ("kind", "Webhook"),
        ("sever", {}),
        ("limits.connectionsPerPeer", "3"),
        ("limits.clockSkew", 60),
        ("limits.tokenBytes", 1.5),
        ("tenants.0.tenantID", "common"),
        ("tenants.0.audiences", KeyError),
        ("tenants.0.audiences", []),
        ("tenants.0.requiredClaims", {"acrs": []}),
        ("tenants.0.requiredClaims", {"acrs": {}}),
        ("tenants.0.adminGroupObjectIDs", ["admins"]),
        ("tenants.0.denied", [{"objectID": DENIED["objectID"]}]),
        ("tenants.0.denied", [{**DENIED, "until": "tomorrow"}]),
        ("tenants.0.denied", [{**DENIED, "reason": "x" * 257}]),
        ("tenants.0.groupMappings", [{"groupObjectID": DENIED["objectID"]}]),
        ("kubernetes.username", "email"),
        ("tenants.0.directory", {"managedIdentity": True, "watch": "all"}),
        ("logging.level", True),
        ("kubernetes.adminGroups", "admins"),
        ("tenants.0.clusterHost", "https://x"),
        ("names", ""),
    ],
)
def test_what_the_schema_refuses_the_reader_refuses(tmp_path, path, value):
    document = changed(path, value)
    assert not accepts(schema(), document) and not accepts(schema("--of", "configuration"), document)
    assert not check(tmp_path, document)


def test_files_of_the_project_fit_their_schemas():
    both = schema()
    for path in [*ROOT.glob("deploy/kustomize/kube-entra.yaml")]:
        assert accepts(both, yaml.safe_load(path.read_text())), path
    suite = {
        "tests": [
            {
                "name": "a",
                "given": {"groups": ["5d24aaaa-bbbb-cccc-dddd-eeeeafa27aed"], "kind": "guest"},
                "expect": {"admitted": False, "reason": "subject_kind_not_allowed"},
            }
        ]
    }
    assert accepts(both, suite) and accepts(schema("--of", "suite"), suite)
    suite["tests"][0]["expect"]["admited"] = True
    assert not accepts(both, suite)


def test_decision_lines_fit_their_schemas(certificates, entra):
    from webhook import Webhook

    config = configuration()
    config["logging"] = {"format": "json", "audit": "reference-audit.jsonl"}
    entra.write_key_file(certificates.path("keys.json"))
    webhook = Webhook(certificates, config, "reference.yaml").start()
    try:
        webhook.review(entra.token())
        webhook.review(entra.token(tid="99999999-2222-3333-4444-555555555555"))
        webhook.review("a.b.c")
    finally:
        webhook.stop()
    lines = [json.loads(line) for line in webhook.log().splitlines() if line.startswith("{")]
    lines = [line for line in lines if line["message"] == "token review"]
    audit = os.path.join(os.path.dirname(webhook.config_path), "reference-audit.jsonl")
    audited = [json.loads(line) for line in open(audit)]
    assert len(lines) == 3 and len(audited) == 2
    for name, found in (("log", lines), ("audit", audited)):
        form = json.loads((REFERENCE / f"{name}.schema.json").read_text())
        strict = {**form, "additionalProperties": False}
        for line in found:
            jsonschema.validate(line, strict)


def test_every_rule_of_the_code_scanners_is_listed(written, tmp_path):
    """Of both linters, for files with findings and for those that cannot be used."""
    (tmp_path / "good.yaml").write_text(yaml.safe_dump(configuration()))
    (tmp_path / "bad.yaml").write_text("kind: WebhookConfiguration\n")
    (tmp_path / "role.yaml").write_text("kind: ClusterRole\nmetadata: {}\n")
    binding = {"kind": "ClusterRoleBinding", "metadata": {"name": "b"}, "roleRef": {"kind": "ClusterRole", "name": "r"}}
    (tmp_path / "binding.yaml").write_text(yaml.safe_dump({**binding, "subjects": []}))
    text = (written / "lint-rules.md").read_text()
    seen = set()
    for words in (
        ["config", "check", "--no-files", "good.yaml"],
        ["config", "check", "--no-files", "bad.yaml"],
        ["rbac", "lint", "--config", "good.yaml", "--cluster", "binding.yaml"],
        ["rbac", "lint", "--config", "good.yaml", "--cluster", "role.yaml"],
        ["rbac", "lint", "--config", "bad.yaml", "--cluster", "binding.yaml"],
    ):
        done = subprocess.run([PROGRAM, *words, "--output", "sarif"], cwd=tmp_path, capture_output=True, text=True)
        (run,) = json.loads(done.stdout)["runs"]
        for rule in run["tool"]["driver"]["rules"]:
            assert f"\n| `{rule['id']}` |" in text, rule
            assert rule["shortDescription"]["text"] in text, rule
            seen.add(rule["id"])
    assert {"configuration-invalid", "rbac-invalid", "group-never-given", "shared-audience"} < seen
