#!/usr/bin/env bash
# From a fresh Debian machine with a Swift toolchain to kube-entra at work on a simulated Entra.
# Installs the Debian packages it lacks, builds the release, runs the demo. Safe to run again.
# Arguments are passed on to the demo, for example --keep-running.
set -euo pipefail
unset CDPATH
cd "$(dirname "$0")/.."

PACKAGES=(libssl-dev libjansson-dev libyaml-dev pkg-config g++)

say() { printf '[quickstart] %s\n' "$*"; }
fail() { printf 'quickstart: %s\n' "$*" >&2; exit 1; }

command -v dpkg-query >/dev/null || fail "this needs Debian or Ubuntu; elsewhere install ${PACKAGES[*]} or their like and run: swift build -c release"

missing=()
for package in "${PACKAGES[@]}"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done
if [ "${#missing[@]}" -gt 0 ]; then
    say "1/3 installing Debian packages: ${missing[*]}"
    root=()
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null || fail "needs root or sudo to install ${missing[*]}"
        root=(sudo)
    fi
    "${root[@]}" apt-get update -qq || fail "apt-get update failed"
    DEBIAN_FRONTEND=noninteractive "${root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null ||
        fail "could not install ${missing[*]}"
else
    say "1/3 Debian packages are all there: ${PACKAGES[*]}"
fi

command -v swift >/dev/null ||
    fail "there is no Swift toolchain: install Swift 6.2 or newer from https://swift.org/install and run this again"

say "2/3 building the release (a few minutes the first time)"
swift build -c release --static-swift-stdlib --product kube-entra || fail "the build failed; the compiler said why above"
swift build -c release --static-swift-stdlib --product kube-entra-demo || fail "the build failed; the compiler said why above"

say "3/3 running the demo; the program itself is .build/release/kube-entra"
exec .build/release/kube-entra-demo "$@"
