"""A node of several, whose admin's kubeconfig names a load balancer: another node's API server answers there."""

import os
import signal

import pytest
import yaml
from enabling import status
from node import admin_kubeconfig

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can have a node of its own")


def stop_kubelet(node):
    node.kubelet.send_signal(signal.SIGTERM)
    node.kubelet.wait()
    node.kubelet = None
    with open(f"{node.state}/log", "w"):
        pass


@pytest.fixture
def two(make):
    """A node with the webhook, and another one whose admin's kubeconfig leads to the first."""
    first, second = make(), make()
    assert first.enable().returncode == 0
    second.write(second.admin, admin_kubeconfig(first.port))
    return first, second


def test_another_api_server_does_not_answer_for_a_dead_one(two):
    first, node = two
    code, found = status(node)
    assert code == 1 and not found["apiServer"]["asksWebhook"], found
    node.mode("does not start")
    process = node.start_enable([])
    for line in process.stdout:
        if "waiting until the API server" in line:
            process.kill()
            break
    process.wait()
    process.stdout.close()
    node.wait_for(lambda: "failed to start" in node.log())

    code, found = status(node)
    assert code == 1 and found["state"] == "halfDone" and not found["apiServer"]["asksWebhook"], found
    assert f":{node.port}: the connection was refused" in found["apiServer"]["detail"], found
    # The cluster still answers, at the other node.
    detour = f"https://localhost:{first.port}"
    assert found["askedElsewhere"] == {"apiServer": None, "cluster": detour}, found
    assert found["kubeadmConfigHasFlags"] is True
    assert f"cluster        asked at {detour}" in node.run("status").stdout

    done = node.enable(wait="5s")
    assert done.returncode == 1 and "people sign in" not in done.stdout, done.stdout + done.stderr
    assert f":{node.port}: the connection was refused" in done.stderr, done.stderr


def test_an_api_server_that_comes_back_meanwhile_is_noticed(two):
    _, node = two
    assert node.enable().returncode == 0
    stop_kubelet(node)
    process = node.start("disable", "--timeout", "120s")
    said = ""
    for line in process.stdout:
        said += line
        if "waiting until the API server" in line:
            break
    node.start_kubelet()
    said += process.stdout.read()
    process.stdout.close()
    assert process.wait() == 0 and "the node is as it was before" in said, said


def test_objects_of_the_cluster_are_changed_at_another_node_only_with_a_word(two):
    first, node = two
    stop_kubelet(node)
    done = node.run("disable")
    assert done.returncode == 0, done.stdout + done.stderr
    detour = f"its objects are read and changed at https://localhost:{first.port}, because this node's own"
    assert detour in done.stdout, done.stdout
    node.start_kubelet()
    assert "its objects are read and changed at" not in node.run("disable").stdout


def test_an_own_address_that_is_not_known_is_said(make):
    """K3s has no manifest: its address is in its kubeconfig, where a load balancer's was put."""
    node = make("k3s")
    kubeconfig = yaml.safe_load(node.read(node.admin))
    cluster = kubeconfig["clusters"][0]["cluster"]
    cluster.update({"server": f"https://balancer.test:{node.port}", "tls-server-name": "localhost"})
    node.write(node.admin, yaml.safe_dump(kubeconfig))
    node.write("/etc/hosts", node.read("/etc/hosts") + "127.0.0.1 balancer.test\n")
    address = f"asked at https://balancer.test:{node.port}, because this node's own address is not known"
    done = node.enable("--dry-run")
    assert done.returncode == 0 and f"warning: kube-apiserver is {address}" in done.stdout, done.stdout + done.stderr
    done = node.enable()
    assert done.returncode == 0, done.stdout + done.stderr
    served = next(line for line in done.stdout.splitlines() if "serves, and answers" in line)
    assert address in served
    code, found = status(node)
    assert code == 0 and address in found["apiServer"]["detail"], found
    done = node.run("disable", "--timeout", "120s")
    assert done.returncode == 0 and address in done.stdout, done.stdout + done.stderr


def test_an_own_certificate_needs_only_one_of_both_names(make):
    """The kubeconfig names an address that the API server's certificate does not have."""
    node = make()
    node.write(node.admin, node.read(node.admin).replace("localhost", "balancer.test"))
    code, found = status(node)
    assert code == 1 and "does not ask the webhook" in found["apiServer"]["detail"], found
