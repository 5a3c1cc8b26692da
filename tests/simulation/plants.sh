#!/bin/sh
# plants.sh - is each deliberate bug (base/plant.h) caught by the simulation?
#
#   plants.sh OPSIMULATE_PLANTED [SEEDS]
#
# Runs each of them with the seed that caught it last (plants.tsv, beside this file), and where that one does not any more,
# over at most SEEDS seeds (1000). Prints a row a bug for ../SIMULATION.md: its name, what it is, the seed that
# caught it, and what was seen. Fails when one of them was not caught. OP_UPDATE_SEEDS=1 writes plants.tsv anew.
set -eu
program=$1
seeds=${2:-1000}
known=$(dirname "$0")/plants.tsv
tab=$(printf '\t')
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# What the first bad one of these worlds says: "seed N ...: what was seen".
caught() {
    "$program" --plant "$@" --quiet --until-bad --traces none | sed -n '/^seed /{p;q;}'
}

status=0
"$program" --plants >"$scratch/plants"
while IFS=$tab read -r name sentence; do
    seed=$(sed -n "s/^$name$tab//p" "$known")
    seen=
    [ -z "$seed" ] || seen=$(caught "$name" --seed "$seed")
    [ -n "$seen" ] || seen=$(caught "$name" --runs "$seeds")
    if [ -n "$seen" ]; then
        seed=$(printf '%s' "$seen" | sed 's/^seed \([0-9]*\).*/\1/')
        printf '| `%s` | %s | %s | %s |\n' "$name" "$sentence" "$seed" \
            "$(printf '%s' "$seen" | sed 's/^seed [0-9]* BAD at [^:]*: //')"
        printf '%s\t%s\n' "$name" "$seed" >>"$scratch/known"
    else
        printf '%s: NOT CAUGHT within %s seeds: %s\n' "$name" "$seeds" "$sentence"
        status=1
    fi
done <"$scratch/plants"
[ "${OP_UPDATE_SEEDS:-0}" = 0 ] || cp "$scratch/known" "$known"
exit $status
