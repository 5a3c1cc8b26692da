"""test_received.py - a text is read, then durable, then deleted from the modem: in this order, always

opd is killed (-9) at the instants in which the modem says that a text was stored, announced, read or
deleted, while others come in. At the end each is listed once, and the modem's log shows no slot that was
deleted unread. What is between reading and deleting is seen from below: strace shows the write that has
the text, its sync, and only then AT+CMGD.

OP_SEED repeats a run's instants.
"""

import collections
import os
import random
import re
import shutil
import unittest

from harness import *

KILLS = int(os.environ.get("OP_KILLS", "10"))
SEED = int(os.environ.get("OP_SEED", random.SystemRandom().randrange(2**32)))
TRACED = 10  # texts under strace


class Received(Case):
    def setUp(self):
        self.home = self.folder()
        self.sim = Opsim(self.home, 1).wait_ready()
        self.addCleanup(self.sim.stop)
        self.carrier = Carrier(self.sim.address)
        self.phone = new_phone()

    def launch(self, *under):
        self.op = Opd(
            self.home, f"--modem={self.sim.tty(0)}={SHARED},shared", *WIDE, under=under
        ).wait_ready()
        self.addCleanup(self.op.kill)

    def settle_in(self):
        """A key of an account that the phone's texts are for."""
        human = Account(self.op, self.carrier)
        agent = human.mint(human.number()[0])
        settled(agent, send(agent, self.phone, "hello")["id"])
        return agent

    def text(self, bodies, count, kind="in"):
        for _ in range(count):
            bodies.append(f"{kind} number {len(bodies)} of them")
            self.carrier.text(self.phone, SHARED, bodies[-1])

    def check_order(self):
        """Each text was stored, then read, then deleted."""
        read = {}  # of the slots that are in use
        for event in self.carrier.events(SHARED):
            what, slot = event["what"], event["detail"]
            if what == "stored":
                read[slot] = False
            elif what == "read" and slot in read:
                read[slot] = True
            elif what == "deleted":
                self.assertTrue(read.pop(slot), f"event {event['number']}: deleted unread")
        self.assertEqual(read, {}, "not all is deleted")

    def test_killed_at_each_step(self):
        print(f"OP_SEED={SEED} OP_KILLS={KILLS}", flush=True)
        chance, bodies = random.Random(SEED), []
        self.launch()
        key = self.settle_in().credential
        for _ in range(KILLS):
            what = chance.choice(("stored", "notified", "read", "deleted"))
            aim = self.carrier.count(SHARED, what) + chance.randint(1, 8)
            self.text(bodies, 10)
            eventually(lambda: self.carrier.count(SHARED, what) >= aim, what)
            self.op.kill()
            self.text(bodies, chance.randint(0, 3))  # nobody listens
            self.launch()
        agent = self.op.client(key)

        def listed():
            return [m["body"] for m in agent.pages("&direction=inbound")]

        self.text(bodies, 1)
        eventually(lambda: bodies[-1] in listed() and len(listed()) >= len(bodies), "all texts")
        self.assertEqual(collections.Counter(listed()), collections.Counter(bodies))
        eventually(
            lambda: self.carrier.count(SHARED, "deleted") == self.carrier.count(SHARED, "stored"),
            "an empty memory",
        )
        self.check_order()

    @unittest.skipUnless(shutil.which("strace"), "strace is not installed")
    def test_synced_before_deleted(self):
        calls, bodies = os.path.join(self.home, "calls"), []
        # -D: strace is opd's child, not the other way round, so that opd can be waited for and killed.
        self.launch(
            "strace", "-D", "-f", "-qq", "-s", "65536", "-o", calls,
            "-e", "trace=write,writev,pwrite64,fsync,fdatasync",
        )  # fmt: skip
        agent = self.settle_in()
        before = self.carrier.count(SHARED, "deleted")
        self.text(bodies, TRACED, "traced")
        eventually(
            lambda: self.carrier.count(SHARED, "deleted") >= before + TRACED
            and self.carrier.count(SHARED, "deleted") == self.carrier.count(SHARED, "stored"),
            "empty slots",
        )
        self.assertEqual(len(agent.pages("&direction=inbound")), TRACED)
        self.op.kill()
        self.check_order()
        slots = [
            event["detail"] for event in self.carrier.events(SHARED) if event["what"] == "deleted"
        ]
        with open(calls, encoding="utf-8", errors="replace") as file:
            lines = eventually(lambda: file.seek(0) or file.read(), "strace's file").splitlines()
        deletions = [n for n, line in enumerate(lines) if "AT+CMGD=" in line]
        self.assertEqual(len(deletions), len(slots))
        # One line serves its texts in their order: the n-th deletion is of the n-th text.
        for body, deletion in zip(bodies, deletions[-TRACED:]):
            self.check_synced(lines[:deletion], body)

    def check_synced(self, lines, body):
        """Before the deletion, the text was written to a file and that file was synced."""
        written = next((n for n, line in enumerate(lines) if body in line), None)
        self.assertIsNotNone(written, f"{body!r} was not written before its deletion")
        file = re.search(r"write\w*\((\d+),", lines[written])[1]
        begun = [
            n for n, line in enumerate(lines)
            if n > written and re.search(rf"f(data)?sync\({file}[ )]", line)
        ]  # fmt: skip
        self.assertTrue(begun, f"{body!r} was not synced before its deletion")
        thread = lines[begun[0]].split()[0]
        ended = [
            line for line in lines[begun[0] :]
            if line.startswith(thread) and "sync" in line and line.endswith("= 0")
        ]  # fmt: skip
        self.assertTrue(ended, f"the sync of {body!r} was not done before its deletion")


if __name__ == "__main__":
    main()
