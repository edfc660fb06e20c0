"""`enable` and `disable` that somebody interrupts, or whose output nobody reads any more."""

import os
import signal
import subprocess

import pytest
from enabling import JOURNAL, MANIFEST, as_before, status

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can have a node of its own")

SIGNALS = [signal.SIGHUP, signal.SIGINT, signal.SIGTERM]


def read_until(process, words):
    said = ""
    for line in process.stdout:
        said += line
        if words in line:
            return said
    raise AssertionError(said)


def rest(process, said):
    said += process.stdout.read()
    process.stdout.close()
    return process.wait(), said


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_after_the_change_puts_everything_back(node, number):
    before = node.snapshot()
    node.mode("does not start")
    process = node.start_enable([])
    said = read_until(process, "waiting until the API server")
    process.send_signal(number)
    # Nothing interrupts the way back, neither the same signal nor another one.
    said += read_until(process, "failed")
    for again in (number, *SIGNALS):
        process.send_signal(again)
    code, said = rest(process, said)
    assert code == 1 and f"interrupted by {number.name}" in said, said
    assert "the old manifest is back and the API server serves as before" in said, said
    as_before(node, before)
    node.wait_for(lambda: node.log().splitlines()[-1] == "started without the webhook")


@pytest.mark.parametrize("step", ["certificates", "ready"])
def test_a_signal_before_the_change_leaves_the_node_as_it_was(node, step):
    before, log = node.snapshot(), node.log()
    process = node.start_enable([])
    said = ""
    for line in process.stdout:
        said += line
        if line.split()[3:4] == [step]:
            process.send_signal(signal.SIGINT)
            break
    code, said = rest(process, said)
    # On a busy machine it may have come further than that.
    assert code in (1, 2) and "interrupted by SIGINT (Ctrl-C)" in said, said
    as_before(node, before)
    if code == 2:
        assert "nothing was changed at kube-apiserver" in said and node.log() == log, said


def test_a_terminal_interrupts_no_program_that_the_way_back_runs(make):
    """Ctrl-C reaches the whole process group of a terminal."""
    node = make("k3s")
    before = node.snapshot()
    with open(f"{node.folder}/bin/systemctl") as file:
        text = file.read()
    with open(f"{node.folder}/bin/systemctl", "w") as file:
        # From the second restart on, which belongs to the way back, it takes until the test says so.
        slow = "restart) if [ -f $state/restarted ]; then while [ ! -f $state/go ]; do sleep 0.05; done; fi; "
        file.write(text.replace("restart) ", slow))
    node.mode("does not start")
    process = subprocess.Popen(
        [*node.enter, node.environment["KUBE_ENTRA"], "enable", "--config", node.config, "--timeout", "120s"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=node.environment,
        cwd="/",
        process_group=0,
    )
    said = read_until(process, "waiting until the API server")
    os.killpg(process.pid, signal.SIGINT)
    said += read_until(process, "removed /etc/rancher/k3s")
    restart = "restart k3s"
    node.wait_for(lambda: node.log("systemctl.log").count(restart) == 2)
    os.killpg(process.pid, signal.SIGINT)
    with open(f"{node.state}/go", "w"):
        pass
    code, said = rest(process, said)
    assert code == 1 and "the API server serves as before" in said, said
    as_before(node, before)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_disable_is_half_done_and_can_be_finished(node, number):
    before = node.snapshot()
    assert node.enable().returncode == 0
    node.kubelet.send_signal(signal.SIGSTOP)
    process = node.start("disable", "--timeout", "120s")
    said = read_until(process, "waiting until the API server")
    process.send_signal(number)
    node.kubelet.send_signal(signal.SIGCONT)
    code, said = rest(process, said)
    if code != 0:  # On a busy machine the API server may be back first.
        assert code == 1 and f"interrupted by {number.name}" in said and "disable` again" in said, said
        assert status(node)[1]["unfinished"] == {"direction": "disable", "step": "change"}
        assert node.run("disable", "--timeout", "120s").returncode == 0
    as_before(node, before)


def test_a_disable_goes_on_without_its_connection(node):
    before = node.snapshot()
    assert node.enable().returncode == 0
    node.kubelet.send_signal(signal.SIGSTOP)
    process = node.start("disable", "--timeout", "120s")
    said = read_until(process, "waiting until the API server")
    process.stdout.close()
    process.send_signal(signal.SIGHUP)
    node.kubelet.send_signal(signal.SIGCONT)
    assert process.wait() == 0, said
    as_before(node, before)


def test_what_was_started_to_ignore_a_lost_connection_ignores_it(node):
    process = subprocess.Popen(
        [*node.enter, "nohup", node.environment["KUBE_ENTRA"], "enable", "--config", node.config],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=node.environment,
        cwd="/",
    )
    said = read_until(process, "waiting until the API server")
    process.send_signal(signal.SIGHUP)
    code, said = rest(process, said)
    assert code == 0 and status(node)[0] == 0, said


@pytest.mark.parametrize("mode", ["", "does not start"])
def test_a_report_that_nobody_reads_any_more_does_not_end_the_run(node, mode):
    before = node.snapshot()
    node.mode(mode)
    process = node.start("enable", "--config", node.config, "--timeout", "15s", stderr=subprocess.PIPE)
    for line in process.stdout:
        if "waiting until the API server" in line:
            break
    process.stdout.close()
    error = process.stderr.read()
    process.stderr.close()
    code = process.wait()
    assert error.count("the report cannot be written to standard output (Broken pipe); the run goes on") == 1, error
    if mode:
        assert code == 1 and "the old manifest is back" in error, error
        as_before(node, before)
    else:
        assert code == 0 and status(node)[0] == 0, error


def test_a_full_disk_below_the_report_does_not_end_the_run(node):
    before = node.snapshot()
    words = f"enable --config {node.config} --timeout 120s"
    done = subprocess.run(
        [*node.enter, "sh", "-c", f'"$KUBE_ENTRA" {words} >/dev/full 2>/dev/full'], env=node.environment, cwd="/"
    )
    assert done.returncode == 0 and status(node)[0] == 0
    done = subprocess.run([*node.enter, "sh", "-c", '"$KUBE_ENTRA" disable >/dev/full 2>&1'], env=node.environment)
    assert done.returncode == 0 and not node.exists(JOURNAL)
    as_before(node, before)
    # A dry run has nothing but its output.
    done = subprocess.run(
        [*node.enter, "sh", "-c", f'"$KUBE_ENTRA" {words} --dry-run >/dev/full'],
        env=node.environment,
        cwd="/",
        capture_output=True,
    )
    assert done.returncode == 2 and "webhook" not in node.read(MANIFEST)
