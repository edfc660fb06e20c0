#!/usr/bin/env bash
# deploy/release.sh FOLDER [--key KEY.pem] [--built FOLDER]: builds everything that a release consists of into FOLDER:
# Debian packages, an OCI image, the Helm chart, an SBOM, checksums, a statement of how it was built, and a signature
# where a private key (RSA, EC or Ed25519) is given. Two runs of one commit give the same bytes: deploy/reproduce.sh.
#
# Swift packages are those of deploy/release/packages.txt, to the commit; after the first run no network is needed.
# --built takes the two programs from a folder instead of building them: for tests of the packaging, and for programs of
# the other architecture, whose libraries (apt-get install libssl-dev:arm64 …), binutils and qemu-user must be there.
set -euo pipefail
unset CDPATH
start=$PWD
cd "$(dirname "$0")/.."

fail() { printf 'deploy/release.sh: %s\n' "$*" >&2; exit 1; }
usage() { sed -n '2,8s/^# \{0,1\}//p' deploy/release.sh >&2; exit 64; }

out='' key='' built=''
while [ $# -gt 0 ]; do
    case "$1" in
        --key) [ $# -ge 2 ] || usage; key=$2; shift 2 ;;
        --built) [ $# -ge 2 ] || usage; built=$2; shift 2 ;;
        -*) usage ;;
        *) [ -z "$out" ] || usage; out=$1; shift ;;
    esac
done
[ -n "$out" ] || usage
# From where it was called.
case "$out" in /*) ;; *) out=$start/$out ;; esac
case "$key" in /* | '') ;; *) key=$start/$key ;; esac
case "$built" in /* | '') ;; *) built=$start/$built ;; esac
for tool in dpkg-deb dpkg-shlibdeps readelf python3 openssl tar gzip sha256sum git; do
    command -v "$tool" >/dev/null || fail "$tool is missing: apt-get install dpkg-dev binutils python3 openssl git"
done

# Ed25519 signs the text itself, not its digest, which `openssl dgst` cannot do.
sign() {
    openssl dgst -sha256 -sign "$key" -out "$2" "$1" 2>/dev/null ||
        openssl pkeyutl -sign -rawin -inkey "$key" -in "$1" -out "$2" 2>/dev/null
}
if [ -n "$key" ]; then
    [ -r "$key" ] || fail "$key cannot be read"
    sign deploy/release.sh /dev/null || fail "$key cannot sign: it must be a private RSA, EC or Ed25519 key in PEM, without a password"
fi

version=$(sed -nE 's/.*current = "([^"]+)".*/\1/p' Sources/Programs/kube-entra/Version.swift)
[ -n "$version" ] || fail "the version is not in Sources/Programs/kube-entra/Version.swift"
machine=$(uname -m)
[ -z "$built" ] || machine=$(LC_ALL=C readelf -h "$built/kube-entra" | sed -nE 's/.*Machine: +//p')
case "$machine" in
    x86_64 | *X86-64) arch=amd64 ;;
    aarch64 | AArch64) arch=arm64 ;;
    *) fail "there are no packages for $machine" ;;
esac
triplet=$(dpkg-architecture -a "$arch" -q DEB_HOST_MULTIARCH 2>/dev/null)
for tool in objcopy strip; do
    command -v "$triplet-$tool" >/dev/null || fail "$triplet-$tool is missing: apt-get install binutils-${triplet//_/-}"
done
if [ "$arch" != "$(dpkg --print-architecture)" ]; then
    # Shell completions and manual pages come from the program itself.
    command -v "qemu-${triplet%%-*}" "qemu-${triplet%%-*}-static" >/dev/null ||
        fail "qemu-${triplet%%-*}, which runs programs for $arch here, is missing: apt-get install qemu-user"
fi
# All times in what is built: the commit's.
commit=$(git rev-parse HEAD) || fail "git cannot say which commit this is; build it in a clone of the repository"
if [ -z "$built" ]; then
    changed=$(git status --porcelain --untracked-files=all)
    [ -z "$changed" ] ||
        fail "there are changes here that are in no commit: a release says which commit it is; build it from a clean clone"
    # Swift and the packages take whatever lies in these folders.
    ignored=$(git status --porcelain --ignored --untracked-files=all -- \
        ':(glob)Package*.swift' Sources deploy ':!*/__pycache__/*')
    [ -z "$ignored" ] ||
        fail "there are files here that git ignores, and that are in no commit; build it from a clean clone: ${ignored//$'\n'/, }"
fi
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
export SOURCE_DATE_EPOCH LC_ALL=C TZ=UTC
umask 022

mkdir -p "$out"
out=$(cd "$out" && pwd)
[ -z "$(ls -A "$out")" ] || fail "$out is not empty"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

if [ -n "$built" ]; then
    [ -e Package.resolved ] || fail "Package.resolved is missing, which says what is in the programs: swift package resolve"
    cp "$built/kube-entra" "$built/kube-entra-demo" "$work/"
else
    python3 deploy/release/packages.py Package.resolved >/dev/null 2>&1 ||
        python3 deploy/release/packages.py --write Package.resolved
    swift package --scratch-path .build-release --force-resolved-versions resolve || fail "Swift packages cannot be fetched"
    # No path of this machine and no time ends up in the programs: paths are made relative; the names of cached modules
    # and the hashes of compiler options, which depend on paths, are left out. deploy/reproduce.sh shows it.
    # Libraries come from the system alone, not from the folder of the program, and all of them before it starts.
    here=$PWD
    for product in kube-entra kube-entra-demo; do
        swift build -c release --static-swift-stdlib --scratch-path .build-release --product "$product" \
            --force-resolved-versions --disable-local-rpath -Xlinker -z -Xlinker now \
            -Xswiftc -file-prefix-map -Xswiftc "$here=." -Xswiftc -file-compilation-dir -Xswiftc . \
            -Xcc "-ffile-prefix-map=$here=." -Xswiftc -Xfrontend -Xswiftc -no-clang-module-breadcrumbs \
            -Xswiftc -Xfrontend -Xswiftc -disable-incremental-llvm-codegen || fail "the build failed"
    done
    python3 deploy/release/packages.py Package.resolved .build-release/checkouts ||
        fail "these Swift packages are not as in deploy/release/packages.txt"
    cp .build-release/release/kube-entra .build-release/release/kube-entra-demo "$work/"
fi

deploy/release/debian.sh "$work" "$out" "$version" "$arch"
deploy/release/image.sh "$work" "$out" "$version" "$arch"
python3 deploy/release/archive.py deploy/chart "$out/kube-entra-chart-$version.tgz" kube-entra
# The SBOM names the digest of the program that is in the packages and the image.
python3 deploy/release/sbom.py "$work/kube-entra.stripped" "$version" "$arch" "$out/kube-entra-$version-$arch.spdx.json" "$work/image.files"
python3 deploy/release/statement.py "$out" "$version" "$arch" "$commit" "${built:+given}"
(cd "$out" && find . -maxdepth 1 -type f ! -name 'SHA256SUMS*' -printf '%f\n' | sort | xargs sha256sum >SHA256SUMS)
if [ -n "$key" ]; then
    sign "$out/SHA256SUMS" "$out/SHA256SUMS.sig" || fail "$key cannot sign"
fi
printf 'kube-entra %s for %s:\n' "$version" "$arch"
(cd "$out" && find . -maxdepth 1 -type f -printf '%10s  %P\n' | sort -k2)
