"""`rbac lint`: a fresh cluster, findings with their places, and SARIF."""

import json
import shlex
import subprocess

import fresh_cluster
import pytest
import sarif
import yaml
from entra import ADMINS
from rbac_objects import ADMIN_GROUP, ADMIN_ROLE, ADMINS_ARE_BOUND, READER, binding, group, user
from webhook import configuration, run


def test_a_fresh_cluster_has_no_finding(tmp_path):
    (tmp_path / "c.yaml").write_text(yaml.safe_dump(configuration()))
    (tmp_path / "bound.yaml").write_text(yaml.safe_dump(ADMINS_ARE_BOUND))
    (tmp_path / "fresh.json").write_text(fresh_cluster.text())
    files = ["--config", str(tmp_path / "c.yaml"), "--cluster", str(tmp_path / "fresh.json")]
    more = ["--cluster", str(tmp_path / "bound.yaml")]
    code, out, err = run("rbac", "lint", "--strict", "--output", "json", *files, *more)
    answer = json.loads(out)
    assert (code, answer["findings"], err) == (0, [], "")
    count = len(fresh_cluster.objects()) + 1
    assert answer["input"] == {"objects": count, "passedOver": 0, "unknownKinds": {}}
    code, out, _ = run("rbac", "who", "--can", "*", "*.*", "--output", "json", *files, *more)
    answer = json.loads(out)
    assert code == 0 and [entry["objectID"] for entry in answer["who"]] == [ADMINS]
    assert [entry["name"] for entry in answer["others"]] == ["kubeadm:cluster-admins", "system:masters"]
    # Everybody may ask what they may do, and no more.
    code, out, _ = run("rbac", "explain", "--user", "a@b.c", "--output", "json", *files)
    answer = json.loads(out)
    assert code == 0 and not answer["everything"] and len(answer["rules"]) == 4
    assert {path["kubernetesGroup"] for one in answer["rules"] for path in one["paths"]} == {"system:authenticated"}


def test_the_advice_for_an_unbound_admin_group_mends_it(tmp_path):
    (tmp_path / "c.yaml").write_text(yaml.safe_dump(configuration()))
    (tmp_path / "cluster.json").write_text(fresh_cluster.text())
    words = [
        "rbac",
        "lint",
        "--strict",
        "--config",
        str(tmp_path / "c.yaml"),
        "--output",
        "json",
        "--cluster",
        str(tmp_path / "cluster.json"),
    ]
    code, out, _ = run(*words)
    finding = json.loads(out)["findings"][0]
    assert code == 1 and finding["rule"] == "admin-group-unbound" and finding["binding"] is None
    assert finding["subject"] == {"kind": "Group", "name": ADMIN_GROUP}
    done = subprocess.run(
        [*shlex.split(finding["hint"]), "--dry-run=client", "-o", "yaml"], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    (tmp_path / "more.yaml").write_text(done.stdout)
    code, out, _ = run(*words, str(tmp_path / "more.yaml"))
    assert (code, json.loads(out)["findings"]) == (0, [])


def test_lint_says_what_and_where(ask, tmp_path):
    objects = [ADMIN_ROLE, READER, ADMINS_ARE_BOUND, binding("b", "reader", group("Platform Team"), namespace="a")]
    code, answer, _ = ask("rbac", "lint", objects=objects)
    assert code == 0 and len(answer["findings"]) == 1
    finding = answer["findings"][0]
    assert set(finding) == {"rule", "severity", "binding", "subject", "message", "hint"}
    assert (finding["rule"], finding["severity"]) == ("group-is-a-display-name", "warning")
    assert finding["binding"] == {"kind": "RoleBinding", "namespace": "a", "name": "b"}
    assert finding["subject"] == {"kind": "Group", "name": "Platform Team"}
    assert ask("rbac", "lint", "--strict", objects=objects)[0] == 1
    code, text, _ = ask("rbac", "lint", objects=objects, output="text")
    assert f"{tmp_path}/cluster.yaml:" in text and "[group-is-a-display-name]" in text and "1 warning" in text
    allowed = {"kube-entra.dev/lint-allow": "group-is-a-display-name it comes by certificate"}
    quiet = objects[:3] + [binding("b", "reader", group("Platform Team"), annotations=allowed)]
    code, answer, _ = ask("rbac", "lint", "--strict", objects=quiet)
    assert (code, answer["findings"]) == (0, [])
    for useless in ("group-is-a-display-name", "nosuch-rule for a reason"):
        loud = objects[:3] + [
            binding("b", "reader", group("Platform Team"), annotations={"kube-entra.dev/lint-allow": useless})
        ]
        code, answer, err = ask("rbac", "lint", "--strict", objects=loud)
        assert (code, len(answer["findings"])) == (1, 1) and "silences nothing" in err
    code, text, _ = ask("rbac", "lint", objects=objects, output="markdown")
    assert "\N{WARNING SIGN} |" in text and "\N{REPLACEMENT CHARACTER}" not in text
    assert "| --- |" in text and "group-is-a-display-name" in text


def check_sarif(log):
    sarif.check(log)
    assert log["version"] == "2.1.0" and log["$schema"].endswith("sarif-schema-2.1.0.json")
    (found,) = log["runs"]
    rules = found["tool"]["driver"]["rules"]
    assert found["tool"]["driver"]["name"] == "kube-entra" and len({one["id"] for one in rules}) == len(rules)
    for result in found["results"]:
        assert result["ruleId"] == rules[result["ruleIndex"]]["id"]
        assert result["level"] in ("error", "warning", "note") and result["message"]["text"]
        physical = result["locations"][0]["physicalLocation"]
        assert physical["artifactLocation"]["uri"] and physical["region"]["startLine"] >= 1
        assert physical["region"]["startColumn"] >= 1
    return found["results"]


def test_findings_in_sarif_have_their_rules_and_places(ask, tmp_path):
    objects = [READER, binding("b", "reader", group("ops"), user("a@b.c"))]
    code, log, _ = ask("rbac", "lint", objects=objects, output="sarif")
    results = check_sarif(log)
    assert [one["ruleId"] for one in results] == ["group-never-given", "upn-can-be-given-again", "admin-group-unbound"]
    assert (
        results[0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == f"file://{tmp_path}/cluster.yaml"
    )
    assert results[2]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == f"file://{tmp_path}/c.yaml"
    path = tmp_path / "c.yaml"
    path.write_text(yaml.safe_dump(configuration(subjects=["user", "guest"])) + "# kube-entra:allow nosuch rule\n")
    code, out, _ = run("config", "check", "--no-files", str(path), "--output", "sarif")
    assert {one["ruleId"] for one in check_sarif(json.loads(out))} == {"guests-can-be-admins", "allowance-unknown"}
    # A name of which a URI takes no character as it is.
    path = tmp_path / 'a b%20\u00e9"<>^`{|}.yaml'
    path.write_text("apiVersion: x\n")
    code, out, _ = run("config", "check", "--no-files", str(path), "--output", "sarif")
    uris = {one["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for one in check_sarif(json.loads(out))}
    assert uris == {path.as_uri()}
    assert code == 2 and all(one["level"] == "error" for one in check_sarif(json.loads(out)))


def test_a_finding_that_is_silenced_is_not_in_sarif(ask):
    allowed = {"kube-entra.dev/lint-allow": "group-never-given it comes by certificate"}
    for annotations, found in ((None, ["group-never-given"]), (allowed, [])):
        objects = [READER, ADMIN_ROLE, ADMINS_ARE_BOUND, binding("b", "reader", group("ops"), annotations=annotations)]
        _, log, _ = ask("rbac", "lint", objects=objects, output="sarif")
        assert [one["ruleId"] for one in check_sarif(log)] == found


@pytest.mark.parametrize(
    "name, text, line, column, part",
    [
        ("cluster.yaml", "kind: ClusterRole\nmetadata: {name: a}\nrules: [{verbs: get}]\n", 3, 17, "must be a list"),
        ("cluster.yaml", "kind: RoleBinding\nmetadata: {name: [\n", 3, 1, ""),
        ("cluster.yaml", None, 1, 1, "no such file"),
        ("c.yaml", "apiVersion: kube-entra.dev/v1\nkind: WebhookConfiguration\ntenantz: []\n", 3, 1, "tenantz"),
        ("c.yaml", None, 1, 1, "no such file"),
    ],
)
def test_what_cannot_be_read_is_in_sarif_too(name, text, line, column, part, tmp_path):
    files = {"c.yaml": yaml.safe_dump(configuration()), "cluster.yaml": yaml.safe_dump(READER), name: text}
    for file, content in files.items():
        if content is not None:
            (tmp_path / file).write_text(content)
    words = ["--config", str(tmp_path / "c.yaml"), "--cluster", str(tmp_path / "cluster.yaml")]
    code, out, err = run("rbac", "lint", *words, "--output", "sarif")
    results = [one for one in check_sarif(json.loads(out)) if part in one["message"]["text"]]
    assert code == 2 and name in err and results and {one["level"] for one in results} == {"error"}
    place = results[0]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == f"file://{tmp_path}/{name}"
    assert (place["region"]["startLine"], place["region"]["startColumn"]) == (line, column)
    # Other formats have nothing on standard output.
    assert run("rbac", "lint", *words, "--output", "json")[1] == ""
