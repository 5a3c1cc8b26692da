#!/usr/bin/env bash
# arguments.sh OPSIMULATE - what the command line refuses: exit code 2, and a sentence
set -euo pipefail
opsimulate=$1
failed=0

# refused PATTERN ARGUMENT...
refused() {
  local pattern=$1 got=0 said
  shift
  said=$("$opsimulate" "$@" 2>&1 >/dev/null) || got=$?
  if [ "$got" != 2 ] || ! grep -q -- "$pattern" <<<"$said"; then
    echo "opsimulate $*: exit $got and not 2, or no \"$pattern\" in: $said"
    failed=1
  fi
}

refused 'there is no fault ""' --faults ''
refused 'there is no fault "nothing"' --faults kill,nothing
refused '"0" is no number from 1' --runs 0
refused '"0" is no number from 1' --hours 0
refused 'takes a value' --seed
refused 'no such option' --seeds 3
exit $failed
