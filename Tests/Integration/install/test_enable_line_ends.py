"""A manifest with Windows line ends: what the dry runs print is a patch for it."""

import os
import subprocess

import pytest
from enabling import MANIFEST, as_before
from webhook import PROGRAM

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can have a node of its own")


def printed(node, *words):
    """The bytes that a dry run prints."""
    command = [*node.enter, PROGRAM, *words, "--timeout", "120s", "--dry-run"]
    done = subprocess.run(command, capture_output=True, timeout=300, env=node.environment, cwd="/")
    assert done.returncode == 0, done.stderr
    return done.stdout


def patched(tmp_path, old, said):
    (tmp_path / "manifest").write_bytes(old)
    (tmp_path / "patch").write_bytes(said)
    subprocess.run(["patch", "-s", str(tmp_path / "manifest"), str(tmp_path / "patch")], check=True)
    return (tmp_path / "manifest").read_bytes()


def manifest(node):
    with open(node.path(MANIFEST), "rb") as file:
        return file.read()


@pytest.mark.parametrize("last", ["\r\n", "\r\n  #", "\r\n  volumes: null\r\n  # mine\r"])
def test_the_difference_of_a_manifest_with_windows_line_ends_is_a_patch(node, tmp_path, last):
    text = node.read(MANIFEST)
    if "volumes" in last:
        text = text[: text.index("  volumes:")].rstrip("\n") + "\n"
        text = text[: text.index("    volumeMounts:")] + "    volumeMounts: null\n" + text[text.index("  hostNet") :]
    else:
        # The changed lines are near the file's end.
        text = text.replace("status: {}\n", "")
    text = text.rstrip("\n").replace("\n", "\r\n") + last
    node.write(MANIFEST, text, mode=0o600)
    node.wait_for(lambda: node.log().count("started") == 2)
    before, old = node.snapshot(), manifest(node)
    assert old.count(b"\n") == old.count(b"\r\n") > 20
    said = printed(node, "enable", "--config", node.config)
    # A carriage return stands at ends of lines only, where a terminal shows nothing of it.
    assert said.count(b"\r") == said.count(b"\r\n") > 10 and "\ufffd" not in said.decode()
    assert b"`patch` does not" not in said
    assert node.enable().returncode == 0
    new = manifest(node)
    assert patched(tmp_path, old, said) == new != old
    assert patched(tmp_path, new, printed(node, "disable")) == old
    # Somebody has changed it since; what was there comes back byte for byte.
    node.write(MANIFEST, new.decode().replace("v1.36.2", "v1.36.3"), mode=0o600)
    assert node.run("disable", "--timeout", "120s").returncode == 0
    assert manifest(node) == old.replace(b"v1.36.2", b"v1.36.3")
    node.write(MANIFEST, old.decode(), mode=0o600)
    as_before(node, before)


def test_a_difference_that_cannot_be_shown_as_it_is_says_so(node):
    text = node.read(MANIFEST)
    node.write(MANIFEST, text.replace("--secure-port", "--v=2 # \u202e\n    - --secure-port"), mode=0o600)
    node.wait_for(lambda: node.log().count("started") == 2)
    said = printed(node, "enable", "--config", node.config).decode()
    assert "`patch` does not take it" in said and "\u202e" not in said and "+    - --authentication-token" in said
