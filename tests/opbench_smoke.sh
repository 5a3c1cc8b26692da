#!/usr/bin/env bash
# opbench_smoke.sh OPBENCH: its constant server and its GET loop work together, without an error; and what is wrong
# with a command line it says.
set -euo pipefail
opbench=$1
exec {out}< <(exec "$opbench" constant --listen 127.0.0.1:0 --threads 8)
server=$!
trap 'kill "$server" 2>/dev/null || true; wait "$server" || true' EXIT
read -r ready <&"$out" # its first line, or its end
[[ $ready =~ (http://.*)$ ]]
line=$("$opbench" get --url "${BASH_REMATCH[1]}/" --connections 4 --seconds 0.2 --warmup 0)
echo "$line"
[[ $line =~ \ answered=([0-9]+)\ .*\ errors=([0-9]+)\  ]]
((BASH_REMATCH[1] > 0 && BASH_REMATCH[2] == 0))

says() { # EXIT-CODE WORDS ARGUMENT...
  local code=0 said
  said=$("$opbench" "${@:3}" 2>&1) || code=$?
  [ $code = "$1" ] && [[ $said == *"$2"* ]] || { echo "opbench ${*:3}: $code, $said"; exit 1; }
}
says 2 "no such command" bogus
says 2 "no such command" bogus --nonsense
says 2 "--url is missing" latency
says 0 "opbench 0." --version
