/// The functions at the beginning of the script for the Azure CLI.
///
/// bash does not keep `set -e` inside `$(…)`, and macOS still has bash 3.2: so every call says what happens when it
/// fails.
enum AzureCLIFunctions {
    static let text = #"""
        fail() {
            echo "register: $*" >&2
            exit 1
        }

        # The IDs of what this script made, so that it can be run again. What stands in Entra itself under a name proves
        # nothing: by default everybody in a tenant may register an application or make a group with that name.
        recorded() {
            local id=
            if [ -e "$made" ]; then
                id=$(awk -v kind="$1" -v name="$2" \
                    '$1 == kind && substr($0, length($1 $2) + 3) == name { id = $2 } END { print id }' "$made") || return 1
            fi
            case "$id" in *[!0-9A-Za-z-]*) return 1 ;; esac
            echo "$id"
        }

        record() { echo "$1 $3 $2" >>"$made" || fail "$made cannot be written; note: $1 $3 $2"; }

        # Whether a file or folder is the caller's own, no link, and for nobody else to change.
        own() {
            [ ! -L "$1" ] && [ -O "$1" ] && [ -z "$(find "$1" -prune \( -perm -020 -o -perm -002 \))" ]
        }

        # Standard input without characters that could change what the terminal shows: control characters (C0, C1), and
        # those without width that hide something or turn the direction. Byte by byte, in every locale.
        visible() {
            LC_ALL=C tr -d '\000-\010\013-\037\177' | LC_ALL=C sed \
                -e $'s/\xc2[\x80-\x9f]//g' -e $'s/\xd8\x9c//g' -e $'s/\xe2\x80[\x8b-\x8f\xa8-\xae]//g' \
                -e $'s/\xe2\x81[\xa0-\xaf]//g' -e $'s/\xef\xbb\xbf//g'
        }

        # The people at an address.
        people() {
            local list
            list=$(az rest --method get --url "$graph/$1" \
                --query 'value[].[id, displayName, userPrincipalName]' --output tsv) || return 1
            printf '%s\n' "$list" | visible | sed 's/^/    /'
            # Microsoft Graph gives a hundred at a time.
            if [ "$(printf '%s\n' "$list" | wc -l)" -ge 100 ]; then
                echo "    and perhaps more: only the first page is shown"
            fi
        }

        # Who could have made an object, and who is in it already.
        describe() {
            local collection=$1 id=$2 created
            created=$(az rest --method get --url "$graph/$collection/$id" --query createdDateTime --output tsv) || return 1
            echo "$collection $id, made $created"
            echo "  owners:"
            people "$collection/$id/owners" || return 1
            if [ "$collection" = groups ]; then
                echo "  members, who become admins of the cluster:"
                people "groups/$id/members" || return 1
            fi
        }

        # Changes an object to what a query makes of it, which keeps what somebody else added.
        change() {
            local body
            body=$(again az rest --method get --url "$graph/$1/$2" --query "$3" --output json) || return 1
            again az rest --method patch --url "$graph/$1/$2" --body "$body" --output none
        }

        # A query with the IDs that are known by now.
        filled() {
            local query=${1//@audience@/$audience}
            printf '%s' "${query//@client@/${client_id:-}}"
        }

        # Makes an object, or changes the one that this script made before or that --adopt names. Prints its object ID.
        ensure() {
            local collection=$1 name=$2 body=$3 query=${4:-} id ids other
            id=$(recorded "$collection" "$name") || fail "$made cannot be read, or has something other than an ID"
            if [ -n "$id" ]; then
                echo "  its ID is taken from $made:" >&2
                describe "$collection" "$id" >&2 ||
                    fail "$collection $id ($name) cannot be read; if it was deleted, remove its line from $made"
            else
                ids=$(az rest --method get --url "$graph/$collection" \
                    --url-parameters "\$filter=displayName eq '$name'" "\$select=id" --query 'value[].id' --output tsv) ||
                    fail "cannot look for $collection with the name $name; the Azure CLI says why, above"
                for other in $ids; do
                    case "$adopted" in *" $other "*) id=$other ;; esac
                done
                if [ -n "$ids" ] && [ -z "$id" ]; then
                    {
                        echo "register: there is something with the name $name, which this script did not make:"
                        for other in $ids; do describe "$collection" "$other" || echo "    cannot be read"; done
                        echo "If it is yours, and you trust everybody who is named above: $script --adopt ID"
                        echo "Otherwise choose another --name or --group-name with kube-entra register."
                    } >&2
                    exit 1
                fi
                if [ -n "$id" ]; then
                    describe "$collection" "$id" >&2 || fail "$collection $id ($name) cannot be read"
                    record "$collection" "$name" "$id"
                fi
            fi
            if [ -n "$id" ]; then
                if [ -n "$query" ]; then
                    change "$collection" "$id" "$query"
                else
                    again az rest --method patch --url "$graph/$collection/$id" --body "$body" --output none
                fi ||
                    fail "$collection $id ($name) cannot be changed; if it was deleted, remove its line from $made"
            else
                id=$(az rest --method post --url "$graph/$collection" --body "$body" --query id --output tsv) ||
                    fail "$collection: $name cannot be made"
                [ -n "$id" ] || fail "$collection: $name was made without an ID"
                record "$collection" "$name" "$id"
            fi
            echo "$id"
        }

        # Entra needs some seconds until every part of it knows what was just made. A refusal is no matter of time.
        again() {
            local attempt
            for attempt in 1 2 3 4 5 6 7 8; do
                if "$@" 2>"$errors"; then return 0; fi
                if grep -Eqi 'forbidden|unauthorized|authorization_requestdenied|insufficient privileges' "$errors"; then
                    break
                fi
                echo "  trying again, since it failed: $(tail -n 1 "$errors")" >&2
                sleep $((attempt * 2))
            done
            cat "$errors" >&2
            return 1
        }

        # The enterprise application of an application. Prints its object ID.
        principal() {
            local id
            id=$(az ad sp show --id "$1" --query id --output tsv 2>"$errors") || id=
            if [ -z "$id" ]; then
                if [ -s "$errors" ] && ! grep -Eqi "not exist|n't exist|not found|notfound" "$errors"; then
                    cat "$errors" >&2
                    fail "the enterprise application of $1 cannot be read"
                fi
                id=$(again az ad sp create --id "$1" --query id --output tsv) ||
                    fail "the enterprise application of $1 cannot be made"
            fi
            echo "$id"
        }

        # The appId of an application.
        app_id() {
            local id
            id=$(again az rest --method get --url "$graph/applications/$1" --query appId --output tsv) ||
                fail "the application $1 cannot be read"
            [ -n "$id" ] || fail "the application $1 has no appId"
            echo "$id"
        }
        """#
}
