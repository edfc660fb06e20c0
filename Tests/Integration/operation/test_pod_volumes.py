"""What a pod's volumes look like to the program: writable for everybody, and reached by nobody else."""

import json
import os
import re
import shutil
import subprocess

import pytest
from certificates import SERVER
from programs import BINARY
from webhook import Webhook, configuration, wait_for

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount")
USER = 64170
AS_USER = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups"]
FILES = ("server.crt", "server.key", "ca.crt")
# What the container runtime does with the volumes that the kubelet made.
MOUNT = """
for pair in $BINDS; do mount --bind "${pair%%=*}" "${pair##*=}"; done
for folder in $READ_ONLY; do mount -o remount,bind,ro "$folder"; done
exec "$@"
"""


class Pod:
    """The volumes that a kubelet makes for the chart, on the node, and where the container sees them."""

    def __init__(self, folder, certificates):
        self.folder, self.certificates = folder, certificates
        self.volumes = folder / "kubelet" / "pods" / "0a0a-1" / "volumes"
        self.root = folder / "root"
        self.volumes.mkdir(parents=True)
        self.kinds = {"config": "configmap", "certs": "secret", "state": "empty-dir"}
        for name in self.kinds:
            self.node(name).mkdir(parents=True)
            # Secrets are in memory: what the kubelet mounts has the sticky bit.
            self.node(name).chmod(0o3777 if name == "certs" else 0o2777)
            os.chown(self.node(name), 0, USER)
            self.path(name).mkdir(parents=True)
        for path in (folder, *folder.parents):
            if path.stat().st_uid == os.geteuid() and path != path.parent:
                path.chmod(path.stat().st_mode | 0o055)
        self.update("certs", {name: certificates.path(name) for name in FILES}, 0o440)

    def node(self, name):
        return self.volumes / f"kubernetes.io~{self.kinds[name]}" / name

    def path(self, name):
        return self.root / name

    def update(self, name, files, mode):
        """As the kubelet's atomic writer: a new folder, then a new link over the old one, then the end of the old."""
        folder = self.node(name)
        old = os.readlink(folder / "..data") if (folder / "..data").is_symlink() else None
        new = folder / f"..{os.urandom(4).hex()}"
        new.mkdir()
        for path in (new, *(new / file for file in files)):
            if path != new:
                shutil.copy(files[path.name], path)
            os.chown(path, 0, USER)
            path.chmod(0o2755 if path == new else mode)
        os.symlink(new.name, folder / "..data_tmp")
        os.rename(folder / "..data_tmp", folder / "..data")
        for file in files:
            if not (folder / file).is_symlink():
                os.symlink(f"..data/{file}", folder / file)
        if old:
            shutil.rmtree(folder / old)

    def configure(self, config, folders=None):
        """`folders`: where the container sees the volumes."""
        where = folders or self.path
        for field, file in zip(("certificate", "privateKey", "clientCA"), FILES, strict=True):
            config["server"][field] = str(where("certs") / file)
        config["tenants"][0]["signingKeys"] = {"cacheFile": str(where("state") / "keys.json")}
        config["tenants"][0]["subjects"] = ["user"]
        config["server"]["allowedClientNames"] = ["kube-apiserver"]
        (self.folder / "new.yaml").write_text(json.dumps(config))
        self.update("config", {"config.yaml": self.folder / "new.yaml"}, 0o644)
        (self.folder / "new.yaml").unlink()

    def prefix(self, source=None):
        """`source`: the folders that are mounted, in place of the volumes."""
        binds = " ".join(f"{(source or self.node)(name)}={self.path(name)}" for name in self.kinds)
        closed = f"{self.path('config')} {self.path('certs')}"
        # The mounts end with the program.
        values = ["env", f"BINDS={binds}", f"READ_ONLY={closed}"]
        return ["unshare", "-m", "--propagation", "private", *values, "bash", "-ec", MOUNT, "bash", *AS_USER]

    def check(self, prefix, config):
        done = subprocess.run(
            [*prefix, BINARY, "config", "check", str(config), "--output", "json"], capture_output=True, timeout=60
        )
        answer = json.loads(done.stdout)
        assert answer["usable"], (answer, done.stderr)
        return sorted((one["rule"], one["field"]) for one in answer["findings"] if one["rule"] != "no-deny-list")


@pytest.fixture
def pod(tmp_path, certificates):
    return Pod(tmp_path, certificates)


SHARED = [
    ("file-is-shared", ""),
    ("file-is-shared", "server.certificate"),
    ("file-is-shared", "server.clientCA"),
    ("file-is-shared", "server.privateKey"),
    ("file-is-shared", "tenants[0].signingKeys.cacheFile"),
]
READABLE = ("key-is-readable", "server.privateKey")


@pytest.mark.parametrize("mode", [0o440, 0o444])
def test_volumes_of_the_pod_are_shared_with_nobody(pod, mode):
    pod.update("certs", {name: pod.certificates.path(name) for name in FILES}, mode)
    pod.configure(configuration())
    assert pod.check(pod.prefix(), pod.path("config") / "config.yaml") == []
    # The same folders without the mounts could be anybody's, and so could those that a node lends.
    expected = sorted([*SHARED, *([READABLE] if mode == 0o444 else [])])
    pod.configure(configuration(), pod.node)
    assert pod.check(AS_USER, pod.node("config") / "config.yaml") == expected
    pod.configure(configuration())
    lent = pod.folder / "lent"
    shutil.copytree(pod.volumes, lent, symlinks=True)
    for name in pod.kinds:
        folder = lent / pod.node(name).relative_to(pod.volumes)
        folder.chmod(0o777)
        for path in folder.rglob("*"):
            os.chown(path, 0, USER, follow_symlinks=False)
    prefix = pod.prefix(lambda name: lent / pod.node(name).relative_to(pod.volumes))
    assert pod.check(prefix, pod.path("config") / "config.yaml") == expected


def test_a_secret_in_memory_is_no_shared_folder_either(pod):
    pod.configure(configuration())
    copy = pod.folder / "copy"
    shutil.copytree(pod.node("certs"), copy, symlinks=True)
    memory = (
        'mount -t tmpfs -o mode=3777 none "$0" && cp -a "$1"/. "$0" && chown -R "root:$2" "$0" && shift 2 && exec "$@"'
    )
    prefix = ["unshare", "-m", "--propagation", "private", "bash", "-ec", memory, pod.node("certs"), copy, str(USER)]
    assert pod.check([*prefix, *pod.prefix()], pod.path("config") / "config.yaml") == []


def test_the_rotation_of_a_secret_is_one_line(pod, entra, tmp_path):
    """Renewed by cert-manager, written by the kubelet: one line, which says until when the new certificate is valid."""
    webhook = Webhook(pod.certificates, configuration(), name=f"pod-{tmp_path.name}.yaml")
    config = configuration(authority="https://127.0.0.1:1")
    config["server"].update(
        listen=f"127.0.0.1:{webhook.port}", operations=f"127.0.0.1:{webhook.operations}", protocols=["http/1.1"]
    )
    config["logging"] = {"format": "json"}
    pod.configure(config)
    webhook.config_path = str(pod.path("config") / "config.yaml")
    webhook.log_path = str(tmp_path / "log")
    webhook.start(ready=False, prefix=pod.prefix())

    def lines():
        return [one for one in map(json.loads, webhook.log().splitlines()) if "signing keys" not in one["message"]]

    try:
        wait_for(lambda: lines())
        assert [one["message"] for one in lines()] == ["listening"]
        pod.certificates.issue("rotated", pod.certificates.ca, SERVER, addresses=["127.0.0.1"], days=(0, 45))
        new = {"server.crt": "rotated.crt", "server.key": "rotated.key", "ca.crt": "ca.crt"}
        pod.update("certs", {name: pod.certificates.path(file) for name, file in new.items()}, 0o440)
        wait_for(lambda: len(lines()) > 1, timeout=60)
        (_, line) = lines()
        assert line["level"] == "notice" and line["message"] == "configuration and certificates are in force"
        assert re.fullmatch(r"20\d\d-\d\d-\d\dT[0-9:]{8}Z", line["certificateExpires"])
        pod.configure({**config, "limits": {"clockSkew": "30s"}})
        wait_for(lambda: len(lines()) > 2, timeout=60)
        (_, _, second) = lines()
        assert second["message"] == line["message"] and second["sha256"] != line["sha256"]
        assert second["certificateExpires"] == line["certificateExpires"]
    finally:
        webhook.stop()
