import os

import pytest
from node import Node


@pytest.fixture
def make(tmp_path, certificates, entra):
    nodes = []

    def make(distribution="kubeadm"):
        folder = tmp_path / f"node{len(nodes)}"
        folder.mkdir()
        for parent in [folder, *folder.parents]:
            if str(parent) not in ("/", "/tmp"):
                os.chmod(parent, os.stat(parent).st_mode | 0o111)
        nodes.append(Node(folder, certificates, entra, distribution))
        return nodes[-1]

    yield make
    for node in nodes:
        node.close()


@pytest.fixture
def node(make):
    return make()
