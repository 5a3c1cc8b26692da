#!/usr/bin/env bash
# Is the service shut in well enough? 2.0 at the most, of the 10 of a service that may do everything.
set -euo pipefail
command -v systemd-analyze >/dev/null || { echo "skipped: it needs systemd-analyze"; exit 77; }
systemd-analyze security --offline=yes --threshold=20 --no-pager "$@" | tail -1

# And the check does check: without its system call filter and its capabilities it is worse.
worse=$(mktemp --suffix=.service)
trap 'rm -f "$worse"' EXIT
grep -v '^SystemCallFilter\|^CapabilityBoundingSet\|^ProtectSystem' "$1" >"$worse"
if systemd-analyze security --offline=yes --threshold=20 --no-pager "$worse" >/dev/null 2>&1; then
  echo "a unit without its filter is taken for a good one" >&2
  exit 1
fi
