import os
import re
import subprocess

import pytest
from bare_root import archive
from certificates import Certificates
from programs import ROOT, TOOLS
from real_node import RealNode
from released import make_release, one

os.environ["PATH"] = TOOLS + os.pathsep + os.environ["PATH"]
# What run.sh built.
PROGRAMS = str(ROOT / ".build-cluster" / "bin")


@pytest.fixture(scope="session")
def package(tmp_path_factory):
    return one(make_release(tmp_path_factory.mktemp("release")), "kube-entra_*.deb")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory, package):
    """A cluster of one node, as kubeadm leaves it, with the package installed and not enabled."""
    folder = tmp_path_factory.mktemp("cluster")
    folder.chmod(0o755)
    depends = subprocess.run(["dpkg-deb", "-f", package, "Depends"], capture_output=True, text=True, check=True).stdout
    waiting = sorted({re.split(r"[ (|]", word.strip())[0] for word in depends.split(",")})
    root = archive(["systemd", "systemd-sysv", "ca-certificates"], waiting)
    made = RealNode(folder, root, Certificates(str(tmp_path_factory.mktemp("certificates"))), TOOLS, PROGRAMS)
    made.root.write(f"/root/{package.name}", package.read_bytes())
    made.root.run("apt-get install -y ./kube-entra_*.deb")
    yield made
    made.close()
