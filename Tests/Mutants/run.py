"""Makes small wrong changes (changes.py) in a copy and asks the unit tests to notice each of them."""

import argparse
import os
import queue
import random
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from changes import CHANGES
from switches import SWITCH, change_at, switched

ROOT = Path(__file__).resolve().parent.parent.parent
# A change may make a loop endless; the tests take a few seconds.
LONGEST_TEST_RUN = 180
ENVIRONMENT = os.environ | {"KUBE_ENTRA_DECISION_ONLY": "1"}
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
COMPILER_ERROR = re.compile(r"^(/\S+\.swift):(\d+):\d+: error: (.*)$", re.MULTILINE)


def path_of(name):
    """The one source file of that name, relative to the package. Modules may be moved; files keep their names."""
    found = [path.relative_to(ROOT) for path in (ROOT / "Sources").rglob(name)]
    return found[0] if len(found) == 1 else None


def place_problem(change):
    """Why the change cannot be made: it must have exactly one place, and make a difference there."""
    path = path_of(change.file)
    if path is None:
        return "there is not exactly one source file of this name"
    count = (ROOT / path).read_text().count(change.before)
    return None if count == 1 and change.before != change.after else f"stands there {count} times"


# What the tests read. Some unit tests compare documents with the code.
PARTS = ["Package.swift", "Package.resolved", "Sources", "Tests", "deploy/entra"]


def copy(folder):
    """What git knows of the package, with files that are not committed yet. The build folder of an earlier run stays."""
    names = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", *PARTS],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split("\n")
    for part in ("Sources", "Tests"):
        shutil.rmtree(folder / part, ignore_errors=True)
    for name in filter(None, names):
        if (ROOT / name).exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    # A wrong change may well leave something unused.
    package = folder / "Package.swift"
    package.write_text(package.read_text().replace(".treatAllWarnings(as: .error),", ""))


def build(folder):
    """Whether the tests compile, and what was printed."""
    done = subprocess.run(
        ["swift", "build", "--build-tests"],
        cwd=folder,
        env=ENVIRONMENT,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    return done.returncode == 0, done.stdout


def run_tests(folder, number):
    """The first failure of the tests with that change, or None when they pass. Ends at the first failure."""
    process = subprocess.Popen(
        ["swift", "test", "--skip-build"]
        if number is None
        else [next((folder / ".build/debug").glob("*.xctest")), "--testing-library", "swift-testing"],
        cwd=folder,
        env=ENVIRONMENT | {"KUBE_ENTRA_MUTANT": str(number or 0)},
        text=True,
        errors="replace",
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    timer = threading.Timer(LONGEST_TEST_RUN, os.killpg, (process.pid, signal.SIGKILL))
    timer.start()
    failure, last, counted = None, "", False
    try:
        for line in process.stdout:
            line = COLOUR.sub("", line)
            last = line.strip() or last
            counted = counted or ("Test run with" in line and "passed" in line)
            if line.startswith("✘ Test ") and failure is None:
                failure = line.strip()
                os.killpg(process.pid, signal.SIGKILL)
        status = process.wait()
    finally:
        timer.cancel()
    if failure or (status == 0 and counted):
        return failure
    return f"the tests ended with status {status}: {last}"


class Copy:
    """A copy of the package in which all changes are switchable."""

    def __init__(self, folder, changes):
        self.folder = folder
        self.changes = dict(changes)
        self.files = sorted((path_of(name), name) for name in {change.file for change in changes.values()})
        self.alone = []
        self.broken = {}

    def rewrite(self):
        """Writes all files with switches anew; changes that have no place for one are put aside."""
        modules = set()
        for path, name in self.files:
            mine = {
                number: (change.before, change.after) for number, change in self.changes.items() if change.file == name
            }
            text, left = switched((ROOT / path).read_text(), mine)
            (self.folder / path).write_text(text)
            modules.add(path.parts[:3])
            for number in left:
                self.alone.append(number)
                del self.changes[number]
        for parts in modules:
            self.folder.joinpath(*parts, "Mutant.swift").write_text(SWITCH)

    def build(self):
        """Builds; a change that does not compile is put aside and the rest is built again."""
        while True:
            self.rewrite()
            built, output = build(self.folder)
            if built:
                return
            guilty = {}
            for file, line, message in COMPILER_ERROR.findall(output):
                number = change_at(Path(file).read_text(), int(line))
                if number is not None:
                    guilty[number] = message
            if not guilty:
                sys.exit(
                    "\n".join(line for line in output.split("\n") if "error:" in line)[:4000]
                    + "\nthe copy with switches does not compile"
                )
            for number, message in guilty.items():
                self.broken[number] = message
                self.changes.pop(number, None)

    def judge_alone(self, number, change):
        """The same for a change that cannot be switched: with a build of its own."""
        path = self.folder / path_of(change.file)
        original = path.read_text()
        if original.count(change.before) != 1:
            return "broken", "other changes have taken its place"
        path.write_text(original.replace(change.before, change.after))
        try:
            built, output = build(self.folder)
            if not built:
                return "broken", (COMPILER_ERROR.findall(output) or [("", "", output[-300:])])[0][2]
            failure = run_tests(self.folder, 0)
            return ("noticed", failure) if failure else ("survived", "")
        finally:
            path.write_text(original)


def judge_switched(folder, changes, jobs, end, report):
    """Runs the tests once for each change, some at a time."""
    waiting = queue.SimpleQueue()
    for number in changes:
        waiting.put(number)

    def work():
        while time.monotonic() < end:
            try:
                number = waiting.get_nowait()
            except queue.Empty:
                return
            failure = run_tests(folder, number)
            report(number, *(("noticed", failure) if failure else ("survived", "")))

    workers = [threading.Thread(target=work) for _ in range(jobs)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument(
        "--folder", type=Path, default=Path("/tmp/kube-entra-mutants"), help="where the copy is kept"
    )
    arguments.add_argument("--minutes", type=float, default=90, help="begin no other change after that time")
    arguments.add_argument("--jobs", type=int, default=max(1, len(os.sched_getaffinity(0))), help="test runs at a time")
    arguments.add_argument("--sample", type=int, help="try only so many, chosen at random")
    arguments.add_argument("--seed", type=int, default=1, help="of the choice and the order")
    arguments.add_argument("--file", default="", help="only changes of files with this in their name")
    arguments.add_argument("--numbers", default="1-", help="only these in the list: such as 3,17-20,150-")
    arguments.add_argument("--text", default="", help="only changes with this in the text before or after")
    arguments.add_argument(
        "--check", action="store_true", help="only say which changes have no place, and build nothing"
    )
    given = arguments.parse_args()
    numbered = dict(enumerate(CHANGES, 1))
    if given.check:
        lost = {number: problem for number, change in numbered.items() if (problem := place_problem(change))}
        for number, problem in lost.items():
            print(f"{number}: {numbered[number].file}: {numbered[number].before!r} {problem}")
        sys.exit(1 if lost else 0)
    wanted = set()
    for part in given.numbers.split(","):
        first, dash, last = part.partition("-")
        wanted.update(range(int(first), int(last or (len(CHANGES) if dash else first)) + 1))
    chosen = [
        number
        for number, change in numbered.items()
        if number in wanted
        and given.file in change.file
        and (given.text in change.before or given.text in change.after)
    ]
    random.Random(given.seed).shuffle(chosen)
    chosen = chosen[: given.sample]
    end = time.monotonic() + given.minutes * 60
    given.folder.mkdir(parents=True, exist_ok=True)
    copy(given.folder)
    lost = {number: problem for number in chosen if (problem := place_problem(numbered[number]))}
    package = Copy(given.folder, {number: numbered[number] for number in chosen if number not in lost})
    package.build()
    print(f"built with {len(package.changes)} changes that can be switched on", flush=True)
    failure = run_tests(given.folder, None)
    if failure:
        sys.exit(f"the tests do not pass without any change: {failure}")
    verdicts = {}
    lock = threading.Lock()

    def report(number, verdict, detail):
        with lock:
            verdicts[number] = verdict
            change = numbered[number]
            print(
                f"{len(verdicts)}/{len(chosen)} {verdict}: {number}: {change.file}: {change.before.strip()!r} → "
                f"{change.after.strip()!r}: {detail[:160]}",
                flush=True,
            )

    for number, message in (lost | package.broken).items():
        report(number, "broken", message)
    judge_switched(given.folder, list(package.changes), given.jobs, end, report)
    for number in package.alone:
        if time.monotonic() < end:
            report(number, *package.judge_alone(number, numbered[number]))
    if len(verdicts) < len(chosen):
        print(f"the time is over: {len(chosen) - len(verdicts)} changes were not tried")
    unexplained = 0
    for number in sorted(verdicts):
        if verdicts[number] == "survived":
            change = numbered[number]
            print(f"survived: {change.file}\n  - {change.before.strip()}\n  + {change.after.strip()}")
            print(
                f"  harmless: {change.harmless}" if change.harmless else "  NOT NOTICED, and not known to be harmless"
            )
            unexplained += not change.harmless
    count = {name: list(verdicts.values()).count(name) for name in ("noticed", "survived", "broken")}
    tried = count["noticed"] + count["survived"]
    figure = 100 * count["noticed"] / tried if tried else 0
    print(
        f"{count['noticed']} of {tried} changes were noticed: {figure:.1f} %; {count['broken']} broken; "
        f"{unexplained} not noticed and not known to be harmless"
    )
    sys.exit(0 if tried and figure >= 95 and not count["broken"] and len(verdicts) == len(chosen) else 1)


if __name__ == "__main__":
    main()
