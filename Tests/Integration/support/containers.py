"""Runs the image under crun as a container runtime does, and the pod of a Deployment with its volumes as a kubelet does."""

import json
import os
import shlex
import subprocess

from released import run

# crun does not take a machine with both kinds of cgroups, which some still have.
NAMESPACE = [
    "unshare",
    "--mount",
    "--propagation=private",
    "sh",
    "-c",
    'mount -t cgroup2 cgroup2 /sys/fs/cgroup; exec "$@"',
    "sh",
]


class Container:
    """A container of the image, in the host's network and without a capability. `user`: IDs of user and group."""

    def __init__(self, folder, rootfs, arguments, user, mounts, groups=()):
        self.root, config = rootfs
        self.folder = folder
        self.name = f"kube-entra-{os.getpid()}-{folder.name}"
        self.words = ["crun", "--cgroup-manager=disabled", "--root", str(folder / "crun")]
        run("crun", "spec", cwd=folder)
        spec = json.loads((folder / "config.json").read_text())
        spec["root"] = {"path": str(self.root), "readonly": True}
        spec["process"].update(
            terminal=False,
            args=[*config["Entrypoint"], *arguments],
            env=config["Env"],
            cwd=config["WorkingDir"],
            user={"uid": user[0], "gid": user[1], "additionalGids": list(groups)},
            noNewPrivileges=True,
            capabilities={},
        )
        kept = [mount for mount in spec["mounts"] if mount["destination"] != "/sys/fs/cgroup"]
        spec["mounts"] = [*kept, *(self.bind(*mount) for mount in mounts)]
        spec["linux"].pop("resources", None)
        shared = ("network", "cgroup")
        spec["linux"]["namespaces"] = [one for one in spec["linux"]["namespaces"] if one["type"] not in shared]
        (folder / "config.json").write_text(json.dumps(spec))

    @staticmethod
    def bind(source, destination, is_writable):
        options = ["bind", "rw" if is_writable else "ro"]
        return {"destination": destination, "source": str(source), "type": "none", "options": options}

    @property
    def prefix(self):
        """Starts it; what is started is in the bundle, so that the words that follow are for nobody."""
        started = shlex.join([*NAMESPACE, *self.words, "run", "--bundle", str(self.folder), self.name])
        return ["sh", "-c", f"exec {started}", "sh"]

    def status(self):
        """Of its process, what the kernel says of it."""
        state = json.loads(run(*NAMESPACE, *self.words, "state", self.name))
        with open(f"/proc/{state['pid']}/status") as file:
            return dict(line.rstrip("\n").split(":\t") for line in file if ":\t" in line)

    def terminate(self):
        run(*NAMESPACE, *self.words, "kill", self.name, "TERM")

    def delete(self, process):
        """Whatever is left of it, when a test has failed."""
        if process.poll() is None:
            subprocess.run([*NAMESPACE, *self.words, "delete", "--force", self.name], capture_output=True)
            process.wait(30)


class Volumes:
    """Volumes of a pod, laid out as a kubelet does: NAME → ..data/NAME, ..data → ..NUMBER, for the group of the pod."""

    def __init__(self, folder, pod):
        self.folder, self.pod = folder, pod
        self.group = pod["securityContext"]["fsGroup"]
        self.count = 0

    def volume(self, name):
        return next(volume for volume in self.pod["volumes"] if volume["name"] == name)

    def own(self, path, mode):
        os.chown(path, 0, self.group)
        path.chmod(mode)

    def empty(self, name):
        (self.folder / name).mkdir()
        self.own(self.folder / name, 0o2777)

    def write(self, name, files):
        """Another version of a ConfigMap or Secret. `files`: bytes by key."""
        self.count += 1
        source = self.volume(name).get("secret") or self.volume(name)["configMap"]
        items = {item["key"]: item["path"] for item in source.get("items", [])} or {key: key for key in files}
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        self.own(folder, 0o3777)
        version = folder / f"..{self.count}"
        version.mkdir()
        self.own(version, 0o2755)
        for key, path in items.items():
            (version / path).write_bytes(files[key])
            self.own(version / path, source.get("defaultMode", 0o644))
            if not (folder / path).is_symlink():
                (folder / path).symlink_to(f"..data/{path}")
        (folder / "..new").symlink_to(version.name)
        (folder / "..new").rename(folder / "..data")

    def container(self, folder, rootfs):
        """The pod's container, on these volumes."""
        [container] = self.pod["containers"]
        whole, own = self.pod["securityContext"], container["securityContext"]
        assert own["readOnlyRootFilesystem"] and own["capabilities"] == {"drop": ["ALL"]}
        assert own["allowPrivilegeEscalation"] is False and "command" not in container
        mounts = [
            (self.folder / mount["name"], mount["mountPath"], not mount.get("readOnly"))
            for mount in container["volumeMounts"]
        ]
        user = (whole["runAsUser"], whole["runAsGroup"])
        return Container(folder, rootfs, container["args"], user, mounts, groups=[self.group])
