"""The pods of the chart and of the kustomization as whoever runs a cluster looks at them: what Pod Security takes, where
they run, and what happens to them when something changes."""

import pytest
from charts import SETS, by_name, kustomized, rendered

pytestmark = pytest.mark.usefixtures("tools")

# Of the Pod Security Standard `restricted`.
VOLUMES = {
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "persistentVolumeClaim",
    "projected",
    "secret",
}


def violations(pod):
    """What the Pod Security Standard `restricted` says against a pod without init containers."""
    found = [name for name in ("hostNetwork", "hostPID", "hostIPC") if pod.get(name)]
    found += [f"volume {volume}" for volume in pod["volumes"] if not set(volume) - {"name"} <= VOLUMES]
    whole = pod.get("securityContext", {})
    for container in pod["containers"]:
        own = {**whole, **container.get("securityContext", {})}
        capabilities = own.get("capabilities", {})
        found += [f"port {port} of the host" for port in container.get("ports", []) if port.get("hostPort")]
        checks = {
            "privileged": not own.get("privileged"),
            "allowPrivilegeEscalation": own.get("allowPrivilegeEscalation") is False,
            "capabilities": "ALL" in capabilities.get("drop", [])
            and set(capabilities.get("add", [])) <= {"NET_BIND_SERVICE"},
            "runAsNonRoot": own.get("runAsNonRoot") is True,
            "runAsUser": own.get("runAsUser") != 0,
            "seccompProfile": own.get("seccompProfile", {}).get("type") in ("RuntimeDefault", "Localhost"),
            "procMount": own.get("procMount", "Default") == "Default",
            "seLinuxOptions": not own.get("seLinuxOptions"),
            "sysctls": not own.get("sysctls"),
        }
        found += [name for name, holds in checks.items() if not holds]
    return found


def workload(documents):
    [made] = [document for document in documents if document["kind"] in ("Deployment", "DaemonSet")]
    return made


def pod_of(documents):
    return workload(documents)["spec"]["template"]["spec"]


@pytest.mark.parametrize("values", SETS.values(), ids=SETS.keys())
def test_pod_security_takes_every_pod_in_a_restricted_namespace(values):
    pod = pod_of(rendered(values))
    assert violations(pod) == []
    [container] = pod["containers"]
    assert container["securityContext"]["readOnlyRootFilesystem"]
    assert not pod["automountServiceAccountToken"] and pod["enableServiceLinks"] is False
    assert container["resources"]["requests"] and container["resources"]["limits"]["memory"]


def test_pod_security_would_refuse_a_pod_that_got_more():
    """The check of this test refuses what it should."""
    pod = pod_of(rendered({}))
    for change in (
        {"hostNetwork": True},
        {"securityContext": {}},
        {"volumes": [*pod["volumes"], {"name": "host", "hostPath": {"path": "/"}}]},
        {"containers": [{**pod["containers"][0], "securityContext": {"privileged": True}}]},
    ):
        assert violations({**pod, **change}) != []


@pytest.mark.parametrize("values", SETS.values(), ids=SETS.keys())
def test_every_port_that_something_names_is_one_of_the_container(values):
    documents = rendered(values)
    [container] = pod_of(documents)["containers"]
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    named = {container[f"{probe}Probe"]["httpGet"]["port"] for probe in ("startup", "liveness", "readiness")}
    assert named == {"operations"}
    for document in documents:
        if document["kind"] == "Service":
            named |= {port["targetPort"] for port in document["spec"]["ports"]}
        if document["kind"] == "NetworkPolicy":
            named |= {port["port"] for rule in document["spec"]["ingress"] for port in rule["ports"]}
    assert named <= ports.keys() and "webhook" in named


@pytest.mark.parametrize("values", SETS.values(), ids=SETS.keys())
def test_everything_that_selects_pods_selects_these(values):
    documents = rendered(values)
    labels = workload(documents)["spec"]["template"]["metadata"]["labels"]
    selectors = []
    for document in documents:
        spec = document.get("spec", {})
        found = spec.get("podSelector") or spec.get("selector")
        if found:
            selectors.append(found.get("matchLabels", found))
    assert len(selectors) >= 2 and all(selector.items() <= labels.items() for selector in selectors)
    # Another release in the same namespace has pods of its own.
    assert all(selector["app.kubernetes.io/instance"] == "kube-entra" for selector in selectors)


TAINTS = [
    ("node-role.kubernetes.io/control-plane", "NoSchedule"),
    # RKE2 and Rancher.
    ("node-role.kubernetes.io/control-plane", "NoExecute"),
    ("node-role.kubernetes.io/etcd", "NoExecute"),
    ("CriticalAddonsOnly", "NoExecute"),
]


@pytest.mark.parametrize("kind", ["Deployment", "DaemonSet"])
@pytest.mark.parametrize(("key", "effect"), TAINTS)
def test_the_taints_of_control_plane_nodes_are_tolerated(kind, key, effect):
    tolerations = pod_of(rendered({"kind": kind}))["tolerations"]
    assert [
        one
        for one in tolerations
        if one["key"] == key and one["operator"] == "Exists" and one.get("effect", effect) == effect
    ]


@pytest.mark.parametrize("kind", ["Deployment", "DaemonSet"])
def test_a_changed_configuration_restarts_no_pod(kind):
    """They read it again by themselves; a checksum in the template would restart all of them."""
    before = rendered({"kind": kind})
    after = rendered({"kind": kind, "configuration": {"logging": {"level": "debug"}}})
    assert workload(before) == workload(after)
    assert by_name(before)["ConfigMap", "kube-entra"] != by_name(after)["ConfigMap", "kube-entra"]


@pytest.mark.parametrize("kind", ["Deployment", "DaemonSet"])
def test_a_pod_that_ends_answers_until_nobody_is_led_to_it(kind):
    pod = pod_of(rendered({"kind": kind}))
    [container] = pod["containers"]
    seconds = container["lifecycle"]["preStop"]["sleep"]["seconds"]
    # `serve` takes up to 20 s to finish what it was asked.
    assert 3 <= seconds < pod["terminationGracePeriodSeconds"] - 20
    # An older API server does not know the field.
    assert "lifecycle" not in pod_of(rendered({"kind": kind}, kubernetes="1.29.9"))["containers"][0]


def test_a_new_version_comes_before_an_old_pod_goes():
    assert workload(rendered({}))["spec"]["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}
    [spread] = pod_of(rendered({}))["topologySpreadConstraints"]
    assert spread["topologyKey"] == "kubernetes.io/hostname" and spread["whenUnsatisfiable"] == "ScheduleAnyway"
    # Pods of the last version do not push new ones onto one node.
    assert spread["matchLabelKeys"] == ["pod-template-hash"]


def test_pods_that_are_not_ready_do_not_keep_a_node_from_being_drained(tmp_path):
    for documents in (rendered({}), kustomized(tmp_path, {})):
        budget = by_name(documents)["PodDisruptionBudget", "kube-entra"]["spec"]
        assert budget["unhealthyPodEvictionPolicy"] == "AlwaysAllow"


def test_what_the_user_says_of_the_pod_wins_but_for_what_selects_it():
    made = workload(rendered(SETS["labels, annotations and an account of one's own"]))["spec"]["template"]
    assert made["metadata"]["annotations"]["prometheus.io/scrape"] == "false"
    assert made["metadata"]["annotations"]["prometheus.io/port"] == "8480"
    assert made["spec"]["nodeSelector"] == {"kubernetes.io/os": "linux", "disk": "fast"}
    assert made["spec"]["serviceAccountName"] == "webhook"
    assert made["spec"]["containers"][0]["image"].endswith(":0.1.0@sha256:" + "0" * 64)
    own = {"podLabels": {"app.kubernetes.io/name": "other", "team": "access"}}
    labels = workload(rendered(own))["spec"]["template"]["metadata"]["labels"]
    assert labels["app.kubernetes.io/name"] == "kube-entra" and labels["team"] == "access"
