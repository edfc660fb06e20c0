"""How `disable` finds out that the API server has restarted where no token is known that the webhook would answer."""

import os

import pytest
from enabling import JOURNAL

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can have a node of its own")


def damage(node):
    """Without the journal and with a damaged configuration, no token is known that the webhook would answer."""
    assert node.enable().returncode == 0
    os.remove(node.path(JOURNAL))
    node.write("/etc/kube-entra/kube-entra.yaml", "server: [\n", mode=0o644)


def test_disable_sees_in_the_cluster_that_the_api_server_has_restarted(node):
    damage(node)
    node.mode("notices nothing")
    done = node.run("disable", "--timeout", "1s")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "does not answer yet: the cluster still shows it with the flags" in done.stderr, done.stderr
    assert "journalctl -u kubelet" in done.stderr
    said = node.run("disable", "--dry-run").stdout
    assert "kept           the service kube-entra.service" in said, said
    node.mode("")
    done = node.run("disable", "--timeout", "120s")
    assert done.returncode == 0, done.stdout + done.stderr
    assert node.log().splitlines()[-1] == "started without the webhook"
    # The journal of that first run does not know what enable made, and what stays is named as by the first run.
    assert "warning: " in done.stdout and " kept          the service kube-entra.service" in done.stdout, done.stdout
    assert done.stdout.splitlines()[-1].endswith("except for what was kept"), done.stdout


def test_disable_says_that_it_cannot_know_and_what_to_look_at(node):
    damage(node)
    node.mode("refuses lists, notices nothing")
    done = node.run("disable", "--timeout", "1s")
    assert done.returncode == 1 and "whether it runs without the flags is not known" in done.stderr, done.stderr
    assert "crictl ps --name kube-apiserver" in done.stderr and "kube-entra config check" in done.stderr
    # An API server that was away, and answers again, has restarted.
    node.kubelet.terminate()
    node.kubelet.wait()
    node.mode("refuses lists")
    process = node.start("disable", "--timeout", "120s")
    said = ""
    for line in process.stdout:
        said += line
        if "still waiting: " in line:
            break
    node.start_kubelet()
    said += process.stdout.read()
    process.stdout.close()
    assert process.wait() == 0 and "except for what was kept" in said, said
