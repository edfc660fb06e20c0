"""The demo's package: what a distribution expects beside a program, made from the program itself."""

import gzip
import re

from released import DEMO, run


def test_the_demo_comes_with_its_completions_and_manual_page(release, tmp_path):
    run("dpkg-deb", "--extract", next(release.glob("kube-entra-demo_*.deb")), tmp_path)
    share = tmp_path / "usr/share"
    for shell, path in {
        "bash": "bash-completion/completions/kube-entra-demo",
        "zsh": "zsh/vendor-completions/_kube-entra-demo",
        "fish": "fish/vendor_completions.d/kube-entra-demo.fish",
    }.items():
        text = (share / path).read_text()
        assert "keep-running" in text and "webhook" in text
        assert text == re.sub(r"\A#!.*\n", "", run(DEMO, "--generate-completion-script", shell)), shell
        assert oct((share / path).stat().st_mode & 0o777) == "0o644"
    (page,) = (share / "man/man1").iterdir()
    page = gzip.decompress(page.read_bytes()).decode()
    assert page.startswith('.TH "KUBE-ENTRA-DEMO" "1"') and ".B \\-\\-webhook <file>" in page
    # As bash runs it for a person who presses the tab key.
    script = (
        'source "$1"; COMP_WORDS=(kube-entra-demo --ke); COMP_CWORD=1; COMP_LINE="${COMP_WORDS[*]}"; COMP_POINT=20; '
        "_kube-entra-demo kube-entra-demo --ke kube-entra-demo; printf '%s\\n' \"${COMPREPLY[@]}\""
    )
    completed = run("bash", "-c", script, "bash", share / "bash-completion/completions/kube-entra-demo")
    assert completed.split() == ["--keep-running"]
