"""A stand-in for the kubelet that runs static pods for real: the program of each manifest, as a process that sees only
its image's files and the folders that its manifest mounts. Run outside of the node:

    python static_pods.py MANIFESTS STATE ENTER…

MANIFESTS is the folder to watch, as this process sees it. STATE is a folder: `log` says what happened, each program's
output is in a file with its pod's name, and its process ID in one that ends in `.pid`. ENTER is the command that runs another one inside the node. The name
of the node is in the environment as NODE_NAME."""

import json
import os
import signal
import subprocess
import sys
import time

import yaml

MANIFESTS, STATE, *ENTER = sys.argv[1:]
NODE = os.environ["NODE_NAME"]
# A program that ends is started again after so many seconds; the real kubelet waits longer each time.
BACK_OFF = 1
KUBELET = ["kubectl", "--kubeconfig=/etc/kubernetes/kubelet.conf"]

# Arguments: the pod's name, its program, and for each folder its place on the node, in the pod, and `ro` or `rw`. The
# program's arguments come after `--`. An image holds the program and its libraries.
RUN = r"""
set -e
pod=/run/pods/$1 program=$2
shift 2
mkdir -p "$pod"
mount -t tmpfs pod "$pod"
show() {
    mkdir -p "$pod${2%/*}"
    if [ -d "$1" ]; then mkdir -p "$pod$2"; else touch "$pod$2"; fi
    mount --bind "$1" "$pod$2"
    [ "$3" = rw ] || mount -o "remount,bind,ro" "$pod$2"
}
for file in "$program" $(ldd "$program" 2>/dev/null | grep -o '/[^ ]*') /etc/hosts /dev/null /dev/urandom; do
    show "$(realpath "$file")" "$file" rw
done
mkdir -p "$pod/tmp"
while [ "$1" != -- ]; do
    show "$1" "$2" "$3"
    shift 3
done
shift
exec env -i PATH=/usr/local/bin /usr/sbin/chroot "$pod" "$program" "$@"
"""


def log(text):
    with open(f"{STATE}/log", "a") as file:
        file.write(text + "\n")


def read(path):
    try:
        with open(path) as file:
            return file.read()
    except FileNotFoundError:
        return None


def in_node(command, **options):
    return subprocess.run([*ENTER, *command], capture_output=True, text=True, timeout=60, **options)


class Pod:
    def __init__(self, text):
        self.text, self.process, self.ended = text, None, 0.0
        self.manifest = yaml.safe_load(text)
        self.name = self.manifest["metadata"]["name"]
        self.is_published = False

    def arguments(self):
        (container,) = self.manifest["spec"]["containers"]
        program, *words = container["command"]
        sources = {volume["name"]: volume["hostPath"] for volume in self.manifest["spec"].get("volumes", [])}
        folders = []
        for mount in container.get("volumeMounts", []):
            source = sources[mount["name"]]
            self.prepare(source["path"], source.get("type"))
            folders += [source["path"], mount["mountPath"], "ro" if mount.get("readOnly") else "rw"]
        return [self.name, f"/usr/local/bin/{program}", *folders, "--", *words]

    @staticmethod
    def prepare(path, kind):
        if kind == "DirectoryOrCreate":
            in_node(["mkdir", "-p", path])
        elif kind and in_node(["test", {"Directory": "-d", "File": "-f"}[kind], path]).returncode:
            raise OSError(f"hostPath type check failed: {path} is not a {kind}")

    def turn(self):
        if self.process and self.process.poll() is not None:
            log(f"{self.name} ended with {self.process.returncode}")
            self.process, self.ended, self.is_published = None, time.monotonic(), False
        if self.process is None and time.monotonic() - self.ended > BACK_OFF:
            try:
                words = ["unshare", "--mount", "--propagation=private", "sh", "-c", RUN, "pod", *self.arguments()]
            except OSError as problem:
                log(f"{self.name}: {problem}")
                self.ended = time.monotonic()
                return
            with open(f"{STATE}/{self.name}", "ab") as output:
                self.process = subprocess.Popen(
                    [*ENTER, *words], stdin=subprocess.DEVNULL, stdout=output, stderr=output
                )
            with open(f"{STATE}/{self.name}.pid", "w") as file:
                file.write(str(self.process.pid))
            log(f"{self.name} started")

    def publish(self):
        """Shows the pod in the cluster, as the kubelet does with its own certificate."""
        if self.is_published or self.process is None:
            return
        node = in_node([*KUBELET, "get", "node", NODE, "--output=jsonpath={.metadata.uid}"])
        if node.returncode:
            return
        mirror = yaml.safe_load(self.text)
        mirror["metadata"].update(name=f"{self.name}-{NODE}")
        mirror["metadata"].pop("creationTimestamp", None)
        mirror["metadata"].setdefault("annotations", {})["kubernetes.io/config.mirror"] = str(hash(self.text))
        mirror["metadata"]["ownerReferences"] = [
            {"apiVersion": "v1", "kind": "Node", "name": NODE, "uid": node.stdout, "controller": True}
        ]
        mirror["spec"]["nodeName"] = NODE
        place = ["--namespace=kube-system", "pod", mirror["metadata"]["name"]]
        in_node([*KUBELET, "delete", "--ignore-not-found", "--grace-period=0", "--force", *place])
        done = in_node([*KUBELET, "create", "--validate=false", "--filename=-"], input=json.dumps(mirror))
        self.is_published = done.returncode == 0
        log(f"{self.name} published" if self.is_published else f"{self.name} not published: {done.stderr}")

    def stop(self):
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        log(f"{self.name} stopped")


def manifests():
    """What a kubelet runs: every file in the folder whose name does not start with a dot."""
    texts = (read(f"{MANIFESTS}/{name}") for name in sorted(os.listdir(MANIFESTS)) if not name.startswith("."))
    return [text for text in texts if text]


def main():
    pods = {}
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        while True:
            wanted = manifests()
            for text in [text for text in pods if text not in wanted]:
                pods.pop(text).stop()
            for text in wanted:
                if text not in pods:
                    pods[text] = Pod(text)
                pods[text].turn()
                pods[text].publish()
            time.sleep(0.2)
    finally:
        # kube-apiserver before etcd.
        for pod in sorted(pods.values(), key=lambda pod: pod.name, reverse=True):
            pod.stop()


main()
