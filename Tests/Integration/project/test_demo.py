"""The demo: every row as expected, something to try by hand, and nothing left behind."""

import json
import os
import re
import shlex
import signal
import subprocess
import tempfile
import time
import urllib.request

import pytest
from webhook import PROGRAM, run

DEMO = os.path.join(os.path.dirname(PROGRAM), "kube-entra-demo")

ROWS = {
    "an admin": "yes: ada@example.com",
    "a developer of a mapped group": "yes: grace@example.com",
    "a member without groups": "yes: alan@example.com",
    "a guest": "yes: 0b1ec700-",
    "a service principal, admin": "yes: 0b1ec700-",
    "a managed identity": "yes: 0b1ec700-",
    "a user in 201 groups": "no:  group_overage",
    "an expired token": "no:  token_expired",
    "a token of another tenant": "no:  not ours",
    "a forged signature": "no:  signature_invalid",
    "another cluster's account": "no:  not ours",
    "Entra signs with a new key": "yes: ada@example.com",
    "Entra is down": "yes: ada@example.com",
    "201 groups, Graph is asked": "yes: judy@example.com",
    "a proof-of-possession token": "yes: ada@example.com",
    "the same one, stolen": "no:  proof_of_possession_replayed",
    "the watch is turned on": "yes: ada@example.com",
    "the admin leaves the group": "yes: ada@example.com\n +in no groups",
    "her account is disabled": "no:  account_disabled",
    "a token is denied": "no:  principal_denied",
}


def folders(tmp):
    return [
        name for name in os.listdir(tempfile.gettempdir()) if name.startswith("kube-entra-demo-") and name not in tmp
    ]


@pytest.fixture
def before():
    return set(os.listdir(tempfile.gettempdir()))


def test_shows_every_kind_of_sign_in(before):
    done = subprocess.run([DEMO], capture_output=True, text=True, timeout=180)
    assert done.returncode == 0, done.stdout + done.stderr
    for name, answer in ROWS.items():
        assert re.search(rf"^{re.escape(name)} +{answer}", done.stdout, re.M), (name, done.stdout)
    assert "REJECTED (token_expired)" in done.stdout
    assert done.stdout.rstrip().endswith("Every answer is as expected.")
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert "\x1b" not in done.stdout
    assert folders(before) == []


def start(*arguments):
    demo = subprocess.Popen([DEMO, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    lines = []
    while "webhook's log" not in (lines[-1] if lines else ""):
        line = demo.stdout.readline()
        assert line, "".join(lines)
        lines.append(line)
    return demo, "".join(lines)


def child(pid):
    return int(subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=True).stdout.split()[0])


def sockets(pid):
    """The sockets that a process has open. Standard input, output and error are everybody's."""
    found = set()
    for number in os.listdir(f"/proc/{pid}/fd"):
        try:
            target = os.readlink(f"/proc/{pid}/fd/{number}")
        except FileNotFoundError:
            continue
        if int(number) > 2 and target.startswith("socket:"):
            found.add(target)
    return found


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_stays_up_to_be_tried_by_hand(before, ending):
    demo, text = start("--keep-running")
    command = re.search(r"^  curl .*?/authenticate$", text, re.M | re.S)[0].replace("\\\n", " ")
    answer = subprocess.run(shlex.split(command), capture_output=True, text=True, timeout=20)
    assert '"authenticated":true' in answer.stdout, answer
    for flag in ["--authentication-token-webhook-config-file=", "--authentication-token-webhook-version=v1"]:
        assert flag in text
    kubeconfig = re.search(r"config-file=(\S+)", text)[1]
    assert os.path.exists(kubeconfig)
    for page, expected in (("statusz", "kube-entra"), ("metrics", "kube_entra_build_info")):
        address = re.search(rf"^  (http://127\.0\.0\.1:\d+/{page})$", text, re.M)[1]
        with urllib.request.urlopen(address, timeout=10) as shown:
            assert expected in shown.read().decode()
    assert not sockets(demo.pid) & sockets(child(demo.pid)), "the webhook has a socket of the simulated Entra"
    demo.send_signal(ending)
    assert demo.wait(30) == 0
    assert folders(before) == []


def test_an_early_end_leaves_nothing(before):
    demo = subprocess.Popen([DEMO], stdout=subprocess.PIPE, text=True)
    assert demo.stdout.readline().startswith("Simulated Entra")
    folder = os.path.join(tempfile.gettempdir(), folders(before)[0])
    demo.send_signal(signal.SIGTERM)
    demo.wait(30)
    end = time.time() + 10
    while time.time() < end and subprocess.run(["pgrep", "-f", folder], capture_output=True).returncode == 0:
        time.sleep(0.1)
    assert subprocess.run(["pgrep", "-f", folder], capture_output=True).returncode == 1
    assert folders(before) == []


def test_says_what_it_lacks(tmp_path):
    done = subprocess.run([DEMO, "--webhook", str(tmp_path / "none")], capture_output=True, text=True, timeout=20)
    assert done.returncode == 2
    assert "there is no kube-entra at" in done.stderr


def test_the_manual_page_says_what_the_program_says(tmp_path):
    dump = subprocess.run([DEMO, "--experimental-dump-help"], capture_output=True, text=True, check=True).stdout
    (tmp_path / "dump").write_text(dump)
    words = ["reference", "--folder", str(tmp_path / "made"), "--help-dump", str(tmp_path / "dump")]
    assert run(*words)[0] == 0 and os.listdir(tmp_path / "made") == ["man"]
    command = json.loads(dump)["command"]
    page = (tmp_path / "made/man/kube-entra-demo.1").read_text().replace("\\-", "-")
    for option in ("--keep-running", "--webhook <file>"):
        assert f"\n.TP\n.B {option}\n" in page
    text = " ".join(" ".join(line for line in page.splitlines() if not line.startswith(".")).split())
    sentences = [command["abstract"], *[argument["abstract"] for argument in command["arguments"][:2]]]
    for sentence in [*sentences, *command["discussion"].split("\n\n"), "kube-entra(1)"]:
        assert " ".join(sentence.split()) in text, sentence
    (tmp_path / "dump").write_text("{}")
    code, _, err = run(*words)
    assert code == 2 and f"{tmp_path}/dump: this is no program's help" in err
