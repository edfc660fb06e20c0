"""The document of threats names existing tests."""

import re

from programs import ROOT

TEXT = (ROOT / "deploy/security/THREATS.md").read_text()


def test_every_named_test_is_there():
    found = set()
    for file in (ROOT / "Tests").rglob("*.py"):
        found |= set(re.findall(r"^def (test_\w+)", file.read_text(), re.M))
    named = set(re.findall(r"`(test_\w+)`", TEXT))
    assert len(named) > 20 and named <= found, named - found


def test_every_threat_names_a_test():
    before = TEXT[: TEXT.index("## What it does not stop")]
    rows = [line for line in before.splitlines() if line.startswith("| ") and not line.startswith("| with what")]
    assert rows and all(re.search(r"\| `test_\w+` \|$", line) for line in rows)


def test_every_fuzz_target_has_its_figures():
    """Minutes, executions and lines reached of each target that can be run, and the sum of the minutes."""
    script = (ROOT / "Tests/Fuzz/run.sh").read_text()
    targets = re.search(r"(?m)^TARGETS=\(([^)]*)\)", script)[1].split()
    section = TEXT[TEXT.index("## Fuzzing") :].split("\n## ")[0]
    rows = re.findall(r"(?m)^\| `(\w+)` \| [^|]+ \| (\d+) \| ([\d,]+) \| (\d+) % of ([\d,]+) \|$", section)
    assert [row[0] for row in rows] == targets
    hours, minutes = re.search(r"Together (\d+) hours (\d+) minutes", section).groups()
    assert int(hours) * 60 + int(minutes) == sum(int(row[1]) for row in rows)
