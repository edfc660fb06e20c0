"""`credential` as a process: status, standard streams, signals, sockets."""

import json
import os
import signal
import subprocess
import time

import pytest
from credentials import credential, hints
from entra import CLIENT
from webhook import PROGRAM


def test_status_standard_error_and_standard_input_are_the_commands_own(wrapped, issuer):
    assert wrapped("", script="cat\necho said >&2\nexit 42\n", input=b"asked", given=hints()) == (
        42,
        b"asked",
        "said\n",
    )
    bad = credential(issuer.token(aud=CLIENT))
    assert wrapped(bad, "--strict", script="cat $(dirname $0)/output; exit 3\n", given=hints()) == (3, bad.encode(), "")


@pytest.mark.parametrize("blanks", [1_100_000, 17_000_000])
def test_strict_hands_over_nothing_that_is_too_long_to_check(wrapped, issuer, blanks):
    """kubectl reads a credential of any length."""
    bad, good = credential(issuer.token(aud=CLIENT)), credential(issuer.token())
    script = f"printf %{blanks}s ''; cat $(dirname $0)/output\n"
    status, out, err = wrapped(bad, "--strict", script=script, given=hints())
    assert (status, out) == (1, b"")
    if blanks > 16 << 20:
        assert "printed more than 16 MiB, so its token was not checked" in err
        return
    assert err.startswith("kube-entra: audience_not_accepted: ")
    assert wrapped(good, "--strict", script=script, given=hints()) == (0, b" " * blanks + good.encode(), "")
    # Without it, everything goes through.
    assert wrapped(bad, script=script, given=hints())[:2] == (0, b" " * blanks + bad.encode())


@pytest.mark.parametrize("blanks", [1, 1_100_000])
def test_an_answer_that_cannot_be_written_is_status_2(tmp_path, issuer, blanks):
    (tmp_path / "output").write_text(" " * blanks + credential(issuer.token()))
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [PROGRAM, "credential", "--", "cat", str(tmp_path / "output")],
            stdout=full,
            stderr=subprocess.PIPE,
            timeout=60,
        )
    assert done.returncode == 2 and b"cannot be written to standard output: No space left" in done.stderr


def test_the_environment_goes_through(wrapped):
    env = {**os.environ, "KUBERNETES_EXEC_INFO": '{"spec":{"interactive":true}}'}
    assert wrapped("", script='printf %s "$KUBERNETES_EXEC_INFO"\n', env=env)[1] == b'{"spec":{"interactive":true}}'


def test_a_command_that_a_signal_ended(wrapped):
    assert wrapped("", script="kill -9 $$\n")[0] == 137
    assert wrapped("", script="kill -TERM $$\n")[0] == 143


def test_a_grandchild_that_holds_the_pipe_does_not_hold_kubectl(wrapped, issuer):
    output = credential(issuer.token())
    started = time.time()
    assert wrapped(
        output, script="(sleep 300 2>/dev/null) & echo $! >$(dirname $0)/pid; cat $(dirname $0)/output\n", given=hints()
    ) == (0, output.encode(), "")
    assert time.time() - started < 200


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGUSR1])
def test_a_signal_from_somebody_else_is_passed_on(tmp_path, number):
    script = tmp_path / "plugin"
    script.write_text(
        f"#!/bin/sh\ntrap 'echo caught; exit 7' {signal.Signals(number).name[3:]}\necho ready >&2\n"
        "while :; do sleep 0.05; done\n"
    )
    script.chmod(0o755)
    process = subprocess.Popen(
        [PROGRAM, "credential", "--", str(script)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stderr.readline() == b"ready\n"
    process.send_signal(number)
    out, _ = process.communicate(timeout=60)
    assert (process.returncode, out) == (7, b"caught\n")


def test_control_c_reaches_the_command_once(tmp_path):
    """The terminal sends it to the whole group: passed on, it would be there twice."""
    script = tmp_path / "plugin"
    script.write_text(
        "#!/usr/bin/env python3\nimport signal, time\ncount = 0\n"
        "def caught(*_):\n    global count\n    count += 1\n"
        "signal.signal(signal.SIGINT, caught)\nprint('ready', flush=True)\nend = time.time() + 1.5\n"
        f"while time.time() < end: time.sleep(0.05)\nopen({str(tmp_path / 'count')!r}, 'w').write(str(count))\n"
    )
    script.chmod(0o755)
    import pty

    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(PROGRAM, [PROGRAM, "credential", "--", "/bin/sh", "-c", f"{script} >&2"])
    shown = b""
    while b"ready" not in shown:
        shown += os.read(terminal, 1024)
    os.write(terminal, b"\x03")
    os.waitpid(pid, 0)
    os.close(terminal)
    assert (tmp_path / "count").read_text() == "1"


def test_it_opens_no_socket(tmp_path, issuer):
    (tmp_path / "output").write_text(credential(issuer.token(aud=CLIENT)))
    trace = tmp_path / "trace"
    done = subprocess.run(
        [
            "strace",
            "-f",
            "-e",
            "trace=socket,connect",
            "-o",
            str(trace),
            PROGRAM,
            "credential",
            "--hints",
            json.dumps(hints()),
            "--",
            "cat",
            str(tmp_path / "output"),
        ],
        capture_output=True,
        timeout=60,
    )
    assert done.returncode == 0 and b"audience_not_accepted" in done.stderr
    assert "socket(" not in trace.read_text() and "connect(" not in trace.read_text()
