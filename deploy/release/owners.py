"""Which packages of the distribution files belong to."""

import os
import subprocess


def distribution():
    with open("/etc/os-release") as file:
        return dict(line.rstrip().split("=", 1) for line in file if "=" in line)["ID"].strip('"')


def owners(paths):
    """Name, version and source package of each one, in the order of their names."""
    found = set()
    for path in paths:
        for name in (os.path.realpath(path), path, path.removeprefix("/usr"), "/usr" + path):
            done = subprocess.run(["dpkg-query", "-S", name], capture_output=True, text=True)
            if done.returncode == 0:
                # With its architecture, where the package may be there for several.
                found.add(done.stdout.splitlines()[0].split(": ")[0].split(", ")[0])
                break
    result = []
    for package in sorted(found):
        done = subprocess.run(["dpkg-query", "-W", "-f", "${Version} ${source:Package}", package],
                              capture_output=True, text=True, check=True)
        version, source = done.stdout.split(" ")
        result.append((package.split(":")[0], version, source))
    return result
