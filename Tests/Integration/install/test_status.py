"""status on several control-plane nodes: what is the same, and what is not."""

import json
import os

import pytest
from node import Node

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can have a node of its own")


@pytest.fixture
def make(tmp_path, certificates, entra):
    nodes = []

    def make():
        folder = tmp_path / f"node{len(nodes)}"
        folder.mkdir()
        for parent in [folder, *folder.parents]:
            if str(parent) not in ("/", "/tmp"):
                os.chmod(parent, os.stat(parent).st_mode | 0o111)
        nodes.append(Node(folder, certificates, entra))
        return nodes[-1]

    yield make
    for node in nodes:
        node.close()


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
