"""What `enable`, `disable` and `status` say: about other files, other users, what is there already, and how long it
takes."""

import os
import shutil
import socket
import subprocess

import pytest
from enabling import MANIFEST, as_before, status
from webhook import PROGRAM

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can have a node of its own")

NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
# The application with which AKS' own server signs people in: a token for any AKS cluster would be accepted.
EVERY_AKS = "6dae42f8-4368-4678-94ff-3960e28e3630"


@pytest.mark.parametrize("distribution", ["rke2", "k3s"])
def test_a_damaged_file_of_the_distribution_is_named(make, distribution):
    node = make(distribution)
    path = f"/etc/rancher/{distribution}/config.yaml"
    node.write(path, "a: [\n")
    done = node.enable("--dry-run")
    assert done.returncode == 2 and f"{path}: line " in done.stderr and "99-kube-entra" not in done.stderr, done.stderr
    other = f"/etc/rancher/{distribution}/config.yaml.d/zz.yaml"
    node.write(path, "")
    node.write(other, "kube-apiserver-arg: [v=1]\n")
    assert f"{other}: " in node.enable("--dry-run").stderr


@pytest.mark.parametrize("field", ["listen", "operations"])
def test_a_port_of_another_program_is_named_before_anything_is_done(node, field):
    before = node.snapshot()
    port = getattr(node, field)
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()
        for words in (["--dry-run"], []):
            done = node.enable(*words)
            assert done.returncode == 2, done.stdout + done.stderr
            assert f"port {port} of 127.0.0.1 belongs to another program" in done.stderr, done.stderr
            assert f"(server.{field})" in done.stderr and "--config" in done.stderr, done.stderr
        as_before(node, before)
    # The webhook itself is not another program.
    assert node.enable().returncode == 0
    assert node.enable().returncode == 0


def test_a_program_that_cannot_be_installed_has_another_way(node):
    before = node.snapshot()
    script = "mount --bind /usr/local/bin /usr/local/bin && mount -o remount,bind,ro /usr/local/bin"
    subprocess.run([*node.enter, "sh", "-c", script], check=True)
    done = node.enable()
    assert done.returncode == 2 and "/usr/local/bin/kube-entra: cannot be written: Read-only" in done.stderr, (
        done.stderr
    )
    assert "--as static-pod" in done.stderr
    as_before(node, before)


@pytest.mark.parametrize("mode", ["", "takes no notice of certificates"])
@pytest.mark.parametrize("name, fault", [("client-expired", "ended at "), ("client-future", "is not valid before ")])
def test_an_admins_certificate_that_is_not_valid_is_the_reason(node, certificates, mode, name, fault):
    """kube-apiserver ends the connection or answers with 401."""
    for kind in ("crt", "key"):
        with open(certificates.path(f"{name}.{kind}")) as file:
            node.write(f"/etc/kubernetes/pki/admin.{kind}", file.read())
    node.mode(mode)
    for words in (["enable", "--config", node.config], ["status"]):
        done = node.run(*words, "--timeout", "20s")
        said = done.stdout + done.stderr
        assert f"the client certificate in /etc/kubernetes/admin.conf {fault}" in said, said
        assert ("kubeadm certs renew admin.conf" in said) == (name == "client-expired"), said
    assert done.returncode == 1


@pytest.mark.parametrize("distribution", ["rke2", "k3s"])
def test_a_worker_is_not_taken_for_a_server(make, distribution):
    node = make(distribution)
    os.remove(node.path(node.admin))
    done = node.enable("--dry-run")
    assert done.returncode == 2 and "not a control-plane node" in done.stderr, done.stdout + done.stderr


def test_who_may_not_look_is_told_so(node):
    os.chmod(node.path("/etc/kubernetes/manifests"), 0o700)
    for words in (["enable", "--config", node.config, "--dry-run"], ["status"]):
        done = node.run(*words, prefix=NOBODY)
        assert done.returncode == 2 and "may not look into /etc/kubernetes/manifests" in done.stderr, done.stderr
        assert "sudo" in done.stderr
    os.chmod(node.path("/etc/kubernetes/manifests"), 0o755)
    done = node.run("status", prefix=NOBODY)
    assert done.returncode == 2 and "sudo" in done.stderr, done.stderr


def test_a_dry_run_says_what_is_there_already(node):
    said = node.enable("--dry-run", "--bind").stdout
    assert "create the system user kube-entra" in said and "the API server answers" in said
    assert "enable and start kube-entra.service" in said and "add the flags to the ConfigMap" in said
    assert "bind kube-entra:cluster-admins to cluster-admin" in said
    assert node.enable("--bind").returncode == 0
    said = node.enable("--dry-run", "--bind").stdout
    assert "keep kube-entra.service" in said and "nothing: the ConfigMap kubeadm-config has the flags" in said
    assert "nothing: kube-entra:cluster-admins is bound" in said


def refused_alike(node, *words):
    """The real run refuses as the dry run does, which prints all steps first. Neither changes anything."""
    before, objects = node.snapshot(), node.objects()
    dry, real = node.enable("--dry-run", *words), node.enable(*words, wait="20s")
    assert (dry.returncode, real.returncode) == (2, 2) and dry.stderr == real.stderr, dry.stderr + real.stderr
    as_before(node, before)
    assert node.objects() == objects
    return dry


def test_a_dry_run_ends_as_enable_would(node):
    node.kubelet.kill()
    node.kubelet.wait()
    node.kubelet = None
    done = refused_alike(node)
    assert "enable would end here: the API server does not answer" in done.stdout, done.stdout
    assert "the API server does not answer as it is" in done.stderr
    # The plan is whole, up to the difference.
    assert "api-server" in done.stdout and "\n+    - --authentication-token-webhook-config-file=" in done.stdout


def test_a_binding_that_is_in_the_way_is_noticed_before_anything_is_changed(node):
    name = "kube-entra-cluster-admins"
    subject = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "theirs"}
    theirs = {"metadata": {"name": name}, "roleRef": {"kind": "ClusterRole", "name": "cluster-admin"}}
    node.change_objects(lambda held: held["bindings"].update({name: {**theirs, "subjects": [subject]}}))
    done = refused_alike(node, "--bind")
    assert "enable would end here" in done.stdout and f"{name} is there and names other groups" in done.stderr
    anew = (
        f"kubectl delete clusterrolebinding {name} && kubectl create clusterrolebinding {name}"
        " --clusterrole=cluster-admin --group=kube-entra:cluster-admins"
    )
    assert anew in done.stderr
    # Kubernetes lets nobody change the role of a binding.
    subject["name"] = "kube-entra:cluster-admins"
    theirs["roleRef"]["name"] = "view"
    node.change_objects(lambda held: held["bindings"].update({name: {**theirs, "subjects": [subject]}}))
    done = refused_alike(node, "--bind")
    assert f"{name} is there and gives view, not cluster-admin" in done.stderr and anew in done.stderr, done.stderr
    assert "bound to view" in node.run("status").stdout
    assert status(node)[1]["clusterRoleBinding"]["role"] == "view"
    theirs["roleRef"] = {"kind": "Role", "name": "cluster-admin"}
    node.change_objects(lambda held: held["bindings"].update({name: {**theirs, "subjects": [subject]}}))
    assert "gives another kind of role" in refused_alike(node, "--bind").stderr
    assert node.enable("--dry-run").returncode == 0


@pytest.mark.parametrize("name", ["kube-apiserver.yaml.bak", "old", "#kube-apiserver.yaml#"])
def test_another_manifest_of_kube_apiserver_is_named(node, name):
    other = f"/etc/kubernetes/manifests/{name}"
    node.write(other, node.read(MANIFEST), mode=0o600)
    before = node.snapshot()
    for words in (["--dry-run"], []):
        done = node.enable(*words, wait="20s")
        assert done.returncode == 2 and f"{other} holds a kube-apiserver too" in done.stderr, done.stderr
        as_before(node, before)
    assert f"manifests      {other} holds a kube-apiserver too" in node.run("status").stdout
    assert status(node)[1]["otherManifests"] == [other] and other in status(node)[1]["next"]
    os.remove(node.path(other))
    assert node.enable().returncode == 0
    # Copied later: nothing says it but status, which still says what works. The way back is not blocked.
    node.write(other, node.read(MANIFEST), mode=0o600)
    code, found = status(node)
    assert code == 0 and found["otherManifests"] == [other]
    done = node.run("disable", "--timeout", "120s")
    assert done.returncode == 0 and f"{other} holds a kube-apiserver too" in done.stdout, done.stdout


def test_other_files_beside_the_manifest_do_not_disturb(node):
    folder = "/etc/kubernetes/manifests"
    text = node.read(MANIFEST)
    node.write(f"{folder}/.kube-apiserver.yaml.swp", text)
    node.write(f"{folder}/etcd.yaml", text.replace("kube-apiserver", "etcd"))
    node.write(f"{folder}/half.yaml", text[:200])
    node.write(f"{folder}/notes", "the old manifest: see /root\n")
    node.write(f"{folder}/old/kube-apiserver.yaml", text)
    os.mkfifo(node.path(f"{folder}/pipe"))
    os.symlink("/dev/zero", node.path(f"{folder}/zero"))
    os.symlink("nowhere", node.path(f"{folder}/broken"))
    done = node.enable("--dry-run")
    assert done.returncode == 0 and done.stderr == "", done.stderr
    found = status(node)[1]
    assert found["otherManifests"] == [] and "manifests  " not in node.run("status").stdout
    # A link counts as the file that it leads to.
    node.write("/etc/kubernetes/old.yaml", text)
    os.symlink("/etc/kubernetes/old.yaml", node.path(f"{folder}/link"))
    assert status(node)[1]["otherManifests"] == [f"{folder}/link"]


@pytest.mark.parametrize("distribution", ["rke2", "k3s"])
@pytest.mark.parametrize("argument", ["authentication-config=/x", "--oidc-issuer-url=https://x", "oidc-issuer-url=x"])
def test_other_authenticators_of_rke2_and_k3s_are_said(make, distribution, argument):
    node = make(distribution)
    folder = f"/etc/rancher/{distribution}"
    node.write(f"{folder}/config.yaml", f'kube-apiserver-arg: ["{argument}"]\n')
    name = argument.split("=")[0].removeprefix("--")
    note = f"note: kube-apiserver has --{name}; tokens that it accepts itself never come to the webhook"
    done = node.enable("--dry-run")
    assert done.returncode == 0 and note in done.stdout, done.stdout + done.stderr
    # A later file takes it away, and another one adds it.
    node.write(f"{folder}/config.yaml.d/10.yaml", "kube-apiserver-arg: [v=2]\n")
    assert "never come to the webhook" not in node.enable("--dry-run").stdout
    node.write(f"{folder}/config.yaml.d/20.yaml", f'kube-apiserver-arg+: "{argument}"\n')
    assert note in node.enable("--dry-run").stdout


@pytest.mark.parametrize("distribution", ["kubeadm", "k3s"])
def test_a_dry_run_of_disable_changes_nothing_and_says_everything(make, distribution):
    node = make(distribution)
    assert "kube-apiserver does not have the flags" in node.run("disable", "--dry-run").stdout
    assert node.enable("--bind").returncode == 0
    before, objects, log = node.snapshot(), node.objects(), node.log("systemctl.log")
    done = node.run("disable", "--dry-run")
    assert done.returncode == 0, done.stdout + done.stderr
    assert (node.snapshot(), node.objects(), node.log("systemctl.log")) == (before, objects, log)
    assert "stop the webhook" in done.stdout and "remove /etc/kube-entra/webhook.yaml" in done.stdout
    assert "remove the ClusterRoleBinding kube-entra-cluster-admins" in done.stdout
    if distribution == "kubeadm":
        assert "\n-    - --authentication-token-webhook-config-file=" in done.stdout
    else:
        assert f"remove {node.drop_in}" in done.stdout


def test_what_is_unwise_is_said_before_anything_is_changed(node):
    ids = ["--tenant-id", "11111111-2222-3333-4444-555555555555", "--audience", EVERY_AKS]
    done = node.run("enable", *ids, "--admin-group", "5d24aaaa-bbbb-cccc-dddd-eeeeafa27aed", "--dry-run")
    assert done.returncode == 0 and "warning: tenants[0].audiences" in done.stdout, done.stdout + done.stderr


def test_a_wait_says_what_it_waits_for(node):
    with open(f"{node.folder}/bin/systemctl") as file:
        text = file.read()
    # A service that runs and is not the webhook.
    with open(f"{node.folder}/bin/systemctl", "w") as file:
        file.write(text.replace("enable)\n", "enable)\n    exit 0\n"))
    done = node.enable(wait="14s")
    assert done.returncode == 2
    waiting = [line for line in done.stdout.splitlines() if "still waiting" in line]
    assert len(waiting) == 1 and waiting[0].split()[3] == "ready" and "nothing answers" in waiting[0], done.stdout


def test_another_version_of_the_program_that_stays_is_said(node):
    # A copy: the service's user may not be allowed to look into the folder of the built program.
    other = node.path("/usr/local/bin/kube-entra")
    shutil.copy(PROGRAM, other)
    with open(other, "ab") as file:
        file.write(b"\0")
    done = node.enable()
    assert done.returncode == 0, done.stdout + done.stderr
    assert "is another version than this program" in done.stdout and "systemctl restart kube-entra" in done.stdout


def test_a_manifest_that_cannot_be_read_is_not_said_to_be_unused(node):
    node.write(MANIFEST, node.read(MANIFEST) + "spec: {}\n", mode=0o600)
    done = node.enable("--dry-run")
    assert done.returncode == 2 and "cannot be running" not in done.stderr and "repair the file" in done.stderr


def test_programs_speak_only_through_the_report(node):
    done = node.enable()
    assert done.returncode == 0 and done.stderr == "", done.stderr
    done = node.run("disable", "--timeout", "120s")
    assert done.returncode == 0 and done.stderr == "", done.stderr
