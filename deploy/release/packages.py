"""packages.py RESOLVED: which Swift packages a release is built with.

packages.txt names each package and its version, since Package.swift gives only the lowest versions. RESOLVED is
the Package.resolved of the build. Prints the name and the version of each package that is not as in packages.txt, one a
line, with an empty version for one that packages.txt does not have, and then exits with 1.
"""

import json
import os
import sys


def pins(resolved):
    """(name, version, address, commit) of each package in a Package.resolved, in the order of the names."""
    with open(resolved) as opened:
        found = json.load(opened)["pins"]
    return sorted((pin["identity"], pin["state"].get("version", pin["state"].get("branch", "unknown")),
                   pin["location"].removesuffix(".git"), pin["state"]["revision"]) for pin in found)


def wanted():
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "packages.txt")) as opened:
        return dict(line.split() for line in opened)


def main(resolved):
    found = {name: version for name, version, *_ in pins(resolved)}
    want = wanted()
    differ = sorted(name for name in found.keys() | want.keys() if found.get(name) != want.get(name))
    for name in differ:
        print(name, want.get(name, ""))
    return 1 if differ else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
