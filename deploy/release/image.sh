#!/usr/bin/env bash
# deploy/release/image.sh PROGRAMS OUT VERSION ARCH: an OCI image as an archive, made without a daemon. It holds the
# program, the libraries that it needs, the certificate authorities, the licences of all that, and nothing else: no shell,
# no package manager.
set -euo pipefail
programs=$1 out=$2 version=$3 arch=$4
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/root
mkdir -p "$root"/{etc/ssl/certs,etc/kube-entra,var/lib/kube-entra,var/log/kube-entra,tmp,usr/bin,usr/lib}
chmod 1777 "$root/tmp"
ln -s usr/lib "$root/lib"
ln -s usr/lib64 "$root/lib64"
mkdir -p "$root/usr/lib64"
install -m 0755 "$programs/kube-entra.stripped" "$root/usr/bin/kube-entra"

# What is taken from the distribution, for the SBOM and for the licences.
taken=$programs/image.files
# What the loader says that the program needs, and the loader itself, where the loader looks for them.
python3 "$here/libraries.py" "$programs/kube-entra.stripped" >"$taken"
while read -r library; do
    real=$(realpath "$library")
    target=$root$(realpath "$(dirname "$library")")/$(basename "$library")
    install -D -m 0755 "$real" "$target"
done <"$taken"
loader=$(readelf -l "$programs/kube-entra.stripped" | sed -nE 's/.*interpreter: ([^]]+)].*/\1/p')
[ -e "$root/$loader" ] || { mkdir -p "$root/$(dirname "$loader")"; ln -s "$(realpath "$loader")" "$root/$loader"; }
# For server.cryptography: fips, where the distribution has the provider.
triplet=$(dpkg-architecture -a "$arch" -q DEB_HOST_MULTIARCH 2>/dev/null)
modules=/usr/lib/$triplet/ossl-modules
if [ -e "$modules/fips.so" ]; then
    install -D -m 0755 "$modules/fips.so" "$root$modules/fips.so"
    echo "$modules/fips.so" >>"$taken"
fi

# The authorities of the package ca-certificates, and none that were added to the machine that builds.
authorities=/usr/share/ca-certificates/mozilla
[ -d "$authorities" ] || { echo "deploy/release/image.sh: $authorities is missing: apt-get install ca-certificates" >&2; exit 1; }
find "$authorities" -name '*.crt' | sort | xargs -d '\n' awk 1 >"$root/etc/ssl/certs/ca-certificates.crt"
chmod 0644 "$root/etc/ssl/certs/ca-certificates.crt"
echo "$authorities" >>"$taken"
printf 'root:x:0:0:root:/:/sbin/nologin\nkube-entra:x:65532:65532::/var/lib/kube-entra:/sbin/nologin\n' >"$root/etc/passwd"
printf 'root:x:0:\nkube-entra:x:65532:\n' >"$root/etc/group"
printf 'hosts: files dns\n' >"$root/etc/nsswitch.conf"
chown -R 65532:65532 "$root/var/lib/kube-entra" "$root/var/log/kube-entra" 2>/dev/null || true

# The licences of all of it.
install -D -m 0644 "$here/debian/copyright" "$root/usr/share/doc/kube-entra/copyright"
PYTHONPATH=$here python3 -c 'import owners, sys; print(*(name for name, *_ in owners.owners(sys.stdin.read().split())), sep="\n")' <"$taken" |
    while read -r package; do
        install -D -m 0644 "/usr/share/doc/$package/copyright" "$root/usr/share/doc/$package/copyright"
    done
for licence in Apache-2.0 GPL-2 GPL-3 LGPL-2.1; do
    install -D -m 0644 "/usr/share/common-licenses/$licence" "$root/usr/share/common-licenses/$licence"
done

python3 "$here/image.py" "$root" "$out/kube-entra-$version-$arch.oci.tar" "$version" "$arch"
