"""What a release is built from: the sources of its commit, and the Swift packages of the list, to the commit."""

import json
import os
import shutil
import tarfile

import pytest
from programs import ROOT
from released import run

PACKAGES = ROOT / "deploy/release/packages.py"
LISTED = [line.split() for line in (ROOT / "deploy/release/packages.txt").read_text().splitlines()]


def resolved(packages, file):
    """A Package.resolved as SwiftPM writes it, with these names, versions, commits and addresses."""
    pins = [
        {
            "identity": name,
            "kind": "remoteSourceControl",
            "location": f"{address}.git",
            "state": {"revision": commit, "version": version},
        }
        for name, version, commit, address in packages
    ]
    file.write_text(json.dumps({"originHash": "0", "pins": pins, "version": 3}))
    return file


def with_log(**changes):
    names = ("name", "version", "commit", "address")
    return [
        [changes.get(key, value) for key, value in zip(names, line)] if line[0] == "swift-log" else line
        for line in LISTED
    ]


NO_COMMIT = "0" * 40
AS_SOMEBODY = ["-c", "user.name=x", "-c", "user.email=x@example.com"]
EVIL = "https://evil.example/log"
MORE = ["swift-more", "1.0.0", NO_COMMIT, "https://example.com/more"]
LOG = next(line for line in LISTED if line[0] == "swift-log")


@pytest.mark.parametrize(
    ("packages", "said"),
    [
        (LISTED, ""),
        (with_log(version="9.0.0"), f"swift-log {LOG[1]} found: 9.0.0, commit {LOG[2]} of {LOG[3]}\n"),
        # Somebody moved a tag, or serves the package from elsewhere.
        (with_log(commit=NO_COMMIT), f"swift-log {LOG[1]} found: {LOG[1]}, commit {NO_COMMIT} of {LOG[3]}\n"),
        (
            with_log(address=EVIL),
            f"swift-log {LOG[1]} found: {LOG[1]}, commit {LOG[2]} of {EVIL}\n",
        ),
        ([line for line in LISTED if line is not LOG], f"swift-log {LOG[1]} found: none, commit none of none\n"),
        ([*LISTED, MORE], f"swift-more none found: 1.0.0, commit {NO_COMMIT} of {MORE[3]}\n"),
    ],
    ids=["as listed", "version", "commit", "address", "missing", "one too many"],
)
def test_packages_are_those_of_the_list(tmp_path, packages, said):
    file = resolved(packages, tmp_path / "resolved")
    assert run("python3", PACKAGES, file, status=1 if said else 0) == said


def test_a_release_is_built_from_a_file_with_the_packages_of_the_list(tmp_path):
    run("python3", PACKAGES, "--write", tmp_path / "resolved")
    assert run("python3", PACKAGES, tmp_path / "resolved") == ""
    listed = run("python3", PACKAGES, "--list", resolved(LISTED, tmp_path / "other"))
    assert listed == (ROOT / "deploy/release/packages.txt").read_text()


def test_sources_of_packages_that_were_changed_after_they_were_fetched_are_found(tmp_path):
    """What the compiler reads is a folder that anybody who builds can write to."""
    checkouts = ROOT / ".build/checkouts"
    file = resolved(LISTED, tmp_path / "resolved")
    copy = tmp_path / "checkouts"
    for _, _, commit, address in LISTED:
        name = os.path.basename(address)
        run("git", "clone", "-q", "--shared", checkouts / name, copy / name)
        run("git", "-C", copy / name, "checkout", "-q", "--detach", commit)
    assert run("python3", PACKAGES, file, copy) == ""
    log = copy / "swift-log"
    (log / "Sources/Logging/More.swift").write_text("")
    said = run("python3", PACKAGES, file, copy, status=1)
    assert said == f"swift-log {LOG[1]} found in {log}: changed files\n"
    (log / "Sources/Logging/More.swift").unlink()
    run("git", "-C", log, *AS_SOMEBODY, "commit", "-q", "--allow-empty", "-m", "x")
    assert f"found in {log}: commit " in run("python3", PACKAGES, file, copy, status=1)
    shutil.rmtree(log)
    log.mkdir()
    assert f"found in {log}: commit unknown" in run("python3", PACKAGES, file, copy, status=1)


def test_the_list_has_the_packages_of_the_build():
    """Versions move with each build of the project; a release takes those of the list."""
    with open(ROOT / "Package.resolved") as file:
        built = {(pin["identity"], pin["location"].removesuffix(".git")) for pin in json.load(file)["pins"]}
    assert built == {(name, address) for name, _, _, address in LISTED}


@pytest.fixture
def clone(tmp_path):
    """A clone of the repository with its folder deploy as it is now, and a `swift` that builds nothing."""
    folder = tmp_path / "clone"
    run("git", "clone", "-q", ROOT, folder)
    skipped = shutil.ignore_patterns("__pycache__", "*.key")
    shutil.rmtree(folder / "deploy")
    shutil.copytree(ROOT / "deploy", folder / "deploy", ignore=skipped)
    run("git", "-C", folder, "add", "--all")
    run("git", "-C", folder, *AS_SOMEBODY, "commit", "-q", "--allow-empty", "-m", "x")
    swift = tmp_path / "bin/swift"
    swift.parent.mkdir()
    swift.write_text("#!/bin/sh\nexit 1\n")
    swift.chmod(0o755)
    return folder


def build(clone, *arguments, **environment):
    path = f"{clone.parent}/bin{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, **environment, "PATH": path}
    return run(clone / "deploy/release.sh", clone.parent / "out", *arguments, status=1, env=environment)


@pytest.mark.parametrize(
    ("file", "excluded", "said"),
    [
        (None, None, "Swift packages cannot be fetched"),
        # Python makes these by itself, and they go nowhere.
        ("deploy/release/__pycache__/x.pyc", None, "Swift packages cannot be fetched"),
        ("certs/ca.key", None, "Swift packages cannot be fetched"),
        ("deploy/chart/templates/x.yaml", None, "there are changes here that are in no commit"),
        ("deploy/chart/templates/x.key", None, "that git ignores, and that are in no commit"),
        ("Sources/Programs/kube-entra/More.swift", "More.swift", "that git ignores, and that are in no commit"),
        ("Package@swift-6.swift", "Package@*", "that git ignores, and that are in no commit"),
    ],
)
def test_a_release_is_built_of_what_its_commit_has(clone, file, excluded, said):
    if file:
        (clone / file).parent.mkdir(exist_ok=True)
        (clone / file).write_text("x")
    if excluded:
        (clone / ".git/info/exclude").write_text(excluded)
    # Somebody's own settings do not hide files.
    run("git", "-C", clone, "config", "status.showUntrackedFiles", "no")
    told = build(clone)
    assert said in told and ("git ignores" not in said or file in told)
    shutil.rmtree(clone / ".git")
    assert "git cannot say which commit this is" in build(clone)


def test_a_release_takes_no_sources_that_are_not_those_of_the_list(clone):
    """SwiftPM says that all went well, but there are no sources."""
    (clone.parent / "bin/swift").write_text("#!/bin/sh\n")
    resolved(with_log(commit=NO_COMMIT), clone / "Package.resolved")
    told = build(clone)
    assert "these Swift packages are not as in deploy/release/packages.txt" in told
    assert f"swift-log {LOG[1]} found in .build-release/checkouts/swift-log: commit unknown" in told
    assert run("python3", PACKAGES, clone / "Package.resolved") == ""


def test_folders_are_those_of_where_it_is_called(clone, release_key):
    """Also where the shell would look for a folder of that name elsewhere first."""
    elsewhere = clone.parent / "elsewhere"
    (elsewhere / "deploy").mkdir(parents=True)
    shutil.copy(release_key / "key.pem", elsewhere)
    environment = {
        **os.environ,
        "CDPATH": f"{elsewhere}",
        "PATH": f"{clone.parent}/bin{os.pathsep}{os.environ['PATH']}",
    }
    said = run("deploy/release.sh", "out", "--key", "no.pem", status=1, cwd=clone, env=environment)
    assert f"{clone}/no.pem cannot be read" in said
    arguments = ("out", "--key", "key.pem")
    assert "cannot be fetched" in run(clone / "deploy/release.sh", *arguments, status=1, cwd=elsewhere, env=environment)
    assert (elsewhere / "out").is_dir()


def test_the_chart_is_packed_without_what_git_ignores(clone):
    """Helm would render it. The bytes are the same whatever the umask of the clone was."""

    def packed(name):
        run("python3", clone / "deploy/release/archive.py", "deploy/chart", name, "kube-entra", cwd=clone)
        return (clone / name).read_bytes()

    before = packed("one.tgz")
    with tarfile.open(clone / "one.tgz") as tar:
        tracked = run("git", "-C", clone, "ls-files", "deploy/chart").split()
        assert {f"deploy/chart/{entry.name.removeprefix('kube-entra/')}" for entry in tar if entry.isfile()} == set(
            tracked
        )
    (clone / "deploy/chart/templates/evil.key").write_text("x")
    (clone / "deploy/chart/charts").mkdir()
    run("chmod", "-R", "go-rwx", clone / "deploy/chart")
    assert packed("two.tgz") == before
