import gzip
import hashlib
import io
import json
import os
import subprocess
import tarfile

import api_server
import pytest
import yaml
from programs import BINARY
from released import one


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


@pytest.fixture(scope="session")
def rootfs(release, tmp_path_factory):
    """The image's files, read from the archive with Python only."""
    with tarfile.open(one(release, "*.oci.tar")) as archive:

        def read(name):
            return archive.extractfile(name).read()

        index = json.loads(read("index.json"))
        manifest = json.loads(read("blobs/sha256/" + index["manifests"][0]["digest"][7:]))
        config = json.loads(read("blobs/sha256/" + manifest["config"]["digest"][7:]))
        layer = read("blobs/sha256/" + manifest["layers"][0]["digest"][7:])
        for entry in (manifest["config"], *manifest["layers"]):
            blob = read("blobs/sha256/" + entry["digest"][7:])
            assert (len(blob), hashlib.sha256(blob).hexdigest()) == (entry["size"], entry["digest"][7:])
    assert config["rootfs"]["diff_ids"] == ["sha256:" + hashlib.sha256(gzip.decompress(layer)).hexdigest()]
    folder = tmp_path_factory.mktemp("rootfs")
    folder.chmod(0o755)
    with tarfile.open(fileobj=io.BytesIO(layer)) as tar:
        # Debian 12's Python has no filters yet.
        filters = (
            {"filter": "fully_trusted" if os.geteuid() == 0 else "data"} if hasattr(tarfile, "data_filter") else {}
        )
        tar.extractall(folder, **filters)
    return folder, config["config"]
