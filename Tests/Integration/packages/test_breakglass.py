"""The commands for an admin's certificate that works without Entra, as they stand in the document."""

import json

import yaml
from document_blocks import blocks
from programs import ROOT

OPERATIONS = ROOT / "deploy" / "operations" / "README.md"

# As kubeadm since 1.22, and `kubeadm alpha` of 1.20.2, which was tried: the configuration is required, with its kind.
KUBEADM = """#!/bin/sh
[ "$1 $2" = "kubeconfig user" ] || exit 2
shift 2
while [ $# -gt 0 ]; do
    case "$1" in
        --config) config=$2 ;;
        --client-name) name=$2 ;;
        --org) org=$2 ;;
        *) echo "unknown flag: $1" >&2; exit 1 ;;
    esac
    shift 2
done
[ -n "$config" ] || { echo 'required flag(s) "config" not set' >&2; exit 1; }
grep -qx 'kind: ClusterConfiguration' "$config" && grep -q '^apiVersion: kubeadm.k8s.io/' "$config" || exit 1
echo "{\\"user\\": \\"$name\\", \\"group\\": \\"$org\\"}"
"""
CONFIGURATION = "apiVersion: kubeadm.k8s.io/v1beta4\ncertificatesDir: /etc/kubernetes/pki\nkind: ClusterConfiguration\n"


def test_the_certificate_is_made_and_its_group_is_bound(user, tmp_path):
    cluster, run = user
    [commands] = [block for block in blocks(OPERATIONS, "sh") if "breakglass" in block]
    (tmp_path / "bin/kubeadm").write_text(KUBEADM)
    (tmp_path / "bin/kubeadm").chmod(0o755)
    configmap = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "kubeadm-config", "namespace": "kube-system"},
    }
    cluster.add("configmaps", {**configmap, "data": {"ClusterConfiguration": CONFIGURATION}}, "kube-system")
    # Asked to, kubectl shows what it would create.
    run(commands.rstrip().replace("--group=", "--dry-run=client --output json --group=") + " > binding.json")
    made = yaml.safe_load((tmp_path / "breakglass.conf").read_text())
    assert (tmp_path / "breakglass.conf").stat().st_mode & 0o077 == 0
    binding = json.loads((tmp_path / "binding.json").read_text())
    assert binding["roleRef"]["name"] == "cluster-admin"
    assert [(subject["kind"], subject["name"]) for subject in binding["subjects"]] == [("Group", made["group"])]
