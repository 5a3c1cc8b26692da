"""test_hosts.py - one OP on three hosts (hosts.py), whose link to the modems is cut

http, auth and rate on one; ledger and webhook on the second; the modems on the third. The link to the modems
is cut in mid-traffic, both ways and one way; nothing is lost or doubled, service is back within seconds, and
who listens on the wire reads neither phone nor text nor key.
"""

import collections
import os
import shutil
import subprocess
import threading
import time
import unittest

from harness import (
    SHARED,
    WIDE,
    Account,
    Carrier,
    Case,
    Opsim,
    SECOND,
    eventually,
    main,
    new_phone,
    send,
    settled,
)
from hosts import Network, enter, why_not
from split import THREE, System

CUT_S = int(os.environ.get("OP_CUT_S", "30"))
PACE_S = 0.1  # between two texts each way
BACK_S = 5  # how soon service must be back; machines under load get more


@unittest.skipIf(why_not(), f"skipped: {why_not()}")
class Hosts(Case):
    @classmethod
    def setUpClass(cls):
        cls.net = Network(THREE)
        cls.addClassCleanup(cls.net.close)
        enter(cls.net.space("edge"))  # the client's machine is the edge
        home = cls.folder()
        sim = Opsim(home, 2)
        cls.addClassCleanup(sim.stop)
        cls.carrier = Carrier(sim.wait_ready().address)
        system = System(home, arguments=WIDE, addresses=cls.net.addresses)
        cls.addClassCleanup(system.kill)
        system.extra["edge"] = ["--set=http/public_listen=true"]
        system.extra["radio"] = [
            f"--modem={sim.tty(0)}={SHARED},shared",
            f"--modem={sim.tty(1)}={SECOND}",
        ]
        for name in THREE:
            system.more[name] = {"before": cls.net.within(name)}
        cls.system = system
        cls.listen(home)
        system.up()
        eventually(cls.a_line_is_up, "a line")
        cls.human = Account(system.front, cls.carrier)
        cls.agent = cls.human.mint(cls.human.number()[0])
        cls.phone = new_phone()
        settled(cls.agent, send(cls.agent, cls.phone, "hello")["id"])

    @classmethod
    def a_line_is_up(cls):
        return cls.system.front.client().post("/auth/start", {"phone": new_phone()}).status == 200

    @classmethod
    def listen(cls, home):
        """What goes over the bridge."""
        cls.tape = os.path.join(home, "wire.pcap")
        cls.tcpdump = None
        if shutil.which("tcpdump"):
            cls.tcpdump = subprocess.Popen(
                ["ip", "netns", "exec", cls.net.hub, "tcpdump", "-i", "br0", "-U", "-Z", "root",
                 "-w", cls.tape],
                stderr=subprocess.DEVNULL,
            )  # fmt: skip
            cls.addClassCleanup(cls.tcpdump.kill)
            eventually(lambda: os.path.exists(cls.tape) and os.path.getsize(cls.tape), "tcpdump")

    def traffic(self, name, until):
        """Texts both ways until the condition holds; their bodies, by what became of the call."""
        texts, number = collections.defaultdict(list), 0
        while not until():
            number += 1
            body = f"{name} out {number}"
            answer = self.agent.post("/v1/messages", {"to": self.phone, "body": body})
            assert answer.status in (201, 503), answer
            texts[answer.status].append(body)
            self.carrier.text(self.phone, SHARED, f"{name} in {number}")
            texts["in"].append(f"{name} in {number}")
            threading.Event().wait(PACE_S)
        return texts

    def judge(self, texts):
        """All is there, once."""

        def at_rest():
            pages = self.agent.pages()
            states = collections.Counter(m["status"] for m in pages)
            listed = {m["body"] for m in pages if m["direction"] == "inbound"}
            return not states["queued"] and not states["sending"] and listed >= set(texts["in"])

        eventually(at_rest, "all texts have ended", 240)
        pages = self.agent.pages()
        listed = collections.Counter(m["body"] for m in pages if m["direction"] == "inbound")
        for body in texts["in"]:
            self.assertEqual(listed[body], 1, body)
        arrived = collections.Counter(self.carrier.bodies(self.phone))
        sent = {m["body"]: m for m in pages if m["direction"] == "outbound"}
        for body in texts[201]:
            self.assertEqual(sent[body]["status"], "sent", sent[body])
            self.assertEqual(arrived[body], 1, body)
        for body in texts[503]:
            self.assertEqual(arrived[body], 1 if body in sent else 0, body)

    def cut(self, name, seconds, **ways):
        end = time.monotonic() + seconds
        self.net.cut("radio", **ways)
        try:
            texts = self.traffic(name, lambda: time.monotonic() > end)
        finally:
            self.net.mend("radio")
        self.system.says("core", f'"link is down" peer={self.system.endpoints["radio"]}')
        before = time.monotonic()
        body = send(self.agent, self.phone, f"{name} back")
        self.last_is_through()
        took = time.monotonic() - before
        print(f"{name}: {len(texts[201])} accepted, {len(texts[503])} refused, back in {took:.1f} s")
        self.assertLess(took, BACK_S * 4)
        self.judge(texts)
        settled(self.agent, body["id"])

    def last_is_through(self):
        """The link is up again, as both ends say."""
        for here, there in (("core", "radio"), ("radio", "core")):
            peer = self.system.endpoints[there]

            def up(here=here, peer=peer):
                lines = self.system.hosts[here].stderr().split("\n")
                links = [x for x in lines if '"link is ' in x and x.endswith(f"peer={peer}")]
                return links and '"link is up"' in links[-1]

            eventually(up, f"{here} has {there} again")

    def test_1_cut_both_ways(self):
        self.cut("both", CUT_S)

    def test_2_cut_one_way(self):
        self.cut("to", CUT_S / 3, fro=False)

    def test_3_cut_the_other_way(self):
        self.cut("fro", CUT_S / 3, to=False)

    def test_4_killed(self):
        for name in ("radio", "core"):
            self.system.hosts[name].kill()
            end = time.monotonic() + 2
            texts = self.traffic(f"killed {name}", lambda: time.monotonic() > end)
            self.system.up()
            self.last_is_through()
            eventually(self.a_line_is_up, "service")
            self.judge(texts)

    def test_5_nothing_in_clear(self):
        if not self.tcpdump:
            self.skipTest("skipped: it needs tcpdump")
        self.tcpdump.terminate()
        self.tcpdump.wait(60)
        with open(self.tape, "rb") as file:
            wire = file.read()
        self.assertGreater(len(wire), 100000)
        self.assertIn(b"CURVE", wire)  # it was listened to
        with open(os.path.join(self.system.keys("radio"), "host.cert_secret"), "rb") as file:
            secret = file.read().split(b'secret-key = "')[1].split(b'"')[0]
        for secret in (
            self.phone.encode(), SHARED.encode(), b"out 1", b"in 1", b"text_send",
            self.agent.credential.encode(), self.human.token.encode(), secret,
        ):  # fmt: skip
            self.assertNotIn(secret, wire)


if __name__ == "__main__":
    main()
