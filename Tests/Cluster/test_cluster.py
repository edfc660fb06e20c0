"""From a cluster that kubeadm made to sign-ins with kubectl and back, with the real kube-apiserver and etcd."""

import json
import re
from dataclasses import dataclass, field

import pytest
import yaml
from entra import ADMINS, AUDIENCE, CLIENT, DEVELOPERS, TENANT
from node import Node
from programs import TOOLS
from real_node import ADMIN, MANIFEST

ENABLE = f"kube-entra enable --tenant-id {TENANT} --audience {AUDIENCE} --admin-group {ADMINS} --bind"
KUBECTL = "kubectl --kubeconfig /root/kubeconfig.yaml"
CONFIGMAP = "get configmap kubeadm-config -n kube-system -o jsonpath={.data.ClusterConfiguration}"
DENIED = ["0b1ec700-0000-0000-0000-00000000d1ed", "0b1ec700-0000-0000-0000-00000000c07f"]
WEBHOOK_LOG = "journalctl -u kube-entra --no-pager --output cat"


@dataclass
class Cluster:
    node: object
    before: dict
    configuration: str
    said: str
    serial: int = field(default=0)

    def token(self, **claims):
        """A token that kube-apiserver has not seen."""
        self.serial += 1
        return self.node.entra.token(tenant=TENANT, **{"aud": AUDIENCE, "uti": f"uti-{self.serial}", **claims})

    def sign_in(self, **claims):
        self.node.sign_in(self.token(**claims))

    def run(self, command):
        return self.node.root.run(command)

    def status(self, command):
        return self.node.root.status(command)

    def api_server_log(self):
        return self.node.log("kube-apiserver")

    def restarting(self, work):
        """Waits until a kube-apiserver that starts because of `work` serves."""
        count = self.node.log().count("kube-apiserver started")
        work()
        Node.wait_for(lambda: self.node.log().count("kube-apiserver started") > count)
        self.node.wait_until_ready()

    def change_manifest(self, change):
        text = change(self.node.root.read(MANIFEST))
        self.restarting(lambda: self.node.root.write(MANIFEST, text, mode=0o600))

    def crash_api_server(self):
        self.restarting(lambda: self.node.kill("kube-apiserver"))


@pytest.fixture(scope="module")
def enabled(cluster):
    root = cluster.root
    with open(f"{TOOLS}/oldest/kubectl", "rb") as file:
        root.write("/usr/local/bin/kubectl-oldest", file.read(), mode=0o755)
    before, configuration = cluster.snapshot(), root.run(f"{ADMIN} {CONFIGMAP}")
    planned = root.run(f"{ENABLE} --dry-run")
    assert "+    - --authentication-token-webhook-config-file=/etc/kube-entra/webhook.yaml" in planned
    assert cluster.snapshot() == before
    said = root.run(ENABLE)
    print(f"\n{said}")
    root.run(
        f"kube-entra kubeconfig user --server https://cluster.example:6443 --ca /etc/kubernetes/pki/ca.crt --explain"
        f" --config /etc/kube-entra/kube-entra.yaml --client-id {CLIENT} --login interactive --out kubeconfig.yaml"
    )
    return Cluster(cluster, before, configuration, said)


def test_enable_changes_the_manifest_that_kubeadm_wrote_and_the_api_server_asks_the_webhook(enabled):
    assert "serves, and answers through the webhook" in enabled.said
    assert "added the flags to the ConfigMap kubeadm-config" in enabled.said
    command = yaml.safe_load(enabled.node.root.read(MANIFEST))["spec"]["containers"][0]["command"]
    assert "--authentication-token-webhook-version=v1" in command
    code, said = enabled.status("kube-entra status --output json")
    assert code == 0, said


@pytest.mark.parametrize("kubectl", ["kubectl", "kubectl-oldest"])
def test_an_admin_works_in_the_cluster_through_the_binding_that_enable_made(enabled, kubectl):
    enabled.sign_in(groups=[ADMINS])
    kubectl = KUBECTL.replace("kubectl", kubectl, 1)
    assert "kube-system" in enabled.run(f"{kubectl} get namespaces")
    assert "kube-apiserver-node" in enabled.run(f"{kubectl} get pods -A")
    name = f"of-{kubectl.split()[0]}"
    enabled.run(f"{kubectl} create namespace {name}")
    assert enabled.run(f"{kubectl} auth can-i '*' '*' -A").strip().endswith("yes")
    enabled.run(f"{kubectl} delete namespace {name} --wait=false")


def test_the_api_server_passes_on_name_groups_and_extra(enabled):
    review = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": {"token": enabled.token()}}
    enabled.node.root.write("/root/review.json", json.dumps(review))
    status = json.loads(enabled.run(f"{ADMIN} create -f /root/review.json -o json"))["status"]
    assert status["authenticated"] and status["audiences"] == ["https://kubernetes.default.svc.cluster.local"], status
    assert status["user"]["username"] == "ada@example.com"
    assert status["user"]["groups"][0] == "kube-entra:cluster-admins" and ADMINS in status["user"]["groups"]
    assert status["user"]["extra"]["kube-entra.dev/tenant-id"] == [TENANT]


def test_who_is_in_no_admin_group_may_do_what_rbac_says(enabled):
    enabled.sign_in(groups=[DEVELOPERS], upn="dev@example.com")
    code, said = enabled.status(f"{KUBECTL} get pods -n default")
    assert code == 1 and 'Forbidden): pods is forbidden: User "dev@example.com" cannot list resource "pods"' in said
    enabled.run(f"{ADMIN} create role developer --verb=get,list,create --resource=pods,configmaps -n default")
    enabled.run(f"{ADMIN} create rolebinding developers --role=developer --group={DEVELOPERS} -n default")
    Node.wait_for(lambda: enabled.status(f"{KUBECTL} get pods -n default")[0] == 0)
    enabled.run(f"{KUBECTL} create configmap mine -n default --from-literal=a=b")
    code, said = enabled.status(f"{KUBECTL} get secrets -n kube-system")
    assert code == 1 and "Forbidden" in said


REFUSED = [
    ("audience_not_accepted", "a token for another application", {"aud": "another"}),
    ("token_expired", "a token of yesterday", {"iat": 1_700_000_000, "nbf": 1_700_000_000, "exp": 1_700_003_600}),
]


@pytest.mark.parametrize("reason,name,claims", REFUSED, ids=[name for _, name, _ in REFUSED])
def test_who_is_refused_sees_why_and_both_logs_say_it(enabled, reason, name, claims):
    enabled.sign_in(**claims)
    code, said = enabled.status(f"{KUBECTL} get pods")
    assert code == 1 and "You must be logged in to the server" in said, said
    assert f"kube-entra: {reason}: " in said
    assert reason in enabled.run(WEBHOOK_LOG)
    assert f"kube-entra: {reason}: " in enabled.api_server_log()


def test_doctor_follows_a_sign_in(enabled):
    enabled.sign_in(groups=[ADMINS])
    code, said = enabled.status("KUBECONFIG=/root/kubeconfig.yaml kube-entra doctor")
    print(said)
    assert code == 0, said
    enabled.sign_in(aud="another")
    code, said = enabled.status(
        "KUBECONFIG=/root/kubeconfig.yaml kube-entra doctor --config /etc/kube-entra/kube-entra.yaml"
    )
    print(said)
    assert code == 1 and "audience" in said, said


def test_who_is_denied_is_refused_with_a_new_token(enabled):
    person = DENIED[0]
    enabled.sign_in(groups=[ADMINS], oid=person)
    enabled.run(f"{KUBECTL} get namespaces")
    enabled.run(
        f"kube-entra deny add --config /etc/kube-entra/kube-entra.yaml --object-id {person} --reason 'lost laptop'"
    )
    Node.wait_for(lambda: "deny" in enabled.run(WEBHOOK_LOG))
    # A token that was accepted before is good for two minutes: deploy/authorization ends that.
    assert enabled.status(f"{KUBECTL} get namespaces")[0] == 0
    enabled.sign_in(groups=[ADMINS], oid=person)
    code, said = enabled.status(f"{KUBECTL} get namespaces")
    assert code == 1 and "You must be logged in to the server" in said, said
    assert "principal_denied" in enabled.api_server_log()


def test_a_killed_webhook_is_back_for_the_next_sign_in(enabled):
    enabled.run("systemctl kill --signal KILL kube-entra.service")
    enabled.sign_in(groups=[ADMINS])
    Node.wait_for(lambda: enabled.status(f"{KUBECTL} get namespaces")[0] == 0)


def test_without_the_webhook_only_people_are_refused(enabled):
    enabled.run("systemctl stop kube-entra.socket kube-entra.service")
    enabled.sign_in(groups=[ADMINS])
    code, said = enabled.status(f"{KUBECTL} get namespaces")
    assert code == 1 and "You must be logged in to the server" in said, said
    last = [line for line in enabled.api_server_log().splitlines() if "127.0.0.1:8443/authenticate" in line][-1]
    print("\n" + last)
    assert "connection refused" in last
    assert "kube-system" in enabled.run(f"{ADMIN} get namespaces")
    code, said = enabled.status("kube-entra status")
    print(said)
    assert code == 1, said
    # The API server starts without the webhook too.
    enabled.crash_api_server()
    assert "kube-system" in enabled.run(f"{ADMIN} get namespaces")
    enabled.run("systemctl start kube-entra.socket kube-entra.service")
    Node.wait_for(lambda: enabled.status(f"{KUBECTL} get namespaces")[0] == 0)


def test_the_kill_switch_ends_access_at_the_next_request(enabled):
    """Kubernetes 1.20 has no --authorization-config, but the same authorizer by flags."""
    enabled.run(
        "kube-entra kubeconfig authorization --certs /etc/kube-entra/certs --out /etc/kube-entra/authorization.yaml"
    )
    flags = (
        "--authorization-mode=Webhook,Node,RBAC\n    - --authorization-webhook-version=v1\n"
        "    - --authorization-webhook-config-file=/etc/kube-entra/authorization-webhook.kubeconfig\n"
        "    - --authorization-webhook-cache-unauthorized-ttl=1s"
    )
    enabled.change_manifest(lambda text: text.replace("--authorization-mode=Node,RBAC", flags))
    person = DENIED[1]
    enabled.sign_in(groups=[ADMINS], oid=person)
    enabled.run(f"{KUBECTL} get namespaces")
    enabled.run(f"kube-entra deny add --config /etc/kube-entra/kube-entra.yaml --object-id {person} --reason test")

    def is_forbidden():
        code, said = enabled.status(f"{KUBECTL} get namespaces")
        return code == 1 and "Forbidden" in said and "kube-entra: principal_denied" in said

    Node.wait_for(is_forbidden)
    # Everybody else's requests go on to Node and RBAC.
    assert "kube-system" in enabled.run(f"{ADMIN} get namespaces")
    enabled.run("kubectl --kubeconfig /etc/kubernetes/kubelet.conf get node node")
    enabled.sign_in(groups=[ADMINS])
    assert "kube-system" in enabled.run(f"{KUBECTL} get namespaces")
    # `disable` would take away what the flag names.
    code, said = enabled.status("kube-entra disable")
    assert code == 2 and "authorization-webhook" in said, said
    enabled.change_manifest(lambda text: text.replace(flags, "--authorization-mode=Node,RBAC"))
    enabled.run("rm /etc/kube-entra/authorization.yaml /etc/kube-entra/authorization-webhook.kubeconfig")


def test_kubeadm_writes_the_same_manifest_from_the_cluster_as_it_does_in_an_upgrade(enabled):
    text = enabled.node.root.read(MANIFEST)
    enabled.run(f"{ADMIN} {CONFIGMAP} >/root/cluster.yaml")
    local = "kind: InitConfiguration\nlocalAPIEndpoint: {advertiseAddress: 10.0.0.10}\nnodeRegistration: {name: node}"
    enabled.run(f"printf -- '---\\napiVersion: kubeadm.k8s.io/v1beta2\\n{local}\\n' >>/root/cluster.yaml")
    enabled.run("kubeadm init phase control-plane apiserver --config /root/cluster.yaml")
    again = enabled.node.root.read(MANIFEST)
    assert again == text


def test_a_killed_api_server_comes_back_with_the_webhook(enabled):
    enabled.crash_api_server()
    enabled.sign_in(groups=[ADMINS])
    assert "kube-system" in enabled.run(f"{KUBECTL} get namespaces")


def test_disable_leaves_the_node_and_the_cluster_as_they_were(enabled):
    for person in DENIED:
        enabled.run(f"kube-entra deny remove --config /etc/kube-entra/kube-entra.yaml --object-id {person}")
    said = enabled.run("kube-entra disable")
    print("\n" + said)
    assert "the node is as it was before" in said, said
    after = enabled.node.snapshot()
    differ = {
        path: (enabled.before.get(path), after.get(path))
        for path in enabled.before.keys() | after.keys()
        if enabled.before.get(path) != after.get(path)
    }
    assert differ == {}
    assert enabled.run(f"{ADMIN} {CONFIGMAP}") == enabled.configuration
    assert not re.search("kube-entra", enabled.run(f"{ADMIN} get clusterrolebindings -o name"))
    enabled.sign_in(groups=[ADMINS])
    code, said = enabled.status(f"{KUBECTL} get namespaces")
    assert code == 1 and "You must be logged in to the server" in said, said
