"""A newcomer's way, from a bare Debian root to a sign-in and back: every line that the README and `register` print is
run as it stands, under the root's own systemd, with the released kubectl."""

import os
import re
import shutil
import subprocess
import time

import pytest
from azure_cli import AZ
from bare_node import BareNode
from bare_root import archive, needs_root
from document_blocks import blocks
from entra import TENANT
from programs import ROOT, TOOLS
from webhook import PROGRAM

pytestmark = [needs_root]
GUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
# What a running Debian writes down by itself.
OWN = (
    "/var/log",
    "/var/lib/systemd",
    "/var/cache",
    "/var/lib/dpkg",
    "/var/lib/apt",
    "/etc/machine-id",
    "/root",
    "/etc/ld.so.cache",
    "/usr/local/bin/kubelogin",
)


def readme_commands():
    text = (ROOT / "README.md").read_text().split("## From nothing to sign-in, in five commands")[1]
    return text.split("```sh\n")[1].split("```")[0].strip().splitlines()


@pytest.fixture(scope="module")
def node(release, certificates, tmp_path_factory):
    folder = tmp_path_factory.mktemp("journey")
    folder.chmod(0o755)
    (package,) = release.glob("kube-entra_*.deb")
    depends = subprocess.run(["dpkg-deb", "-f", package, "Depends"], capture_output=True, text=True, check=True).stdout
    waiting = sorted({re.split(r"[ (|]", word.strip())[0] for word in depends.split(",")})
    made = BareNode(folder, archive(["systemd", "systemd-sysv", "ca-certificates"], waiting), certificates, TOOLS)
    made.root.write(f"/root/{package.name}", package.read_bytes())
    yield made
    made.close()


class Journey:
    """Runs commands and reports how long each took."""

    def __init__(self):
        self.steps = []

    def step(self, command, work):
        start = time.monotonic()
        said = work(command)
        self.steps.append((time.monotonic() - start, command))
        return said

    def report(self):
        lines = [f"{seconds:7.2f} s  {command[:150]}" for seconds, command in self.steps]
        return "\n".join([*lines, f"{sum(s for s, _ in self.steps):7.2f} s  in {len(self.steps)} commands"])


def workstation(folder):
    """The administrator's machine, signed in to Azure: the first commands run there."""
    programs = folder / "bin"
    programs.mkdir()
    (programs / "az").write_text(AZ)
    (programs / "az").chmod(0o755)
    (programs / "kube-entra").symlink_to(PROGRAM)
    environment = {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}", "AZ_STORE": str(folder / "store")}

    def run(command):
        done = subprocess.run(
            ["bash", "-c", command], cwd=folder, env=environment, capture_output=True, text=True, timeout=300
        )
        assert done.returncode == 0, (command, done.stdout, done.stderr)
        return done.stdout

    return run


def changed(before, after):
    return {
        path: (before.get(path), after.get(path))
        for path in before.keys() | after.keys()
        if before.get(path) != after.get(path)
    }


def test_from_a_bare_root_to_whoami_and_back(node, tmp_path):
    root, journey, at_desk = node.root, Journey(), workstation(tmp_path)
    bare = root.snapshot(OWN)
    install, register, enable, kubeconfig, whoami = readme_commands()
    journey.step(install, root.run)
    installed = root.snapshot(OWN)
    printed = journey.step(register, at_desk)
    lines = [line.strip() for line in printed.splitlines() if line.startswith("  kube-entra ")]
    # What the script prints is what the README shows, with other IDs.
    assert [GUID.sub("ID", line) for line in lines] == [GUID.sub("ID", line) for line in (enable, kubeconfig)]
    audience, group = re.search(r"--audience (\S+) --admin-group (\S+)", lines[0]).groups()
    client = re.search(r"--client-id (\S+)", lines[1])[1]

    said = journey.step(lines[0], root.run)
    assert "people sign in with Microsoft Entra from now on" in said, said
    assert "active" == root.run("systemctl is-active kube-entra").strip()
    journey.step(lines[1], root.run)
    assert f"--client-id\n      - {client}" in root.read("/root/kubeconfig.yaml") or client in root.read(
        "/root/kubeconfig.yaml"
    )
    node.sign_in(node.entra.token(tenant=TENANT, aud=audience, appid=client, groups=[group]))
    said = journey.step(whoami, root.run)
    assert "ada@example.com" in said and "kube-entra:cluster-admins" in said, said
    print("\n" + journey.report())
    assert len(journey.steps) == 5

    # Somebody else's token is refused, and the reason is in what `status` and the log say, not in the terminal.
    node.sign_in(node.entra.token(tenant=TENANT, aud="another"))
    code, said = root.status(whoami)
    assert code != 0 and "Unauthorized" in said, said
    assert "audience_not_accepted" in root.run("journalctl -u kube-entra --no-pager")
    assert root.status("kube-entra status")[0] == 0

    said = root.run("kube-entra disable")
    assert "the node is as it was before" in said, said
    os.remove(root.path("/root/kubeconfig.yaml"))
    assert changed(installed, root.snapshot(OWN)) == {}
    assert root.run("systemctl is-enabled kube-entra || true").strip() == "disabled"
    root.run("apt-get purge -y kube-entra")
    left = changed(bare, root.snapshot(OWN))
    # What it needed was installed with it, and is somebody else's to remove; the system user stays, as Debian wants.
    ours = {path for path in left if "kube-entra" in path or path.startswith("/etc/kubernetes")}
    assert ours == set(), {path: left[path] for path in ours}


def newer(package, folder):
    """The same package one version later."""
    subprocess.run(["dpkg-deb", "-R", package, folder], check=True)
    control = folder / "DEBIAN/control"
    version = re.search(r"^Version: (.*)$", control.read_text(), re.M)[1]
    control.write_text(control.read_text().replace(f"Version: {version}", f"Version: {version}+1"))
    default = folder / "etc/default/kube-entra"
    default.write_text(default.read_text() + "# a new line of the new version\n")
    out = folder.parent / "newer.deb"
    subprocess.run(["dpkg-deb", "--root-owner-group", "-Znone", "-b", folder, out], check=True, capture_output=True)
    shutil.rmtree(folder)
    return version, out


def test_the_package_is_installed_upgraded_removed_and_purged_with_what_the_user_changed_kept(node, release, tmp_path):
    root = node.root
    (package,) = release.glob("kube-entra_*.deb")
    version, later = newer(package, tmp_path / "newer")
    root.write("/root/newer.deb", later.read_bytes())
    root.run("apt-get install -y ./kube-entra_*.deb")
    # Nothing runs and nothing is enabled until somebody wants it.
    assert (
        root.status("systemctl is-active kube-entra")[0] != 0 and root.status("systemctl is-enabled kube-entra")[0] != 0
    )
    assert root.run("kube-entra --version").strip() and root.exists("/usr/bin/kubectl-entra")
    ids = "--tenant-id 11111111-2222-3333-4444-555555555555 --audience aaaaaaaa-0000-0000-0000-000000000000"
    root.run(f"kube-entra enable {ids} --admin-group 5d24aaaa-bbbb-cccc-dddd-eeeeafa27aed")
    root.run("echo NO_PROXY=mine >>/etc/default/kube-entra; echo '# mine' >>/etc/kube-entra/kube-entra.yaml")
    mine = {path: root.read(path) for path in ("/etc/default/kube-entra", "/etc/kube-entra/kube-entra.yaml")}
    first = root.run("systemctl show -p MainPID --value kube-entra").strip()

    keep = "-o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold"
    root.run(f"apt-get install -y {keep} ./newer.deb")
    assert root.run("dpkg-query -W -f '${Version}' kube-entra") == version + "+1"
    assert {path: root.read(path) for path in mine} == mine
    assert root.exists("/etc/default/kube-entra.dpkg-dist")
    second = root.run("systemctl show -p MainPID --value kube-entra").strip()
    assert second not in ("0", first) and root.status("kube-entra status")[0] == 0

    # And back: the older version runs, with the same changes and the same enable.
    root.run(f"apt-get install -y --allow-downgrades {keep} ./kube-entra_*.deb")
    assert root.run("dpkg-query -W -f '${Version} ${Status}' kube-entra") == f"{version} install ok installed"
    assert "new line" not in root.run("cat /etc/default/kube-entra.dpkg-* || true")
    assert {path: root.read(path) for path in mine} == mine
    third = root.run("systemctl show -p MainPID --value kube-entra").strip()
    assert third not in ("0", second) and root.status("kube-entra status")[0] == 0
    assert root.run("systemctl is-enabled kube-entra").strip() == "enabled"

    # What kube-apiserver still asks is not taken from under it.
    code, said = root.status("apt-get remove -y kube-entra")
    assert code != 0 and "kube-entra disable" in said, said
    assert root.run("systemctl is-active kube-entra").strip() == "active"
    said = root.run("kube-entra disable")
    assert "kube-entra.yaml was changed since" in said, said
    root.run("apt-get remove -y kube-entra")
    assert {path: root.read(path) for path in mine} == mine and not root.exists("/usr/bin/kube-entra")
    assert root.status("systemctl is-active kube-entra")[0] != 0
    root.run("apt-get purge -y kube-entra")
    for path in (
        "/etc/default/kube-entra",
        "/etc/kube-entra",
        "/var/lib/kube-entra",
        "/var/log/kube-entra",
        "/etc/logrotate.d/kube-entra",
    ):
        assert not root.exists(path), path

    # A service that somebody enabled without `enable` leaves no link to a unit that is gone; what they wrote stays.
    root.run("apt-get install -y ./kube-entra_*.deb")
    root.run("systemctl enable kube-entra.service kube-entra.socket")
    own = "/etc/systemd/system/kube-entra.service.d/own.conf"
    root.run(
        f"mkdir {os.path.dirname(own)}; printf '[Service]\\nMemoryMax=256M\\n' >{own}; echo '# mine' >>/etc/logrotate.d/kube-entra"
    )
    root.run(f"apt-get install -y {keep} ./newer.deb")
    assert root.run("systemctl is-enabled kube-entra").strip() == "enabled"
    assert "256M" in root.read(own) and "# mine" in root.read("/etc/logrotate.d/kube-entra")
    root.run("apt-get remove -y kube-entra")
    assert "# mine" in root.read("/etc/logrotate.d/kube-entra")
    root.run("apt-get purge -y kube-entra")
    assert root.run("find /etc/systemd/system -xtype l -name '*kube-entra*'") == ""
    assert root.exists(own) and not root.exists("/etc/logrotate.d/kube-entra")


def test_the_commands_of_the_document_run_the_packages_service_by_hand(node, tmp_path):
    root, at_desk = node.root, workstation(tmp_path)
    prepare, install, review = blocks(ROOT / "deploy/systemd/README.md", "sh")
    for command in prepare.strip().splitlines():
        at_desk(command)
    root.write("/root/kube-entra.yaml", (tmp_path / "kube-entra.yaml").read_text())
    root.run("mkdir -p certs")
    for path in (tmp_path / "certs").iterdir():
        if path.name != "ca.key":
            root.write(f"/root/certs/{path.name}", path.read_text())
    for command in install.strip().splitlines():
        root.run(command)
    assert root.run("systemctl is-active kube-entra.socket kube-entra.service").split() == ["active", "active"]
    audience = re.search(r"--audience (\S+)", prepare)[1]
    root.write("/root/token", node.entra.token(tenant=re.search(r"--tenant-id (\S+)", prepare)[1], aud=audience))
    said = root.run(review)
    assert "ada@example.com" in said, said
    # A file that only root can read is one that the service cannot, which the check as the service's user says.
    root.run("chown root:root /etc/kube-entra/certs/server.key")
    check = next(command for command in install.splitlines() if "config check" in command)
    code, said = root.status(check)
    assert code == 2 and "server.key" in said, said
    root.run("chown kube-entra:kube-entra /etc/kube-entra/certs/server.key")
    root.run("systemctl restart kube-entra.service")
    assert "ada@example.com" in root.run(review)
    root.run("apt-get purge -y kube-entra")
    assert not root.exists("/etc/kube-entra")
    assert root.run("find /etc/systemd/system -xtype l -name '*kube-entra*'") == ""
