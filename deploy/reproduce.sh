#!/usr/bin/env bash
# deploy/reproduce.sh [ARGUMENT OF deploy/release.sh…]: builds the release of this commit twice, in two folders, with
# another umask and time zone, one after the other, and compares the bytes.
#
# Exit status: 0 the same; 1 different, and where; 2 it could not be built.
set -euo pipefail
cd "$(dirname "$0")/.."
[ "${1:-}" != --help ] || { sed -n '2,5s/^# \{0,1\}//p' "$0"; exit 0; }
here=$PWD
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

build() {
    local folder=$1 zone=$2 mask=$3
    shift 3
    git clone -q --no-hardlinks "$here" "$folder/source"
    (umask "$mask" && TZ=$zone "$folder/source/deploy/release.sh" "$folder/out" "$@") || exit 2
}

build "$work/one" UTC 022 "$@"
build "$work/another/folder" Asia/Tokyo 077 "$@"
if cmp -s "$work/one/out/SHA256SUMS" "$work/another/folder/out/SHA256SUMS"; then
    echo "both builds have the same bytes:"
    cat "$work/one/out/SHA256SUMS"
    exit 0
fi
echo "the builds differ in:"
{ diff "$work/one/out/SHA256SUMS" "$work/another/folder/out/SHA256SUMS" || true; } | sed -n 's/^> [0-9a-f]*  /  /p'
# Of the programs, the sections: what is different there is different in all that holds them.
for program in kube-entra kube-entra-demo; do
    one=$work/one/source/.build-release/release/$program
    other=$work/another/folder/source/.build-release/release/$program
    if [ ! -e "$one" ] || [ ! -e "$other" ]; then continue; fi
    readelf -SW "$one" | sed -nE 's/^ *\[ *[0-9]+\] ([._a-zA-Z][^ ]*).*/\1/p' | while read -r section; do
        cmp -s <(readelf -x "$section" "$one") <(readelf -x "$section" "$other") || echo "  $program: section $section"
    done
done
exit 1
