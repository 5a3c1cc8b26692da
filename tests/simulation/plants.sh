#!/bin/sh
# plants.sh - is each deliberate bug (base/plant.h) caught by the simulation?
#
#   plants.sh OPSIMULATE_PLANTED [SEEDS]
#
# Runs each of them over at most SEEDS seeds (1000), and prints one line a bug: its name, the seed that
# caught it, and what was seen. Fails when one of them was not caught.
set -eu
program=$1
seeds=${2:-1000}
status=0
tab=$(printf '\t')
"$program" --plants >"${TMPDIR:-/tmp}/plants.$$"
trap 'rm -f "${TMPDIR:-/tmp}/plants.$$"' EXIT
while IFS=$tab read -r name sentence; do
    seen=$("$program" --plant "$name" --quiet --until-bad --traces none --runs "$seeds" | grep '^seed ' | head -n 1) || true
    if [ -n "$seen" ]; then
        printf '%-18s %s\n' "$name" "$(printf '%s' "$seen" | sed 's/ at [0-9.]* s hash [0-9a-f]*//')"
    else
        printf '%-18s NOT CAUGHT within %s seeds: %s\n' "$name" "$seeds" "$sentence"
        status=1
    fi
done <"${TMPDIR:-/tmp}/plants.$$"
exit $status
