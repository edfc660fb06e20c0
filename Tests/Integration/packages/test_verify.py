"""`deploy/verify.sh` takes a release as it was signed, and nothing else. A small release does: the programs are tested
elsewhere."""

import os
import shutil
import subprocess

import pytest
from bare_root import archive, needs_root
from programs import ROOT
from released import run

VERIFY = ROOT / "deploy/verify.sh"
COMMIT = "0123456789abcdef0123456789abcdef01234567"
STATEMENT = "kube-entra-1.2.3-amd64.intoto.json"


def write_sums(folder):
    names = sorted(path.name for path in folder.iterdir() if not path.name.startswith("SHA256SUMS"))
    (folder / "SHA256SUMS").write_text(run("sha256sum", *names, cwd=folder))


def sign(folder, key):
    """With the lines of release.sh."""
    script = (ROOT / "deploy/release.sh").read_text()
    function = script[script.index("sign() {") : script.index("\n}\n") + 3]
    files = (folder / "SHA256SUMS", folder / "SHA256SUMS.sig")
    run("bash", "-c", f'{function} sign "$1" "$2"', "sign", *files, env={**os.environ, "key": str(key)})


@pytest.fixture(scope="module")
def made(tmp_path_factory, release_key):
    folder = tmp_path_factory.mktemp("made")
    for name in ("kube-entra_1.2.3_amd64.deb", "kube-entra-demo_1.2.3_amd64.deb", "kube-entra-chart-1.2.3.tgz"):
        (folder / name).write_text(name)
    script = ROOT / "deploy/release/statement.py"
    run("python3", script, folder, "1.2.3", "amd64", COMMIT, env={**os.environ, "SOURCE_DATE_EPOCH": "1790000000"})
    write_sums(folder)
    sign(folder, release_key / "key.pem")
    return folder


@pytest.fixture
def copy(made, tmp_path):
    return shutil.copytree(made, tmp_path / "copy")


# Without what bash has since 5.2; an older one does not know it.
OLD_BASH = ["bash", "-c", 'shopt -u patsub_replacement 2>/dev/null || :; . "$0"']


@pytest.fixture(params=[["bash"], OLD_BASH], ids=["bash", "bash as before 5.2"])
def verify(request, copy, release_key):
    def call(*arguments, status=1, **options):
        arguments = arguments or (copy, release_key / "public.pem")
        return run(*request.param, VERIFY, *arguments, status=status, **options)

    return call


def noes(said):
    return [line for line in said.splitlines() if line.startswith("no ")]


def test_openssl_and_what_every_system_has_are_enough(copy, release_key, tmp_path):
    for program in ("bash", "openssl", "cut", "grep", "sed"):
        (tmp_path / program).symlink_to(shutil.which(program))
    command = [VERIFY, copy, release_key / "public.pem"]
    done = subprocess.run(["bash", *command], capture_output=True, text=True, timeout=60, env={"PATH": str(tmp_path)})
    assert done.returncode == 0 and not done.stderr and not noes(done.stdout), done.stdout + done.stderr
    assert f"speaks of the same files: version 1.2.3 of commit {COMMIT}" in done.stdout
    (tmp_path / "openssl").unlink()
    done = subprocess.run(["bash", *command], capture_output=True, text=True, timeout=60, env={"PATH": str(tmp_path)})
    assert (done.returncode, done.stderr) == (2, "deploy/verify.sh: openssl is missing\n")


@pytest.fixture(scope="module")
def debian_11(tmp_path_factory):
    folder = tmp_path_factory.mktemp("debian")
    run("tar", "-C", folder, "--exclude=./dev/*", "-xf", archive(["openssl"], release="bullseye"))
    yield folder
    shutil.rmtree(folder)


IN_ROOT = 'mount --bind /dev "$0/dev" && exec chroot "$0" bash /verify.sh /copy /public.pem'


@needs_root
@pytest.mark.parametrize("kind", ["EC", "RSA", "ED25519"])
def test_debian_11_checks_it_too(copy, debian_11, tmp_path, kind):
    """With bash 5.1, and with OpenSSL 1.1.1, which cannot check what an Ed25519 key signed."""
    curve = ["-pkeyopt", "ec_paramgen_curve:P-256"] if kind == "EC" else []
    run("openssl", "genpkey", "-algorithm", kind, *curve, "-out", tmp_path / "key.pem")
    run("openssl", "pkey", "-in", tmp_path / "key.pem", "-pubout", "-out", debian_11 / "public.pem")
    sign(copy, tmp_path / "key.pem")
    shutil.copytree(copy, debian_11 / "copy", dirs_exist_ok=True)
    shutil.copy(VERIFY, debian_11)
    command = ["unshare", "--mount", "--propagation=private", "sh", "-c", IN_ROOT, debian_11]
    said = run(*command, status=1 if kind == "ED25519" else 0)
    assert "yes  kube-entra_1.2.3_amd64.deb" in said
    if kind == "ED25519":
        [line] = noes(said)
        assert line.startswith("no   signature: OpenSSL 1.1.1") and "cannot check one of an Ed25519 key" in line
    else:
        assert not noes(said)


def test_paths_are_those_of_the_folder_where_it_is_called(copy, release_key, verify, tmp_path):
    (tmp_path / "public.pem").write_bytes((release_key / "public.pem").read_bytes())
    # A folder of the same name that the shell would find first.
    (tmp_path / "other" / "copy").mkdir(parents=True)
    environment = {**os.environ, "CDPATH": str(tmp_path / "other")}
    assert not noes(verify("copy", "public.pem", status=0, cwd=tmp_path, env=environment))
    (copy / "public.pem").symlink_to(tmp_path / "public.pem")
    assert "public.pem is not in SHA256SUMS" in verify(".", "../public.pem", cwd=copy)


@pytest.mark.parametrize("file", ["kube-entra_1.2.3_amd64.deb", "SHA256SUMS", "SHA256SUMS.sig", STATEMENT])
@pytest.mark.parametrize("place", [0.1, 0.5, 0.9])
def test_a_changed_byte_is_found(copy, verify, file, place):
    data = bytearray((copy / file).read_bytes())
    data[int(len(data) * place)] ^= 1
    (copy / file).write_bytes(data)
    said = noes(verify())
    assert said and (file.startswith("SHA256SUMS") or said[0] == f"no   {file} was changed")


@pytest.mark.parametrize(
    "more", ["more.deb", "kube-entra", "kube-entra_0", ".hidden", "evil.deb\nSHA256SUMS", "a b", "-n"]
)
def test_a_file_that_is_not_listed_is_refused(copy, verify, more):
    (copy / more).write_bytes(b"\0")
    said = verify()
    assert len(noes(said)) == 1 and "evil.deb\nSHA" not in said


def replaced(path, kind):
    """Puts something else where the file was."""
    kept = path.rename(path.parent.parent / "kept")
    {"link": lambda: path.symlink_to(kept), "pipe": lambda: os.mkfifo(path), "folder": path.mkdir, "gone": bool}[kind]()


@pytest.mark.parametrize("kind", ["link", "pipe", "folder", "gone"])
@pytest.mark.parametrize("file", ["kube-entra-chart-1.2.3.tgz", STATEMENT, "SHA256SUMS", "SHA256SUMS.sig"])
def test_what_is_no_file_is_refused(copy, verify, file, kind):
    replaced(copy / file, kind)
    wanted = "is a link" if kind == "link" else "there is no SHA256SUMS" if file.startswith("SHA") else "is missing"
    # Without the list itself, nothing can be said.
    status = 2 if file == "SHA256SUMS" or (kind == "link" and file.startswith("SHA")) else 1
    said = verify(status=status)
    assert wanted in said and "No such file" not in said and "Is a directory" not in said


@pytest.mark.parametrize("kind", ["private", "no PEM", "folder", "gone"])
def test_what_is_no_public_key_is_not_tried(copy, release_key, verify, tmp_path, kind):
    key = {"private": release_key / "key.pem", "no PEM": copy / "SHA256SUMS", "folder": copy, "gone": tmp_path / "x"}[
        kind
    ]
    said = verify(copy, key, status=2)
    assert said.startswith(f"deploy/verify.sh: {key} ") and len(said.splitlines()) == 1


def test_without_a_key_or_a_folder_nothing_is_called_right(copy, verify, tmp_path):
    assert noes(verify(copy)) == ["no   signature: give the public key to check it"]
    assert "there is no folder" in verify(tmp_path / "none", status=2)
    verify("--", "a", "b", status=64)


@pytest.mark.parametrize("line", ["{} ../evil", "{}  /etc/passwd", "{}  a b", "{}  ", "x  evil", "", "{}  \033[31m"])
def test_a_list_with_other_lines_is_refused(copy, verify, release_key, line):
    """Also with its maker's signature."""
    with open(copy / "SHA256SUMS", "a") as file:
        file.write(line.replace("{}", "0" * 64) + "\n")
    sign(copy, release_key / "key.pem")
    said = verify()
    assert len(noes(said)) == 1 and "SHA256SUMS has a line" in said and "\033" not in said


def test_names_of_the_statement_are_those_of_the_files(copy, verify, release_key):
    """Two files that changed their names are not what was built, although both digests are there."""
    first, second = sorted(path.name for path in copy.glob("*.deb"))
    (copy / first).rename(copy / "third")
    (copy / second).rename(copy / first)
    (copy / "third").rename(copy / second)
    write_sums(copy)
    sign(copy, release_key / "key.pem")
    assert noes(verify()) == [f"no   {STATEMENT} does not speak of {name}" for name in (first, second)]


def test_a_file_of_the_statement_that_is_gone_from_the_list_is_missed(copy, verify, release_key):
    (copy / "kube-entra-chart-1.2.3.tgz").unlink()
    write_sums(copy)
    sign(copy, release_key / "key.pem")
    assert noes(verify()) == [f"no   {STATEMENT} speaks of files that SHA256SUMS does not have"]


@pytest.mark.parametrize("commit", ["unknown", "", "main", COMMIT[:39]])
def test_a_statement_without_a_commit_says_nothing(copy, verify, release_key, commit):
    text = (copy / STATEMENT).read_text()
    (copy / STATEMENT).write_text(text.replace(f'"commit": "{COMMIT}"', f'"commit": "{commit}"'))
    write_sums(copy)
    sign(copy, release_key / "key.pem")
    assert noes(verify()) == [f"no   {STATEMENT} does not say of which commit this is"]


@pytest.mark.parametrize("kind", ["ED25519", "RSA"])
def test_other_kinds_of_keys_sign_too(copy, release_key, verify, tmp_path, kind):
    private, public = tmp_path / "key.pem", tmp_path / "public.pem"
    run("openssl", "genpkey", "-algorithm", kind, "-out", private)
    run("openssl", "pkey", "-in", private, "-pubout", "-out", public)
    sign(copy, private)
    assert "yes  signature" in verify(copy, public, status=0)
    assert "no   signature" in verify()
