#!/usr/bin/env bash
# Tests/Benchmarks/streams.sh [--reviews N] [--groups N] [--streams N]… [--output json]: how long reviews of large tokens
# wait for each other over HTTP/2, beside HTTP/1.1 with as many connections.
set -euo pipefail
cd "$(dirname "$0")/../.."
[ -x "${KUBE_ENTRA:-.build/release/kube-entra}" ] ||
    { echo "streams.sh: build first: Tests/run.sh packages release" >&2; exit 2; }
[ -x .build-python/bin/python ] || { echo "streams.sh: no Python environment: Tests/run.sh packages" >&2; exit 2; }
for program in h2load taskset; do
    command -v "$program" >/dev/null || { echo "streams.sh: $program is missing: Tests/run.sh packages" >&2; exit 2; }
done
exec .build-python/bin/python Tests/Benchmarks/streams.py "$@"
