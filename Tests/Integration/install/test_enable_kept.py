"""Files of others, and changes since: `enable` and `disable` leave both, and say so."""

import datetime
import hashlib
import json
import os
import signal

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from enabling import MANIFEST, as_before, signs_in, status

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can have a node of its own")

KUBECONFIG = "/etc/kube-entra/webhook.yaml"
CERTIFICATES = "/etc/kube-entra/certs"
SYSUSERS = "/etc/sysusers.d/kube-entra.conf"


def refused_alike(node, *words):
    """The real run and the dry run refuse with the same words, and change nothing."""
    before, manifest = node.snapshot(), node.read(MANIFEST)
    said = []
    for option in (["--dry-run"], []):
        done = node.enable(*option, *words, wait="20s")
        assert done.returncode == 2, done.stdout + done.stderr
        as_before(node, before)
        said.append(done.stderr)
    assert said[0] == said[1] and node.read(MANIFEST) == manifest
    return said[0]


@pytest.mark.parametrize(
    "path", [KUBECONFIG, SYSUSERS, f"{CERTIFICATES}/ca.crt", f"{CERTIFICATES}/client.crt", f"{CERTIFICATES}/client.key"]
)
def test_a_file_that_was_there_before_stays_and_is_named(node, path):
    node.write(path, "# mine, by hand\n", mode=0o600)
    said = refused_alike(node)
    assert f"{path} is there already, and `enable` did not write it" in said, said


def test_a_preparation_leaves_a_file_that_was_there_before(node):
    os.remove(node.path(MANIFEST))
    node.write(KUBECONFIG, "# mine, by hand\n", mode=0o600)
    before = node.snapshot()
    done = node.enable("--prepare", wait="5s")
    assert done.returncode == 2 and f"{KUBECONFIG} is there already" in done.stderr, done.stdout + done.stderr
    as_before(node, before)


def test_a_kubeconfig_that_is_what_enable_writes_is_used(node):
    assert node.enable().returncode == 0
    text = node.read(KUBECONFIG)
    assert node.run("disable", "--timeout", "120s").returncode == 0
    node.write(KUBECONFIG, text, mode=0o600)
    before = node.snapshot()
    assert f"keep {KUBECONFIG}\n" in node.enable("--dry-run").stdout
    assert node.enable().returncode == 0 and status(node)[0] == 0
    done = node.run("disable", "--timeout", "120s")
    assert done.returncode == 0, done.stdout + done.stderr
    as_before(node, before)


def test_a_change_since_is_kept_and_said(node, entra):
    assert node.enable("--bind").returncode == 0
    mine = node.read(KUBECONFIG) + "# mine\n"
    node.write(KUBECONFIG, mine, mode=0o600)
    before = node.snapshot()
    assert f"keep {KUBECONFIG}, which was changed since" in node.enable("--dry-run").stdout
    as_before(node, before)
    done = node.enable("--bind")
    assert done.returncode == 0 and f"{KUBECONFIG} was changed since, so it stays" in done.stdout, done.stdout
    assert node.read(KUBECONFIG) == mine and signs_in(node, entra.token())["authenticated"] is True
    assert f"keep {KUBECONFIG}, which was changed since" in node.run("disable", "--dry-run").stdout
    done = node.run("disable", "--timeout", "120s")
    assert done.returncode == 0 and f"{KUBECONFIG} was changed since, so it stays" in done.stdout, done.stdout
    assert node.read(KUBECONFIG) == mine


def end_soon(node, since=-355, until=10):
    """Certificates of the same CA that end in ten days take the place of those that `enable` made, in its journal too."""
    folder = "/var/lib/kube-entra-enable"
    key = serialization.load_pem_private_key(node.read(f"{folder}/ca.key").encode(), None)
    journal = json.loads(node.read(f"{folder}/journal.json"))
    for name in ("server", "client"):
        path = f"{CERTIFICATES}/{name}.crt"
        old = x509.load_pem_x509_certificate(node.read(path).encode())
        now = datetime.datetime.now(datetime.UTC)
        made = (
            x509.CertificateBuilder()
            .subject_name(old.subject)
            .issuer_name(old.issuer)
            .public_key(old.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + datetime.timedelta(days=since))
            .not_valid_after(now + datetime.timedelta(days=until, hours=1))
        )
        for extension in old.extensions:
            made = made.add_extension(extension.value, extension.critical)
        text = made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()
        owner = os.stat(node.path(path))
        node.write(path, text, mode=0o644)
        os.chown(node.path(path), owner.st_uid, owner.st_gid)
        (entry,) = [entry for entry in journal["made"] if entry["path"] == path]
        entry["sha256"] = hashlib.sha256(text.encode()).hexdigest()
    node.write(f"{folder}/journal.json", json.dumps(journal), mode=0o600)


def test_certificates_of_a_clock_that_was_ahead_are_renewed(node):
    assert node.enable().returncode == 0
    end_soon(node, since=2, until=400)
    assert "with the same CA, since they are not valid yet" in node.enable("--dry-run").stdout
    done = node.enable()
    assert "with the same CA: the old ones are not valid yet" in done.stdout, done.stdout + done.stderr
    now = datetime.datetime.now(datetime.UTC)
    for name in ("server", "client"):
        made = x509.load_pem_x509_certificate(node.read(f"{CERTIFICATES}/{name}.crt").encode())
        assert made.not_valid_before_utc < now < made.not_valid_after_utc


@pytest.mark.parametrize("days, ending", [(10, "ends in 10 days"), (-15, "ended 15 days ago")])
def test_status_says_when_certificates_end(node, days, ending):
    assert node.enable().returncode == 0
    assert status(node)[1]["next"] is None
    # A day has begun and is not over.
    end_soon(node, until=days)
    done, (_, found) = node.run("status"), status(node)
    ends = {entry["path"].rsplit("/", 1)[1]: entry["endsInDays"] for entry in found["certificates"]}
    assert ends == {"ca.crt": None, "client-ca.crt": None, "server.crt": days, "client.crt": days}, found
    for name in ("server.crt", "client.crt"):
        (line,) = [line for line in done.stdout.splitlines() if line.startswith(f"{name} ")]
        assert line.endswith(f", {ending}"), line
    assert found["next"] == f"{CERTIFICATES}/server.crt {ending}: `kube-entra enable` renews it", found
    if days > 0:
        assert done.returncode == 0 and found["enabled"], found
    else:
        # It says so as well as `enable` that renews them.
        assert f"since they {ending}" in node.enable("--dry-run").stdout
    assert node.enable().returncode == 0
    assert status(node)[1]["next"] is None


def test_certificates_near_their_end_are_renewed_and_a_failed_run_puts_the_old_ones_back(node, entra):
    assert node.enable().returncode == 0
    end_soon(node)
    before = node.snapshot()
    said = node.enable("--dry-run").stdout
    for name in ("server.crt", "server.key", "client.crt", "client.key"):
        assert f"make anew /etc/kube-entra/certs/{name} with the same CA, since they end in 10 days" in said, said
    as_before(node, before)
    # The webhook has ended and does not start again.
    with open(f"{node.folder}/bin/systemctl") as file:
        systemctl = file.read()
    with open(f"{node.folder}/bin/systemctl", "w") as file:
        file.write(systemctl.replace("enable)\n", "enable)\n    echo 'Job failed.' >&2; exit 1\n"))
    pid = int(node.log("webhook.pid"))
    os.kill(pid, signal.SIGKILL)
    node.wait_for(lambda: not os.path.exists(f"/proc/{pid}"))
    done = node.enable(wait="5s")
    assert done.returncode == 1 and "made new ones" in done.stdout, done.stdout + done.stderr
    after = node.snapshot()
    assert {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)} <= {
        "/var/lib/kube-entra-enable/journal.json"
    }
    with open(f"{node.folder}/bin/systemctl", "w") as file:
        file.write(systemctl)
    done = node.enable()
    assert done.returncode == 0 and "made new ones" in done.stdout, done.stdout + done.stderr
    assert node.snapshot()[f"{CERTIFICATES}/server.crt"] != before[f"{CERTIFICATES}/server.crt"]
    assert sorted(os.listdir(node.path("/var/lib/kube-entra-enable"))) == [
        "ca.key",
        "journal.json",
        "kube-apiserver.yaml",
    ]
    # An own certificate is nobody's to renew.
    end_soon(node)
    with open(node.path(f"{CERTIFICATES}/server.crt"), "a") as file:
        file.write("# mine\n")
    before = node.snapshot()
    done = node.enable()
    assert done.returncode == 0 and "so make new ones yourself" in done.stdout, done.stdout + done.stderr
    after = node.snapshot()
    assert {path for path in after if before.get(path) != after[path]} <= {"/var/lib/kube-entra-enable/journal.json"}


def test_a_mount_of_the_users_own_stays_beside_a_later_change(node):
    """It has our name and our folder, and was there before, in kubeadm's configuration too."""
    volume = {"hostPath": "/etc/kube-entra", "mountPath": "/etc/kube-entra", "name": "kube-entra"}

    def add(held):
        text = held["configmap"]["data"]["ClusterConfiguration"]
        held["configmap"]["data"]["ClusterConfiguration"] = text.replace(
            "apiServer: {}", f"apiServer:\n  extraVolumes:\n  - {json.dumps(volume)}"
        )

    node.change_objects(add)
    text = node.read(MANIFEST)
    text = text.replace("volumeMounts:\n", "volumeMounts:\n    - {mountPath: /etc/kube-entra, name: kube-entra}\n")
    text = text.replace("  volumes:\n", "  volumes:\n  - {hostPath: {path: /etc/kube-entra}, name: kube-entra}\n")
    node.write(MANIFEST, text, mode=0o600)
    node.wait_for(lambda: node.log().count("started") == 2)
    held = node.objects()["configmap"]["data"]
    assert node.enable().returncode == 0
    node.write(MANIFEST, node.read(MANIFEST).replace("v1.36.2", "v1.36.3"), mode=0o600)
    done = node.run("disable", "--timeout", "120s")
    assert done.returncode == 0, done.stdout + done.stderr
    assert node.read(MANIFEST) == text.replace("v1.36.2", "v1.36.3")
    assert node.objects()["configmap"]["data"] == held


def test_a_second_run_that_fails_takes_nothing_of_the_first(node):
    old = node.read(MANIFEST)
    assert node.enable("--bind").returncode == 0
    # kubeadm upgrade took the flags, and now the API server does not take them.
    node.write(MANIFEST, old, mode=0o600)
    node.wait_for(lambda: node.log().splitlines()[-1] == "started without the webhook")
    before, objects = node.snapshot(), node.objects()["bindings"]
    node.mode("does not start")
    done = node.enable("--bind", wait="10s")
    assert done.returncode == 1 and "the old manifest is back" in done.stderr, done.stdout + done.stderr
    after = node.snapshot()
    assert {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)} <= {
        "/var/lib/kube-entra-enable/journal.json",
        "/var/lib/kube-entra-enable/kube-apiserver.yaml",
    }
    assert node.objects()["bindings"] == objects
    node.mode("")
    assert node.enable().returncode == 0 and status(node)[0] == 0
    assert node.run("disable", "--timeout", "120s").returncode == 0
    assert node.read(MANIFEST) == old


# RKE2 and k3s


OWN = "# mine\nkube-apiserver-arg+:\n  - audit-log-path=/var/log/audit.log\n"


@pytest.mark.parametrize("distribution", ["rke2", "k3s"])
@pytest.mark.parametrize("text", [OWN, "# only a remark\n", "a: [\n"])
def test_a_drop_in_of_somebody_else_is_neither_replaced_nor_removed(make, distribution, text):
    node = make(distribution)
    node.write(node.drop_in, text)
    before = node.snapshot()
    for words in (["--dry-run"], []):
        done = node.enable(*words, wait="20s")
        assert done.returncode == 2 and f"{node.drop_in} is there already" in done.stderr, done.stdout + done.stderr
        as_before(node, before)
    assert status(node)[1]["flags"] is False
    assert node.run("disable", "--timeout", "20s").returncode == 0
    as_before(node, before)


def test_a_drop_in_that_was_changed_since_stays(make):
    node = make("k3s")
    assert node.enable().returncode == 0
    text = node.read(node.drop_in)
    more = text + "disable: [traefik]\n"
    node.write(node.drop_in, more)
    before = node.snapshot()
    for words in (["enable", "--config", node.config], ["disable", "--dry-run"], ["disable"]):
        done = node.run(*words, "--timeout", "20s")
        assert done.returncode == 2 and node.drop_in in done.stderr, (words, done.stdout + done.stderr)
        as_before(node, before)
    # Without the flags, the file is of no concern to disable.
    node.write(node.drop_in, OWN)
    assert node.run("enable", "--config", node.config, "--timeout", "20s").returncode == 2
    with open(f"{node.state}/restarted", "w") as file:
        file.write("by hand")
    node.wait_for(lambda: node.log().splitlines()[-1] == "started without the webhook")
    done = node.run("disable", "--timeout", "120s")
    assert done.returncode == 0 and f"{node.drop_in} was changed since, so it stays" in done.stdout, done.stdout
    assert "as it was before, except for what was kept" in done.stdout
    assert node.read(node.drop_in) == OWN and not node.exists("/etc/kube-entra")
