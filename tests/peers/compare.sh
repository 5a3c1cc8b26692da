#!/usr/bin/env bash
# Measures the rows of tests/MODEMS.md: about six minutes, because slowness is what is measured. Arguments: whose rows.
set -euo pipefail
cd "$(dirname "$0")/../.."
tools/setup --with-tests
cmake --preset dev >/dev/null
cmake --build --preset dev --target opd opsim >&2
exec python3 -B tests/peers/compare.py build/opd build/opsim "$@"
