#!/usr/bin/env bash
# Are these man pages well formed, and have they what a page needs?
set -euo pipefail
for tool in man mandoc; do
  command -v $tool >/dev/null || { echo "skipped: it needs $tool"; exit 77; }
done

status=0
for page in "$@"; do
  file=${page%.gz}
  warnings=$(LC_ALL=C.UTF-8 MANWIDTH=80 man --warnings -E UTF-8 -l -Tutf8 -Z "$file" 2>&1 >/dev/null)
  errors=$(mandoc -T lint -W error "$file" 2>&1 || true)
  [ -z "$warnings$errors" ] || { echo "$file: $warnings $errors"; status=1; }
  for section in NAME DESCRIPTION "\"SEE ALSO\""; do
    grep -q "^\.SH $section$" "$file" || { echo "$file: no section $section"; status=1; }
  done
  lexgrog "$file" >/dev/null || { echo "$file: no name for whatis"; status=1; }
done
exit $status
