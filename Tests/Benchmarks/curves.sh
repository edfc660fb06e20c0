#!/usr/bin/env bash
# Tests/Benchmarks/curves.sh [--seconds N] [--only WORD]… [--output json] [--svg FILE]: CPU time a review against the number of groups,
# the size of the token, keys, configured groups, tenants and connections: nothing may grow faster than its input.
set -euo pipefail
cd "$(dirname "$0")/../.."
[ -x "${KUBE_ENTRA:-.build/release/kube-entra}" ] ||
    { echo "curves.sh: build first: Tests/run.sh packages release" >&2; exit 2; }
[ -x .build-python/bin/python ] || { echo "curves.sh: no Python environment: Tests/run.sh packages" >&2; exit 2; }
for program in wrk h2load openssl taskset strip; do
    command -v "$program" >/dev/null || { echo "curves.sh: $program is missing: Tests/run.sh packages" >&2; exit 2; }
done
exec .build-python/bin/python Tests/Benchmarks/curves.py "$@"
