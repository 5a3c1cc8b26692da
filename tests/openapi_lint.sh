#!/bin/sh
# openapi_lint.sh PRINT_OPENAPI - the document of the API passes a linter without a complaint, and the
# linter does complain about a broken one. 77: skipped.
set -eu
cd "$(dirname "$0")/npm"
command -v node >/dev/null || { echo "skipped: there is no node"; exit 77; }
[ -d node_modules/@redocly ] || { echo "skipped: run tools/setup --with-tests"; exit 77; }
export REDOCLY_TELEMETRY=off

"$1" | node lint_openapi.mjs
if "$1" | sed 's/"operationId":"messageSend"/"operationId":"messages"/' | node lint_openapi.mjs >/dev/null; then
    echo "openapi_lint.sh: two operations of one name went unnoticed" >&2
    exit 1
fi
