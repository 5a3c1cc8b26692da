#!/usr/bin/env bash
# opbench_smoke.sh OPBENCH: its constant server and its GET loop work together, without an error.
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
