#!/usr/bin/env bash
# Tests/Benchmarks/order.sh [FILE]: profiles a start and reviews of all kinds with callgrind, and writes in which order the
# linker places the program's functions, to Sources/function-order.txt. Build before and after: Tests/run.sh release.
set -euo pipefail
cd "$(dirname "$0")/../.."
[ -x "${KUBE_ENTRA:-.build/release/kube-entra}" ] ||
    { echo "order.sh: build first: Tests/run.sh packages release" >&2; exit 2; }
[ -x .build-python/bin/python ] || { echo "order.sh: no Python environment: Tests/run.sh packages" >&2; exit 2; }
command -v valgrind >/dev/null || { echo "order.sh: valgrind is missing: Tests/run.sh packages" >&2; exit 2; }
exec .build-python/bin/python Tests/Benchmarks/function_order.py "$@"
