"""Files of the command line may be pipes, whose writers are slower than the program."""

import errno
import json
import os
import re
import shutil
import subprocess
import time

import pytest
from credentials import credential, hints
from entra import DEVELOPERS
from webhook import PROGRAM, configuration


@pytest.fixture(scope="module")
def files(certificates, entra, tmp_path_factory):
    """Each kind of file that a command reads, and a configuration with two tenants."""
    folder = tmp_path_factory.mktemp("pipes")
    for name in ("server.crt", "server.key", "ca.crt"):
        shutil.copy2(certificates.path(name), folder)
    entra.write_key_file(str(folder / "keys.json"))
    config = configuration()
    config["tenants"].insert(0, {**config["tenants"][0], "tenantID": "99999999-2222-3333-4444-555555555555"})
    del config["tenants"][0]["signingKeys"]
    (folder / "config.yaml").write_text(json.dumps(config))
    config["tenants"][1]["adminGroupObjectIDs"] = []
    (folder / "other.yaml").write_text(json.dumps(config))
    (folder / "token").write_text(entra.token(groups=[DEVELOPERS]))
    (folder / "claims.json").write_text(json.dumps(entra.claims(groups=[DEVELOPERS])))
    (folder / "suite.yaml").write_text(
        json.dumps({"tests": [{"name": "x", "given": {"groups": [DEVELOPERS]}, "expect": {"admitted": True}}]})
    )
    (folder / "denied.json").write_text('{"denied":[{"objectID":"%s","reason":"r"}]}' % DEVELOPERS)
    (folder / "hints.json").write_text(json.dumps(hints()))
    (folder / "plugin").write_text(f"#!/bin/sh\ncat <<'END'\n{credential(entra.token(aud='another'))}\nEND\n")
    (folder / "plugin").chmod(0o755)
    return folder


CHECK = ["policy", "check", "--config", "config.yaml", "--output", "json"]
COMMANDS = [
    (["inspect", "--config", "config.yaml", "--token-file", "token"], "token", 0),
    (["inspect", "--config", "config.yaml", "--token-file", "token"], "config.yaml", 0),
    (["inspect", "--keys", "keys.json", "--token-file", "token"], "keys.json", 0),
    ([*CHECK, "--token-file", "token"], "token", 0),
    ([*CHECK, "--keys", "keys.json", "--token-file", "token"], "keys.json", 0),
    ([*CHECK, "--claims", "claims.json"], "claims.json", 0),
    (["policy", "test", "--config", "config.yaml", "suite.yaml"], "suite.yaml", 0),
    (["policy", "diff", "config.yaml", "other.yaml"], "config.yaml", 1),
    (["policy", "diff", "config.yaml", "other.yaml"], "other.yaml", 1),
    (["config", "check", "--no-files", "config.yaml"], "config.yaml", 0),
    (["config", "hints", "config.yaml"], "config.yaml", 0),
    (["keys", "show", "keys.json"], "keys.json", 0),
    (["certs", "show", "ca.crt"], "ca.crt", 0),
    (["deny", "list", "--file", "denied.json"], "denied.json", 0),
    (["credential", "--hints", "hints.json", "--strict", "--", "./plugin"], "hints.json", 1),
]


@pytest.mark.parametrize("words,name,status", COMMANDS, ids=[" ".join(c[0][:2]) + " " + c[1] for c in COMMANDS])
def test_a_command_waits_for_its_pipe(files, tmp_path, words, name, status):
    """A pipe that nobody has opened yet, and then one that is written late, has what a file has."""
    expected = subprocess.run([PROGRAM, *words], cwd=files, capture_output=True, text=True, timeout=60)
    assert expected.returncode == status, expected
    folder = tmp_path / "with a pipe"
    shutil.copytree(files, folder)
    content = (folder / name).read_bytes()
    (folder / name).unlink()
    os.mkfifo(folder / name, 0o600)
    process = subprocess.Popen([PROGRAM, *words], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        writer = None
        while writer is None and process.poll() is None:
            try:
                writer = os.open(folder / name, os.O_WRONLY | os.O_NONBLOCK)
            except OSError as error:
                # Nobody reads yet.
                assert error.errno == errno.ENXIO
                time.sleep(0.01)
        if writer is not None:
            os.write(writer, content[:10])
            time.sleep(0.1)
            os.write(writer, content[10:])
            os.close(writer)
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    written = re.compile(r'"writtenAt": "[^"]+"')
    assert (process.returncode, err) == (expected.returncode, expected.stderr)
    assert written.sub("", out) == written.sub("", expected.stdout)


def test_standard_input_has_its_name_in_dev(files):
    script = 'cat config.yaml | "$1" config check --no-files /dev/stdin'
    done = subprocess.run(
        ["bash", "-c", script, "bash", PROGRAM], cwd=files, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0 and "usable" in done.stdout, done
