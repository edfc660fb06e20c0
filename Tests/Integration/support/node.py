"""A control-plane node in a mount namespace: /etc is a copy, /var and /usr/local/bin are empty; a stand-in for the
kubelet runs in it (kubelet.py), and one for systemctl, which starts what the unit says as the user that it names."""

import grp
import hashlib
import json
import os
import pwd
import signal
import stat
import subprocess
import sys
import time

import yaml
from ports import free_port, reserved_id
from webhook import PROGRAM

HERE = os.path.dirname(os.path.abspath(__file__))

MANIFEST = """\
apiVersion: v1
kind: Pod
metadata:
  annotations:
    kubeadm.kubernetes.io/kube-apiserver.advertise-address.endpoint: 127.0.0.1:{port}
  labels:
    component: kube-apiserver
    tier: control-plane
  name: kube-apiserver
  namespace: kube-system
spec:
  containers:
  - command:
    - kube-apiserver
    - --advertise-address=127.0.0.1
    - --allow-privileged=true
    - --authorization-mode=Node,RBAC   # as kubeadm has it
    - --client-ca-file=/etc/kubernetes/pki/ca.crt
    - --secure-port={port}
    - --tls-cert-file=/etc/kubernetes/pki/apiserver.crt
    - --tls-private-key-file=/etc/kubernetes/pki/apiserver.key
    image: registry.k8s.io/kube-apiserver:v1.36.2
    name: kube-apiserver
    volumeMounts:
    - mountPath: /etc/kubernetes/pki
      name: k8s-certs
      readOnly: true
  hostNetwork: true
  volumes:
  - hostPath:
      path: /etc/kubernetes/pki
      type: DirectoryOrCreate
    name: k8s-certs
status: {{}}
"""

CLUSTER_CONFIGURATION = """\
apiServer: {}
apiVersion: kubeadm.k8s.io/v1beta4
clusterName: kubernetes
kind: ClusterConfiguration
kubernetesVersion: v1.36.2
"""

SYSTEMCTL = """\
#!/bin/sh
# What the tests need of systemctl: one service, started as the unit says.
state={state}
unit=/etc/systemd/system/kube-entra.service
echo "$*" >>$state/systemctl.log
running() {{ [ -f $state/webhook.pid ] && kill -0 "$(cat $state/webhook.pid)" 2>/dev/null; }}
case "$1" in
daemon-reload) ;;
is-active) running || exit 3 ;;
show)
    # A service that has ended is about to be restarted.
    [ -f $state/webhook.pid ] || exit 1
    running && echo ActiveState=active || printf 'ActiveState=activating\\nSubState=auto-restart\\nResult=exit-code\\n'
    ;;
is-enabled) [ -f $state/enabled ] || exit 1 ;;
enable)
    touch $state/enabled
    running && exit 0
    # The service manager starts it, not this program: kubelet.py does that here.
    echo "$(sed -n s/^User=//p $unit) $(sed -n s/^ExecStart=//p $unit)" >$state/start.new
    mv $state/start.new $state/start
    while [ -f $state/start ]; do sleep 0.05; done
    ;;
disable)
    rm -f $state/enabled
    # A start that has begun is ended too.
    while [ -f $state/start ]; do sleep 0.05; done
    if running; then
        kill "$(cat $state/webhook.pid)"
        while running; do sleep 0.05; done
    fi
    ;;
restart) date +%s%N >$state/restarted ;;
*) echo "systemctl: unknown $1" >&2; exit 1 ;;
esac
"""

SETUP = """
set -e
mount --make-rprivate /
mount -t tmpfs tmpfs {work}
cp -a /etc {work}/etc
cat {state}/passwd >>{work}/etc/passwd
cat {state}/group >>{work}/etc/group
rm -rf {work}/etc/kubernetes {work}/etc/kube-entra {work}/etc/rancher
mkdir -p {work}/etc/systemd/system {work}/etc/sysusers.d {work}/var/lib {work}/var/log {work}/bin
rm -f {work}/etc/systemd/system/kube-entra.service
mount --bind {work}/etc /etc
mount --bind {work}/var /var
mount --bind {work}/bin /usr/local/bin
umount -l {work} || true
echo ready
exec sleep infinity
"""


def admin_kubeconfig(port):
    """The kubeconfig with which a node's administrator reaches the API server on it."""
    folder = "/etc/kubernetes/pki"
    cluster = {"server": f"https://localhost:{port}", "certificate-authority": f"{folder}/ca.crt"}
    user = {"client-certificate": f"{folder}/admin.crt", "client-key": f"{folder}/admin.key"}
    return yaml.safe_dump(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "admin",
            "clusters": [{"name": "c", "cluster": cluster}],
            "users": [{"name": "u", "user": user}],
            "contexts": [{"name": "admin", "context": {"cluster": "c", "user": "u"}}],
        }
    )


class Node:
    def __init__(self, folder, certificates, entra, distribution="kubeadm"):
        self.folder, self.certificates, self.distribution = str(folder), certificates, distribution
        self.state = f"{folder}/state"
        work = f"{folder}/work"
        for path in (self.state, work, f"{folder}/bin", f"{folder}/given"):
            os.mkdir(path)
        self.port, self.listen, self.operations = free_port(), free_port(), free_port()
        self.reserve_user()
        self.holder = subprocess.Popen(
            ["unshare", "--mount", "bash", "-c", SETUP.format(work=work, state=self.state)],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.holder.stdout.readline() == "ready\n"
        with open(f"{folder}/bin/systemctl", "w") as file:
            file.write(SYSTEMCTL.format(state=self.state))
        with open(f"{folder}/bin/journalctl", "w") as file:
            file.write(f"#!/bin/sh\nexec tail -n 20 {self.state}/webhook.log\n")
        for name in ("systemctl", "journalctl"):
            os.chmod(f"{folder}/bin/{name}", 0o755)
        self.environment = {**os.environ, "PATH": f"{folder}/bin:{os.environ['PATH']}", "KUBE_ENTRA": PROGRAM}
        self.make_cluster(entra)
        self.kubelet = None
        self.start_kubelet()
        # Everybody may pass to the tests' folders, as to a node's.
        for path in (self.folder, *[os.path.dirname(self.folder)] * 1):
            os.chmod(path, 0o755)

    def reserve_user(self):
        """The only ID that is left for the webhook's user is one that no other node's has on this machine: programs
        for users look at all processes."""
        taken = {entry.pw_uid for entry in pwd.getpwall()} | {entry.gr_gid for entry in grp.getgrall()}
        self.user, self.reservation = reserved_id(taken)
        others = [number for number in range(100, 1000) if number != self.user and number not in taken]
        with open(f"{self.state}/passwd", "w") as file:
            file.writelines(f"other{number}:x:{number}:{number}::/:/usr/sbin/nologin\n" for number in others)
        with open(f"{self.state}/group", "w") as file:
            file.writelines(f"other{number}:x:{number}:\n" for number in others)

    # The cluster

    def make_cluster(self, entra):
        manifest = MANIFEST.format(port=self.port)
        self.admin = {
            "kubeadm": "/etc/kubernetes/admin.conf",
            "rke2": "/etc/rancher/rke2/rke2.yaml",
            "k3s": "/etc/rancher/k3s/k3s.yaml",
        }[self.distribution]
        self.write("/etc/kubernetes/pki/ca.crt", open(self.certificates.path("ca.crt")).read())
        for kind in ("crt", "key"):
            self.write(f"/etc/kubernetes/pki/apiserver.{kind}", open(self.certificates.path(f"server.{kind}")).read())
            self.write(f"/etc/kubernetes/pki/admin.{kind}", open(self.certificates.path(f"client.{kind}")).read())
        self.write(self.admin, admin_kubeconfig(self.port))
        if self.distribution == "kubeadm":
            self.write("/etc/kubernetes/manifests/kube-apiserver.yaml", manifest, mode=0o600)
        else:
            self.write(f"/etc/rancher/{self.distribution}/config.yaml", "# mine\nkube-apiserver-arg: [v=2]\n")
            with open(f"{self.state}/base.yaml", "w") as file:
                file.write(manifest)
        with open(f"{self.state}/objects.json", "w") as file:
            configmap = {"metadata": {"resourceVersion": "1"}, "data": {"ClusterConfiguration": CLUSTER_CONFIGURATION}}
            json.dump({"bindings": {}, "configmap": configmap if self.distribution == "kubeadm" else None}, file)
        # The configuration that is passed with --config, with its keys beside it.
        entra.write_key_file(f"{self.folder}/given/keys.json")
        from webhook import configuration

        config = configuration()
        config["server"] = {
            "listen": f"127.0.0.1:{self.listen}",
            "operations": f"127.0.0.1:{self.operations}",
            "certificate": "certs/server.crt",
            "privateKey": "certs/server.key",
            "clientCA": "certs/client-ca.crt",
        }
        self.config = f"{self.folder}/given/kube-entra.yaml"
        with open(self.config, "w") as file:
            yaml.safe_dump(config, file)

    @property
    def drop_in(self):
        return f"/etc/rancher/{self.distribution}/config.yaml.d/99-kube-entra.yaml"

    def start_kubelet(self):
        arguments = [] if self.distribution == "kubeadm" else [self.drop_in]
        self.kubelet = subprocess.Popen(
            [*self.enter, sys.executable, f"{HERE}/kubelet.py", self.state, *arguments], env=self.environment
        )
        self.wait_for(lambda: "started" in self.log())

    def mode(self, text):
        with open(f"{self.state}/mode", "w") as file:
            file.write(text)

    def objects(self):
        with open(f"{self.state}/objects.json") as file:
            return json.load(file)

    def change_objects(self, change):
        """Changes what the cluster holds, as somebody else would."""
        held = self.objects()
        change(held)
        with open(f"{self.state}/objects.json.new", "w") as file:
            json.dump(held, file)
        os.rename(f"{self.state}/objects.json.new", f"{self.state}/objects.json")

    def log(self, name="log"):
        try:
            with open(f"{self.state}/{name}", errors="replace") as file:
                return file.read()
        except FileNotFoundError:
            return ""

    @staticmethod
    def wait_for(condition, timeout=120):
        end = time.time() + timeout
        while not condition():
            assert time.time() < end, "it did not happen in time"
            time.sleep(0.05)

    # The namespace

    @property
    def enter(self):
        return ["nsenter", f"--mount=/proc/{self.holder.pid}/ns/mnt"]

    def path(self, path):
        """The path of a node's file for this process."""
        return f"/proc/{self.holder.pid}/root{path}"

    def read(self, path):
        with open(self.path(path), newline="") as file:
            return file.read()

    def write(self, path, text, mode=None):
        os.makedirs(os.path.dirname(self.path(path)), exist_ok=True)
        with open(self.path(path) + ".new", "w") as file:
            file.write(text)
        if mode:
            os.chmod(self.path(path) + ".new", mode)
        # The kubelet looks at whole files only.
        os.rename(self.path(path) + ".new", self.path(path))

    def exists(self, path):
        return os.path.lexists(self.path(path))

    def start(self, *arguments, stderr=subprocess.STDOUT):
        """Starts a command whose output can be read while it runs."""
        return subprocess.Popen(
            [*self.enter, PROGRAM, *arguments],
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            env=self.environment,
            cwd="/",
        )

    def run(self, *arguments, timeout=300, prefix=()):
        done = subprocess.run(
            [*self.enter, *prefix, PROGRAM, *arguments],
            capture_output=True,
            text=True,
            timeout=timeout,
            env=self.environment,
            cwd="/",
        )
        return done

    def enable(self, *arguments, wait="120s", prefix=()):
        return self.run("enable", "--config", self.config, "--timeout", wait, *arguments, prefix=prefix)

    def start_enable(self, arguments, stderr=subprocess.STDOUT):
        return self.start("enable", "--config", self.config, "--timeout", "120s", *arguments, stderr=stderr)

    def enable_until(self, step, *arguments):
        """Kills an enable as soon as it reports the step.

        Returns whether it came that far and was killed: on a busy machine it may have ended meanwhile.
        """
        process = self.start_enable(arguments, stderr=subprocess.DEVNULL)
        try:
            for line in process.stdout:
                if line.split()[3:4] == [step]:
                    process.kill()
                    return process.wait() == -signal.SIGKILL
            return False
        finally:
            process.wait()
            process.stdout.close()

    def enable_held_at(self, step, *arguments):
        """Starts an enable and holds it as soon as it reports the step."""
        process = self.start_enable(arguments, stderr=subprocess.STDOUT)
        for line in process.stdout:
            if line.split()[3:4] == [step]:
                process.send_signal(signal.SIGSTOP)
                return process
        raise AssertionError("it ended before the step")

    def snapshot(self):
        """Everything on the node: kind, permissions, owner and content of each path."""
        found = {}
        for top in ("/etc", "/var", "/usr/local/bin"):
            for folder, names, files in os.walk(self.path(top)):
                for name in names + files:
                    path = os.path.join(folder, name)
                    status = os.lstat(path)
                    digest = None
                    if stat.S_ISREG(status.st_mode):
                        with open(path, "rb") as file:
                            digest = hashlib.sha256(file.read()).hexdigest()
                    shown = path.split("/root", 1)[1]
                    found[shown] = (
                        stat.S_IFMT(status.st_mode),
                        stat.S_IMODE(status.st_mode),
                        status.st_uid,
                        status.st_gid,
                        digest,
                    )
        # Copies that the tools for users keep by themselves.
        for name in list(found):
            if name.startswith("/etc/") and (
                name.endswith("-") or name in ("/etc/.pwd.lock", "/etc/gshadow", "/etc/shadow")
            ):
                del found[name]
        return found

    def close(self):
        if self.holder.stdout.closed:
            return
        if self.kubelet:
            self.kubelet.send_signal(signal.SIGTERM)
            self.kubelet.wait()
        pid = self.log("webhook.pid").strip()
        if pid and os.path.exists(f"/proc/{pid}"):
            with open(f"/proc/{pid}/cmdline") as file:
                if "serve" in file.read():
                    os.kill(int(pid), signal.SIGKILL)
        self.holder.kill()
        self.holder.wait()
        self.holder.stdout.close()
        self.reservation.close()
