"""The Helm chart and the kustomization make the same objects: unchanged, and with the examples of their documents."""

import itertools
import json
import re

import pytest
import yaml
from charts import CHART, KUSTOMIZATION, by_name, kustomized, rendered

pytestmark = pytest.mark.usefixtures("tools")


def same(values, overlay, folder):
    made = by_name(kustomized(folder, overlay))
    # A chart is installed into a namespace that is there.
    del made["Namespace", "kube-entra"]
    chart = by_name(rendered(values))
    # The kustomization has no object of the Prometheus operator, which would have to be there.
    chart.pop(("ServiceMonitor", "kube-entra"), None)
    assert chart == made
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


def deployment(*operations):
    return patch("Deployment", *operations)


def patch(kind, *operations):
    """JSON Patch for the object of this kind, each operation as (what, where) or (what, where, value)."""
    names = ("op", "path", "value")
    return {"target": {"kind": kind}, "patch": json.dumps([dict(zip(names, each)) for each in operations])}


def without(kind, name="kube-entra"):
    versions = {
        "NetworkPolicy": "networking.k8s.io/v1",
        "PodDisruptionBudget": "policy/v1",
        "ClusterRoleBinding": "rbac.authorization.k8s.io/v1",
    }
    gone = {"$patch": "delete", "apiVersion": versions[kind], "kind": kind, "metadata": {"name": name}}
    return {"target": {"kind": kind}, "patch": json.dumps(gone)}


POD = "/spec/template/spec"
CONTAINER = f"{POD}/containers/0"
PREFERS_QUIET = {"key": "quiet", "operator": "Exists"}
OWN = {
    **yaml.safe_load((KUSTOMIZATION / "kube-entra.yaml").read_text()),
    "tenants": [
        {"tenantID": "99999999-2222-3333-4444-555555555555", "audiences": ["aaaaaaaa-9999-0000-0000-000000000000"]}
    ],
    "kubernetes": {"adminGroups": ["admins", "more"], "usernamePrefix": "entra:"},
}
OWN["server"] = {**OWN["server"], "listen": "[::]:9443", "operations": ":9480", "eventLoops": 2}

BOTH = {
    "as they come": ({}, {}),
    "another image": (
        {
            "image": {
                "repository": "localhost:5000/a/webhook",
                "tag": "1.2.3",
                "pullPolicy": "Always",
                "pullSecrets": [{"name": "registry"}],
            }
        },
        {
            "images": [
                {"name": "registry.example/kube-entra", "newName": "localhost:5000/a/webhook", "newTag": "1.2.3"}
            ],
            "patches": [
                deployment(
                    ("add", f"{CONTAINER}/imagePullPolicy", "Always"),
                    ("add", f"{POD}/imagePullSecrets", [{"name": "registry"}]),
                )
            ],
        },
    ),
    "another address and port of the Service": (
        {"service": {"clusterIP": "fd00::a:20", "port": 443}},
        {
            "patches": [
                patch(
                    "Service",
                    ("replace", "/spec/clusterIP", "fd00::a:20"),
                    ("replace", "/spec/ports/0/port", 443),
                )
            ]
        },
    ),
    "three replicas, of which two must run": (
        {"replicas": 3, "podDisruptionBudget": {"minAvailable": 2}},
        {
            "patches": [
                deployment(("replace", "/spec/replicas", 3)),
                patch("PodDisruptionBudget", ("replace", "/spec/minAvailable", 2)),
            ]
        },
    ),
    "one replica": (
        {"replicas": 1},
        {"patches": [deployment(("replace", "/spec/replicas", 1)), without("PodDisruptionBudget")]},
    ),
    "everything off": (
        {
            "networkPolicy": {"enabled": False},
            "podDisruptionBudget": {"enabled": False},
            "adminBinding": {"enabled": False},
        },
        {
            "patches": [
                without("NetworkPolicy"),
                without("PodDisruptionBudget"),
                without("ClusterRoleBinding", "kube-entra-cluster-admins"),
            ]
        },
    ),
    "closed to all but the control plane and another monitoring": (
        {"networkPolicy": {"apiServerCIDRs": ["192.0.2.0/28", "2001:db8::/64"], "monitoringNamespace": "metrics"}},
        {
            "patches": [
                patch(
                    "NetworkPolicy",
                    (
                        "add",
                        "/spec/ingress/0/from",
                        [{"ipBlock": {"cidr": "192.0.2.0/28"}}, {"ipBlock": {"cidr": "2001:db8::/64"}}],
                    ),
                    (
                        "replace",
                        "/spec/ingress/1/from/0/namespaceSelector/matchLabels/kubernetes.io~1metadata.name",
                        "metrics",
                    ),
                )
            ]
        },
    ),
    "ways out to other ports and to a DNS cache": (
        {
            "networkPolicy": {
                "egressPorts": [443, 3128],
                "extraEgress": [
                    {"to": [{"ipBlock": {"cidr": "169.254.20.10/32"}}], "ports": [{"port": 53, "protocol": "UDP"}]}
                ],
            }
        },
        {
            "patches": [
                patch(
                    "NetworkPolicy",
                    ("add", "/spec/egress/1/ports/-", {"port": 3128}),
                    (
                        "add",
                        "/spec/egress/-",
                        {"to": [{"ipBlock": {"cidr": "169.254.20.10/32"}}], "ports": [{"port": 53, "protocol": "UDP"}]},
                    ),
                )
            ]
        },
    ),
    "no way out but DNS": (
        {"networkPolicy": {"egressPorts": []}},
        {"patches": [patch("NetworkPolicy", ("remove", "/spec/egress/1"))]},
    ),
    "another configuration, with its ports and its admin group": (
        # Helm merges mappings: null takes a field of the chart's away.
        {"configuration": {**OWN, "logging": {"level": None, "format": "json"}}},
        {
            "configMapGenerator": [
                {
                    "name": "kube-entra",
                    "namespace": "kube-entra",
                    "behavior": "replace",
                    "literals": ["kube-entra.yaml=" + json.dumps({**OWN, "logging": {"format": "json"}})],
                }
            ],
            "generatorOptions": {"disableNameSuffixHash": True},
            "patches": [
                deployment(
                    ("replace", f"{CONTAINER}/ports/0/containerPort", 9443),
                    ("replace", f"{CONTAINER}/ports/1/containerPort", 9480),
                    ("replace", "/spec/template/metadata/annotations/prometheus.io~1port", "9480"),
                ),
                patch("ClusterRoleBinding", ("replace", "/subjects/0/name", "admins")),
            ],
        },
    ),
    "another role for the second admin group": (
        {
            "configuration": {"kubernetes": {"adminGroups": ["admins", "more"]}},
            "adminBinding": {"group": "more", "clusterRole": "edit"},
        },
        {
            "configMapGenerator": [
                {
                    "name": "kube-entra",
                    "namespace": "kube-entra",
                    "behavior": "replace",
                    "literals": [
                        "kube-entra.yaml="
                        + json.dumps(
                            {
                                **yaml.safe_load((KUSTOMIZATION / "kube-entra.yaml").read_text()),
                                "kubernetes": {"adminGroups": ["admins", "more"]},
                            }
                        )
                    ],
                }
            ],
            "generatorOptions": {"disableNameSuffixHash": True},
            "patches": [
                patch(
                    "ClusterRoleBinding",
                    ("replace", "/subjects/0/name", "more"),
                    ("replace", "/roleRef/name", "edit"),
                    # Nothing else could change the role in a cluster.
                    ("replace", "/metadata/name", "kube-entra-admins:edit"),
                )
            ],
        },
    ),
    "another Secret, user and place for the pods": (
        {
            "certificates": {"secretName": "other"},
            "user": 1234,
            "priorityClassName": "high",
            "nodeSelector": {"disk": "fast"},
            "tolerations": [PREFERS_QUIET],
            "extraEnv": [{"name": "HTTPS_PROXY", "value": "http://proxy:3128"}],
            "serviceAccountName": "webhook",
            "podLabels": {"example.com/cost": "platform"},
            "podAnnotations": {"example.com/team": "access", "prometheus.io/scrape": "false"},
            "networkPolicy": {"egressPorts": [443, 3128]},
            "resources": {"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"memory": "2Gi"}},
        },
        {
            "patches": [
                deployment(
                    ("test", f"{POD}/volumes/1/name", "certificates"),
                    ("replace", f"{POD}/volumes/1/secret/secretName", "other"),
                    ("replace", f"{POD}/securityContext/runAsUser", 1234),
                    ("replace", f"{POD}/securityContext/runAsGroup", 1234),
                    ("replace", f"{POD}/securityContext/fsGroup", 1234),
                    ("replace", f"{POD}/priorityClassName", "high"),
                    ("add", f"{POD}/nodeSelector/disk", "fast"),
                    ("add", f"{POD}/tolerations/-", PREFERS_QUIET),
                    ("add", f"{CONTAINER}/env", [{"name": "HTTPS_PROXY", "value": "http://proxy:3128"}]),
                    ("add", f"{POD}/serviceAccountName", "webhook"),
                    ("add", "/spec/template/metadata/labels/example.com~1cost", "platform"),
                    ("add", "/spec/template/metadata/annotations/example.com~1team", "access"),
                    ("replace", "/spec/template/metadata/annotations/prometheus.io~1scrape", "false"),
                    ("replace", f"{CONTAINER}/resources/requests", {"cpu": "1", "memory": "1Gi"}),
                    ("replace", f"{CONTAINER}/resources/limits/memory", "2Gi"),
                ),
                patch("NetworkPolicy", ("add", "/spec/egress/1/ports/-", {"port": 3128})),
            ]
        },
    ),
    "metrics for the Prometheus operator": (
        {"serviceMonitor": {"enabled": True}},
        {
            "patches": [
                patch(
                    "Service",
                    ("add", "/spec/ports/-", {"name": "operations", "port": 8480, "targetPort": "operations"}),
                )
            ]
        },
    ),
}


@pytest.mark.parametrize(("values", "overlay"), BOTH.values(), ids=BOTH.keys())
def test_values_and_patches_that_say_the_same(values, overlay, tmp_path):
    same(values, overlay, tmp_path)


def test_the_further_files_that_the_documents_show(tmp_path):
    made = same(shown(CHART, "kube-entra-files"), shown(KUSTOMIZATION, "volumeMounts"), tmp_path)
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
