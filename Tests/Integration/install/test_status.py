"""status on several control-plane nodes: what is the same, and what is not."""

import json
import os
import signal
import subprocess

import pytest
import yaml
from enabling import JOURNAL, as_before

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can have a node of its own")


def test_a_webhook_that_is_not_ready_is_not_said_to_work(make):
    """Without signing keys, it refuses everybody, and still answers the API server."""
    node = make()
    assert node.enable().returncode == 0
    pid = int(node.log("webhook.pid"))
    os.kill(pid, signal.SIGKILL)
    node.wait_for(lambda: not os.path.exists(f"/proc/{pid}"))
    path = "/etc/kube-entra/kube-entra.yaml"
    config = yaml.safe_load(node.read(path))
    # Nothing listens there, so no keys come.
    config["tenants"][0].update(authority="https://127.0.0.1:1")
    del config["tenants"][0]["signingKeys"]
    node.write(path, yaml.safe_dump(config), mode=0o644)
    subprocess.run([*node.enter, f"{node.folder}/bin/systemctl", "enable", "kube-entra"], check=True)
    found = {}

    def is_answering():
        found.update(json.loads(node.run("status", "--output", "json").stdout))
        # It may have begun to answer between the two questions.
        return found["apiServer"]["asksWebhook"] and "nothing answers" not in found["webhook"]["detail"]

    node.wait_for(is_answering)
    assert found["state"] == "broken" and not found["enabled"], found
    assert "signing-keys" in found["next"] and not found["webhook"]["ready"], found
    done = node.run("status")
    assert done.returncode == 1 and "does not work" in done.stdout and "signing-keys" in done.stdout, done.stdout


def end_webhook(node):
    pid = int(node.log("webhook.pid"))
    os.kill(pid, signal.SIGKILL)

    def has_ended():
        # The kubelet's stand-in does not ask how a pod ended.
        try:
            with open(f"/proc/{pid}/stat") as file:
                return file.read().rsplit(")", 1)[1].split()[0] == "Z"
        except FileNotFoundError:
            return True

    node.wait_for(has_ended)


@pytest.mark.parametrize("kind", ["systemd", "static-pod"])
def test_an_api_server_that_cannot_reach_the_webhook_is_not_said_not_to_ask_it(make, kind):
    node = make()
    words = [] if kind == "systemd" else ["--as", "static-pod", "--image", "registry.test/kube-entra:1"]
    assert node.enable(*words).returncode == 0
    end_webhook(node)
    found = json.loads(node.run("status", "--output", "json").stdout)
    server = found["apiServer"]
    assert server["asksWebhook"] and not server["reachesWebhook"] and found["state"] == "broken", found
    assert server["detail"].startswith("asks the webhook, and cannot reach it: "), server
    log = (
        "journalctl -u kube-entra -n 20 says why" if kind == "systemd" else "crictl logs of the pod kube-entra says why"
    )
    assert found["next"].startswith(log) and "`kube-entra enable` starts it again" in found["next"], found["next"]
    assert "does not ask" not in node.run("status").stdout
    if kind == "static-pod":
        return
    # What it advises does it.
    assert node.enable().returncode == 0
    found = json.loads(node.run("status", "--output", "json").stdout)
    assert found["enabled"] and found["apiServer"]["asksWebhook"] and found["apiServer"]["reachesWebhook"], found


def test_a_webhook_that_runs_where_the_api_server_cannot_reach_it_is_compared(node):
    assert node.enable().returncode == 0
    path = "/etc/kube-entra/webhook.yaml"
    # Nothing listens there. kube-apiserver reads the file when it starts.
    node.write(path, node.read(path).replace(f":{node.listen}/", ":1/"), mode=0o600)
    node.kubelet.terminate()
    node.kubelet.wait()
    subprocess.run([*node.enter, "rm", f"{node.state}/log"], check=True)
    node.start_kubelet()
    subprocess.run([*node.enter, f"{node.folder}/bin/systemctl", "enable", "kube-entra"], check=True)
    found = {}

    def is_ready():
        found.update(json.loads(node.run("status", "--output", "json").stdout))
        return found["webhook"]["ready"]

    node.wait_for(is_ready)
    assert found["apiServer"]["asksWebhook"] and not found["apiServer"]["reachesWebhook"], found
    assert found["next"].startswith("the webhook runs: compare the address and the certificates in " + path), found


def test_flags_that_are_gone_and_still_in_force_are_said(node):
    before = node.read("/etc/kubernetes/manifests/kube-apiserver.yaml")
    assert node.enable().returncode == 0
    node.mode("notices nothing")
    node.write("/etc/kubernetes/manifests/kube-apiserver.yaml", before, mode=0o600)
    found = json.loads(node.run("status", "--output", "json").stdout)
    assert not found["flags"] and found["apiServer"]["asksWebhook"], found
    assert "still runs with the flags" in found["next"] and "journalctl -u kubelet" in found["next"], found
    node.mode("")
    node.wait_for(lambda: node.log().splitlines()[-1] == "started without the webhook")
    found = json.loads(node.run("status", "--output", "json").stdout)
    assert "`kube-entra enable` adds them again" in found["next"], found


@pytest.mark.parametrize("distribution, missing", [("kubeadm", "manifests/kube-apiserver.yaml"), ("rke2", "rke2.yaml")])
def test_another_machine_is_not_a_node_without_the_webhook(make, distribution, missing):
    node = make()
    if distribution == "kubeadm":
        os.remove(node.path("/etc/kubernetes/manifests/kube-apiserver.yaml"))
    done = node.run("status", "--distribution", distribution)
    assert done.returncode == 2 and "this is not a control-plane node of" in done.stderr, done.stdout + done.stderr
    assert missing in done.stderr and done.stdout == ""


@pytest.mark.parametrize("distribution", ["kubeadm", "k3s"])
def test_who_may_not_see_what_is_half_done_is_told_so(make, distribution):
    node = make(distribution)
    assert node.enable_until("certificates")
    if distribution == "kubeadm":
        os.chmod(node.path("/etc/kubernetes/manifests/kube-apiserver.yaml"), 0o644)
    nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    done = node.run("status", prefix=nobody)
    assert done.returncode == 2 and "may not read /var/lib/kube-entra-enable/journal.json" in done.stderr, done.stderr
    assert done.stdout == "" and "sudo" in done.stderr
    # Nor does it say that nothing answers if it may not ask.
    assert node.run("disable", "--timeout", "120s").returncode == 0
    os.chmod(node.path(node.admin), 0o600)
    done = node.run("status", prefix=nobody)
    assert done.returncode == 2 and f"may not read {node.admin}" in done.stderr, done.stdout + done.stderr


UNEDITABLE = [
    ("apiServer: &a {}\netcd: *a\n", "has an anchor or an alias"),
    ("apiServer: {<<: {timeoutForControlPlane: 4m}}\n", "a merge key (<<)"),
    ("apiServer: [\n", "line "),
    (
        "apiServer: {extraArgs: [{name: authentication-token-webhook-config-file, value: /etc/guard.yaml}]}\n",
        "asks another webhook already",
    ),
]


@pytest.mark.parametrize("text, reason", UNEDITABLE, ids=["shared", "merged", "damaged", "another-webhook"])
def test_a_kubeadm_configuration_that_enable_cannot_change_is_said(node, text, reason):
    def change(held):
        data = held["configmap"]["data"]
        data["ClusterConfiguration"] = data["ClusterConfiguration"].replace("apiServer: {}\n", text)

    node.change_objects(change)
    edit = "kubectl -n kube-system edit configmap kubeadm-config"
    dry = node.enable("--dry-run").stdout
    assert reason in dry and edit in dry, dry
    for is_enabled in (False, True):
        if is_enabled:
            done = node.enable()
            assert done.returncode == 0 and edit in done.stdout, done.stdout + done.stderr
        done = node.run("status")
        (line,) = [line for line in done.stdout.splitlines() if line.startswith("kubeadm ")]
        assert "`enable` cannot add the flags: " in line and reason in line and edit in line, line
        found = json.loads(node.run("status", "--output", "json").stdout)
        assert found["kubeadmConfigHasFlags"] is None and reason in found["kubeadmConfigProblem"]
        assert (edit in (found["next"] or "")) == is_enabled, found["next"]
        assert found["enabled"] == is_enabled


def test_a_kubeadm_configuration_that_cannot_be_read_is_not_known(node):
    show = "kubectl -n kube-system get configmap kubeadm-config -o yaml"
    node.change_objects(lambda held: held["configmap"]["data"].pop("ClusterConfiguration"))
    said = node.run("status").stdout
    assert "not known: it holds no ClusterConfiguration" in said and show in said, said
    node.kubelet.terminate()
    node.kubelet.wait()
    said = node.run("status").stdout
    assert "not known: no API server of the cluster answers" in said and show in said, said
    found = json.loads(node.run("status", "--output", "json").stdout)
    assert found["kubeadmConfigHasFlags"] is None and "no API server" in found["kubeadmConfigProblem"]


def test_a_damaged_configuration_hides_neither_the_webhook_nor_the_restart(node):
    """A webhook that runs keeps the last good one; only the journal knows then which tokens it takes."""
    before = node.snapshot()
    assert node.enable().returncode == 0
    path = "/etc/kube-entra/kube-entra.yaml"
    config = node.read(path)
    node.write(path, "server: [\n", mode=0o644)
    done = node.run("status")
    assert done.returncode == 0 and "answers through the webhook" in done.stdout, done.stdout
    assert "webhook        not known: its configuration has errors" in done.stdout, done.stdout
    found = json.loads(node.run("status", "--output", "json").stdout)
    assert found["enabled"] and found["next"].startswith(f"repair {path}: "), found
    # An API server that has not restarted yet still asks the webhook.
    node.mode("notices nothing")
    done = node.run("disable", "--timeout", "1s")
    node.mode("")
    assert done.returncode == 1 and "the API server does not answer yet" in done.stderr, done.stdout + done.stderr
    node.write(path, config, mode=0o644)
    assert node.run("disable", "--timeout", "120s").returncode == 0
    as_before(node, before)
    # Without a journal, it is said not to be known.
    assert node.enable().returncode == 0
    os.remove(node.path(JOURNAL))
    node.write(path, "server: [\n", mode=0o644)
    done = node.run("status")
    assert done.returncode == 1 and "whether it asks the webhook is not known" in done.stdout, done.stdout


def test_nodes_are_compared(make, tmp_path):
    one, other = make(), make()
    assert one.enable().returncode == 0
    (tmp_path / "one.json").write_text(one.run("status", "--output", "json").stdout)
    done = other.run("status", "--compare", str(tmp_path / "one.json"), "--output", "json")
    assert done.returncode == 1 and json.loads(done.stdout)["compared"][0]["configuration"] == "different"
    done = one.run("status", "--compare", str(tmp_path / "one.json"))
    assert done.returncode == 0 and "same: configuration, ca.crt" in done.stdout, done.stdout
    (tmp_path / "one.json").write_text("{}")
    done = one.run("status", "--compare", str(tmp_path / "one.json"))
    assert done.returncode == 2 and "not the status of a node" in done.stderr


def test_disable_knows_for_which_distribution_enable_ran(make):
    node = make()
    before = node.snapshot()
    for kind, title in (("rke2", "RKE2"), ("k3s", "k3s")):
        for words in (["--dry-run"], []):
            done = node.run("disable", "--distribution", kind, *words)
            assert done.returncode == 2 and f"not a control-plane node of {title}" in done.stderr, done.stderr
            assert done.stdout == ""
    as_before(node, before)
    assert node.run("disable", "--distribution", "kubeadm").returncode == 0
    assert node.enable().returncode == 0
    # Also when there are signs of the other one: it was here before, or somebody installs it.
    os.makedirs(node.path("/var/lib/rancher/rke2/server"))
    before = node.snapshot()
    for words in (["disable"], ["disable", "--dry-run"], ["status"]):
        done = node.run(*words, "--distribution", "rke2")
        assert done.returncode == 2 and "ran on this node for kubeadm, not for RKE2" in done.stderr, done.stderr
        assert "--distribution kubeadm" in done.stderr
    for words in (["--dry-run"], []):
        done = node.enable("--distribution", "rke2", *words)
        assert done.returncode == 2 and "`kube-entra disable --distribution kubeadm`" in done.stderr, done.stderr
    as_before(node, before)
    done = node.run("disable", "--distribution", "kubeadm", "--timeout", "120s")
    assert done.returncode == 0 and "the node is as it was before" in done.stdout, done.stdout + done.stderr


def test_deny_lists_are_shown_and_compared(make, tmp_path):
    config, denied = "/etc/kube-entra/kube-entra.yaml", "/etc/kube-entra/denied.json"

    def found(node, *words):
        done = node.run("status", "--output", "json", *words)
        return done.returncode, json.loads(done.stdout)

    def compared(node, other):
        (tmp_path / "other.json").write_text(other.run("status", "--output", "json").stdout)
        code, held = found(node, "--compare", str(tmp_path / "other.json"))
        text = node.run("status", "--compare", str(tmp_path / "other.json")).stdout
        return code, held["compared"][0]["denyLists"], text

    one, other = make(), make()
    done = one.enable()
    first = "first `echo '{\"denied\": []}' >/etc/kube-entra/denied.json`, then add `deniedFile: denied.json`"
    assert done.returncode == 0 and first in done.stdout
    code, held = found(one)
    assert code == 0 and held["denyLists"] == [] and len(held["tenantsWithoutDenyList"]) == 1, held
    assert first in one.run("status").stdout
    # Both nodes get one, as the advice says, and the same configuration.
    assert other.enable().returncode == 0
    text = one.read(config).replace("tenants:\n- ", "tenants:\n- deniedFile: denied.json\n  ")
    for node in (one, other):
        node.write(denied, json.dumps({"denied": []}))
        node.write(config, text)
    code, lists, text = compared(one, other)
    assert (
        code == 0 and lists == [{"path": denied, "comparison": "same"}] and "same: configuration, denied.json" in text
    )
    assert "deny list      /etc/kube-entra/denied.json: 0 entries in force" in text
    ids = ["7777aaaa-bbbb-cccc-dddd-eeeeffff000" + str(number) for number in range(3)]
    for node, order in ((one, ids[:2]), (other, ids[1::-1])):
        for id in order:
            done = node.run("deny", "add", "--config", config, "--object-id", id, "--reason", "x")
            assert done.returncode == 0, done.stderr
    assert compared(one, other)[:2] == (0, [{"path": denied, "comparison": "same"}])
    # Each node stores its own time.
    lists = [node.read(denied) for node in (one, other)]
    for node, time in ((one, "now"), (other, "2026-01-01T00:00:00Z")):
        words = ["--object-id", ids[2], "--reason", "x", "--issued-before", time]
        assert node.run("deny", "add", "--config", config, *words).returncode == 0
    code, lists_now, text = compared(one, other)
    assert code == 1 and lists_now == [{"path": denied, "comparison": "differentTimes"}], lists_now
    assert "same but for times: denied.json (`--issued-before now` and" in text, text
    other.write(denied, lists[1].replace('"reason":', '"issuedBefore": "2026-01-01T00:00:00Z", "reason":'))
    assert compared(one, other)[1] == [{"path": denied, "comparison": "different"}]
    for node, text in zip((one, other), lists, strict=True):
        node.write(denied, text)
    ended = {"objectID": ids[2], "until": "2020-01-01T00:00:00Z", "reason": "x"}
    one.write(denied, json.dumps({"denied": [*json.loads(one.read(denied))["denied"], ended]}))
    held = found(one)[1]["denyLists"][0]
    assert (held["entriesInForce"], held["problem"]) == (2, None)
    code, lists, text = compared(one, other)
    assert code == 1 and lists == [{"path": denied, "comparison": "different"}] and "different: denied.json" in text
    one.write(denied, "{")
    code, held = found(one)
    assert held["denyLists"][0]["problem"] and held["denyLists"][0]["entriesSHA256"] is None, held
    assert f"repair {denied}" in held["next"] and f"{denied} cannot be used" in one.run("status").stdout
    assert compared(one, other)[0] == 1
    # An older version says nothing about its lists.
    status = json.loads(one.run("status", "--output", "json").stdout)
    del status["denyLists"]
    (tmp_path / "older.json").write_text(json.dumps(status))
    assert found(one, "--compare", str(tmp_path / "older.json"))[1]["compared"][0]["denyLists"] == []


@pytest.mark.parametrize(
    "path, by",
    [
        ("webhook.yaml", "kube-apiserver"),
        ("certs/ca.crt", "kube-apiserver"),
        ("certs/client.crt", "kube-apiserver"),
        ("certs/client.key", "kube-apiserver"),
        ("certs/server.crt", "the webhook"),
        ("certs/server.key", "the webhook"),
        ("certs/client-ca.crt", "the webhook"),
        ("kube-entra.yaml", "the webhook"),
    ],
)
def test_a_file_that_only_a_restart_needs_is_missed_before(node, path, by):
    assert node.enable().returncode == 0
    path = f"/etc/kube-entra/{path}"
    os.rename(node.path(path), node.path(path) + ".away")
    done = node.run("status")
    assert done.returncode == 1 and "does not survive a restart" in done.stdout, done.stdout
    assert f"{by} would not start again: {path} is missing" in done.stdout and "next " in done.stdout, done.stdout
    found = json.loads(node.run("status", "--output", "json").stdout)
    assert not found["enabled"] and found["obstacleToRestart"].endswith(f"{path} is missing"), found
    os.rename(node.path(path) + ".away", node.path(path))
    done = node.run("status")
    assert done.returncode == 0 and "restart" not in done.stdout, done.stdout


def test_a_key_that_the_webhook_may_not_read_is_missed_before_a_restart(node):
    assert node.enable().returncode == 0
    key = node.path("/etc/kube-entra/certs/server.key")
    os.chown(key, 0, 0)
    os.chmod(key, 0o600)
    done = node.run("status")
    assert done.returncode == 1 and "/etc/kube-entra/certs/server.key is not open to the user" in done.stdout, (
        done.stdout
    )
    assert "chgrp" in done.stdout
