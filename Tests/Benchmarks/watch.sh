#!/usr/bin/env bash
# Tests/Benchmarks/watch.sh [--watched N]… [--every SECONDS]… [--samples N] [--seconds N] [--output json]: how long a
# change in Entra takes until the first decision that has it, what the watch asks Microsoft Graph for that, and what it
# does to other reviews. Against a Graph that is not written in Swift. See README.md.
set -euo pipefail
cd "$(dirname "$0")/../.."
[ -x "${KUBE_ENTRA:-.build/release/kube-entra}" ] ||
    { echo "watch.sh: build first: Tests/run.sh packages release" >&2; exit 2; }
[ -x .build-python/bin/python ] || { echo "watch.sh: no Python environment: Tests/run.sh packages" >&2; exit 2; }
for program in h2load taskset; do
    command -v "$program" >/dev/null || { echo "watch.sh: $program is missing: Tests/run.sh packages" >&2; exit 2; }
done
exec .build-python/bin/python Tests/Benchmarks/watch.py "$@"
