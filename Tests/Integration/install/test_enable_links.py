"""A kube-apiserver manifest that is kept elsewhere, with a link in the kubelet's folder."""

import os
import struct

import pytest
from enabling import MANIFEST, as_before, signs_in

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can have a node of its own")

KEPT = "/etc/kubernetes/kept/kube-apiserver.yaml"


def link(node, target=KEPT, words=KEPT):
    text = node.read(MANIFEST)
    os.makedirs(os.path.dirname(node.path(target)), exist_ok=True)
    os.rename(node.path(MANIFEST), node.path(target))
    os.symlink(words, node.path(MANIFEST))
    return text


@pytest.mark.parametrize("words", [KEPT, "../kept/kube-apiserver.yaml"])
def test_a_linked_manifest_is_changed_where_it_is(node, entra, words):
    text = link(node, words=words)
    before = node.snapshot()
    assert f"change {KEPT}, to which {MANIFEST} leads" in node.enable("--dry-run").stdout
    done = node.enable()
    assert done.returncode == 0, done.stdout + done.stderr
    assert signs_in(node, entra.token())["authenticated"] is True
    assert os.readlink(node.path(MANIFEST)) == words and "--authentication-token-webhook" in node.read(KEPT)
    assert node.run("disable", "--timeout", "120s").returncode == 0
    as_before(node, before)
    assert os.readlink(node.path(MANIFEST)) == words and node.read(KEPT) == text


def test_a_linked_manifest_is_put_back_where_it_is(node):
    text = link(node)
    before = node.snapshot()
    node.mode("does not start")
    done = node.enable(wait="10s")
    assert done.returncode == 1, done.stdout + done.stderr
    as_before(node, before)
    assert os.readlink(node.path(MANIFEST)) == KEPT and node.read(KEPT) == text


def test_a_link_to_a_file_that_the_kubelet_runs_as_well_is_refused(node):
    name = "/etc/kubernetes/manifests/kube-apiserver-own.yaml"
    link(node, target=name, words="kube-apiserver-own.yaml")
    before = node.snapshot()
    for words in (["--dry-run"], []):
        done = node.enable(*words, wait="10s")
        assert done.returncode == 2 and "the kubelet runs both files" in done.stderr, done.stdout + done.stderr
        as_before(node, before)


def test_the_manifest_keeps_its_access_list_and_attributes(node):
    path = node.path(MANIFEST)
    # One more user may read; the group may not.
    none = 0xFFFFFFFF
    entries = [(1, 6, none), (2, 4, 65534), (4, 0, none), (16, 4, none), (32, 0, none)]
    marks = {
        "system.posix_acl_access": struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries),
        "trusted.note": b"mine",
    }
    for name, value in marks.items():
        os.setxattr(path, name, value)
    before = node.snapshot()

    def kept():
        return {name: os.getxattr(path, name) for name in os.listxattr(path)}

    assert node.enable().returncode == 0
    assert kept() == marks
    assert node.run("disable", "--timeout", "120s").returncode == 0
    assert kept() == marks
    as_before(node, before)
