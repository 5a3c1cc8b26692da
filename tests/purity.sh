#!/bin/sh
# purity.sh - do these libraries name nothing but what cannot surprise?
#
#   purity.sh ARCHIVE...                 every undefined name of every object must be on the list below
#   purity.sh --refuses NAMES ARCHIVE... the check of the check: exactly these names (sorted, separated
#                                        by blanks) are not on it
#
# The pure part of OP replays: the same events give the same bytes. So its objects may call neither
# clock, randomness, files, sockets, threads, locale nor environment. A list of what is allowed is
# shorter and stricter than one of what is not.
set -eu

refuses=
if [ "${1:-}" = --refuses ]; then
    refuses=$2
    shift 2
fi
[ $# -gt 0 ] || { echo "purity.sh: no archives" >&2; exit 2; }
for archive in "$@"; do
    [ -f "$archive" ] || { echo "purity.sh: no such file: $archive" >&2; exit 2; }
done

names=$(LC_ALL=C nm -A -u "$@")
[ -n "$names" ] || { echo "purity.sh: nm says nothing" >&2; exit 2; }

impure=$(printf '%s\n' "$names" | awk '
function allowed(object, name)
{
    if (name ~ /^op_/)
        return 1
    # What the compiler, its hardening and its sanitizers put in.
    if (name ~ /^(__asan_|__ubsan_|__tsan_|__sanitizer_|__sancov_|__(start|stop)___sancov_|__odr_asan)/)
        return 1
    if (name ~ /^(__stack_chk_fail|_GLOBAL_OFFSET_TABLE_)$/)
        return 1
    if (name ~ /^__.*_chk$/) { # the fortified form of a name is that name
        sub(/^__/, "", name)
        sub(/_chk$/, "", name)
    }
    # string.h, memory, formatting into memory and reading from it, sorting.
    if (name ~ /^(mem(chr|cmp|cpy|mem|move|set)|bcmp|str(chr|cmp|cspn|len|ncmp|nlen|pbrk|rchr|spn|str))$/)
        return 1
    if (name ~ /^(malloc|calloc|realloc|free|snprintf|vsnprintf|sscanf|__isoc99_sscanf|qsort|bsearch)$/)
        return 1
    # The end after a failed assertion.
    if (object ~ /[:\/]check\.c\.o$/ && name ~ /^(abort|fprintf|stderr)$/)
        return 1
    # JSON in memory (jansson), and addresses as text.
    if (name ~ /^(json_[a-z0-9_]+|[nh]to[hn][sl]|inet_(pton|ntop))$/ && name !~ /file|fd|seed/)
        return 1
    # Encoding, checksums, and what of libsodium depends on its arguments alone.
    if (name ~ /^(msgpack_[a-z0-9_]+|XXH3_[a-zA-Z0-9_]+|XXH128_[a-zA-Z]+)$/)
        return 1
    return name ~ /^(crypto_(generichash|shorthash|hash_sha256|auth_hmacsha256)(_(init|update|final))?|randombytes_buf_deterministic|sodium_(memcmp|memzero|is_zero|increment|compare))$/
}
NF >= 2 && $(NF - 1) ~ /^[Uvw]$/ {
    object = $0
    sub(/:[ ]*[^:]*$/, "", object) # ARCHIVE:OBJECT
    if (!allowed(object, $NF))
        print object, $NF
}')

found=$(printf '%s\n' "$impure" | awk 'NF { print $NF }' | LC_ALL=C sort -u | tr '\n' ' ' | sed 's/ $//')
if [ "$found" = "$refuses" ]; then
    exit 0
fi
if [ -n "$refuses" ]; then
    echo "purity.sh: refuses \"$found\", and not \"$refuses\"" >&2
else
    echo "purity.sh: these objects name what the pure part may not:" >&2
    printf '%s\n' "$impure" >&2
fi
exit 1
