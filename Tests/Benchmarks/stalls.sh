#!/usr/bin/env bash
# Tests/Benchmarks/stalls.sh [--peers N]: 1,000 peers stall in every phase of a connection while good callers go on.
# Prints good callers' latency with and without them, and when the peers are cut; exit 1 when anything was wrong.
set -euo pipefail
cd "$(dirname "$0")/../.."
[ -x "${KUBE_ENTRA:-.build/release/kube-entra}" ] ||
    { echo "stalls.sh: build first: Tests/run.sh packages release" >&2; exit 2; }
[ -x .build-python/bin/python ] || { echo "stalls.sh: no Python environment: Tests/run.sh packages" >&2; exit 2; }
exec .build-python/bin/python Tests/Benchmarks/stalls.py "$@"
