#!/usr/bin/env bash
# Prints how much of the code that each fuzz target is for its inputs reach: lines of its files, of all lines there.
# Usage: Tests/Fuzz/coverage.sh [CORPUS]
#
# The inputs are the seeds, the findings and CORPUS (a folder for each target, .build-fuzz/corpus unless given), each
# run once. A build of its own counts lines, so that this takes some minutes the first time.
set -euo pipefail
cd "$(dirname "$0")/../.."

corpus=${1:-.build-fuzz/corpus}
SCRATCH=.build-fuzz-coverage
FUZZER=$SCRATCH/release/kube-entra-fuzz
REQUESTS=(Webhook/WebhookServer/HTTP Webhook/WebhookServer/Review Webhook/WebhookServer/ConnectionSetup.swift)

# What a target is for: folders and files below Sources.
files() {
    case "$1" in
        scanner) echo Base/Jansson/{JSONScanner,ScannedJSON,JSONBytes,JSONView,JSONNumber}.swift ;;
        jws) echo Decision/JOSE/{CompactJWS,Base64URL+Secrets}.swift Decision/Authentication/{ParsedToken,HashedToken}.swift ;;
        header) echo Decision/EntraTokens/TokenHeader.swift Decision/Authentication/{ParsedToken,SignatureCheck}.swift ;;
        claims) echo Decision/EntraTokens/{EntraClaims,EntraPrincipal+Claims,GroupClaim,ClaimValue+JSON}.swift \
            Decision/EntraTokens/{SubjectKind+Claims,TokenValidationRules+Checks}.swift Decision/AccessPolicy ;;
        pop) echo Decision/Authentication/{SignedHTTPRequest,TokenEvaluation}.swift ;;
        jwks) echo Decision/EntraTokens/KeySetReader.swift Decision/JOSE/{JWK,RSAKeyProblem}.swift ;;
        discovery) echo Webhook/SigningKeys/KeyFetcher.swift ;;
        tokenreview) echo Webhook/TokenReviewAPI/{TokenReviewRequest,TokenReviewAnswer,JSONText,SelfSubjectReview}.swift ;;
        accessreview) echo Webhook/TokenReviewAPI/{AccessReviewRequest,AccessReviewAnswer}.swift \
            Decision/Authentication/{AccessReview,WatchCheck}.swift ;;
        configuration) echo Base/YAML Webhook/Configuration/{Fields,Tables,ConfigurationLoader.swift} ;;
        rbac) echo Tools/RBAC Tools/ClusterAccess ;;
        denyfile) echo Webhook/Configuration/{DenyFile,DenyFile+Editing}.swift ;;
        kubeconfig) echo Tools/Kubeconfigs/{Kubeconfig+Parse,Kubeconfig,KubeconfigMerge,ExecCredential}.swift ;;
        tls | resets) echo Base/NIOOpenSSL ;;
        http1) echo "${REQUESTS[@]}" Webhook/WebhookServer/HTTP1 ;;
        http2) echo "${REQUESTS[@]}" Webhook/WebhookServer/HTTP2 ;;
        *) return 1 ;;
    esac
}

KUBE_ENTRA_FUZZ=1 swift build -c release --scratch-path "$SCRATCH" --product kube-entra-fuzz --sanitize=address --sanitize=fuzzer \
    -Xswiftc -enable-testing -Xswiftc -profile-generate -Xswiftc -profile-coverage-mapping -Xswiftc -use-ld=lld
# Those of the toolchain: others do not read what its compiler writes.
tools=$(dirname "$(readlink -f "$(command -v swift)")")
rm -rf "$SCRATCH/seeds"
python3 Tests/Fuzz/seeds.py "$SCRATCH/seeds"

targets=$(sed -n '/^TARGETS=(/,/)/p' Tests/Fuzz/run.sh | tr -d '()' | sed 's/TARGETS=//')
for target in $targets; do
    profile=$SCRATCH/$target
    inputs=()
    for folder in "$corpus/$target" "$SCRATCH/seeds/$target" "Tests/Fuzz/findings/$target"; do
        [ ! -d "$folder" ] || inputs+=("$folder")
    done
    # An empty folder stands first: libFuzzer would write new inputs there.
    mkdir -p "$SCRATCH/new"
    FUZZ_TARGET=$target SWIFT_BACKTRACE=enable=no ASAN_OPTIONS=detect_leaks=0 LLVM_PROFILE_FILE=$profile.profraw \
        "$FUZZER" -runs=0 -timeout=300 -max_len=8192 "$SCRATCH/new" "${inputs[@]}" >"$profile.log" 2>&1 ||
        { echo "coverage.sh: the target $target failed, see $profile.log" >&2; exit 1; }
    rm -rf "$SCRATCH/new"
    "$tools/llvm-profdata" merge -sparse "$profile.profraw" -o "$profile.profdata"
    sources=()
    for path in $(files "$target"); do
        [ -e "Sources/$path" ] || { echo "coverage.sh: there is no Sources/$path" >&2; exit 1; }
        sources+=("Sources/$path")
    done
    "$tools/llvm-cov" report "$FUZZER" -instr-profile="$profile.profdata" "${sources[@]}" |
        awk -v target="$target" '$1 == "TOTAL" { printf "%-14s %5d of %5d lines, %s\n", target, $8 - $9, $8, $10 }'
done
