"""What `deploy/release.sh` makes of the programs that are built already, once for all tests that need it."""

import pathlib
import subprocess

from webhook import PROGRAM

DEMO = pathlib.Path(PROGRAM).parent / "kube-entra-demo"
# A release is compressed well; a test of it need not be.
QUICK = {"SOURCE_DATE_EPOCH": "1790000000", "KUBE_ENTRA_COMPRESSION": "0"}


def run(*arguments, status=0, **options):
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=900, **options)
    assert done.returncode == status, (arguments, done.stdout[-4000:], done.stderr[-4000:])
    return done.stdout + done.stderr


def one(release, pattern):
    (found,) = release.glob(pattern)
    return found
