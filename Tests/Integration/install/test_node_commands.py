"""How `enable`, `disable` and `status` find programs, and how long they wait for a server that says nothing."""

import os
import re
import shutil
import signal
import time

import pytest
from enabling import as_before

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can have a node of its own")


def test_programs_for_root_are_found_without_a_path_to_them(node):
    """As with Debian's `su`, whose PATH is that of the user before."""
    assert shutil.which("userdel").startswith("/usr/sbin/")
    before = node.snapshot()
    node.environment["PATH"] = f"{node.folder}/bin:/usr/bin:/bin"
    assert node.enable().returncode == 0
    done = node.run("disable", "--timeout", "120s")
    assert done.returncode == 0 and " kept " not in done.stdout, done.stdout + done.stderr
    as_before(node, before)
    assert "kube-entra:" not in node.read("/etc/passwd")


def test_a_timeout_bounds_the_wait_for_a_silent_api_server(node):
    """Its port accepts, and no answer comes. Without the option, each question would take ten seconds."""
    assert node.enable().returncode == 0
    node.kubelet.send_signal(signal.SIGSTOP)
    try:
        # The timers of its connections show how long it would wait, however slow the machine is.
        trace = f"{node.folder}/trace"
        prefix = ["strace", "-f", "-qq", "-o", trace, "-ttt", "-e", "trace=timerfd_settime"]
        done = node.run("status", "--timeout", "1s", prefix=prefix)
        assert done.returncode == 1 and "does not answer" in done.stdout, done.stdout + done.stderr
    finally:
        node.kubelet.send_signal(signal.SIGCONT)
    # The end of a wait is a time of the monotonic clock; strace says the time of day.
    ahead = time.time() - time.monotonic()
    with open(trace) as file:
        found = re.findall(r"^\d+ +([\d.]+) .*it_value=\{tv_sec=(\d+), tv_nsec=(\d+)", file.read(), re.MULTILINE)
    waits = [int(s) + int(ns) / 1e9 - (float(now) - ahead) for now, s, ns in found if int(s)]
    assert waits and max(waits) < 2, waits
