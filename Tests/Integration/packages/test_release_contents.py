"""What is inside of the files of a release: the chart, the demo, the papers, and one version everywhere."""

import gzip
import json
import os
import re
import subprocess
import tarfile
import urllib.parse

import pytest
import yaml
from charts import CHART, helm
from programs import ROOT
from released import one, run
from webhook import run as kube_entra

DEPLOY = ROOT / "deploy"


def version():
    return kube_entra("--version")[1].strip()


def unpacked(release, pattern, folder):
    run("dpkg-deb", "--extract", one(release, pattern), folder)
    return folder


@pytest.mark.usefixtures("tools")
def test_helm_takes_the_archive_of_the_chart_as_it_takes_the_folder(release):
    archive = one(release, "kube-entra-chart-*.tgz")
    assert helm("lint", "--strict", archive).returncode == 0
    made = helm("template", "kube-entra", archive)
    assert made.returncode == 0 and made.stdout == helm("template", "kube-entra", CHART).stdout
    with tarfile.open(archive) as tar:
        names = {name.removeprefix("kube-entra/") for name in tar.getnames()}
    assert {path.relative_to(CHART).as_posix() for path in CHART.rglob("*")} <= names


def test_the_demo_has_a_package_of_its_own(release, tmp_path):
    demo = unpacked(release, "kube-entra-demo_*.deb", tmp_path / "demo")
    program = unpacked(release, "kube-entra_*.deb", tmp_path / "program")
    assert (demo / "usr/bin/kube-entra-demo").stat().st_mode & 0o111
    assert not (program / "usr/bin/kube-entra-demo").exists()
    depends = run("dpkg-deb", "-f", one(release, "kube-entra-demo_*.deb"), "Depends")
    assert f"kube-entra (= {version()})" in depends


def test_the_package_has_the_manual_of_every_command(release, tmp_path):
    folder = unpacked(release, "kube-entra_*.deb", tmp_path) / "usr/share/man/man1"
    for page in (DEPLOY / "reference" / "man").glob("*.1"):
        assert gzip.decompress((folder / f"{page.name}.gz").read_bytes()).decode() == page.read_text(), page.name
        assert ".PP\n.PP" not in page.read_text(), "mandoc says that a paragraph is empty"
    assert os.readlink(folder / "kubectl-entra.1.gz") == "kube-entra.1.gz"


def test_the_package_configures_nothing(release, tmp_path):
    root = unpacked(release, "kube-entra_*.deb", tmp_path)
    lines = (root / "etc/default/kube-entra").read_text().splitlines()
    assert lines and all(line.startswith("#") for line in lines)
    assert list((root / "etc/kube-entra").iterdir()) == []
    unit = (root / "usr/lib/systemd/system/kube-entra.service").read_text()
    assert "ConditionPathExists=/etc/kube-entra/kube-entra.yaml" in unit
    scripts = run("dpkg-deb", "--info", one(release, "kube-entra_*.deb"), "postinst")
    assert "enable" not in scripts and "systemctl start" not in scripts


# A machine of its own, as far as logrotate looks: the user, and a folder of logs. `systemctl` writes down what it is told.
MACHINE = r"""
set -e
work=$1 rules=$2
for name in passwd group; do cp "/etc/$name" "$work/$name"; done
echo 'kube-entra:x:64170:64170::/:/usr/sbin/nologin' >>"$work/passwd"
echo 'kube-entra:x:64170:' >>"$work/group"
mount --bind "$work/passwd" /etc/passwd
mount --bind "$work/group" /etc/group
mount -t tmpfs tmpfs /var/log
install -d -m 0750 -o kube-entra -g kube-entra /var/log/kube-entra
mkdir "$work/bin"
printf '#!/bin/sh\necho "$@" >>/var/log/told\n' >"$work/bin/systemctl"
chmod 755 "$work/bin/systemctl"
for round in 1 2; do
    echo "round $round" >/var/log/kube-entra/audit.jsonl
    chown kube-entra:kube-entra /var/log/kube-entra/audit.jsonl
    PATH=$work/bin:$PATH /usr/sbin/logrotate --force --state "$work/state" "$rules"
done
cat /var/log/told
cd /var/log/kube-entra
stat -c '%n %U' *
cat audit.jsonl.1
zcat audit.jsonl.2.gz
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can have a folder of logs of its own")
def test_logrotate_rotates_the_logs_and_the_service_opens_new_ones(release, tmp_path):
    rules = unpacked(release, "kube-entra_*.deb", tmp_path / "package") / "etc/logrotate.d/kube-entra"
    work = tmp_path / "work"
    work.mkdir()
    done = subprocess.run(
        ["unshare", "--mount", "--propagation", "private", "sh", "-c", MACHINE, "sh", work, rules],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0 and not done.stderr, done.stderr
    assert done.stdout.splitlines() == [
        *["kill --signal=HUP kube-entra.service"] * 2,
        "audit.jsonl.1 kube-entra",
        "audit.jsonl.2.gz kube-entra",
        "round 2",
        "round 1",
    ]


def test_the_bill_of_materials_has_every_library_of_the_image_and_the_compilers(release):
    bill = json.loads(one(release, "*.spdx.json").read_text())
    named = {package["name"]: package["versionInfo"] for package in bill["packages"]}
    with tarfile.open(one(release, "*.oci.tar")) as archive:

        def read(digest):
            return archive.extractfile("blobs/sha256/" + digest.removeprefix("sha256:"))

        index = json.load(archive.extractfile("index.json"))
        manifest = json.load(read(index["manifests"][0]["digest"]))
        with tarfile.open(fileobj=read(manifest["layers"][0]["digest"])) as layer:
            libraries = [name for name in layer.getnames() if re.search(r"\.so(\.|$)", name)]
    assert len(libraries) >= 6
    for library in libraries:
        paths = [f"/{library}", "/" + library.removeprefix("usr/")]
        owners = [subprocess.run(["dpkg-query", "-S", path], capture_output=True, text=True).stdout for path in paths]
        owner = "".join(owners).split(":")[0]
        assert named[owner] == run("dpkg-query", "-W", "-f", "${Version}", owner), library
    compiler = run("swift", "--version")
    assert f"Swift version {named['swift']} " in compiler
    identities = {package["SPDXID"] for package in bill["packages"]}
    related = {relation["relatedSpdxElement"] for relation in bill["relationships"]}
    assert related == identities and bill["spdxVersion"] == "SPDX-2.3"
    for package in bill["packages"]:
        for reference in package.get("externalRefs", []):
            place, found = reference["referenceLocator"].partition("?")[0].rsplit("@", 1)
            # In a purl, a plus would be a space.
            assert "+" not in found and package["versionInfo"] in urllib.parse.unquote(found), place


def test_everything_in_the_image_comes_with_its_licence(release, rootfs):
    bill = json.loads(one(release, "*.spdx.json").read_text())
    kinds = {relation["relatedSpdxElement"]: relation["relationshipType"] for relation in bill["relationships"]}
    documents = rootfs[0] / "usr/share/doc"
    taken = {one["name"] for one in bill["packages"] if kinds[one["SPDXID"]] in ("DYNAMIC_LINK", "DEPENDS_ON")}
    assert {"libc6", "libssl3", "ca-certificates"} <= taken
    assert {path.name for path in documents.iterdir()} == {"kube-entra", *taken}
    assert all((path / "copyright").stat().st_size > 500 for path in documents.iterdir())
    own = (documents / "kube-entra/copyright").read_text()
    linked = {one["name"] for one in bill["packages"] if kinds[one["SPDXID"]] == "STATIC_LINK"}
    named = {name for names in re.findall(r"^Files: (.*(?:\n .*)*)", own, re.M) for name in names.split()}
    assert {re.sub(r"-\d+-dev$", "", name) for name in linked} <= named
    for path in re.findall(r"/usr/share/common-licenses/[\w.-]*\w", own):
        assert (rootfs[0] / path[1:]).stat().st_size > 1000, path


def test_one_version_stands_everywhere(release):
    current = version()
    kustomization = yaml.safe_load((DEPLOY / "kustomize" / "kustomization.yaml").read_text())
    assert kustomization["images"][0]["newTag"] == current
    static_pod = yaml.safe_load((DEPLOY / "static-pod" / "kube-entra.yaml").read_text())
    assert static_pod["spec"]["containers"][0]["image"].endswith(f":{current}")
    newest = re.search(r"^## (\S+)", (DEPLOY / "CHANGELOG.md").read_text(), re.M)[1]
    assert newest == current
    major, minor, _ = current.split(".")
    following = f"{major}.{int(minor) + 1}.0"
    image = re.compile(r"kube-entra_([\d.]+)_amd64|kube-entra-([\d.]+)-amd64|/kube-entra:([\d.]*\d)")
    for document in DEPLOY.rglob("README.md"):
        found = {name for names in image.findall(document.read_text()) for name in names if name}
        # The next version stands only where an upgrade is shown.
        assert found <= {current, following}, document
    for package in release.glob("*.deb"):
        assert run("dpkg-deb", "-f", package, "Version").strip() == current


def test_every_row_of_the_compatibility_matrix_says_how_it_is_known():
    text = (DEPLOY / "compatibility" / "README.md").read_text()
    rows = [re.split(r"\s*\|\s*", line.strip("| ")) for line in text.splitlines() if re.match(r"\| [^|-]", line)][1:]
    assert len(rows) > 15
    for row in rows:
        assert re.match(r"(tested|documented)\b", row[-1]), row
