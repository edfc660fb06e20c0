"""The commands in the documents are valid and do what the documents say."""

import pathlib
import re
import shlex
import subprocess

import pytest
import yaml
from document_blocks import blocks
from programs import BINARY, ROOT, run

DOCUMENTS = [ROOT / "README.md", ROOT / "certs/README.md", *sorted((ROOT / "deploy").rglob("README.md"))]
FIVE_LINES = 5


def commands(path):
    """Every call of kube-entra in a document, in blocks and in the text."""
    text = "\n".join(blocks(path, "sh")).replace("\\\n", " ")
    text += "\n" + "\n".join(re.findall(r"`([^`\n]+)`", path.read_text()))
    for line in text.splitlines():
        line = re.split(r" #|…", line)[0]
        for part in re.split(r"\||&&|<\(|\$\(", line):
            words = part.strip().rstrip(")").split()
            if words and words[0] == "kube-entra":
                yield words[1:]


@pytest.fixture(scope="module")
def helps():
    """The help of each command, asked for once."""
    known = {}

    def help_of(words):
        if tuple(words) not in known:
            done = run("help", *words)
            assert done.returncode == 0, words
            known[tuple(words)] = done.stdout
        return known[tuple(words)]

    return help_of


def test_every_command_and_option_in_the_documents_exists(helps):
    count = 0
    for path in DOCUMENTS:
        for words in commands(path):
            names = []
            while "SUBCOMMANDS:" in helps(names) and len(names) < len(words):
                below = helps(names).split("SUBCOMMANDS:")[1]
                if not re.search(rf"^  {re.escape(words[len(names)])} ", below, re.M):
                    break
                names.append(words[len(names)])
            options = [word.split("=")[0] for word in words if word.startswith("--")]
            if options == ["--generate-completion-script"]:
                continue
            rest = words[len(names) :]
            if not names:
                assert not rest or rest[0] in ("help", "COMMAND"), (path, words)
                continue
            # A command that has commands is only spoken of with one of them.
            assert "SUBCOMMANDS:" not in helps(names) or not rest, (path, words)
            for option in options:
                assert re.search(rf"(^|\s){option}\b", helps(names)), (path, words, option)
            count += 1
    assert count > 40


def five_lines(folder):
    lines = next(b for b in blocks(ROOT / "README.md", "sh") if "certs create" in b).strip().splitlines()
    for line in lines[: FIVE_LINES - 1]:
        done = run(*shlex.split(line)[1:], cwd=folder)
        assert done.returncode == 0, (line, done.stderr)


@pytest.mark.parametrize("way", ["systemd", "static-pod"])
def test_the_commands_put_everything_where_the_manifests_look_for_it(way, tmp_path):
    """Runs the commands unchanged, with a folder of this test as / and without the users that only root can use."""
    (tmp_path / "deploy").symlink_to(ROOT / "deploy")
    node = tmp_path / "node"
    for folder in ("etc/kubernetes/manifests", "var/lib"):
        (node / folder).mkdir(parents=True)
    if way == "systemd":
        # The package makes these.
        for folder in ("etc/kube-entra", "var/lib/kube-entra", "var/log/kube-entra"):
            (node / folder).mkdir(parents=True)
    ran = 0
    for line in "".join(blocks(ROOT / "deploy" / way / "README.md", "sh")).splitlines():
        line = line.split(" && ")[0].removeprefix("runuser -u kube-entra -- ")
        if not line.startswith(("install ", "kube-entra certs ", "kube-entra config ", "kube-entra kubeconfig ")):
            continue
        line = re.sub(r" -[og] [\w-]+", "", line)
        line = re.sub(r" /(?=etc|usr|var)", f" {node}/", line)
        words = shlex.split(line)
        if words[0] == "kube-entra":
            words[0] = BINARY
        done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, (line, done.stderr)
        if " config init " in line:
            configuration = tmp_path / "kube-entra.yaml"
            configuration.write_text(configuration.read_text().replace(" /var/", f" {node}/var/"))
        ran += 1
    assert ran > 8
    home = node / "etc/kube-entra"
    assert run("config", "check", str(home / "kube-entra.yaml")).returncode == 0
    named = yaml.safe_load((home / "webhook.yaml").read_text())
    user = named["users"][0]["user"]
    for path in (
        named["clusters"][0]["cluster"]["certificate-authority"],
        user["client-certificate"],
        user["client-key"],
    ):
        assert pathlib.Path(path).exists(), path
    assert not (home / "certs/ca.key").exists()
    for key in ("server.key", "client.key"):
        assert (home / "certs" / key).stat().st_mode & 0o077 == 0
    if way == "systemd":
        unit = (ROOT / "deploy/systemd/kube-entra.service").read_text()
        _, _, _, configuration = re.search(r"^ExecStart=(.*)$", unit, re.M).group(1).split()
    else:
        pod = yaml.safe_load((node / "etc/kubernetes/manifests/kube-entra.yaml").read_text())
        assert pod["kind"] == "Pod"
        configuration = pod["spec"]["containers"][0]["args"][-1]
    assert pathlib.Path(f"{node}{configuration}").exists()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("documents")
    five_lines(folder)
    (folder / "secret").write_text("a secret\n")
    return folder


def test_parts_of_configurations_in_the_documents_load(folder):
    count = 0
    for path in DOCUMENTS:
        for text in blocks(path, "yaml"):
            part = yaml.safe_load(text)
            if not {"groupOverage", "emergencyAccess", "proofOfPossession", "signingKeys"} & set(part):
                continue
            whole = yaml.safe_load((folder / "kube-entra.yaml").read_text())
            whole["tenants"][0].update(part)
            # A time that is over is another matter than a form that is wrong.
            (folder / "part.yaml").write_text(yaml.safe_dump(whole))
            done = run("config", "check", "part.yaml", cwd=folder)
            assert done.returncode == 0, (path, text, done.stdout, done.stderr)
            count += 1
    assert count > 3


def test_the_suite_in_the_documents_runs(folder):
    suites = [text for path in DOCUMENTS for text in blocks(path, "yaml") if text.startswith("tests:")]
    assert suites
    for index, text in enumerate(suites):
        (folder / f"suite-{index}.yaml").write_text(text)
        done = run("policy", "test", "--config", "kube-entra.yaml", f"suite-{index}.yaml", cwd=folder)
        assert done.returncode == 0 and " 0 failed" in done.stdout, done.stdout + done.stderr


def test_the_scrape_configurations(tmp_path):
    texts = blocks(ROOT / "deploy/monitoring/README.md", "yaml")
    assert len(texts) == 2
    for text in texts:
        # The alerts look for this name.
        assert yaml.safe_load(text)["scrape_configs"][0]["job_name"] == "kube-entra"
        # Debian's promtool is built without Kubernetes.
        if "kubernetes_sd_configs" in text:
            continue
        (tmp_path / "prometheus.yaml").write_text(text)
        done = subprocess.run(
            ["promtool", "check", "config", tmp_path / "prometheus.yaml"], capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
