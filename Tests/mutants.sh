#!/bin/sh
# Shows what the unit tests of the decision core notice: applies small wrong changes (Tests/Mutants/changes.py) one by
# one in a copy, and ends with the share of them that a test noticed. Not a part of Tests/run.sh: it takes an hour or
# more. Options: Tests/mutants.sh --help.
set -eu
exec python3 "$(dirname "$0")/Mutants/run.py" "$@"
