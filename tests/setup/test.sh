#!/bin/sh
# Runs all tests, in two halves at once: those with real servers wait most of their time. What one
# half says comes as it is said, what the other says at the end. Arguments go to one plain run.
set -eu
cd "$(dirname "$0")/../.."
python=.venv/bin/python

[ $# -eq 0 ] || exec $python -m pytest "$@"

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
# Folders of its own: two runs would take each other's access to the common one away.
near="tests/unit tests/ui tests/snapshots tests/conformance"
other() {
    code=0
    $python -m pytest -p no:cacheprovider --basetemp="$scratch/near" $near || code=$?
    $python -m pytest -p no:cacheprovider --basetemp="$scratch/faults" tests/faults || code=$?
    return $code
}
other >"$scratch/log" 2>&1 &
other=$!
code=0
$python -m pytest $(printf -- '--ignore=%s ' $near tests/faults) tests || code=$?
wait $other || code=$?
cat "$scratch/log"
exit $code
