#!/usr/bin/env bash
# Every test, in two processes at once: those of the API over running shops, and all others. Either
# half waits more than it works, so that two cores bring both to an end in half of the time.
#
#   tests/in_two_halves.sh PYTHON [ARGUMENTS OF PYTEST]
set -uo pipefail
cd "$(dirname "$0")/.."
python=$1
shift
log=$(mktemp)
"$python" -m pytest tests/api "$@" > "$log" 2>&1 &
api=$!
trap 'rm -f "$log"' EXIT
trap 'kill -9 "$api"; exit 130' INT TERM

"$python" -m pytest tests --ignore=tests/api "$@"
others_failed=$?
echo "The tests of the API, which run beside these:"
wait "$api"
api_failed=$?
cat "$log"
if ((others_failed)); then exit "$others_failed"; fi
exit "$api_failed"
