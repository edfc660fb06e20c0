#!/usr/bin/env bash
# Tests/Benchmarks/counts.sh [--check|--write] [--output json] [--functions N]: instructions and first-level instruction
# cache misses a review, by library and function, counted by callgrind: they repeat, whatever else the machine does.
# --check fails when the program's own instructions grew by more than 3 % over Tests/Benchmarks/budget.json.
set -euo pipefail
cd "$(dirname "$0")/../.."
[ -x "${KUBE_ENTRA:-.build/release/kube-entra}" ] ||
    { echo "counts.sh: build first: Tests/run.sh packages release" >&2; exit 2; }
[ -x .build-python/bin/python ] || { echo "counts.sh: no Python environment: Tests/run.sh packages" >&2; exit 2; }
command -v valgrind >/dev/null || { echo "counts.sh: valgrind is missing: Tests/run.sh packages" >&2; exit 2; }
exec .build-python/bin/python Tests/Benchmarks/counts.py "$@"
