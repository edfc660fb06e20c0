#!/bin/sh
# Shows what the unit tests notice: makes small wrong changes (Tests/Mutants/changes.py) in a copy, all in one build, and
# runs the tests once for each; ends with the share of them that a test noticed. Not a part of Tests/run.sh: it takes half
# an hour. Options: Tests/mutants.sh --help.
set -eu
exec python3 "$(dirname "$0")/Mutants/run.py" "$@"
