"""The Helm chart and the kustomization make the same objects: unchanged, and with the examples of their documents."""

import itertools
import re

import yaml
from charts import CHART, KUSTOMIZATION, by_name, kustomized, rendered


def same(values, overlay, folder):
    made = by_name(kustomized(folder, overlay))
    # A chart is installed into a namespace that is there.
    del made["Namespace", "kube-entra"]
    assert by_name(rendered(values)) == made
    return made


def shown(folder, word):
    """The example of YAML in the folder's document that has `word`."""
    text = (folder / "README.md").read_text()
    [block] = [block for block in re.findall(r"```yaml\n(.*?)```", text, re.S) if word in block]
    return yaml.safe_load(block)


def commented(file, first):
    """The YAML that the file shows in a comment, from the line `first` to the end of the comment."""
    lines = file.read_text().splitlines()
    start = next(index for index, line in enumerate(lines) if line.strip() == f"# {first}")
    comment = itertools.takewhile(lambda line: line.startswith("#"), (line.strip() for line in lines[start:]))
    return yaml.safe_load("\n".join(line.removeprefix("# ") for line in comment))


def separate(rules):
    """One rule for each peer and port, in one order."""
    ways = [
        (str(peer), port["port"], port.get("protocol", "TCP"))
        for rule in rules
        for peer in rule.get("to", ["anything"])
        for port in rule["ports"]
    ]
    return sorted(ways, key=str)


def test_as_they_come(tmp_path):
    same({}, {}, tmp_path)


def test_the_further_files_that_the_documents_show(tmp_path):
    made = same(shown(CHART, "extraVolumes"), shown(KUSTOMIZATION, "volumeMounts"), tmp_path)
    pod = made["Deployment", "kube-entra"]["spec"]["template"]["spec"]
    [mount] = [mount for mount in pod["containers"][0]["volumeMounts"] if mount["name"] == "files"]
    [volume] = [volume for volume in pod["volumes"] if volume["name"] == "files"]
    assert mount["mountPath"] == "/etc/kube-entra-files" and mount["readOnly"]
    assert volume["secret"] == {"secretName": "kube-entra-files", "defaultMode": 0o440}


def test_the_further_ways_out_that_their_comments_show(tmp_path):
    """A proxy's port, and the DNS cache of the node, which is no pod of kube-system."""
    values = commented(CHART / "values.yaml", "egressPorts: [443, 3128]")
    rules = commented(KUSTOMIZATION / "networkpolicy.yaml", "- ports: [{ port: 3128 }]")
    # One rule with two ports lets through what two rules do.
    policy = by_name(rendered({"networkPolicy": values}))["NetworkPolicy", "kube-entra"]["spec"]["egress"]
    before = by_name(kustomized(tmp_path, {}))["NetworkPolicy", "kube-entra"]["spec"]["egress"]
    assert separate(policy) == separate(before + rules)
    assert len(separate(policy)) == len(separate(before)) + 3
