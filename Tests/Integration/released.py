"""What `deploy/release.sh` makes of the programs that are built already, once for all tests that need it."""

import os
import pathlib
import shutil
import subprocess

import pytest
from webhook import PROGRAM

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
DEMO = pathlib.Path(PROGRAM).parent / "kube-entra-demo"
# A release is compressed well; a test of it need not be.
QUICK = {"SOURCE_DATE_EPOCH": "1790000000", "KUBE_ENTRA_COMPRESSION": "0"}


def run(*arguments, status=0, **options):
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=900, **options)
    assert done.returncode == status, (arguments, done.stdout[-4000:], done.stderr[-4000:])
    return done.stdout + done.stderr


@pytest.fixture(scope="session")
def release_key(tmp_path_factory):
    folder = tmp_path_factory.mktemp("key")
    run("openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", folder / "key.pem")
    run("openssl", "pkey", "-in", folder / "key.pem", "-pubout", "-out", folder / "public.pem")
    return folder


@pytest.fixture(scope="session")
def release(tmp_path_factory, release_key):
    """How the programs are built is for the release itself."""
    built = tmp_path_factory.mktemp("built")
    shutil.copy2(PROGRAM, built / "kube-entra")
    shutil.copy2(DEMO, built / "kube-entra-demo")
    out = tmp_path_factory.mktemp("release") / "out"
    environment = {**os.environ, **QUICK}
    run(REPOSITORY / "deploy/release.sh", out, "--built", built, "--key", release_key / "key.pem", env=environment)
    return out
