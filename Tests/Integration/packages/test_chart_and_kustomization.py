"""The Helm chart and the kustomization make the same objects, as they come and with what their documents show."""

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


def test_as_they_come(tmp_path):
    same({}, {}, tmp_path)


def test_the_further_files_that_the_documents_show(tmp_path):
    made = same(shown(CHART, "extraVolumes"), shown(KUSTOMIZATION, "volumeMounts"), tmp_path)
    pod = made["Deployment", "kube-entra"]["spec"]["template"]["spec"]
    [mount] = [mount for mount in pod["containers"][0]["volumeMounts"] if mount["name"] == "files"]
    [volume] = [volume for volume in pod["volumes"] if volume["name"] == "files"]
    assert mount["mountPath"] == "/etc/kube-entra-files" and mount["readOnly"]
    assert volume["secret"] == {"secretName": "kube-entra-files", "defaultMode": 0o440}
