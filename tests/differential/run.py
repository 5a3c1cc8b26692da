#!/usr/bin/env python3
"""Compares OP's SMS codec with an independent one.

    run.py PEER CODEC      PEER: tshark, gammu, osmocom, or vectors (a folder of them: OP_VECTORS)

Ends with 77 and a word when the peer is not there. A difference that README.md argues is allowed and
counted; any other fails."""
import sys

import cases
import peers
import vectors

SKIP = 77


def main():
    name, program = sys.argv[1:]
    try:
        peer = {**peers.PEERS, "vectors": vectors.Vectors}[name]()
    except peers.Missing as missing:
        print(f"SKIPPED: {missing}")
        return SKIP
    codec = cases.Codec(program)
    tried = peer.run(codec)
    print(f"{name}: {tried} comparisons, allowed differences: {dict(peer.allowed)}, "
          f"others: {len(peer.found)}")
    for difference in peer.found[:20]:
        print("DIFFERENT:", *difference)
    if tried < peer.least:
        print(f"too few: {peer.least} are the least")
        return 1
    return 1 if peer.found else 0


sys.exit(main())
