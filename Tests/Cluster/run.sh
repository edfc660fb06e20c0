#!/usr/bin/env bash
# Runs enable, sign-ins and disable on a cluster with a real kube-apiserver. Usage: Tests/Cluster/run.sh [PYTEST-OPTION]…
#
# kube-apiserver, kubeadm and etcd: Debian 12 has the sources of Kubernetes 1.20.2, the newest version that Debian has
# whole. Of newer ones it has k8s.io/apiserver, kube-apiserver's code that calls webhooks: library/main.go is built with
# that of Debian sid. All is built once, in .build-cluster, which takes about 10 minutes on two cores, with Debian's Go.
# Needs root, Debian's archive, and what Tests/run.sh needs.
set -euo pipefail
cd "$(dirname "$0")/../.."

VERSION=1.20.2
WORK=$PWD/.build-cluster
DEBIAN_PACKAGES=(dpkg-dev util-linux mount iproute2 procps mmdebstrap debian-archive-keyring)

step() { printf '\n== %s\n' "$*"; }
fail() { printf 'Tests/Cluster/run.sh: %s\n' "$*" >&2; exit 1; }

# A configuration of apt of its own with the packages and sources of a release, whatever this machine has. Nothing that
# is taken from there is installed.
archive() {
    local folder=$WORK/apt-$1
    mkdir -p "$folder/lists/partial" "$folder/cache/archives/partial"
    printf '%s [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian %s main\n' \
        deb "$1" deb-src "$1" >"$folder/sources.list"
    cat >"$folder/apt.conf" <<END
Dir::Etc::sourcelist "$folder/sources.list";
Dir::Etc::sourceparts "-";
Dir::State::lists "$folder/lists";
Dir::Cache "$folder/cache";
APT::Sandbox::User "root";
END
    export APT_CONFIG=$folder/apt.conf
    apt-get update -qq || fail "the packages of Debian $1 cannot be listed"
}

# Unpacks packages of the archive into a folder.
unpack() {
    local folder=$1 downloads
    shift
    mkdir -p "$folder"
    downloads=$(mktemp -d)
    (cd "$downloads" && apt-get download -qq "$@")
    for package in "$downloads"/*.deb; do dpkg-deb -x "$package" "$folder"; done
    rm -rf "$downloads"
}

# Go without modules and without a network, with the libraries of a folder.
use_go() {
    unset GOFLAGS
    export GOROOT=$1 GOPATH=$2 GOCACHE=$WORK/go-cache GO111MODULE=off GOPROXY=off GOTOOLCHAIN=local CGO_ENABLED=0
    PATH=$GOROOT/bin:$PATH
}

kubernetes() {
    step "Kubernetes $VERSION: sources of Debian 12"
    archive bookworm
    local files=$WORK/bookworm go=$WORK/kubernetes
    rm -rf "$files" "$go"
    unpack "$files" golang-1.19-go golang-1.19-src etcd-server golang-github-modern-go-reflect2-dev
    mkdir -p "$go/src/k8s.io"
    # With Debian's patches.
    (cd "$go/src/k8s.io" && apt-get source -qq kubernetes && mv kubernetes-*/ kubernetes)
    cd "$go/src/k8s.io/kubernetes"
    # The older one that Kubernetes has crashes with Go 1.18 and later.
    local reflection=github.com/modern-go/reflect2
    rm -rf "vendor/$reflection"
    cp -r "$files/usr/share/gocode/src/$reflection" "vendor/$reflection"
    use_go "$files/usr/lib/go-1.19" "$go"
    step "Kubernetes $VERSION: build"
    # The only generated code that is not in the sources; the folders are those of Makefile.generated_files.
    local folders
    folders=$(grep -Rl --include='*.go' '+k8s:openapi-gen=' pkg cmd plugin vendor/k8s.io |
        grep -vE '/(code-generator|sample-apiserver|sample-controller|kube-openapi|gengo)/|_test\.go$' |
        xargs -n1 dirname | sort -u | sed 's|^|k8s.io/kubernetes/|' | paste -sd,)
    go run k8s.io/kubernetes/vendor/k8s.io/kube-openapi/cmd/openapi-gen -i "$folders" -O zz_generated.openapi \
        -p k8s.io/kubernetes/pkg/generated/openapi -h hack/boilerplate/boilerplate.generatego.txt -r "$go/violations"
    local flags='-s -w' package
    for package in component-base/version client-go/pkg/version; do
        package=k8s.io/kubernetes/vendor/k8s.io/$package
        flags+=" -X $package.gitVersion=v$VERSION -X $package.gitMajor=1 -X $package.gitMinor=20"
    done
    go build -o "$WORK/new/" -ldflags "$flags" k8s.io/kubernetes/cmd/kubeadm k8s.io/kubernetes/cmd/kube-apiserver
    cp "$files/usr/bin/etcd" "$WORK/new/"
}

library() {
    step "k8s.io/apiserver of Debian sid"
    archive sid
    local files=$WORK/sid packages
    rm -rf "$files"
    mapfile -t packages <Tests/Cluster/library/debian-packages.txt
    # shellcheck disable=SC2046
    unpack "$files" "${packages[@]}" $(apt-cache depends golang-go golang-src | sed -nE 's/^ *Depends: (golang-1.*)/\1/p')
    mkdir -p "$WORK/library/src"
    ln -sfn "$PWD/Tests/Cluster/library" "$WORK/library/src/library"
    use_go "$(echo "$files"/usr/lib/go-*)" "$WORK/library:$files/usr/share/gocode"
    step "k8s.io/apiserver $(apt-cache policy golang-k8s-apiserver-dev | sed -n 's/ *Candidate: //p'): build"
    go build -o "$WORK/new/" library
}

[ "$(id -u)" -eq 0 ] || fail "only root can make a Debian root and run systemd in it"
Tests/run.sh packages
missing=()
for package in "${DEBIAN_PACKAGES[@]}"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done
if [ "${#missing[@]}" -gt 0 ]; then
    echo "installing: ${missing[*]}"
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi
[ -n "${KUBE_ENTRA:-}" ] || [ -x .build/release/kube-entra-demo ] || Tests/run.sh release
if [ ! -d "$WORK/bin" ]; then
    rm -rf "$WORK/new"
    mkdir -p "$WORK/new"
    (kubernetes)
    (library)
    mv "$WORK/new" "$WORK/bin"
    chmod -R u+w "$WORK"
    rm -rf "$WORK"/{apt-bookworm,apt-sid,bookworm,sid,kubernetes,library,go-cache}
fi
step "Tests with $("$WORK/bin/kube-apiserver" --version), kubeadm $("$WORK/bin/kubeadm" version -o short), $("$WORK/bin/etcd" --version | head -1)"
.build-python/bin/pytest -ra --tb=short -v -s Tests/Cluster "$@"
