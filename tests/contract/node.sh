#!/usr/bin/env bash
# Runs a program of this folder with node; 77 (skipped), and why, where node or its packages are missing.
set -euo pipefail
cd "$(dirname "$0")"
program=$1
shift
if ! command -v node >/dev/null; then
  echo "skipped: there is no node; tools/setup --with-tests installs it"
  exit 77
fi
if [ ! -d node_modules ]; then
  echo "skipped: its packages are missing; tools/setup --with-tests installs them"
  exit 77
fi
exec node "$program" "$@"
