"""The output of `inspect` for the person who was refused."""

import fcntl
import hashlib
import json
import os
import pty
import struct
import subprocess
import termios

import pytest
import yaml
from entra import LEFT_OUT, OBJECT
from webhook import PROGRAM, configuration, run


@pytest.fixture
def files(tmp_path, certificates, entra):
    entra.write_key_file(str(tmp_path / "keys.json"))
    config = configuration()
    config["server"] = {name: certificates.path(path) for name, path in config["server"].items()}
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config))
    return ["--config", str(tmp_path / "config.yaml"), "--keys", str(tmp_path / "keys.json")]


@pytest.mark.parametrize("around", ["{}", "Bearer {}", "  {}\n", "Authorization: Bearer {}"])
def test_the_digest_is_the_one_in_the_log(entra, files, around):
    token = entra.token()
    digest = hashlib.sha256(token.encode()).hexdigest()[:12]
    _, out, _ = run("inspect", *files, "--output", "json", input=around.format(token))
    assert json.loads(out)["tokenSHA256"] == digest
    _, out, _ = run("inspect", *files, input=around.format(token))
    assert f"tokenSHA256 {digest}" in out and "tokenID abc_DEF-1" in out


@pytest.mark.parametrize("missing", [1, 2, 3, 40, 100, 101, 102, 340])
def test_a_copy_that_lacks_its_end_is_cut_off(entra, files, missing):
    token = entra.token()[:-missing]
    length = len(token.split(".")[2]) * 3 // 4
    for output in (files, []):
        _, out, _ = run("inspect", *output, "--output", "json", input=token)
        result = json.loads(out)
        if not output and result["reason"] is None:
            continue
        assert f"cut off: the signature has {length} bytes, RS256 has 256" in result["message"], result


def test_groups_of_a_token_that_is_nobodys_are_not_counted_as_no_admins(entra, files):
    token = entra.token(iss="https://sts.windows.net/99999999-2222-3333-4444-555555555555/")
    _, out, _ = run("inspect", *files, input=token)
    assert "in groups" in out and "of which 0 admin" not in out
    _, out, _ = run("inspect", *files, input=entra.token())
    assert "of which 1 admin" in out


def test_a_guest_is_told_why_the_name_is_an_object_id(entra, files):
    _, out, _ = run("inspect", *files, input=entra.token(idp="https://sts.windows.net/other/", acct=1))
    assert OBJECT in out and "guests are named by object ID" in " ".join(out.split())
    _, out, _ = run("inspect", *files, input=entra.token(upn=LEFT_OUT))
    assert "carries no upn" in " ".join(out.split())


def test_the_person_sees_only_what_failed(entra, files):
    _, out, _ = run("inspect", *files, "--failed", input=entra.token(aud="other"))
    assert "FAIL  audience" in out and "ok    " not in out and "skip  " not in out


def test_a_key_of_no_entra_tenant_is_not_compared_with_nothing(entra, tmp_path):
    entra.write_key_file(str(tmp_path / "keys.json"))
    token = entra.token(iss="https://accounts.google.com")
    _, out, err = run("inspect", "--keys", str(tmp_path / "keys.json"), input=token)
    assert "0 that were given" not in out + err


@pytest.mark.parametrize("columns", [60, 120, 180])
def test_lines_are_as_wide_as_the_terminal(entra, files, tmp_path, columns):
    (tmp_path / "token").write_text(entra.token(aud="x" * 300))
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    env = {name: value for name, value in os.environ.items() if name != "COLUMNS"} | {"NO_COLOR": "1", "TERM": "xterm"}
    process = subprocess.Popen(
        [PROGRAM, "inspect", *files, "--token-file", str(tmp_path / "token")], stdout=slave, env=env
    )
    os.close(slave)
    shown = b""
    try:
        while part := os.read(master, 65536):
            shown += part
    except OSError:
        pass
    process.wait(60)
    os.close(master)
    lines = shown.decode().replace("\r", "").splitlines()
    assert max(map(len, lines)) <= columns and max(map(len, lines)) > columns * 3 // 4


def test_a_reason_that_is_none_has_its_punctuation():
    status, _, err = run("inspect", "--explain", "zzzzzz")
    assert status == 64 and 'no reason "zzzzzz"; --list-reasons' in err
