#!/usr/bin/env bash
# Tests/Benchmarks/bench.sh [--reviews N]: what a review costs the server, in units of one RSA-2048 verification (V).
# Drives the built release program; all ratios come from one run on one machine, so a busy machine spoils little.
set -euo pipefail
cd "$(dirname "$0")/../.."
[ -x "${KUBE_ENTRA:-.build/release/kube-entra}" ] ||
    { echo "bench.sh: build first: Tests/run.sh packages release" >&2; exit 2; }
[ -x .build-python/bin/python ] || { echo "bench.sh: no Python environment: Tests/run.sh packages" >&2; exit 2; }
exec .build-python/bin/python Tests/Benchmarks/bench.py "$@"
