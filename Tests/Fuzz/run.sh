#!/usr/bin/env bash
# Fuzzes the code that meets hostile bytes, with the address and leak sanitizers.
# Usage: Tests/Fuzz/run.sh TARGET|all SECONDS [libFuzzer option]…
#
# Builds, runs all findings of the target again, then fuzzes it from its seeds and from what earlier runs on this
# machine have learned (.build-fuzz/corpus). With 0 seconds only seeds and findings are run. A new finding is kept in
# Tests/Fuzz/findings/TARGET and makes this fail: fix it, add a unit test, and commit the finding.
set -euo pipefail
cd "$(dirname "$0")/../.."

TARGETS=(scanner jws header claims pop jwks discovery tokenreview accessreview configuration rbac denyfile kubeconfig
    tls http1 http2 resets)
SCRATCH=.build-fuzz
FUZZER=$SCRATCH/release/kube-entra-fuzz
# No input takes longer than a fraction of a second, so that one of 60 is a finding on the busiest machine too.
OPTIONS=(-timeout=60 -report_slow_units=60 -rss_limit_mb=3072 -malloc_limit_mb=512 -max_len=8192 -print_final_stats=1)

usage() {
    echo "usage: Tests/Fuzz/run.sh TARGET|all SECONDS [libFuzzer option]..., TARGET one of: ${TARGETS[*]}" >&2
    exit 64
}

build() {
    # libFuzzer's guidance comes from counters in our own modules and in all that they are built from.
    KUBE_ENTRA_FUZZ=1 swift build -c release --scratch-path "$SCRATCH" --product kube-entra-fuzz \
        --sanitize=address --sanitize=fuzzer -Xswiftc -enable-testing \
        -Xswiftc -sanitize-coverage=edge,inline-8bit-counters,pc-table,trace-cmp
}

# Runs one target and prints one line about it; the whole output is in .build-fuzz/logs.
fuzz() {
    local target=$1 seconds=$2
    shift 2
    local findings=Tests/Fuzz/findings/$target corpus=$SCRATCH/corpus/$target log=$SCRATCH/logs/$target.log
    mkdir -p "$findings" "$corpus" "$SCRATCH/logs"
    local mode=("-max_total_time=$seconds") words=$SCRATCH/seeds/$target.dict
    [ "$seconds" -gt 0 ] || mode=(-runs=0)
    [ ! -s "$words" ] || mode+=("-dict=$words")
    local status=0
    # Swift's own crash handler would get between the sanitizers and what they found.
    FUZZ_TARGET=$target SWIFT_BACKTRACE=enable=no ASAN_OPTIONS=detect_leaks=1:allocator_may_return_null=1 \
        timeout -k 10 $((seconds + 600)) "$FUZZER" "${OPTIONS[@]}" -artifact_prefix="$findings/" "${mode[@]}" "$@" \
        "$corpus" "$SCRATCH/seeds/$target" "$findings" >"$log" 2>&1 || status=$?
    local runs coverage
    runs=$(sed -nE 's/^stat::number_of_executed_units: +//p' "$log" | tail -1)
    coverage=$(grep -oE 'cov: [0-9]+ ft: [0-9]+' "$log" | tail -1 || true)
    if [ "$status" -eq 0 ]; then
        printf '%-14s %10s executions, %s, no finding\n' "$target" "${runs:-?}" "${coverage:-no coverage}"
        rmdir "$findings" 2>/dev/null || true
    else
        printf '%-14s FAILED with status %s\n' "$target" "$status"
        grep -aE '==fuzz==|^==[0-9]+==|SUMMARY|Fatal error|written to' "$log" | tail -8 || tail -20 "$log"
    fi
    return "$status"
}

[ "$#" -ge 2 ] || usage
name=$1 seconds=$2
shift 2
[[ $seconds =~ ^[0-9]+$ ]] || usage
if [ "$name" != all ]; then
    [[ " ${TARGETS[*]} " == *" $name "* ]] || usage
    TARGETS=("$name")
fi

build
rm -rf "$SCRATCH/seeds"
python3 Tests/Fuzz/seeds.py "$SCRATCH/seeds"

failed=0
running=()
# One target a core: what takes turns only gets in each other's way.
for target in "${TARGETS[@]}"; do
    while [ "$(jobs -rp | wc -l)" -ge "$(nproc)" ]; do wait -n || failed=1; done
    fuzz "$target" "$seconds" "$@" &
    running+=($!)
done
for process in "${running[@]}"; do wait "$process" || failed=1; done
exit "$failed"
