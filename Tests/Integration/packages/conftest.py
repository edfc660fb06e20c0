import os
import subprocess

import api_server
import pytest
import yaml
from programs import BINARY


@pytest.fixture
def user(tmp_path):
    """The cluster, and what a shell of somebody who administers it says."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "kube-entra").symlink_to(BINARY)
    with api_server.cluster() as (cluster, address):
        (tmp_path / "kubeconfig").write_text(
            yaml.safe_dump(
                {
                    "apiVersion": "v1",
                    "kind": "Config",
                    "clusters": [{"name": "c", "cluster": {"server": address}}],
                    "users": [{"name": "u", "user": {}}],
                    "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
                    "current-context": "x",
                }
            )
        )

        def run(*lines, status=0):
            # The PATH of now: which helm and kubectl are meant may change in a test.
            environment = {
                "HOME": str(tmp_path),
                "KUBECONFIG": str(tmp_path / "kubeconfig"),
                "PATH": os.pathsep.join([str(folder), os.environ["PATH"]]),
            }
            script = "\n".join(["set -eo pipefail", *lines])
            done = subprocess.run(
                ["bash", "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300
            )
            assert done.returncode == status, (lines, done.stdout, done.stderr)
            return done.stdout + done.stderr

        yield cluster, run
