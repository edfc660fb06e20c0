"""Applies the small wrong changes one by one in a copy and asks the unit tests of the Decision wing to notice them."""

import argparse
import os
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

from changes import CHANGES

ROOT = Path(__file__).resolve().parent.parent.parent
# A change may make a loop endless; the tests take a few seconds.
LONGEST_TEST_RUN = 300


def check_places():
    """Every change has exactly one place, and makes a difference there."""
    for change in CHANGES:
        text = (ROOT / "Sources/Decision" / change.file).read_text()
        if text.count(change.before) != 1 or change.before == change.after:
            sys.exit(f"{change.file}: {change.before!r} stands there {text.count(change.before)} times")


def copy(folder):
    """What git knows of the package, with files that are not committed yet. The build folder of an earlier run stays."""
    names = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "Package.swift", "Package.resolved", "Sources", "Tests"],
        cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\n")
    for part in ("Sources", "Tests"):
        shutil.rmtree(folder / part, ignore_errors=True)
    for name in filter(None, names):
        if (ROOT / name).exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)


def swift(folder, *arguments, timeout=None):
    """Whether the command succeeds, and what it prints. A command that takes too long fails."""
    environment = os.environ | {"KUBE_ENTRA_DECISION_ONLY": "1"}
    try:
        done = subprocess.run(
            ["swift", *arguments], cwd=folder, env=environment, text=True, timeout=timeout,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    except subprocess.TimeoutExpired:
        return False, "took too long"
    return done.returncode == 0, done.stdout


def judge(folder, change):
    """How the tests take the change: noticed, survived, or broken when it does not compile."""
    path = folder / "Sources/Decision" / change.file
    original = path.read_text()
    path.write_text(original.replace(change.before, change.after))
    try:
        built, output = swift(folder, "build", "--build-tests")
        if not built:
            print(output[-2000:], file=sys.stderr)
            return "broken"
        passed, _ = swift(folder, "test", "--skip-build", timeout=LONGEST_TEST_RUN)
        return "survived" if passed else "noticed"
    finally:
        path.write_text(original)


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--folder", type=Path, default=Path("/tmp/kube-entra-mutants"), help="where the copy is kept")
    arguments.add_argument("--minutes", type=float, default=90, help="begin no other change after that time")
    arguments.add_argument("--sample", type=int, help="try only so many, chosen at random")
    arguments.add_argument("--seed", type=int, default=1, help="of the choice and the order")
    arguments.add_argument("--file", default="", help="only changes of files with this in their name")
    given = arguments.parse_args()
    check_places()
    changes = [change for change in CHANGES if given.file in change.file]
    random.Random(given.seed).shuffle(changes)
    changes = changes[:given.sample]
    end = time.monotonic() + given.minutes * 60
    given.folder.mkdir(parents=True, exist_ok=True)
    copy(given.folder)
    built, output = swift(given.folder, "build", "--build-tests")
    passed, result = swift(given.folder, "test", "--skip-build", timeout=LONGEST_TEST_RUN) if built else (False, output)
    if not passed:
        sys.exit(result[-4000:] + "\nthe tests do not pass without any change")
    verdicts = {"noticed": [], "survived": [], "broken": []}
    for number, change in enumerate(changes, 1):
        if time.monotonic() > end:
            print(f"the time is over: {len(changes) - number + 1} changes were not tried")
            break
        verdict = judge(given.folder, change)
        verdicts[verdict].append(change)
        print(f"{number}/{len(changes)} {verdict}: {change.file}: {change.before.strip()!r}", flush=True)
    for change in verdicts["survived"]:
        print(f"survived: {change.file}\n  - {change.before.strip()}\n  + {change.after.strip()}")
        print(f"  harmless: {change.harmless}" if change.harmless else "  NOT NOTICED, and not known to be harmless")
    tried = len(verdicts["noticed"]) + len(verdicts["survived"])
    figure = 100 * len(verdicts["noticed"]) / tried if tried else 0
    print(f"{len(verdicts['noticed'])} of {tried} changes were noticed: {figure:.1f} %; {len(verdicts['broken'])} broken")
    sys.exit(0 if tried and figure >= 95 and not verdicts["broken"] else 1)


if __name__ == "__main__":
    main()
