"""The project's folder, and the built program as a shell runs it."""

import os
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[3]
BUILDS = [ROOT / ".build" / kind / "kube-entra" for kind in ("release", "debug")]
BINARY = os.environ.get("KUBE_ENTRA") or str(next((b for b in BUILDS if b.exists()), BUILDS[0]))
# The released kubectl and helm that Tests/run.sh unpacks.
TOOLS = str(ROOT / ".build-python" / "tools")


def run(*arguments, cwd=None):
    return subprocess.run([BINARY, *arguments], cwd=cwd, capture_output=True, text=True, timeout=60)
