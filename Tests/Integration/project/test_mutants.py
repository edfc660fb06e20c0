"""The list of small wrong changes, of which Tests/mutants.sh shows what the unit tests notice, fits the sources."""

import os
import subprocess

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))


def test_every_change_has_exactly_one_place():
    done = subprocess.run([f"{ROOT}/Tests/mutants.sh", "--check"], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
