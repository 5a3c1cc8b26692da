#!/usr/bin/env bash
# Includes run one way (ARCHITECTURE.md, "Folders").
#
#   layers.sh SOURCE...          these are the sources of the pure libraries
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"
[ $# -gt 0 ] || { echo "layers.sh: no pure sources" >&2; exit 2; }

# Each folder, and what it may include.
declare -A may=(
  [base]="base"
  [transport]="base transport"
  [store]="base transport store"
  [modem]="base transport modem actors/port.h"
  [actors]="base transport store modem actors"
  [http]="base transport http actors/port.h"
  [carrier]="base transport modem http carrier"
  [opd]="base transport store modem actors http carrier opd"
  [tools]="base transport store"
  [tools/opbench]="base tools/opbench"
  [tools/opctl]="base transport store tools/opctl"
  [tools/optrace]="base transport store modem actors tools/optrace"
)

status=0
wrong() { # FILE INCLUDED WHY
  echo "$1 includes $2: $3"
  status=1
}

# Of a file in actors/ the core that it is a part of, if any.
core_of() { # FILE: leaves $core
  core=${1#actors/} core=${core%%[_.]*}
  case "$1:$core" in actors/*:auth | actors/*:rate | actors/*:ledger | actors/*:modem | actors/*:webhook) ;; *) core= ;; esac
}

declare -A includes=()
while IFS=: read -r file line; do
  file=${file#./} folder=${file%/*}
  included=${line#*\"} included=${included%\"}
  includes[$file]+=" $included"

  allowed=no
  for one in ${may[$folder]:-}; do
    case "$included" in "$one" | "$one"/*) allowed=yes ;; esac
  done
  [ $allowed = yes ] || wrong "$file" "$included" "$folder/ may not"

  core_of "$included" && other=$core
  core_of "$file"
  [ -z "$core" ] || [ -z "$other" ] || [ "$core" = "$other" ] ||
    wrong "$file" "$included" "a core includes no other"
done < <(grep -rEHo --include='*.[ch]' --exclude-dir='build*' --exclude-dir=node_modules --exclude-dir=tests \
  '^ *# *include "[^"]+"' .)

# The pure part reaches nothing else: no port, and no header whose source is not pure, through none of its headers.
declare -A pure=() seen=()
reached=("${@#"$root"/}")
for source in "${reached[@]}"; do
  [ -n "${includes[$source]:-}" ] || { echo "layers.sh: $source is not there, or includes nothing" >&2; exit 2; }
  pure[$source]=yes
done
for ((i = 0; i < ${#reached[@]}; i++)); do
  for included in ${includes[${reached[i]}]:-}; do
    source=${included%.h}.c
    if [ "$included" = actors/port.h ] || { [ -f "$source" ] && [ -z "${pure[$source]:-}" ]; }; then
      wrong "${reached[i]}" "$included" "the pure part may not reach it"
    elif [ -z "${seen[$included]:-}" ]; then
      seen[$included]=yes
      reached+=("$included")
    fi
  done
done
exit $status
