#!/usr/bin/env bash
# deploy/verify.sh FOLDER [PUBLIC-KEY.pem]: checks a release with openssl alone: the signature over SHA256SUMS, every
# checksum, and that the statement of how it was built speaks of the same files. Without a key it says so and exits 1.
set -euo pipefail
if [ $# -lt 1 ] || [ $# -gt 2 ]; then
    sed -n '2,3s/^# \{0,1\}//p' "$0" >&2
    exit 64
fi
cd "$1" 2>/dev/null || { echo "deploy/verify.sh: there is no folder $1" >&2; exit 2; }
key=${2:-}
case "$key" in /* | '') ;; *) key=$OLDPWD/$key ;; esac
bad=0
no() { printf 'no   %s\n' "$*"; bad=1; }
ok() { printf 'yes  %s\n' "$*"; }
[ -r SHA256SUMS ] || { echo "deploy/verify.sh: there is no SHA256SUMS in this folder" >&2; exit 2; }

if [ -z "$key" ]; then
    no "signature: give the public key to check it"
elif [ ! -r "$key" ]; then
    echo "deploy/verify.sh: $2 cannot be read" >&2; exit 2
elif [ ! -r SHA256SUMS.sig ]; then
    no "signature: there is no SHA256SUMS.sig"
elif openssl dgst -sha256 -verify "$key" -signature SHA256SUMS.sig SHA256SUMS >/dev/null 2>&1 ||
    openssl pkeyutl -verify -rawin -pubin -inkey "$key" -sigfile SHA256SUMS.sig -in SHA256SUMS >/dev/null 2>&1; then
    ok "signature over SHA256SUMS"
else
    no "signature: it is not this key's, or SHA256SUMS was changed"
fi

statement=''
while read -r digest name; do
    case "$name" in */* | '') no "SHA256SUMS names a file outside this folder"; continue ;; esac
    case "$name" in *.intoto.json) statement=$name ;; esac
    if [ ! -f "$name" ]; then
        no "$name is missing"
    elif [ "$(openssl dgst -sha256 -r "$name" | cut -d' ' -f1)" = "$digest" ]; then
        ok "$name"
    else
        no "$name was changed"
    fi
done <SHA256SUMS

# Whole names, and hidden files as well.
listed=$(sed -E 's/^[0-9a-f]+ [ *]//' SHA256SUMS)
shopt -s dotglob
for name in *; do
    case "$name" in
        SHA256SUMS | SHA256SUMS.sig) continue ;;
        *[^A-Za-z0-9._~+-]*) no "a file with a strange name is here: $(printf '%q' "$name")" ;;
        *) grep -qxF -e "$name" <<<"$listed" || no "$name is not in SHA256SUMS" ;;
    esac
done

if [ -z "$statement" ] || [ ! -f "$statement" ]; then
    no "there is no statement of how this was built"
else
    while read -r digest name; do
        case "$name" in *.intoto.json) continue ;; esac
        grep -A2 -F "\"sha256\": \"$digest\"" "$statement" | grep -qF "\"name\": \"$name\"" ||
            no "$statement does not speak of $name"
    done <SHA256SUMS
    [ "$bad" -ne 0 ] || ok "the statement speaks of the same files: commit $(sed -nE 's/.*"gitCommit": "([0-9a-f]+)".*/\1/p' "$statement" | head -1)"
fi
exit "$bad"
