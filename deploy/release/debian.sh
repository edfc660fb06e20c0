#!/usr/bin/env bash
# deploy/release/debian.sh PROGRAMS OUT VERSION ARCH: the Debian packages kube-entra, kube-entra-demo and
# kube-entra-dbgsym. deploy/release.sh calls it.
set -euo pipefail
programs=$1 out=$2 version=$3 arch=$4
here=$(cd "$(dirname "$0")" && pwd)
deploy=$(dirname "$here")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# The programs may be for another architecture than this machine's.
triplet=$(dpkg-architecture -a "$arch" -q DEB_HOST_MULTIARCH 2>/dev/null)
emulator=()
if [ "$arch" != "$(dpkg --print-architecture)" ]; then
    emulator=("$(command -v "qemu-${triplet%%-*}" || command -v "qemu-${triplet%%-*}-static")")
fi
maintainer="kube-entra maintainers <maintainers@kube-entra.dev>"

# Debug symbols apart: gdb and perf find them by the build ID.
for name in kube-entra kube-entra-demo; do
    id=$(readelf -n "$programs/$name" | sed -nE 's/.*Build ID: ([0-9a-f]+)/\1/p' | head -1)
    folder=$work/kube-entra-dbgsym/usr/lib/debug/.build-id/${id:0:2}
    mkdir -p "$folder"
    "$triplet-objcopy" --only-keep-debug --compress-debug-sections "$programs/$name" "$folder/${id:2}.debug"
    chmod 0644 "$folder/${id:2}.debug"
    "$triplet-strip" --strip-all --remove-section=.comment --remove-section=.swift1_autolink_entries \
        -o "$programs/$name.stripped" "$programs/$name"
done

dependencies() {
    local control=$work/shlibs
    mkdir -p "$control/debian"
    printf 'Source: kube-entra\n\nPackage: kube-entra\nArchitecture: any\n' >"$control/debian/control"
    (cd "$control" && DEB_HOST_ARCH=$arch dpkg-shlibdeps -O --ignore-missing-info "$1" 2>/dev/null) | sed 's/^shlibs:Depends=//'
}

documents() {
    local doc=$work/$1/usr/share/doc/$1
    mkdir -p "$doc"
    cp "$here/debian/copyright" "$doc/copyright"
    gzip -9nc "$deploy/CHANGELOG.md" >"$doc/CHANGELOG.md.gz"
    {
        printf 'kube-entra (%s) unstable; urgency=medium\n\n' "$version"
        printf '  * CHANGELOG.md.gz beside this file says what is new in this version.\n\n'
        printf ' -- %s  %s\n' "$maintainer" "$(date -u -R -d "@$SOURCE_DATE_EPOCH")"
    } | gzip -9n >"$doc/changelog.gz"
    chmod 0644 "$doc"/*
}

# package NAME SECTION DEPENDS SUMMARY: reads the long description from standard input.
package() {
    local name=$1 section=$2 depends=$3 summary=$4 root=$work/$1
    mkdir -p "$root/DEBIAN"
    {
        printf 'Package: %s\nSource: kube-entra\nVersion: %s\nArchitecture: %s\n' "$name" "$version" "$arch"
        printf 'Maintainer: %s\nInstalled-Size: %s\n' "$maintainer" "$(du -k -s --apparent-size --exclude DEBIAN "$root" | cut -f1)"
        [ -z "$depends" ] || printf 'Depends: %s\n' "$depends"
        printf 'Section: %s\nPriority: optional\nHomepage: https://kube-entra.dev\nDescription: %s\n' "$section" "$summary"
        cat
    } >"$root/DEBIAN/control"
    (cd "$root" && find . -path ./DEBIAN -prune -o -type f -printf '%P\n' | sort | xargs -d '\n' md5sum >DEBIAN/md5sums)
    find "$root" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
    # Debug symbols are compressed already.
    local level=${KUBE_ENTRA_COMPRESSION:-6}
    [ "$section" != debug ] || level=0
    dpkg-deb --root-owner-group --threads-max=1 -Zxz "-z$level" --build "$root" "$out/${name}_${version}_$arch.deb" >/dev/null
}

# help NAME: the shell completions and manual pages of a program, from its own commands.
help() {
    local name=$1 root=$work/$1 pages=$work/$1-reference shell file page
    for shell in bash zsh fish; do
        case $shell in
            bash) file=$root/usr/share/bash-completion/completions/$name ;;
            zsh) file=$root/usr/share/zsh/vendor-completions/_$name ;;
            fish) file=$root/usr/share/fish/vendor_completions.d/$name.fish ;;
        esac
        mkdir -p "$(dirname "$file")"
        # These are read, not run.
        "${emulator[@]}" "$programs/$name" --generate-completion-script "$shell" | sed '1{/^#!/d}' >"$file"
        chmod 0644 "$file"
    done
    "${emulator[@]}" "$programs/$name" --experimental-dump-help >"$work/$name.json"
    "${emulator[@]}" "$programs/kube-entra" reference --folder "$pages" --help-dump "$work/$name.json" >/dev/null
    mkdir -p "$root/usr/share/man/man1"
    for page in "$pages"/man/*.1; do gzip -9nc "$page" >"$root/usr/share/man/man1/$(basename "$page").gz"; done
    chmod 0644 "$root"/usr/share/man/man1/*
}

# kube-entra
root=$work/kube-entra
install -D -m 0755 "$programs/kube-entra.stripped" "$root/usr/bin/kube-entra"
ln -s kube-entra "$root/usr/bin/kubectl-entra"
mkdir -p "$root/usr/lib/systemd/system" "$root/usr/lib/sysusers.d" "$root/usr/lib/tmpfiles.d" "$root/etc/logrotate.d" \
    "$root/etc/default" "$root/etc/kube-entra"
for unit in "$deploy"/systemd/kube-entra.service "$deploy"/systemd/kube-entra.socket; do
    [ -e "$unit" ] || continue
    sed -e 's#/usr/local/bin/kube-entra#/usr/bin/kube-entra#' \
        -e 's#^Documentation=.*#Documentation=man:kube-entra(1)#' "$unit" \
        >"$root/usr/lib/systemd/system/$(basename "$unit")"
done
# Nothing starts before there is a configuration.
sed -i -e '/^\[Unit\]/a ConditionPathExists=/etc/kube-entra/kube-entra.yaml' \
    -e '/^\[Service\]/a EnvironmentFile=-/etc/default/kube-entra' "$root/usr/lib/systemd/system/kube-entra.service"
cp "$deploy/systemd/kube-entra.sysusers" "$root/usr/lib/sysusers.d/kube-entra.conf"
cp "$here/debian/tmpfiles" "$root/usr/lib/tmpfiles.d/kube-entra.conf"
cp "$here/debian/logrotate" "$root/etc/logrotate.d/kube-entra"
cp "$here/debian/default" "$root/etc/default/kube-entra"
help kube-entra
ln -s kube-entra.1.gz "$root/usr/share/man/man1/kubectl-entra.1.gz"
documents kube-entra
mkdir -p "$root/DEBIAN"
for script in postinst prerm postrm; do install -m 0755 "$here/debian/$script" "$root/DEBIAN/$script"; done
printf '/etc/default/kube-entra\n/etc/logrotate.d/kube-entra\n' >"$root/DEBIAN/conffiles"
find "$root" -type f ! -perm -100 -exec chmod 0644 {} +
# In an assignment, a failure of `dependencies` ends the script; in an argument it would not.
depends=$(dependencies "$programs/kube-entra.stripped")
package kube-entra admin "$depends, ca-certificates" \
    "Microsoft Entra sign-in for Kubernetes" <<'TEXT'
 A webhook token authenticator: kube-apiserver sends it each bearer token, it
 checks the token against the tenant's signing keys and answers with a
 Kubernetes user and groups. The same program explains why a token is refused,
 checks policies offline, and sets up a control-plane node.
 .
 Nothing runs until there is a configuration: "kube-entra enable" writes one.
TEXT

# kube-entra-demo
install -D -m 0755 "$programs/kube-entra-demo.stripped" "$work/kube-entra-demo/usr/bin/kube-entra-demo"
help kube-entra-demo
documents kube-entra-demo
depends=$(dependencies "$programs/kube-entra-demo.stripped")
package kube-entra-demo admin "$depends, kube-entra (= $version)" \
    "Microsoft Entra sign-in for Kubernetes (demonstration)" <<'TEXT'
 Shows every kind of sign-in on a simulated Entra, on this machine and with
 nothing to set up.
TEXT

# kube-entra-dbgsym
documents kube-entra-dbgsym
package kube-entra-dbgsym debug "kube-entra (= $version)" "debug symbols for kube-entra" <<'TEXT'
 For gdb and perf, which find them by the build ID of the programs in
 kube-entra and kube-entra-demo.
TEXT
