#!/usr/bin/env bash
# Tests/Benchmarks/run.sh [--seconds N] [--only WORD]… [--output json]: what a review costs the server in CPU time, in
# units of one RSA-2048 verification (V) that is measured before and after each row; memory, size and start; nginx as
# the floor where it is installed, and guard's figures beside. See README.md.
set -euo pipefail
cd "$(dirname "$0")/../.."
[ -x "${KUBE_ENTRA:-.build/release/kube-entra}" ] ||
    { echo "run.sh: build first: Tests/run.sh packages release" >&2; exit 2; }
[ -x .build-python/bin/python ] || { echo "run.sh: no Python environment: Tests/run.sh packages" >&2; exit 2; }
for program in wrk h2load openssl taskset strip; do
    command -v "$program" >/dev/null || { echo "run.sh: $program is missing: Tests/run.sh packages" >&2; exit 2; }
done
exec .build-python/bin/python Tests/Benchmarks/table.py "$@"
