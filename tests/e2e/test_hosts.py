"""test_hosts.py - one OP on three hosts (hosts.py), whose link to the modems is cut

http, auth and rate on one; ledger and webhook on the second; the modems on the third. The link to the modems
is cut in mid-traffic, both ways and one way; nothing is lost or doubled, service is back within seconds, and
who listens on the wire reads neither phone nor text nor key.

OP_CUT_S is for how long; OP_BACK_S how soon all must be well again. ../SPLIT.md has what came of 30 and 5.
"""

import collections
import http.client
import os
import shutil
import subprocess
import threading
import time
import unittest

from harness import *
from hosts import Network, enter, why_not
from split import THREE, System

CUT_S = int(os.environ.get("OP_CUT_S", "10"))  # longer than a link may be silent, each way
PACE_S = 0.1  # between two texts each way
BACK_S = float(os.environ.get("OP_BACK_S", "20"))  # how soon service must be back: 5 on an idle machine


@unittest.skipIf(why_not(), f"skipped: {why_not()}")
class Hosts(Case):
    deaths = 0  # of the modems' host

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
            "--set=modem/doubt_s=5",
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
        """Texts both ways until the condition holds; their bodies, by what became of the call: its status, or
        no answer."""
        texts, number = collections.defaultdict(list), 0
        while not until():
            number += 1
            body = f"{name} out {number}"
            try:
                answer = self.agent.post("/v1/messages", {"to": self.phone, "body": body})
                assert answer.status in (201, 503), answer
                texts[answer.status].append(body)
            except (OSError, http.client.HTTPException):
                texts[None].append(body)
            self.carrier.text(self.phone, SHARED, f"{name} in {number}")
            texts["in"].append(f"{name} in {number}")
            threading.Event().wait(PACE_S)
        return texts

    def judge(self, name, texts):
        """All is there, once."""
        counts = [len(texts[what]) for what in (201, 503, None, "in")]
        print(f"{name}: accepted, refused, unanswered, in: {counts}", flush=True)

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
        doubts = [m for m in sent.values() if m["status"] == "failed"]
        for message in doubts:  # it was in the air when its host died, and no report came
            self.assertEqual(message["error"]["code"], "unknown_outcome", message)
            self.assertLessEqual(arrived.pop(message["body"], 0), 1)
            sent.pop(message["body"])
        self.assertLessEqual(len(doubts), self.deaths)
        for body in texts[201]:
            self.assertTrue(body in sent or any(body == m["body"] for m in doubts), body)
        for body in texts[201] + texts[503] + texts[None]:
            self.assertEqual(arrived[body], 1 if body in sent else 0, body)

    def cut(self, name, seconds, **ways):
        end = time.monotonic() + seconds
        self.net.cut("radio", **ways)
        try:
            texts = self.traffic(name, lambda: time.monotonic() > end)
        finally:
            self.net.mend("radio")
        mended = time.time()
        self.system.says("core", f'"link is down" peer={self.system.endpoints["radio"]}')
        self.back_within(name, mended)
        self.judge(name, texts)

    def back_within(self, name, since):
        """Both ends have each other, and the network takes texts again; in the end one that is posted now."""
        took = {}

        def accepted():
            answer = self.agent.post("/v1/messages", {"to": self.phone, "body": f"{name} back"})
            return answer.status == 201 and answer.json["id"]

        def sent(text):
            return self.agent.get(f"/v1/messages/{text}").expect(200)["status"] == "sent"

        text = eventually(accepted, "calls are accepted")
        took["calls"] = time.time() - since
        self.links_are_up()
        took["links"] = time.time() - since
        eventually(lambda: sent(text), "a text that was posted behind all that had waited")
        took["all"] = time.time() - since
        taken = [event["at_ms"] / 1000 for event in self.carrier.events() if event["what"] == "accepted"]
        took["texts"] = min(at for at in taken if at > since) - since
        print(f"{name}: back", {what: f"{seconds:.1f} s" for what, seconds in took.items()}, flush=True)
        for what in ("calls", "links", "texts"):
            self.assertLess(took[what], BACK_S, what)

    def links_are_up(self):
        """As both ends say."""
        for here, there in (("core", "radio"), ("radio", "core")):
            peer = self.system.endpoints[there]

            def up(here=here, peer=peer):
                lines = self.system.hosts[here].stderr().split("\n")
                links = [x for x in lines if '"link is ' in x and x.endswith(f"peer={peer}")]
                return links and '"link is up"' in links[-1]

            eventually(up, f"{here} has {there} again")

    def test_1_cut_both_ways(self):
        self.cut("both", CUT_S)

    def test_2_cut_to_the_modems(self):
        self.cut("to", CUT_S, fro=False)

    def test_3_cut_from_the_modems(self):
        self.cut("fro", CUT_S, to=False)

    def test_4_killed(self):
        """Each in turn, in mid-traffic, and begun again two seconds later."""
        for name in ("radio", "core", "edge"):
            host, began = self.system.hosts[name], time.monotonic()

            def over(host=host, began=began):
                if time.monotonic() > began + 1 and host.process.returncode is None:
                    host.kill()
                return time.monotonic() > began + 3

            texts = self.traffic(f"killed {name}", over)
            type(self).deaths += name == "radio"
            again = time.time()
            self.system.up()
            type(self).agent = self.system.front.client(self.agent.credential)
            self.back_within(f"killed {name}", again)
            self.judge(f"killed {name}", texts)

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
