#!/usr/bin/env bash
# Tests/Benchmarks/large.sh [--megabytes N]… [--reviews N]: CPU time that the server needs for large access reviews, and
# how many megabytes that is a second of CPU time. See README.md.
set -euo pipefail
cd "$(dirname "$0")/../.."
[ -x "${KUBE_ENTRA:-.build/release/kube-entra}" ] ||
    { echo "large.sh: build first: Tests/run.sh packages release" >&2; exit 2; }
[ -x .build-python/bin/python ] || { echo "large.sh: no Python environment: Tests/run.sh packages" >&2; exit 2; }
PYTHONPATH=Tests/Integration/support exec .build-python/bin/python Tests/Benchmarks/large.py "$@"
