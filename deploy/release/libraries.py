"""libraries.py PROGRAM: the loader and the libraries that a program is started with, one a line: those of the
distribution for the program's own architecture, which need not be that of this machine. So ldd is no help.
"""

import os
import re
import subprocess
import sys

MACHINES = {"Advanced Micro Devices X86-64": "x86_64-linux-gnu", "AArch64": "aarch64-linux-gnu"}


def said(*command):
    environment = {**os.environ, "LC_ALL": "C"}
    return subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout


def triplet(program):
    """What Debian calls the architecture in the names of its folders and tools."""
    machine = re.search(r"Machine:\s+(.*\S)", said("readelf", "-h", program))[1]
    if machine not in MACHINES:
        sys.exit(f"{program} is for {machine}, for which there are no packages")
    return MACHINES[machine]


def loaded(program):
    loader = re.search(r"interpreter: ([^\]]+)]", said("readelf", "-lW", program))[1]
    system = [f"{folder}/{triplet(program)}" for folder in ("/lib", "/usr/lib")]
    found, left = {os.path.basename(loader): loader}, [program]
    while left:
        needing = left.pop()
        entries = re.findall(r"\((\w+)\).*\[([^\]]+)]", said("readelf", "-dW", needing))
        own = [place for kind, paths in entries if kind == "RUNPATH" for place in paths.split(":")]
        folders = [place.replace("$ORIGIN", os.path.dirname(os.path.realpath(needing))) for place in own] + system
        for name in [name for kind, name in entries if kind == "NEEDED" and name not in found]:
            places = [place for folder in folders if os.path.exists(place := os.path.join(folder, name))]
            if not places:
                sys.exit(f"{name}, which {needing} needs, is not in {', '.join(folders)}")
            found[name] = places[0]
            left.append(places[0])
    return sorted(found.values())


if __name__ == "__main__":
    print(*loaded(sys.argv[1]), sep="\n")
