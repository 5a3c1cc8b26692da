#!/usr/bin/env bash
# Measures the peers' rows of tests/MODEMS.md: about six minutes, because slowness is what is measured.
set -euo pipefail
cd "$(dirname "$0")/../.."
tools/setup --with-tests
cmake --preset dev >/dev/null
cmake --build --preset dev --target opsim >&2
exec python3 -B tests/peers/compare.py build/opsim
