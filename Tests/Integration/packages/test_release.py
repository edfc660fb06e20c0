"""What `deploy/release.sh` makes of the release binary: packages that Debian's own tools take, an image that runs
without a shell, and papers that fit."""

import hashlib
import json
import os
import pathlib
import shutil

import pytest
from containers import Container
from entra import TENANT
from programs import ROOT
from released import DEMO, QUICK, one, run
from webhook import PROGRAM, Webhook, configuration, reason


@pytest.fixture(scope="module")
def key(release_key):
    return release_key


def test_lintian_finds_no_error_and_no_warning(release):
    packages = list(release.glob("*.deb"))
    assert packages
    for package in packages:
        said = run("lintian", "--fail-on", "none", "--allow-root", package)
        assert not [line for line in said.splitlines() if line.startswith(("E:", "W:"))], said


def test_the_package_holds_what_a_distribution_expects(release):
    listed = run("dpkg-deb", "--contents", one(release, "kube-entra_*.deb"))
    for path in (
        "/usr/bin/kube-entra",
        "/usr/bin/kubectl-entra -> kube-entra",
        "/usr/lib/systemd/system/kube-entra.service",
        "/usr/lib/sysusers.d/kube-entra.conf",
        "/usr/lib/tmpfiles.d/kube-entra.conf",
        "/etc/logrotate.d/kube-entra",
        "/usr/share/man/man1/kube-entra.1.gz",
        "/usr/share/bash-completion/completions/kube-entra",
        "/usr/share/zsh/vendor-completions/_kube-entra",
        "/usr/share/fish/vendor_completions.d/kube-entra.fish",
    ):
        assert "." + path in listed, path
    control = run("dpkg-deb", "--info", one(release, "kube-entra_*.deb"))
    for library in ("libssl3", "libjansson4", "libyaml-0-2", "libc6", "ca-certificates"):
        assert library in control
    assert "root/root" in listed and str(ROOT) not in listed


def test_debug_symbols_are_found_by_the_build_id(release, tmp_path):
    run("dpkg-deb", "--extract", one(release, "kube-entra_*.deb"), tmp_path / "program")
    run("dpkg-deb", "--extract", one(release, "kube-entra-dbgsym_*.deb"), tmp_path / "symbols")
    notes = run("readelf", "-n", tmp_path / "program/usr/bin/kube-entra")
    build_id = next(line.split()[-1] for line in notes.splitlines() if "Build ID" in line)
    symbols = tmp_path / f"symbols/usr/lib/debug/.build-id/{build_id[:2]}/{build_id[2:]}.debug"
    assert ".debug_info" in run("readelf", "-S", "--wide", symbols)
    assert ".symtab" not in run("readelf", "-S", "--wide", tmp_path / "program/usr/bin/kube-entra")
    # A library beside the program is not loaded, and nothing can write where calls into libraries lead.
    dynamic = run("readelf", "--dynamic", "--wide", tmp_path / "program/usr/bin/kube-entra")
    assert "RUNPATH" not in dynamic and "RPATH" not in dynamic and "NOW" in dynamic


def test_the_image_is_small_and_has_no_shell(rootfs):
    folder, config = rootfs
    files = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    assert sum(path.stat().st_size for path in files) < 60_000_000
    programs = [path for path in files if path.stat().st_mode & 0o111 and ".so" not in path.name]
    assert [path.relative_to(folder).as_posix() for path in programs] == ["usr/bin/kube-entra"]
    assert config["User"] == "65532:65532" and config["Entrypoint"] == ["/usr/bin/kube-entra"]


def needed(file):
    """The libraries that a file asks the loader for."""
    listed = run("readelf", "--dynamic", "--wide", file)
    return {line.split("[")[1].rstrip("]") for line in listed.splitlines() if "(NEEDED)" in line}


def test_the_image_has_the_libraries_that_the_program_needs_and_no_other(rootfs):
    folder, _ = rootfs
    found = {path.name: path for path in folder.rglob("*") if ".so" in path.name and path.is_file()}
    # OpenSSL loads it at run time for `server.cryptography: fips`, where the distribution has it.
    provider = found.pop("fips.so", None)
    wanted, waiting = set(), {folder / "usr/bin/kube-entra", *([provider] if provider else [])}
    while waiting:
        names = needed(waiting.pop()) - wanted
        assert names <= found.keys(), names
        wanted |= names
        waiting |= {found[name] for name in names}
    # The kernel starts the loader, so the image needs it even if no library names it.
    assert {name for name in found if not name.startswith("ld-linux")} == {
        name for name in wanted if not name.startswith("ld-linux")
    }


def in_container(certificates, entra, tmp_path):
    """A webhook whose files are a container's user's, in a folder that is mounted at /etc/kube-entra."""
    files = tmp_path / "files"
    files.mkdir()
    for name in ("server", "ca", "client"):
        for kind in ("crt", "key"):
            shutil.copy2(certificates.path(f"{name}.{kind}"), files)
    entra.write_key_file(str(files / "keys.json"))

    class Folder:
        def path(self, name):
            return str(files / name)

    webhook = Webhook(Folder(), configuration())
    os.chmod(webhook.config_path, 0o644)
    for path in [files, *files.iterdir()]:
        os.chown(path, 65532, 65532)
    return webhook, files


@pytest.mark.skipif(os.geteuid() != 0, reason="a container without a daemon needs root here")
def test_the_image_runs_read_only_and_without_capabilities(rootfs, certificates, entra, tmp_path):
    folder, config = rootfs
    webhook, files = in_container(certificates, entra, tmp_path)
    # The files as they are in the image, read-only, and the user that it names: what a container runtime does with it.
    script = (
        'root=$1 files=$2 user=$3; shift 3; mount --bind "$root" "$root"; mount --bind "$files" "$root/etc/kube-entra"; mkdir -p "$root/proc"; mount -t proc proc "$root/proc"; '
        'mount -o remount,bind,ro "$root"; exec setpriv --bounding-set=-all,+sys_chroot,+setuid,+setgid,+setpcap '
        '--no-new-privs chroot --userspec="$user" --groups= "$root" "$@"'
    )
    webhook.program = config["Entrypoint"][0]
    host_path, webhook.config_path = webhook.config_path, "/etc/kube-entra/" + os.path.basename(webhook.config_path)
    webhook.start(
        prefix=[
            "unshare",
            "--mount",
            "--propagation=private",
            "sh",
            "-c",
            script,
            "sh",
            str(folder),
            str(files),
            config["User"],
        ],
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
    )
    webhook.config_path = host_path
    try:
        assert reason(webhook.review(entra.token())) == "accepted"
        with open(f"/proc/{webhook.process.pid}/status") as file:
            status = dict(line.split(":\t") for line in file if ":\t" in line)
        assert status["Uid"].split()[1] == "65532" and status["CapEff"].strip("0\n") == ""
    finally:
        webhook.stop()
    assert TENANT in webhook.log()


@pytest.mark.skipif(os.geteuid() != 0, reason="a container without a daemon needs root here")
def test_the_image_runs_under_crun(rootfs, certificates, entra, tmp_path):
    """As a container runtime starts it: the image's user and command, nothing writable, no capability, no new one."""
    webhook, files = in_container(certificates, entra, tmp_path)
    outside, inside = webhook.config_path, "/etc/kube-entra/" + os.path.basename(webhook.config_path)
    user = tuple(map(int, rootfs[1]["User"].split(":")))
    mounts = [(files, "/etc/kube-entra", False)]
    container = Container(tmp_path, rootfs, ["serve", "--config", inside], user, mounts)
    webhook.start(prefix=container.prefix)
    try:
        assert reason(webhook.review(entra.token())) == "accepted"
        status = container.status()
        assert status["Uid"].split()[1] == "65532" and status["CapEff"].strip("0") == status["CapBnd"].strip("0") == ""
        assert status["NoNewPrivs"] == "1" and len(status["NSpid"].split()) > 1
        container.terminate()
        assert webhook.process.wait(30) == 0, webhook.log()
    finally:
        webhook.config_path = outside
        container.delete(webhook.process)


def test_the_papers_of_a_release_agree_with_its_files(release, key, tmp_path):
    said = run(ROOT / "deploy/verify.sh", release, key / "public.pem")
    assert "no  " not in said and said.count("yes ") == len(list(release.iterdir())) - 2 + 2
    # The tests' programs were not built by it, and a reader is told.
    assert "it does not say how the programs were built" in said
    sbom = json.loads(one(release, "*.spdx.json").read_text())
    names = {package["name"] for package in sbom["packages"]}
    assert {"swift-nio", "swift-argument-parser", "libssl3", "libjansson4", "libyaml-0-2"} <= names
    run("dpkg-deb", "--extract", one(release, "kube-entra_*.deb"), tmp_path)
    (program,) = [package for package in sbom["packages"] if package["name"] == "kube-entra"]
    digest = hashlib.sha256((tmp_path / "usr/bin/kube-entra").read_bytes()).hexdigest()
    assert program["checksums"] == [{"algorithm": "SHA256", "checksumValue": digest}]
    assert any(name.startswith("libstdc++-") for name in names), names
    statement = json.loads(one(release, "*.intoto.json").read_text())
    assert statement["predicate"]["buildDefinition"]["internalParameters"]["programs"] == "given"
    assert {s["name"] for s in statement["subject"]} == {
        path.name
        for path in release.iterdir()
        if not path.name.startswith("SHA256SUMS") and ".intoto." not in path.name
    }


@pytest.mark.parametrize("key", ["", "no key", "-----BEGIN PUBLIC KEY-----"])
def test_a_key_that_cannot_sign_ends_a_release_before_it_is_built(tmp_path, key):
    (tmp_path / "key.pem").write_text(key)
    said = run(ROOT / "deploy/release.sh", tmp_path / "out", "--key", tmp_path / "key.pem", status=1)
    assert "cannot sign" in said and not (tmp_path / "out").exists()


def test_the_image_trusts_the_authorities_of_the_distribution_only(rootfs):
    folder, _ = rootfs
    bundle = (folder / "etc/ssl/certs/ca-certificates.crt").read_text()
    packaged = pathlib.Path("/usr/share/ca-certificates/mozilla").glob("*.crt")
    assert sorted(bundle.split("-----END CERTIFICATE-----\n")[:-1]) == sorted(
        file.read_text().split("-----END CERTIFICATE-----")[0] for file in packaged
    )


def test_the_same_programs_give_the_same_bytes(release, key, tmp_path):
    """At another time, in another folder, with another umask and time zone."""
    built = tmp_path / "elsewhere"
    built.mkdir()
    shutil.copy(PROGRAM, built / "kube-entra")
    shutil.copy(DEMO, built / "kube-entra-demo")
    environment = {**os.environ, **QUICK, "TZ": "Asia/Tokyo", "LC_ALL": "C.UTF-8"}
    run(
        "sh",
        "-c",
        'umask 077; exec "$@"',
        "sh",
        ROOT / "deploy/release.sh",
        tmp_path / "out",
        "--built",
        built,
        env=environment,
    )
    assert (tmp_path / "out/SHA256SUMS").read_text() == (release / "SHA256SUMS").read_text()
