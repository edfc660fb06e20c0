import json
import subprocess

import pytest
from entra import Entra
from programs import BINARY
from webhook import PROGRAM


@pytest.fixture
def run(tmp_path):
    def call(*arguments, status=0):
        done = subprocess.run([BINARY, *arguments], cwd=tmp_path, capture_output=True, text=True, timeout=60)
        assert done.returncode == status, (arguments, done.returncode, done.stdout, done.stderr)
        return done

    return call


@pytest.fixture(scope="module")
def issuer(tmp_path_factory, certificates):
    return Entra(str(tmp_path_factory.mktemp("credential")), certificates)


@pytest.fixture
def wrapped(tmp_path):
    """Runs `credential` with a plugin that prints a given output."""

    def call(output, *options, given=None, script=None, env=None, input=b""):
        data = output.encode() if isinstance(output, str) else output
        (tmp_path / "output").write_bytes(data)
        plugin = tmp_path / "plugin"
        plugin.write_text("#!/bin/sh\n" + (script or f"cat {tmp_path}/output\n"))
        plugin.chmod(0o755)
        arguments = ["--hints", json.dumps(given)] if given is not None else []
        done = subprocess.run(
            [PROGRAM, "credential", *arguments, *options, "--", str(plugin), "get-token"],
            input=input,
            capture_output=True,
            timeout=60,
            env=env,
        )
        return done.returncode, done.stdout, done.stderr.decode()

    return call
