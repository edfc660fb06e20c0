"""The webhook runs as it was set up: by systemd, or as a static pod."""

import os

import pytest
import yaml
from enabling import JOURNAL, as_before, status
from programs import ROOT

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can have a node of its own")

IMAGE = "registry.example/kube-entra:1"
STATIC_POD = ["--as", "static-pod", "--image", IMAGE]
POD = "/etc/kubernetes/manifests/kube-entra.yaml"


def test_a_static_pod_stays_one_without_as(node):
    before = node.snapshot()
    assert node.enable(*STATIC_POD).returncode == 0
    first = node.snapshot()
    dry = node.enable("--dry-run")
    assert dry.returncode == 0 and f"keep {POD} for {IMAGE}" in dry.stdout, dry.stdout + dry.stderr
    for words in ([], STATIC_POD):
        done = node.enable(*words)
        assert done.returncode == 0 and "nothing had to be changed" in done.stdout, done.stdout + done.stderr
        second = node.snapshot()
        changed = {path for path in first.keys() | second.keys() if first.get(path) != second.get(path)}
        assert changed <= {JOURNAL}, changed
        assert not node.log("systemctl.log")
    assert status(node)[1]["as"] == "static-pod"
    # Without its manifest, its image is not known.
    os.remove(node.path(POD))
    done = node.enable()
    assert done.returncode == 2 and f"{POD} is missing" in done.stderr and "--image" in done.stderr, done.stderr
    assert node.enable(*STATIC_POD).returncode == 0
    assert node.run("disable", "--timeout", "120s").returncode == 0
    as_before(node, before)


@pytest.mark.parametrize("first, second", [(STATIC_POD, ["--as", "systemd"]), ([], STATIC_POD)])
def test_no_second_webhook_of_another_kind_is_set_up(node, first, second):
    assert node.enable(*first).returncode == 0
    before, log = node.snapshot(), node.log("systemctl.log")
    for words in ([*second, "--dry-run"], second):
        done = node.enable(*words)
        assert done.returncode == 2 and "was set up with --as " in done.stderr, done.stdout + done.stderr
        assert "disable` first" in done.stderr
        as_before(node, before)
        assert node.log("systemctl.log") == log


@pytest.mark.parametrize("words", [[], STATIC_POD], ids=["systemd", "static-pod"])
def test_a_folder_whose_owner_an_earlier_run_did_not_set_gets_it(node, words):
    # strace ends the process before its first change of a folder's owner.
    prefix = ["strace", "-f", "-b", "execve", "-qq", "-o", "/dev/null", "-e", "trace=chown,fchownat"]
    done = node.enable(*words, prefix=[*prefix, "-e", "inject=chown,fchownat:signal=SIGKILL:when=1"])
    assert done.returncode in (-9, 137), done.stdout + done.stderr
    assert os.stat(node.path("/var/lib/kube-entra")).st_uid == 0
    done = node.enable(*words)
    assert done.returncode == 0, done.stdout + done.stderr
    owner = os.stat(node.path("/var/lib/kube-entra"))
    assert owner.st_uid == os.stat(node.path("/etc/kube-entra/certs/server.key")).st_uid != 0
    assert owner.st_mode & 0o777 == 0o700


def set_server(node, **values):
    with open(node.config) as file:
        config = yaml.safe_load(file)
    config["server"].update(values)
    with open(node.config, "w") as file:
        yaml.safe_dump(config, file)


@pytest.mark.parametrize("host, asked", [("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "127.0.0.1"), ("[::1]", "::1")])
def test_the_static_pod_is_the_documented_one_and_asks_the_configured_address(node, host, asked):
    set_server(node, operations=f"{host}:{node.operations}")
    assert node.enable(*STATIC_POD).returncode == 0
    documented = (ROOT / "deploy/static-pod/kube-entra.yaml").read_text()
    expected = documented.replace("registry.example/kube-entra:0.1.0", IMAGE)
    expected = expected.replace('host: "127.0.0.1"', f'host: "{asked}"').replace(
        "port: 8480", f"port: {node.operations}"
    )
    assert expected.count(f"port: {node.operations}") == 3
    assert node.read(POD) == expected


def test_an_image_is_a_string_whatever_its_name(node):
    assert node.enable("--as", "static-pod", "--image", "123").returncode == 0
    assert yaml.safe_load(node.read(POD))["spec"]["containers"][0]["image"] == "123"


@pytest.mark.parametrize(
    "values, sentence",
    [
        ({"operations": "127.0.0.1:0"}, "the kubelet cannot ask a static pod at 127.0.0.1:0 (server.operations)"),
        ({"operations": "[fe80::1%lo]:8480"}, "the kubelet cannot ask a static pod at [fe80::1%lo]:8480"),
        (
            {"audit": "/var/log/kube-entra/audit.jsonl"},
            "logging.audit names /var/log/kube-entra/audit.jsonl, which the",
        ),
    ],
)
def test_what_cannot_work_in_a_static_pod_is_refused_before_anything_is_done(node, values, sentence):
    if "audit" in values:
        with open(node.config, "a") as file:
            file.write(f"logging: {{audit: {values['audit']}}}\n")
    else:
        set_server(node, **values)
    before = node.snapshot()
    for words in (["--dry-run"], []):
        done = node.enable(*STATIC_POD, *words, wait="20s")
        assert done.returncode == 2 and sentence in done.stderr, done.stdout + done.stderr
        as_before(node, before)


def test_the_documented_upgrade_of_a_static_pod_can_be_disabled(node):
    before = node.snapshot()
    assert node.enable(*STATIC_POD).returncode == 0
    following = POD.replace(".yaml", "-next.yaml")
    text = node.read(POD).replace(IMAGE, IMAGE + "0")
    node.write(following, text.replace("  name: kube-entra\n", "  name: kube-entra-next\n", 1), mode=0o644)
    code, found = status(node)
    assert code == 0 and found["otherWebhookPods"] == [following], found
    assert f"manifests      {following} runs the webhook too" in node.run("status").stdout
    node.write(POD, text, mode=0o644)
    # It is said before anything is done, and at the end.
    for words in (["--dry-run"], []):
        done = node.run("disable", "--timeout", "120s", *words)
        assert done.returncode == 0, done.stdout + done.stderr
        assert done.stdout.startswith(f"warning: {following} runs the webhook too"), done.stdout
    assert f"{following}, which runs the webhook too: remove it yourself" in done.stdout
    assert "except for what was kept" in done.stdout
    os.remove(node.path(following))
    as_before(node, before)
