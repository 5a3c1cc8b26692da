#!/usr/bin/env bash
# optrace.sh OPTRACE TRACES - the command line of optrace: exit codes, and what it says
set -euo pipefail
optrace=$1 traces=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

# expect CODE PATTERN ARGUMENT...: exit code, and a line of stdout or stderr
expect() {
  local code=$1 pattern=$2 got=0
  shift 2
  "$optrace" "$@" >"$work/said" 2>&1 || got=$?
  if [ "$got" != "$code" ] || { [ -n "$pattern" ] && ! grep -q -- "$pattern" "$work/said"; }; then
    echo "optrace $*: exit $got and not $code, or no \"$pattern\" in:"
    head -5 "$work/said"
    failed=1
  fi
}

send=$traces/send.trace
expect 0 "usage: optrace" --help
expect 0 "^usage: optrace print FILE" print --help
expect 0 "^optrace [0-9]" --version
expect 2 "command is missing"
expect 2 "no such command" nonsense "$send"
expect 2 "other arguments" print
expect 2 "does not take" stats "$send" --actor ledger
for instant in yesterday 0 1970-01-01T00:00:00Z 2026-02-31T00:00:00Z 2026-04-31T00:00:00Z; do
  expect 2 "no instant" print "$send" --from "$instant"
  expect 2 "no instant" cut "$send" "$work/cut" --to "$instant"
done
expect 2 "no message" print "$send" --message txt_send
expect 2 "No such file" print "$work/none"

expect 0 "tell ledger > modem #1 \[send-9\] text_send{" print "$send"
expect 0 "send-9" print "$send" --request send-9
expect 1 "nothing in the trace is of that" print "$send" --request send-999
expect 0 "text_send{" print "$send" --message text_send --actor modem
expect 0 "+1\*\*\*\*\*\*\*\*77" print "$send" --phone +14155550777
expect 0 "" print "$send" --from 2024-02-29T00:00:00Z
expect 1 "nothing in the trace is of that" print "$send" --to 2020-01-01T00:00:00Z
# A phone in a setup, in what is posted; and not in a longer number.
expect 0 "start  * modem_setup{" print "$send" --phone +16176088932
expect 0 " post{" print "$traces/webhook.trace" --phone +16176088932
expect 1 "nothing in the trace is of that" print "$send" --phone +1617608893
expect 0 "start  * modem_setup{" print "$send" --message modem_setup
expect 0 "requests answered" stats "$send"
expect 0 "http      auth" follow "$send" send-9 --svg "$work/way.svg"
grep -q "</svg>" "$work/way.svg" || { echo "no picture"; failed=1; }
chmod 644 "$work/way.svg"
expect 0 "http      auth" follow "$send" send-9 --svg "$work/way.svg"
[ "$(stat -c %a "$work/way.svg")" = 600 ] || { echo "a picture that others can read"; failed=1; }
expect 1 "nothing in the trace" follow "$send" nobody
expect 0 "serial_bytes{bytes=#(" follow "$send" send-9
expect 0 'serial_bytes{bytes="AT+CMGS=' follow "$send" send-9 --full
expect 0 'body="Dinner at 8?"' print "$send" --message text_send --full
expect 2 "does not take" stats "$send" --full
expect 0 "times as fast" replay "$send"
expect 0 "ledger: [0-9]* events, the same" replay "$send" --actor ledger
expect 1 "no such actor" replay "$send" --actor nobody
expect 0 "the same" diff "$send" "$send"
expect 1 "ledger: event" diff "$send" "$traces/inbound.trace"
expect 2 "either --request or" cut "$send" "$work/cut"
expect 1 "nothing" cut "$send" "$work/cut" --request nobody
expect 0 "ledger: [0-9]* events" cut "$send" "$work/cut" --request send-9
expect 0 "the same" replay "$work/cut"
expect 2 "File exists" cut "$send" "$work/cut" --request send-9
expect 0 "" scrub "$send" "$work/scrubbed"
expect 0 "the same" replay "$work/scrubbed"
expect 1 "other rows" diff "$send" "$work/scrubbed"
expect 0 "actors" merge "$work/merged" "$send" "$work/cut"

# Damage.
head -c 5000 "$send" >"$work/torn"
expect 2 "ends inside a record (a killed process? --torn" print "$work/torn"
expect 0 "torn: [0-9]* octets after octet [0-9]* left out" print "$work/torn" --torn
expect 0 "no clean end" replay "$work/torn" --torn
cp "$send" "$work/flipped"
printf X | dd of="$work/flipped" bs=1 seek=3000 conv=notrunc status=none
expect 2 "at octet" replay "$work/flipped"
# The size of a record in the middle: what follows is no cut last record.
at=$(grep -abo OP2 "$send" | sed -n '30{s/:.*//p}')
cp "$send" "$work/size"
printf '\x7f' | dd of="$work/size" bs=1 seek=$((at + 5)) conv=notrunc status=none
expect 2 "damaged\|impossible" replay "$work/size" --torn
printf '\x00\x01' | dd of="$work/size" bs=1 seek=$((at + 4)) conv=notrunc status=none
expect 2 "damaged" replay "$work/size" --torn

# Files that were dropped: the words, and what to do.
cp "$send" "$work/rotated"
cp "$send" "$work/rotated.5000"
expect 2 "begins in the middle and cannot be replayed: print" replay "$work/rotated"
expect 0 "left out" replay "$work/rotated" --torn
# So long that it is replayed while it is read, and in several goes; and refused when all but its end was replayed.
copies=()
for _ in $(seq 20); do copies+=("$traces/burst.trace" "$send"); done
expect 0 "200 actors" merge "$work/long" "${copies[@]}"
expect 0 "the same, and so are its rows" replay "$work/long"
expect 0 "^ledger: .*the same" replay "$work/long" --actor ledger
truncate -s -7 "$work/long"
expect 2 "ends inside a record" replay "$work/long"
mkfifo "$work/fifo"
expect 2 "no regular file" print "$work/fifo"
# Of a process without actors, such as one with the http actor alone: its header, and nothing else.
at=$(grep -abo OP2 "$send" | sed -n '2{s/:.*//p}')
head -c $((at - 1)) "$send" >"$work/bare"
expect 0 "trace of" print "$work/bare"
expect 0 "nothing to replay: no actor was recorded" replay "$work/bare"
expect 1 "no such actor" replay "$work/bare" --actor ledger
expect 1 "nothing in the trace is of that" print "$work/bare" --actor ledger
: >"$work/empty"
expect 2 "empty" stats "$work/empty"
echo "no trace at all" >"$work/text"
expect 2 "at octet 0: this is no OP trace" stats "$work/text"
cp "$send" "$work/older"
printf '1' | dd of="$work/older" bs=1 seek=3 conv=notrunc status=none
expect 2 "at octet 0: a trace of another format" stats "$work/older"
exit $failed
