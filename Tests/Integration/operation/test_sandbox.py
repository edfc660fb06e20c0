"""The process needs no privilege: no capability, no new privileges, a read-only root, another user, a system call
filter as containers have it."""

import os
import shutil
import sys

import pytest
from webhook import PROGRAM, Webhook, configuration, reason

NOBODY = [
    "setpriv",
    "--reuid=65534",
    "--regid=65534",
    "--clear-groups",
    "--bounding-set=-all",
    "--inh-caps=-all",
    "--no-new-privs",
]

# Everything read-only, also what is mounted below; /proc stays, as a container's does.
READ_ONLY = [
    "unshare",
    "--mount",
    "--propagation=private",
    "sh",
    "-c",
    "for m in $(awk '{print $5}' /proc/self/mountinfo | sort -u); do mount -o remount,bind,ro $m 2>/dev/null; done; "
    'touch /tmp/kube-entra-is-read-only 2>/dev/null && exit 9; exec "$@"',
    "sh",
]

# What the default profile of containers refuses, as a seccomp filter: these calls end with EPERM.
SECCOMP = """
import ctypes, os, sys
numbers = {"x86_64": dict(arch=0xC000003E, calls=[155, 165, 166, 167, 168, 169, 170, 171, 172, 173, 175, 176, 246, 248,
           249, 250, 272, 298, 304, 308, 310, 311, 313, 321, 323, 425, 426, 427, 101, 135, 136, 139, 153, 154, 156,
           163, 164, 179, 180, 212, 227, 237, 238, 239, 256, 279, 312])}[os.uname().machine]
class Filter(ctypes.Structure):
    _fields_ = [("code", ctypes.c_ushort), ("jt", ctypes.c_ubyte), ("jf", ctypes.c_ubyte), ("k", ctypes.c_uint)]
class Program(ctypes.Structure):
    _fields_ = [("len", ctypes.c_ushort), ("filter", ctypes.POINTER(Filter))]
code = [Filter(0x20, 0, 0, 0)]
for call in numbers["calls"]:
    code += [Filter(0x15, 0, 1, call), Filter(0x06, 0, 0, 0x00050001)]
code += [Filter(0x06, 0, 0, 0x7FFF0000)]
array = (Filter * len(code))(*code)
libc = ctypes.CDLL(None, use_errno=True)
assert libc.prctl(38, 1, 0, 0, 0) == 0
assert libc.prctl(22, 2, ctypes.byref(Program(len(code), array)), 0, 0) == 0
os.execvp(sys.argv[1], sys.argv[1:])
"""


@pytest.fixture
def folder(certificates, entra, tmp_path):
    """Files that nobody but their reader may read, owned by the user that the program runs as."""

    class Folder:
        def path(self, name):
            return str(tmp_path / name)

    for name in ("server", "ca", "client"):
        for kind in ("crt", "key"):
            shutil.copy2(certificates.path(f"{name}.{kind}"), tmp_path)
    entra.write_key_file(str(tmp_path / "keys.json"))
    # pytest's folders are their owner's only; each on the way has to be passable.
    for parent in [tmp_path, *tmp_path.parents]:
        if str(parent) not in ("/", "/tmp"):
            os.chmod(parent, os.stat(parent).st_mode | 0o111)
    return Folder()


CASES = {
    "no capabilities, no new privileges, another user": NOBODY,
    "a read-only root": READ_ONLY + NOBODY,
    "a system call filter": [sys.executable, "-c", SECCOMP],
    "without its own network configuration or environment": ["env", "-i"],
    "all at once": READ_ONLY + NOBODY + [sys.executable, "-c", SECCOMP],
}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can take everything away")
@pytest.mark.parametrize("prefix", CASES.values(), ids=CASES.keys())
def test_no_privilege_is_needed(folder, entra, tmp_path, prefix):
    program = str(tmp_path / "kube-entra")
    shutil.copy2(PROGRAM, program)
    webhook = Webhook(folder, configuration())
    os.chmod(webhook.config_path, 0o644)
    # What somebody else than root and the service's own user owns is not used.
    if NOBODY[0] in prefix:
        for name in os.listdir(tmp_path):
            os.chown(tmp_path / name, 65534, 65534)
    webhook.program = program
    webhook.start(prefix=prefix)
    try:
        assert reason(webhook.review(entra.token())) == "accepted"
        assert webhook.metric("process_open_fds") > 3
        status = dict(line.split(":\t") for line in open(f"/proc/{webhook.process.pid}/status") if ":\t" in line)
        if NOBODY[0] in prefix:
            assert status["CapEff"].strip("0\n") == status["CapBnd"].strip("0\n") == ""
            assert status["NoNewPrivs"] == "1\n" and status["Uid"].split()[1] == "65534"
        if SECCOMP in prefix:
            assert status["Seccomp"] == "2\n"
    finally:
        webhook.stop()
    assert "error" not in webhook.log() and "warning" not in webhook.log(), webhook.log()
