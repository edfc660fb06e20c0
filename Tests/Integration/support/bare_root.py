"""A bare Debian root, made by mmdebstrap and kept for the next time, in which systemd runs as process 1. It has its own
mounts, processes and cgroup, and a network with only a loopback interface."""

import ctypes
import hashlib
import os
import shutil
import signal
import stat
import subprocess
import threading
import time

import pytest
from programs import ROOT

CACHE = os.environ.get("KUBE_ENTRA_ROOTS", str(ROOT / ".build-python" / "roots"))
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a Debian root and run systemd in it")

# Units that a container has no use for, or that would affect the host.
MASKED = [
    "console-getty.service",
    "getty.target",
    "systemd-sysctl.service",
    "systemd-modules-load.service",
    "sys-kernel-debug.mount",
    "sys-kernel-tracing.mount",
    "sys-fs-fuse-connections.mount",
    "dev-hugepages.mount",
    "dev-mqueue.mount",
    "proc-sys-fs-binfmt_misc.automount",
    "systemd-remount-fs.service",
    "apt-daily.timer",
    "apt-daily-upgrade.timer",
    "dpkg-db-backup.timer",
    "e2scrub_all.timer",
    "fstrim.timer",
    "systemd-tmpfiles-clean.timer",
    "systemd-resolved.service",
    "systemd-networkd.service",
    "systemd-networkd.socket",
    "systemd-timesyncd.service",
    "systemd-logind.service",
]

# First a cgroup of its own: other processes in the tests' cgroup would keep systemd from enabling controllers.
OUTER = r"""
set -e
group=$(awk '/ - cgroup2 / {print $5; exit}' /proc/self/mountinfo)
[ -n "$group" ] || { echo 'there is no cgroup2'; exit 1; }
group=$group$(sed -n 's/^0:://p' /proc/self/cgroup)/kube-entra-test-$$
mkdir "$group"
echo $$ >"$group/cgroup.procs"
exec unshare --mount --pid --fork --cgroup --uts --ipc --net --propagation private --kill-child bash -c "$1" boot "$2"
"""

BOOT = r"""
set -e
root=$1
ip link set lo up
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount --bind -o ro "$root/proc/sys" "$root/proc/sys" && mount -o remount,bind,ro "$root/proc/sys"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
for name in null zero full random urandom tty; do
    touch "$root/dev/$name"
    mount --bind "/dev/$name" "$root/dev/$name"
done
mkdir "$root/dev/pts" "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
ln -s pts/ptmx "$root/dev/ptmx"
touch "$root/dev/console" "$root.console"
mount --bind "$root.console" "$root/dev/console"
mkdir -p "$root/.before"
cd "$root"
pivot_root . .before
umount -l /.before
rmdir /.before
echo ready
exec >/dev/console 2>&1
exec env -i container=tests PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd --unit=multi-user.target \
    --show-status=no --log-target=console systemd.unified_cgroup_hierarchy=1
"""


def suite():
    with open("/etc/os-release") as file:
        names = dict(line.rstrip().split("=", 1) for line in file if "=" in line)
    return names["VERSION_CODENAME"].strip('"')


def archive(packages, waiting=(), release=None):
    """The tar archive of a root with these packages; those in `waiting` lie in apt's cache, so that they can be
    installed without a network. Made once."""
    release = release or suite()
    key = hashlib.sha256(repr((release, sorted(packages), sorted(waiting))).encode()).hexdigest()[:12]
    path = os.path.join(os.path.realpath(CACHE), f"{release}-{key}.tar")
    if os.path.exists(path):
        return path
    os.makedirs(os.path.dirname(path), exist_ok=True)
    hooks = []
    if waiting:
        hooks = [
            "--skip=cleanup/apt",
            '--customize-hook=chroot "$1" apt-get install -qq -y --no-install-recommends --download-only '
            + " ".join(waiting),
        ]
    done = subprocess.run(
        [
            "mmdebstrap",
            "--quiet",
            "--variant=minbase",
            f"--include={','.join(packages)}",
            *hooks,
            release,
            f"{path}.{os.getpid()}.tar",
        ],
        capture_output=True,
        text=True,
        timeout=1800,
    )
    if done.returncode != 0:
        pytest.skip(f"mmdebstrap could not make a root of {release}, which needs its archive: {done.stderr[-500:]}")
    os.rename(f"{path}.{os.getpid()}.tar", path)
    return path


class BareRoot:
    def __init__(self, folder, archive):
        self.folder = str(folder)
        self.root = f"{folder}/root"
        os.mkdir(self.root, mode=0o755)
        subprocess.run(["tar", "-C", self.root, "--numeric-owner", "-xf", archive], check=True)
        self.process = self.init = None
        for unit in MASKED:
            path = f"{self.root}/etc/systemd/system/{unit}"
            if not os.path.lexists(path):
                os.symlink("/dev/null", path)
        self.write("/etc/hostname", "node\n")
        self.write("/etc/hosts", "127.0.0.1 localhost node\n")

    def path(self, path):
        return self.root + path

    def write(self, path, text, mode=0o644):
        os.makedirs(os.path.dirname(self.path(path)), exist_ok=True)
        with open(self.path(path) + ".new", "w" if isinstance(text, str) else "wb") as file:
            file.write(text)
        os.chmod(self.path(path) + ".new", mode)
        os.rename(self.path(path) + ".new", self.path(path))

    def read(self, path):
        with open(self.path(path), newline="") as file:
            return file.read()

    def exists(self, path):
        return os.path.lexists(self.path(path))

    def boot(self):
        self.process = subprocess.Popen(
            ["bash", "-c", OUTER, "outer", BOOT, self.root], stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout.readline() == "ready\n", "the root does not boot: see what stands above"
        with open(f"/proc/{self.process.pid}/task/{self.process.pid}/children") as file:
            self.init = int(file.read().split()[0])
        end = time.time() + 180
        while (state := self.run("systemctl is-system-running", check=False).strip()) not in ("running", "degraded"):
            assert time.time() < end, (state, self.console())
            time.sleep(0.2)
        failed = self.run("systemctl --failed --plain --no-legend", check=False)
        assert state == "running", (failed, self.console())
        return self

    def console(self):
        with open(self.root + ".console", errors="replace") as file:
            return file.read()[-4000:]

    def inside(self, *namespaces):
        return ["nsenter", f"--target={self.init}", *[f"--{name}" for name in namespaces]]

    def command(self, script):
        """For subprocess: a shell of root's in the root, with root's environment."""
        return [
            *self.inside("mount", "pid", "net", "uts", "ipc", "cgroup", "root"),
            "env",
            "-i",
            "HOME=/root",
            "LC_ALL=C.UTF-8",
            "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "DEBIAN_FRONTEND=noninteractive",
            "sh",
            "-c",
            f"cd /root; {script}",
        ]

    def run(self, script, check=True, timeout=600):
        done = subprocess.run(
            self.command(script), capture_output=True, text=True, timeout=timeout, stdin=subprocess.DEVNULL
        )
        assert not check or done.returncode == 0, (script, done.returncode, done.stdout[-4000:], done.stderr[-4000:])
        return done.stdout + done.stderr

    def status(self, script):
        done = subprocess.run(
            self.command(script), capture_output=True, text=True, timeout=600, stdin=subprocess.DEVNULL
        )
        return done.returncode, done.stdout + done.stderr

    def in_network(self, work):
        """Runs `work` on a thread in the root's network; sockets that it opens stay there."""
        problem = []

        def enter():
            try:
                with open(f"/proc/{self.init}/ns/net") as namespace:
                    if ctypes.CDLL(None, use_errno=True).setns(namespace.fileno(), 0x40000000) != 0:
                        raise OSError(ctypes.get_errno(), "setns")
                work()
            except BaseException as error:
                problem.append(error)

        thread = threading.Thread(target=enter)
        thread.start()
        thread.join()
        if problem:
            raise problem[0]

    def snapshot(self, but=()):
        """Each path of the root: kind, permissions, owner, content or target."""
        but = tuple(self.path(path) for path in (*but, "/proc", "/sys", "/dev", "/run", "/tmp"))
        found = {}
        for folder, names, files in os.walk(self.root):
            names[:] = [name for name in names if os.path.join(folder, name) not in but]
            for name in [*names, *files]:
                path = os.path.join(folder, name)
                if path.startswith(but):
                    continue
                status = os.lstat(path)
                content = None
                if stat.S_ISLNK(status.st_mode):
                    content = os.readlink(path)
                elif stat.S_ISREG(status.st_mode):
                    with open(path, "rb") as file:
                        content = hashlib.sha256(file.read()).hexdigest()
                found[path[len(self.root) :]] = (oct(status.st_mode), status.st_uid, status.st_gid, content)
        return found

    def close(self):
        if self.init:
            os.kill(self.init, signal.SIGKILL)
        if self.process:
            group = f"kube-entra-test-{self.process.pid}"
            self.process.wait()
            self.process.stdout.close()
            with open("/proc/self/mountinfo") as file:
                mounts = [line.split()[4] for line in file if " - cgroup2 " in line]
            for mount in mounts[:1]:
                with open("/proc/self/cgroup") as file:
                    own = next(line[3:].strip() for line in file if line.startswith("0::"))
                remove_groups(os.path.join(mount + own, group))
        shutil.rmtree(self.root, ignore_errors=True)


def remove_groups(path):
    for folder, _, _ in os.walk(path, topdown=False):
        for _ in range(100):
            try:
                os.rmdir(folder)
                break
            except FileNotFoundError:
                break
            except OSError:
                # Its last process has been killed, but has not ended yet.
                time.sleep(0.05)
