"""What other processes and core files can have of the program's memory, and its threads."""

import os
import pathlib
import shutil
import signal
import subprocess
import tempfile

import pytest
from entra import ADMINS, AUDIENCE, TENANT
from programs import BINARY
from webhook import Webhook, configuration

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs another user, and looks into its processes")
USER = 64170
AS_USER = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups"]


@pytest.fixture
def as_user(certificates, entra):
    """Makes a webhook, in a folder of the user's own, from changes of its server and its log."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="kube-entra-user-"))
    for name in ("server.crt", "server.key", "ca.crt", "client.crt", "client.key"):
        shutil.copy(certificates.path(name), folder)
    entra.write_key_file(str(folder / "keys.json"))
    servers = []

    def make(logging=None, **server):
        config = configuration()
        config["server"] |= server
        config["logging"] = logging or {}
        made = Webhook(Folder(certificates, folder), config)
        for path in (folder, *folder.iterdir()):
            os.chown(path, USER, USER)
        servers.append(made)
        return made

    yield make
    for server in servers:
        if server.process:
            server.process.kill()
    shutil.rmtree(folder)


class Folder:
    """The certificates, with files in another folder."""

    def __init__(self, certificates, folder):
        self.certificates, self.folder = certificates, folder

    def path(self, name):
        return str(self.folder / name)

    def __getattr__(self, name):
        return getattr(self.certificates, name)


def test_a_crash_leaves_no_core(certificates, entra, tmp_path):
    entra.write_key_file(certificates.path("keys.json"))
    server = Webhook(certificates, configuration(), name="core.yaml")
    # Where Swift is installed, it would describe the crash first.
    server.start(prefix=["prlimit", "--core=unlimited:unlimited"], env={**os.environ, "SWIFT_BACKTRACE": "enable=no"})
    with open(f"/proc/{server.process.pid}/limits") as file:
        words = next(line for line in file if line.startswith("Max core file size")).split()
    # Programs that it starts may have another limit.
    assert words[4:6] == ["0", "unlimited"]
    os.kill(server.process.pid, signal.SIGSEGV)
    status = os.waitpid(server.process.pid, 0)[1]
    server.process.returncode = -signal.SIGSEGV
    server.process = None
    assert os.WTERMSIG(status) == signal.SIGSEGV and not os.WCOREDUMP(status)


# The second one holds a token: it waits for the end of its plugin.
@pytest.mark.parametrize("words", [["credential", "--", "sh", "-c", "echo started >&2; exec sleep 600"]])
def test_another_process_of_the_user_cannot_look_into_it(tmp_path, words):
    """What the kernel gives to root in /proc cannot be read by other processes of the same user."""
    process = subprocess.Popen([*AS_USER, BINARY, *words], stderr=subprocess.PIPE)
    try:
        assert process.stderr.readline() == b"started\n"
        assert os.stat(f"/proc/{process.pid}/mem").st_uid == 0
        done = subprocess.run([*AS_USER, "head", "-c", "1", f"/proc/{process.pid}/environ"], capture_output=True)
        assert done.returncode != 0 and done.stdout == b""
        # Its plugin is as it would be without it.
        threads = pathlib.Path(f"/proc/{process.pid}/task").iterdir()
        (child,) = "".join((thread / "children").read_text() for thread in threads).split()
        assert os.stat(f"/proc/{child}/mem").st_uid == USER
    finally:
        process.terminate()
        process.communicate(timeout=60)


def test_a_service_without_privileges_has_its_files_in_proc(as_user, entra):
    """Its metrics come from /proc/self, and results may go to /dev/stdout."""
    server = as_user().start(prefix=AS_USER)
    assert server.metric("process_open_fds") > 3 and server.metric("process_resident_memory_bytes") > 0
    assert server.review(entra.token())["authenticated"]
    server.stop()
    words = ["config", "init", "--tenant-id", TENANT, "--audience", AUDIENCE, "--admin-group", ADMINS]
    words += ["--out", "/dev/stdout"]
    done = subprocess.run([*AS_USER, BINARY, *words], cwd="/", capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and "tenants:" in done.stdout, done


def test_too_few_threads_are_named(as_user):
    """In place of an end without a word. Only users other than root have this limit."""
    server = as_user(eventLoops=32)
    done = subprocess.run(
        [*AS_USER, "prlimit", "--nproc=30", BINARY, "serve", "--config", server.config_path],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 2, done
    assert "server.eventLoops: 32" in done.stderr and "TasksMax=" in done.stderr
