#!/usr/bin/env bash
# Includes run one way (ARCHITECTURE.md, "Folders"): each folder, and what it may include.
set -euo pipefail
cd "$(dirname "$0")/.."

declare -A may=(
  [base]="base"
  [transport]="base transport"
  [store]="base transport store"
  [modem]="base transport modem actors/port.h"
  [actors]="base transport store modem actors"
  [http]="base transport http actors/port.h"
  [tools]="base transport store modem actors http tools tests/simulation"
)

# The pure part of transport/ must not reach its mailboxes, and the cores not the runtime or a port.
pure=(transport/{codec,field,json,json_read,messages,print,reader,shape,trace}.c actors/{actor,recording,turn,link,overlay,sweep}.c
  actors/{rate,erase,auth,auth_admin,auth_code,auth_key,ledger,ledger_admin,ledger_erase,ledger_number,ledger_text,ledger_list}.c
  actors/{modem,modem_admin,modem_line,modem_send,modem_queue,modem_report,modem_receive,modem_inbound,modem_parts,modem_quarantine,webhook,webhook_deliver,webhook_erase,webhook_log}.c
  actors/{recording,replay,tape,tape_order}.c transport/trace.c)
impure='"(transport/(mailbox|clock|log|metrics|config|trace_file)|actors/(runtime|port)|modem/(serial|carrier[a-z_]*)|store/leveldb)\.h"'

status=0
for folder in "${!may[@]}"; do
  while IFS=: read -r file line; do
    included=${line#*\"} included=${included%%\"*}
    allowed=no
    for one in ${may[$folder]}; do
      case "$included" in "$one" | "$one"/*) allowed=yes ;; esac
    done
    if [ "$allowed" = no ]; then
      echo "$file includes $included, which $folder/ may not"
      status=1
    fi
  done < <(grep -EHo '#include "[^"]+"' "$folder"/*.c "$folder"/*.h)
done
if grep -EH "#include $impure" "${pure[@]}"; then
  echo "the pure part must not include these"
  status=1
fi
exit $status
