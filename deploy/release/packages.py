"""packages.py RESOLVED [CHECKOUTS]: whether a release is built with the Swift packages of packages.txt.

packages.txt has the name, version, commit and address of each package: Package.swift has only the lowest versions, and
somebody else may move a tag. RESOLVED is the Package.resolved of the build, CHECKOUTS the folder with the sources that
were compiled. Prints each package that is not as in packages.txt, one a line: its name, the version that packages.txt
wants, or "none", and what was found. Then exits with 1.

packages.py --write RESOLVED: writes the Package.resolved that has the packages of packages.txt.
packages.py --list RESOLVED: prints what packages.txt would be with these packages.
"""

import json
import os
import subprocess
import sys


def pins(resolved):
    """(name, version, address, commit) of each package in a Package.resolved, in the order of the names."""
    with open(resolved) as opened:
        found = json.load(opened)["pins"]
    return sorted((pin["identity"], pin["state"].get("version", pin["state"].get("branch", "unknown")),
                   pin["location"].removesuffix(".git"), pin["state"]["revision"]) for pin in found)


def wanted():
    """(version, address, commit) of each package that a release is built with, by its name."""
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "packages.txt")) as opened:
        return {name: (version, address, commit) for name, version, commit, address in map(str.split, opened)}


def differences(resolved, want):
    found = {name: facts for name, *facts in pins(resolved)}
    for name in sorted(found.keys() | want.keys()):
        if tuple(found.get(name, ())) != want.get(name):
            version, address, commit = found.get(name, ("none",) * 3)
            yield name, want.get(name, ("none",))[0], f"found: {version}, commit {commit} of {address}"


def changed(checkouts, want):
    """What is compiled is a folder that anybody can write to after it was fetched."""
    def git(folder, *arguments):
        done = subprocess.run(["git", "-C", folder, *arguments], capture_output=True, text=True)
        return done.stdout.strip() if done.returncode == 0 else "unknown"

    for name, (version, address, commit) in sorted(want.items()):
        folder = os.path.join(checkouts, os.path.basename(address))
        # Not the clone around it, where this one is none.
        is_clone = os.path.exists(os.path.join(folder, ".git"))
        found = git(folder, "rev-parse", "HEAD") if is_clone else "unknown"
        if found != commit:
            yield name, version, f"found in {folder}: commit {found}"
        elif git(folder, "status", "--porcelain", "--ignored"):
            yield name, version, f"found in {folder}: changed files"


def check(resolved, checkouts=None):
    want = wanted()
    differ = [*differences(resolved, want), *(changed(checkouts, want) if checkouts else ())]
    for line in differ:
        print(*line)
    return 1 if differ else 0


def write(resolved):
    made = [{"identity": name, "kind": "remoteSourceControl", "location": address,
             "state": {"revision": commit, "version": version}}
            for name, (version, address, commit) in sorted(wanted().items())]
    with open(resolved, "w") as opened:
        json.dump({"pins": made, "version": 2}, opened, indent=2)
        opened.write("\n")


def main(*arguments):
    if arguments[:1] == ("--write",):
        return write(*arguments[1:])
    if arguments[:1] == ("--list",):
        for name, version, address, commit in pins(*arguments[1:]):
            print(name, version, commit, address)
        return 0
    return check(*arguments)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
