#!/usr/bin/env bash
# deploy/reproduce.sh [ARGUMENT OF deploy/release.sh…]: builds the release of this commit twice, in two folders of other
# names and depths, with another umask and time zone, one after the other, and compares the bytes.
#
# Exit status: 0 the same; 1 different, and where; 2 it could not be built.
set -euo pipefail
unset CDPATH
cd "$(dirname "$0")/.."
[ "${1:-}" != --help ] || { sed -n '2,5s/^# \{0,1\}//p' "$0"; exit 0; }
here=$PWD
# One commit for both, whatever is committed meanwhile.
commit=$(git rev-parse HEAD)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

build() {
    local source=$1 out=$2 zone=$3 mask=$4
    shift 4
    (
        umask "$mask" &&
            git clone -q --no-hardlinks --no-checkout "$here" "$source" &&
            git -C "$source" checkout -q --detach "$commit" &&
            TZ=$zone "$source/deploy/release.sh" "$out" "$@"
    ) || exit 2
}

one=$work/source
other=$work/another/folder/kube-entra.git
build "$one" "$work/out" UTC 022 "$@"
build "$other" "$work/another/out" Asia/Tokyo 077 "$@"
if cmp -s "$work/out/SHA256SUMS" "$work/another/out/SHA256SUMS"; then
    echo "both builds have the same bytes:"
    cat "$work/out/SHA256SUMS"
    exit 0
fi
echo "the builds differ in:"
{ diff "$work/out/SHA256SUMS" "$work/another/out/SHA256SUMS" || true; } | sed -n 's/^> [0-9a-f]*  /  /p'
# Of the programs, the sections: what is different there is different in all that holds them.
for program in kube-entra kube-entra-demo; do
    here=$one/.build-release/release/$program
    there=$other/.build-release/release/$program
    if [ ! -e "$here" ] || [ ! -e "$there" ]; then continue; fi
    readelf -SW "$here" | sed -nE 's/^ *\[ *[0-9]+\] ([._a-zA-Z][^ ]*).*/\1/p' | while read -r section; do
        cmp -s <(readelf -x "$section" "$here") <(readelf -x "$section" "$there") || echo "  $program: section $section"
    done
done
exit 1
