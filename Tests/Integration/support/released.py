"""What `deploy/release.sh` makes of the programs that are built already, once for all tests that need it."""

import os
import pathlib
import shutil
import subprocess

from programs import ROOT
from webhook import PROGRAM

DEMO = pathlib.Path(PROGRAM).parent / "kube-entra-demo"
# A release is compressed well; a test of it need not be.
QUICK = {"SOURCE_DATE_EPOCH": "1790000000", "KUBE_ENTRA_COMPRESSION": "0"}


def run(*arguments, status=0, **options):
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=900, **options)
    assert done.returncode == status, (arguments, done.stdout[-4000:], done.stderr[-4000:])
    return done.stdout + done.stderr


def make_release(folder, *arguments):
    """The release of the built programs: how they are built is for the release itself."""
    built = folder / "built"
    built.mkdir()
    shutil.copy2(PROGRAM, built / "kube-entra")
    shutil.copy2(DEMO, built / "kube-entra-demo")
    out = folder / "out"
    run(ROOT / "deploy/release.sh", out, "--built", built, *arguments, env={**os.environ, **QUICK})
    return out


def one(release, pattern):
    (found,) = release.glob(pattern)
    return found
