#!/usr/bin/env python3
"""Compares the dependencies in Package.swift with the imports of the sources, and checks the order of the wings; then finds files that are too long.

Usage: Tests/walls.py [FOLDER]; the folder holds Package.swift, Sources and Tests (default: the project's own).
Prints every fault and ends with status 1 when there is one; 2 when the manifest cannot be read.
"""

import json
import pathlib
import re
import subprocess
import sys
import tempfile

# A module imports its own wing and those above it, never one below.
WINGS = ["Base", "Decision", "Webhook", "Tools", "Programs"]

# Tests may use these from below: the simulator stands in for Entra, and TestSupport is made for them.
LENT = {("Tests", "EntraSimulator"), ("Tests", "TestSupport")}

# What tests share stands beside the decision wing: it imports that wing and the one above it, and no program imports it.
SUPPORT = "Tests/TestSupport"

IMPORT = re.compile(
    r"^\s*(?:@\w+(?:\([^)]*\))?\s+)*(?:(public|package|internal|fileprivate|private)\s+)?import\s+"
    r"(?:(?:struct|class|enum|protocol|func|var|let|typealias)\s+)?(\w+)",
    re.M,
)

# What an import may say before it. A plain one is internal (the upcoming feature InternalImportsByDefault), so that
# writing it would be a second way to say the same.
ACCESS = {"", "public", "package"}

# Of a source file; see CONTRIBUTING.
MAXIMUM_LINES = 400

# Modules of a product that has another name.
PRODUCTS = {"NIOHPACK": "NIOHTTP2"}


def manifest(folder):
    """What SwiftPM reads from Package.swift; in a folder of its own, because it waits for builds in the same one."""
    with tempfile.TemporaryDirectory() as scratch:
        words = ["swift", "package", "--scratch-path", scratch, "dump-package"]
        result = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        print(result.stderr, file=sys.stderr)
        sys.exit(2)
    return json.loads(result.stdout)


def dependencies(target):
    """The names that a target declares: modules of this package, and products of others."""
    names = []
    for dependency in target["dependencies"]:
        kind, value = next(iter(dependency.items()))
        names.append((value[0], kind))
    return names


def imported(folder):
    """Every imported module with the first file that imports it."""
    found = {}
    for path in sorted(folder.rglob("*.swift")):
        for _, module in IMPORT.findall(path.read_text()):
            found.setdefault(PRODUCTS.get(module, module), path)
    return found


def dialects(folder, root):
    """Every import that says its access in another way than the project does."""
    for path in sorted(folder.rglob("*.swift")):
        for access, module in IMPORT.findall(path.read_text()):
            if access not in ACCESS:
                yield f"{path.relative_to(root)}: write `import {module}`, which is internal by itself"


def wing(path):
    """The position of a target's wing in the order; None for targets outside of the wings."""
    if path == SUPPORT:
        return WINGS.index("Decision")
    parts = pathlib.PurePath(path).parts
    return WINGS.index(parts[1]) if len(parts) > 2 and parts[1] in WINGS else None


def faults(package, folder):
    """Every fault as a sentence."""
    targets = {target["name"]: target for target in package["targets"] if target.get("path")}
    known = set(targets) | {name for target in targets.values() for name, _ in dependencies(target)}
    found = []
    for name, target in sorted(targets.items()):
        if target["type"] == "system":
            continue
        path = target["path"]
        here = folder / path
        if not here.is_dir():
            found.append(f"{name}: there is no folder {path}")
            continue
        found += dialects(here, folder)
        imports = imported(here)
        declared = dependencies(target)
        for dependency, _ in declared:
            if dependency not in imports:
                found.append(f"{name} declares {dependency} and never imports it: remove it from Package.swift")
        for module, file in imports.items():
            if module in known and module != name and module not in {dependency for dependency, _ in declared}:
                found.append(f"{name} imports {module} ({file.relative_to(folder)}) and does not declare it")
        if len({dependency for dependency, _ in declared}) != len(declared):
            found.append(f"{name} declares a dependency twice")
        own = wing(path)
        for module, file in imports.items():
            if path.startswith("Sources/") and module in targets and targets[module]["path"].startswith("Tests/"):
                found.append(f"{name} imports {module}, which is for tests: {file.relative_to(folder)}")
                continue
            other = wing(targets[module]["path"]) if module in targets else None
            if own is None or other is None or other <= own or (path.split("/")[0], module) in LENT:
                continue
            found.append(
                f"{name} ({WINGS[own]}) imports {module} ({WINGS[other]}), which stands below it:"
                f" {file.relative_to(folder)}"
            )
    return found


def long_files(folder):
    """Sources and tests that are too long for one job, but for the tables of inputs in Tests/Fuzz."""
    for top in ("Sources", "Tests"):
        for path in sorted([*(folder / top).rglob("*.swift"), *(folder / top).rglob("*.py")]):
            count = path.read_bytes().count(b"\n")
            if count > MAXIMUM_LINES and path.name != "seeds.py":
                yield f"{path.relative_to(folder)} has {count} lines, and {MAXIMUM_LINES} are enough for one job"


def main():
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent.parent).resolve()
    found = [*faults(manifest(folder), folder), *long_files(folder)]
    for fault in found:
        print(f"walls: {fault}")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
