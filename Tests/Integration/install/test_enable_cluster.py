"""What belongs to all nodes of a cluster, two runs at once, and what an earlier run left."""

import os
import signal

import pytest
import yaml
from enabling import JOURNAL, as_before, status
from node import CLUSTER_CONFIGURATION

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can have a node of its own")

OURS = "/etc/kube-entra/webhook.yaml"
BINDING = "kube-entra-cluster-admins"
UPGRADING = "needs `kube-entra enable` before `kubeadm upgrade`"


def others(node, *all):
    node.change_objects(lambda held: held.update(others=[{"name": name, "webhook": file} for name, file in all]))


def has_flags(node):
    api_server = yaml.safe_load(node.objects()["configmap"]["data"]["ClusterConfiguration"])["apiServer"]
    return any(argument["value"] == OURS for argument in api_server.get("extraArgs", []))


def test_a_second_run_on_a_node_does_not_start_beside_the_first(node):
    before = node.snapshot()
    first = node.enable_held_at("certificates", "--bind")
    try:
        for words in (["enable", "--config", node.config, "--bind"], ["disable"]):
            done = node.run(*words, "--timeout", "5s")
            assert done.returncode == 2 and "another `kube-entra enable` or `disable` is running" in done.stderr, (
                words,
                done.stdout + done.stderr,
            )
        code, found = status(node)
        assert code == 1 and found["running"] and "is running" in found["next"]
    finally:
        first.send_signal(signal.SIGCONT)
        said = first.communicate(timeout=300)[0]
    assert first.returncode == 0, said
    code, found = status(node)
    assert code == 0 and not found["running"]
    assert node.run("disable", "--timeout", "120s").returncode == 0
    as_before(node, before)


def test_a_run_that_was_killed_holds_no_lock(node):
    before = node.snapshot()
    first = node.enable_held_at("certificates")
    first.kill()
    first.communicate(timeout=300)
    assert not status(node)[1]["running"]
    assert node.run("disable", "--timeout", "120s").returncode == 0
    as_before(node, before)


def test_what_other_nodes_need_stays_until_the_last_one(node):
    before = node.snapshot()
    others(node, ("node2", OURS), ("node3", OURS))
    assert node.enable("--bind").returncode == 0 and has_flags(node)
    assert status(node)[1]["otherNodes"] == ["node2", "node3"]
    said = node.run("disable", "--dry-run").stdout
    assert "remove the flags in the ConfigMap kubeadm-config" in said and "stays for node2, node3" in said
    done = node.run("disable", "--timeout", "120s")
    assert done.returncode == 0, done.stdout + done.stderr
    as_before(node, before)
    assert "stays for node2, node3" in done.stdout and "on the last node removes it" in done.stdout
    assert BINDING in node.objects()["bindings"]
    code, found = status(node)
    assert code == 1 and found["state"] == "disabled" and "node2" in found["next"], found
    # The other one is disabled; node3's API server cannot be looked at.
    others(node, ("node2", ""), ("node3", None))
    done = node.run("disable")
    assert done.returncode == 0 and "--last-node" in done.stdout and "node3" in done.stdout, done.stdout
    assert BINDING in node.objects()["bindings"]
    others(node, ("node2", ""), ("node3", "/etc/other/webhook.yaml"))
    assert "an earlier run left" in status(node)[1]["next"]
    done = node.run("disable")
    assert done.returncode == 0, done.stdout + done.stderr
    held = node.objects()
    assert held["bindings"] == {} and held["configmap"]["data"]["ClusterConfiguration"] == CLUSTER_CONFIGURATION
    as_before(node, before)
    assert "nothing to do" in node.run("disable").stdout


def test_kubeadms_configuration_has_the_flags_only_while_every_node_has_the_webhook(node):
    """`kubeadm upgrade` would give them to an API server without their files, which would not start again."""
    others(node, ("node2", ""), ("node3", OURS))
    waits = "node2: no webhook yet; the last control-plane node's `kube-entra enable` adds the flags"
    assert f"keep the ConfigMap kubeadm-config: {waits}" in node.enable("--dry-run").stdout
    done = node.enable()
    assert done.returncode == 0 and waits in done.stdout and not has_flags(node), done.stdout
    code, found = status(node)
    assert code == 0 and found["nodesWithoutWebhook"] == ["node2"], found
    assert found["next"].startswith("`kube-entra enable` on node2 too"), found
    # An API server that cannot be seen may be one without the webhook.
    others(node, ("node2", None), ("node3", OURS))
    done = node.enable()
    assert done.returncode == 0 and "not known whether every control-plane node has the webhook" in done.stdout
    assert "kubectl -n kube-system edit configmap kubeadm-config" in done.stdout and not has_flags(node)
    code, found = status(node)
    assert code == 0 and found["nodesWithoutWebhook"] is None and "edit configmap" in found["next"], found
    others(node, ("node2", OURS), ("node3", OURS))
    assert status(node)[1]["next"] == "`kube-entra enable` adds the flags to kubeadm's configuration too"
    done = node.enable()
    assert done.returncode == 0 and has_flags(node) and UPGRADING not in done.stdout, done.stdout
    assert status(node)[1]["next"] is None
    # It takes the flags with it, or an upgrade would give them to this node again.
    done = node.run("disable", "--timeout", "120s")
    assert done.returncode == 0 and not has_flags(node), done.stdout
    assert "on the other nodes, `kubeadm upgrade` takes the flags from a node" in done.stdout, done.stdout


def test_a_node_without_the_webhook_is_named_while_kubeadms_configuration_has_the_flags(node):
    """Somebody has added them, or the node has joined since."""
    assert node.enable().returncode == 0 and has_flags(node)
    others(node, ("node2", ""))
    done = node.enable()
    assert done.returncode == 0 and f"node2 {UPGRADING}" in done.stdout, done.stdout
    assert f"node2 {UPGRADING}" in node.run("status").stdout
    held = node.objects()["configmap"]
    assert node.run("disable", "--timeout", "120s").returncode == 0
    node.change_objects(lambda all: all.update(configmap=held))
    assert f"this node {UPGRADING}" in node.run("status").stdout
    done = node.run("disable")
    assert done.returncode == 0 and not has_flags(node), done.stdout


def test_the_last_node_takes_away_what_another_one_made(node):
    """The binding was made on another node, so that no journal here knows it."""
    assert node.enable("--bind").returncode == 0
    made = node.objects()
    others(node, ("node2", OURS))
    assert node.run("disable", "--timeout", "120s").returncode == 0
    assert node.objects()["bindings"] == made["bindings"]
    assert node.enable("--bind").returncode == 0
    others(node, ("node2", ""))
    assert node.run("disable", "--timeout", "120s").returncode == 0
    assert node.objects()["bindings"] == {} and not has_flags(node)


def test_a_failed_enable_takes_nothing_from_other_nodes(node):
    assert node.enable("--bind").returncode == 0
    others(node, ("node2", OURS))
    held = node.objects()["configmap"]
    assert node.run("disable", "--timeout", "120s").returncode == 0
    node.change_objects(lambda all: all.update(configmap=held))
    node.mode("refuses reviews")
    assert node.enable("--bind", wait="10s").returncode == 1
    assert has_flags(node) and BINDING in node.objects()["bindings"]


def test_k3s_and_rke2_publish_who_uses_the_webhook(make):
    node = make("k3s")

    def other(*words):
        arguments = ["server", *[part for word in words for part in ("--kube-apiserver-arg", word)]]
        others = [{"name": "node2", "webhook": None, "arguments": arguments}]
        node.change_objects(lambda held: held.update(others=others))

    other("v=2", f"authentication-token-webhook-config-file={OURS}")
    assert node.enable("--bind").returncode == 0
    assert status(node)[1]["otherNodes"] == ["node2"]
    done = node.run("disable", "--timeout", "120s")
    assert done.returncode == 0 and "stays for node2" in done.stdout, done.stdout
    assert BINDING in node.objects()["bindings"]
    # A third server without an agent is no node.
    other("v=2")
    node.change_objects(lambda held: held.update(servers=3))
    done = node.run("disable")
    assert done.returncode == 0 and "3 API servers run, and only 2 of them on nodes" in done.stdout, done.stdout
    assert BINDING in node.objects()["bindings"]
    node.change_objects(lambda held: held.update(servers=2))
    done = node.run("disable")
    assert done.returncode == 0 and node.objects()["bindings"] == {}, done.stdout


def test_where_the_cluster_cannot_tell_it_stays_until_somebody_says_so(make):
    node = make("k3s")
    others(node, ("node2", None))
    assert node.enable("--bind").returncode == 0
    done = node.run("disable", "--timeout", "120s")
    assert done.returncode == 0 and "the API server on node2 cannot be seen" in done.stdout, done.stdout
    # It says so before it changes anything.
    note, *rest = done.stdout.splitlines()
    assert note.startswith("note: ") and "node2 cannot be seen; if none does, `kube-entra disable --last-node`" in note
    assert rest[0].split()[3] == "change", done.stdout
    assert BINDING in node.objects()["bindings"]
    done = node.run("disable", "--last-node")
    assert done.returncode == 0 and node.objects()["bindings"] == {}, done.stdout


def test_lists_that_are_refused_tell_nothing(node):
    assert node.enable("--bind").returncode == 0
    node.mode("refuses lists")
    done = node.run("disable", "--timeout", "120s")
    assert done.returncode == 0 and "--last-node" in done.stdout, done.stdout
    assert not has_flags(node) and BINDING in node.objects()["bindings"]


def test_a_binding_that_somebody_changed_since_stays(node):
    before = node.snapshot()
    assert node.enable("--bind").returncode == 0
    person = {"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "ada"}
    node.change_objects(lambda held: held["bindings"][BINDING]["subjects"].append(person))
    assert status(node)[1]["clusterRoleBinding"]["changed"]
    done = node.run("disable", "--timeout", "120s")
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{BINDING} was changed since, so it stays" in done.stdout
    assert person in node.objects()["bindings"][BINDING]["subjects"]
    as_before(node, before)


def test_a_binding_that_lost_its_annotation_is_known_by_the_journal(node):
    assert node.enable("--bind").returncode == 0
    node.change_objects(lambda held: held["bindings"][BINDING]["metadata"].pop("annotations"))
    assert node.run("disable", "--timeout", "120s").returncode == 0
    assert node.objects()["bindings"] == {}


def test_a_binding_of_the_same_name_that_somebody_else_made_stays(node):
    subject = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "kube-entra:cluster-admins"}
    theirs = {"metadata": {"name": BINDING}, "roleRef": {"kind": "ClusterRole", "name": "cluster-admin"}}
    node.change_objects(lambda held: held["bindings"].update({BINDING: {**theirs, "subjects": [subject]}}))
    assert node.enable("--bind").returncode == 0
    assert node.run("disable", "--timeout", "120s").returncode == 0
    assert BINDING in node.objects()["bindings"]
    assert "nothing to do" in node.run("disable").stdout and not node.exists(JOURNAL)


def test_a_group_of_kubernetes_itself_is_not_bound(node):
    """Nor is the configuration accepted, where all its members would be people's."""
    before = node.snapshot()
    with open(node.config) as file:
        config = yaml.safe_load(file)
    for group, said in (
        ("system:monitoring", "system:monitoring is reserved for Kubernetes' own parts"),
        ("system:authenticated", "must be a group of your own"),
    ):
        with open(node.config, "w") as file:
            yaml.safe_dump(config | {"kubernetes": {"adminGroups": [group]}}, file)
        done = node.enable("--bind")
        assert done.returncode == 2 and said in done.stderr, done.stdout + done.stderr
        as_before(node, before)


def test_kubeadm_is_not_said_to_lose_flags_that_are_not_there(node):
    assert "would lose" not in node.run("status").stdout
    assert node.enable().returncode == 0
    said = node.run("status").stdout
    assert "keeps the flags in upgrades" in said and UPGRADING not in said
    # The webhook's refusal of the test token looks like a fault.
    assert "key_id_missing" not in said and "a test token was refused, as it must be" in said


def test_where_kubeadms_configuration_cannot_be_changed_the_command_is_said(node):
    """The node works without it; an upgrade would lose the flags."""
    node.mode("refuses kubeadm's configuration")
    done = node.enable("--bind")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "configmaps is forbidden" in done.stdout and not has_flags(node)
    assert "add the flags with: kubectl -n kube-system edit configmap kubeadm-config" in done.stdout
    assert "would lose the flags in an upgrade" in node.run("status").stdout
    node.mode("")
    done = node.enable("--bind")
    assert done.returncode == 0 and has_flags(node), done.stdout + done.stderr
    node.mode("refuses kubeadm's configuration")
    done = node.run("disable", "--timeout", "120s")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "remove the flags with: kubectl -n kube-system edit configmap kubeadm-config" in done.stdout
