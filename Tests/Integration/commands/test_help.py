"""The program's help and version."""

import re
import shutil
import subprocess

import pytest
from programs import BINARY

# Commands whose exit status is an answer, or that run for long: their help says what each means.
ANSWERING = {
    "serve",
    "inspect",
    "doctor",
    "review",
    "policy check",
    "policy test",
    "policy diff",
    "config check",
    "keys show",
    "certs show",
    "deny add",
    "deny remove",
    "deny list",
    "policy list",
    "rbac lint",
    "rbac who",
    "rbac explain",
}
TAKING_TOKENS = {"inspect", "review", "policy check", "rbac explain"}


def run(*arguments):
    return subprocess.run([BINARY, *arguments], capture_output=True, text=True, timeout=60)


def help_of(*names):
    done = run("help", *names)
    assert done.returncode == 0 and not done.stderr
    return done.stdout


def below(text):
    return re.findall(r"^  ([a-z-]+) ", text.partition("SUBCOMMANDS:")[2], re.M)


def every_command():
    for name in below(help_of()):
        text = help_of(name)
        if not below(text):
            yield name, text
        for second in below(text):
            yield f"{name} {second}", help_of(name, second)


@pytest.fixture(scope="module")
def helps():
    return dict(every_command())


def test_help_is_the_same_in_every_way_to_ask(helps):
    assert len(helps) > 14 and ANSWERING <= set(helps)
    for name, text in helps.items():
        done = run(*name.split(), "--help")
        assert done.returncode == 0 and done.stdout == text, name


def test_help_fits_a_terminal_and_examples_stay_whole(helps):
    for name, text in helps.items():
        for line in text.splitlines():
            # Usage is one line by intention of the parser.
            assert len(line) <= 80 or line.startswith("USAGE:"), (name, line)
        # An example that was wrapped goes on at the margin.
        for line, following in zip(text.splitlines(), text.splitlines()[1:]):
            if line.startswith("  kube-entra ") and not line.endswith("\\"):
                assert not following or following.startswith("  "), (name, line, following)


def test_examples_in_help_are_right(helps):
    count = 0
    for name, text in helps.items():
        for example in re.findall(r"\bkube-entra ((?:[^|\n]|\\\n)+)", text.partition("USAGE:")[0].replace("`", "|")):
            options = re.findall(r"(?<!\S)--[a-z-]+", example)
            command = next((other for other in helps if example.startswith(other)), None)
            if not options or command is None:
                continue
            for option in options:
                assert re.search(rf"^ +{option}\b", helps[command], re.M), (name, example, option)
            count += 1
    assert count > 7


def test_help_says_what_the_exit_status_means(helps):
    for name in ANSWERING:
        assert "Exit status: 0 " in helps[name], name
    assert "64" in help_of()


def test_tokens_are_shown_on_standard_input_or_in_files(helps):
    for name in TAKING_TOKENS:
        shown, options = helps[name].split("USAGE:")
        assert "standard input" in shown and "--token-file" in shown, name
        assert "--token-file <file>" in options and "process list" in options, name
        assert not re.search(r"eyJ|<token>", shown), name


def test_values_have_names_that_say_what_they_are(helps):
    for name, text in helps.items():
        for option, value in re.findall(r"^  (--[a-z-]+) <([a-z-]+)>", text, re.M):
            if option in ("--config", "--keys", "--claims", "--token-file", "--out", "--junit", "--ca", "--kubeconfig"):
                assert value in ("file", "folder"), (name, option, value)
            if option.endswith("-id"):
                assert value == "id", (name, option, value)


@pytest.mark.parametrize("words", [("nosuch",), ("policy", "nosuch"), ("inspect", "nosuch")])
def test_help_for_what_is_no_command(words):
    done = run("help", *words)
    assert done.returncode == 64 and done.stdout == "" and "there is no command 'nosuch'" in done.stderr


def test_version_is_printed_in_every_form():
    done = run("--version")
    assert done.returncode == 0 and re.fullmatch(r"\d+\.\d+\.\d+\n", done.stdout)
    assert run("serve", "--version").stdout == done.stdout


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts_have_valid_syntax(shell, tmp_path):
    done = run("--generate-completion-script", shell)
    assert done.returncode == 0 and "import-aks" in done.stdout and "webhook-version" in done.stdout
    if shutil.which(shell):
        (tmp_path / "script").write_text(done.stdout)
        checked = subprocess.run([shell, "-n", tmp_path / "script"], capture_output=True, text=True)
        assert checked.returncode == 0, checked.stderr


def complete(*words, cwd):
    """Bash's completions for the last word."""
    script = run("--generate-completion-script", "bash").stdout
    quoted = " ".join(f"'{word}'" for word in words)
    script += f"""
COMP_WORDS=({quoted}); COMP_CWORD={len(words) - 1}; COMP_LINE="${{COMP_WORDS[*]}}"; COMP_POINT=${{#COMP_LINE}}
_kube-entra kube-entra "${{COMP_WORDS[COMP_CWORD]}}" "${{COMP_WORDS[COMP_CWORD-1]}}"
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
    done = subprocess.run(["bash", "-c", script], cwd=cwd, capture_output=True, text=True, timeout=60)
    return done.stdout.split()


def test_the_shell_completes_commands_options_and_files(tmp_path):
    (tmp_path / "kube-entra.yaml").touch()
    (tmp_path / "certs").mkdir()
    assert "policy" in complete("kube-entra", "pol", cwd=tmp_path)
    assert "--require-admin" in complete("kube-entra", "policy", "check", "--req", cwd=tmp_path)
    assert "kube-entra.yaml" in complete("kube-entra", "serve", "--config", "kube", cwd=tmp_path)
    assert "kube-entra.yaml" in complete("kube-entra", "config", "check", "kube", cwd=tmp_path)
    assert complete("kube-entra", "kubeconfig", "webhook", "--certs", "", cwd=tmp_path) == ["certs"]
    assert "usGovernment" in complete("kube-entra", "keys", "fetch", "--cloud", "us", cwd=tmp_path)
