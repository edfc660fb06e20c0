#!/usr/bin/env bash
# deploy/verify.sh FOLDER [PUBLIC-KEY.pem]: checks a release with openssl alone: the signature over SHA256SUMS, every
# checksum, and that the statement of how it was built speaks of the same files. Without a key it says so and exits 1.
# Written with what bash 3.2 has; run with bash 5.1 and OpenSSL 1.1.1, and with newer ones.
set -euo pipefail
export LC_ALL=C
# Variables that would make a shell look elsewhere, or leave files out.
unset CDPATH GLOBIGNORE
if [ $# -lt 1 ] || [ $# -gt 2 ]; then
    sed -n '2,3s/^# \{0,1\}//p' "$0" >&2
    exit 64
fi
fail() { printf 'deploy/verify.sh: %s\n' "$*" >&2; exit 2; }
command -v openssl >/dev/null || fail "openssl is missing"
key=${2:-}
if [ -n "$key" ]; then
    { [ -f "$key" ] && [ -r "$key" ]; } || fail "$key cannot be read"
    openssl pkey -pubin -in "$key" -noout 2>/dev/null || fail "$key is not a public key in PEM"
fi
start=$PWD
cd -- "$1" 2>/dev/null || fail "there is no folder $1"
case "$key" in /* | '') ;; *) key=$start/$key ;; esac
bad=0
no() { printf 'no   %s\n' "$*"; bad=1; }
ok() { printf 'yes  %s\n' "$*"; }
for name in SHA256SUMS SHA256SUMS.sig; do
    # Whoever owns what a link leads to can change it after this.
    [ ! -L "$name" ] || fail "$name is a link, not a file"
done
{ [ -f SHA256SUMS ] && [ -r SHA256SUMS ]; } || fail "there is no SHA256SUMS in this folder that can be read"

# Whether the key is an Ed25519 key and this openssl has nothing to check its signatures with.
is_out_of_reach() {
    local text help
    text=$(openssl pkey -pubin -in "$key" -noout -text 2>/dev/null) || true
    help=$(openssl pkeyutl -help 2>&1) || true
    [[ $text == *ED25519* && $help != *-rawin* ]]
}
if [ -z "$key" ]; then
    no "signature: give the public key to check it"
elif [ ! -f SHA256SUMS.sig ]; then
    no "signature: there is no SHA256SUMS.sig"
elif openssl dgst -sha256 -verify "$key" -signature SHA256SUMS.sig SHA256SUMS >/dev/null 2>&1 ||
    openssl pkeyutl -verify -rawin -pubin -inkey "$key" -sigfile SHA256SUMS.sig -in SHA256SUMS >/dev/null 2>&1; then
    ok "signature over SHA256SUMS"
elif is_out_of_reach; then
    no "signature: $(openssl version) cannot check one of an Ed25519 key; OpenSSL 3 can"
else
    no "signature: it is not this key's, or SHA256SUMS was changed"
fi

statement='' listed=''
while read -r digest name || [ -n "$digest" ]; do
    if ! [[ $digest =~ ^[0-9a-f]{64}$ && $name =~ ^[A-Za-z0-9._][A-Za-z0-9._~+-]*$ ]]; then
        no "SHA256SUMS has a line that is no digest and name: $(printf '%q' "${digest:0:80} ${name:0:80}")"
        continue
    fi
    listed+="$digest $name"$'\n'
    case "$name" in *.intoto.json) statement=$name ;; esac
    if [ -L "$name" ]; then
        no "$name is a link, not a file"
    elif [ ! -f "$name" ]; then
        no "$name is missing"
    elif [ ! -r "$name" ]; then
        no "$name cannot be read"
    elif [ "$(openssl dgst -sha256 -r "$name" | cut -d' ' -f1)" = "$digest" ]; then
        ok "$name"
    else
        no "$name was changed"
    fi
done <SHA256SUMS

# Hidden files as well.
shopt -s dotglob
for name in *; do
    case "$name" in
        SHA256SUMS | SHA256SUMS.sig) ;;
        *[^A-Za-z0-9._~+-]*) no "a file with a strange name is here: $(printf '%q' "$name")" ;;
        *) [[ $listed == *" $name"$'\n'* ]] || no "$name is not in SHA256SUMS" ;;
    esac
done

if [ -z "$statement" ] || [ ! -f "$statement" ]; then
    no "there is no statement of how this was built"
else
    value() { sed -nE "s/^ *\"$1\": \"([^\"]*)\".*/\1/p" "$statement"; }
    spoken=0
    while read -r digest name; do
        case "$name" in *.intoto.json) continue ;; esac
        spoken=$((spoken + 1))
        [[ $(grep -A2 -F "\"sha256\": \"$digest\"" "$statement") == *"\"name\": \"$name\""* ]] ||
            no "$statement does not speak of $name"
    done <<<"${listed%$'\n'}"
    [ "$(grep -c '"sha256": "' "$statement")" -eq "$spoken" ] || no "$statement speaks of files that SHA256SUMS does not have"
    commit=$(value commit)
    [[ $commit =~ ^[0-9a-f]{40,64}$ ]] || no "$statement does not say of which commit this is"
    what="version $(value version)"
    [ "$(value programs)" = built ] || what+="; it does not say how the programs were built, and the rest is"
    [ "$bad" -ne 0 ] || ok "the statement speaks of the same files: $what of commit $commit"
fi
exit "$bad"
