#!/usr/bin/env bash
# Tests/Benchmarks/access.sh [--denied N] [--reviews N] [--output json]: instructions of a token review and of an access
# review, without and with a deny list of N entries (default 10,000), one at a time and 16 in flight. See README.md.
set -euo pipefail
cd "$(dirname "$0")/../.."
[ -x "${KUBE_ENTRA:-.build/release/kube-entra}" ] ||
    { echo "access.sh: build first: Tests/run.sh packages release" >&2; exit 2; }
[ -x .build-python/bin/python ] || { echo "access.sh: no Python environment: Tests/run.sh packages" >&2; exit 2; }
command -v valgrind >/dev/null || { echo "access.sh: valgrind is missing: Tests/run.sh packages" >&2; exit 2; }
exec .build-python/bin/python Tests/Benchmarks/access.py "$@"
