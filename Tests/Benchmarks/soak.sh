#!/usr/bin/env bash
# Tests/Benchmarks/soak.sh MINUTES: a review every millisecond while keys rotate, files reload, Entra fails and peers stall.
# Drives the built release program. Prints figures; exit 1 when anything was wrong. Fractions of a minute are fine.
# --rate N: that many reviews a second instead of 1,000. --seed N: the order of tokens and events.
set -euo pipefail
cd "$(dirname "$0")/../.."
[ $# -ge 1 ] || { echo "usage: Tests/Benchmarks/soak.sh MINUTES [--rate N] [--seed N]" >&2; exit 64; }
[ -x "${KUBE_ENTRA:-.build/release/kube-entra}" ] ||
    { echo "soak.sh: build first: Tests/run.sh packages release" >&2; exit 2; }
[ -x .build-python/bin/python ] || { echo "soak.sh: no Python environment: Tests/run.sh packages" >&2; exit 2; }
exec .build-python/bin/python Tests/Benchmarks/soak.py "$@"
