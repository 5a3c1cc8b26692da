"""test_hosts.py - one OP on three hosts, as network namespaces with a bridge between them

http, auth and rate on one; ledger and webhook on the second; the modems on the third. The link to the modems
is cut in mid-traffic, both ways and one way; nothing is lost or doubled, service is back within seconds, and
who listens on the wire reads neither phone nor text nor key.

It needs root, ip, and a kernel that allows namespaces: else it is skipped, and says so.
"""

import collections
import ctypes
import os
import shutil
import subprocess
import threading
import time
import unittest

from harness import (
    SECOND,
    SHARED,
    WIDE,
    Account,
    Carrier,
    Case,
    Opsim,
    eventually,
    main,
    new_phone,
    send,
    settled,
)
from split import THREE, System

CUT_S = int(os.environ.get("OP_CUT_S", "30"))
PACE_S = 0.1  # between two texts each way
BACK_S = 5  # how soon service must be back; machines under load get more
TAG = f"op{os.getpid() % 100000}"
NET = "10.213.77"


def run(*command, check=True):
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    if check and done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()}")
    return done


def why_not():
    """What is missing for this test; nothing: it can run."""
    if os.geteuid() != 0:
        return "it needs root"
    if not shutil.which("ip"):
        return "it needs ip (iproute2)"
    probe = run("ip", "netns", "add", f"{TAG}p", check=False)
    run("ip", "netns", "del", f"{TAG}p", check=False)
    return f"namespaces are not allowed: {probe.stderr.strip()}" if probe.returncode else None


class Network:
    """A namespace for each host, on a bridge which is in one of its own. 10.213.77.0/24 is nobody else's:
    the namespaces see nothing but each other."""

    def __init__(self, names):
        self.addresses = {name: f"{NET}.{i + 1}" for i, name in enumerate(names)}
        self.hub = f"{TAG}hub"
        try:
            self.make()
        except RuntimeError:
            self.close()
            raise

    def space(self, name):
        return f"{TAG}{name}"

    def make(self):
        run("ip", "netns", "add", self.hub)
        run("ip", "-n", self.hub, "link", "add", "br0", "type", "bridge")
        run("ip", "-n", self.hub, "link", "set", "br0", "up")
        for name, address in self.addresses.items():
            space = self.space(name)
            run("ip", "netns", "add", space)
            run("ip", "-n", space, "link", "add", "eth0", "type", "veth", "peer", "name", name,
                "netns", self.hub)  # fmt: skip
            run("ip", "-n", self.hub, "link", "set", name, "master", "br0")
            run("ip", "-n", self.hub, "link", "set", name, "up")
            run("ip", "-n", space, "addr", "add", f"{address}/24", "dev", "eth0")
            run("ip", "-n", space, "link", "set", "lo", "up")
            run("ip", "-n", space, "link", "set", "eth0", "up")

    def close(self):
        for space in [self.hub, *map(self.space, self.addresses)]:
            run("ip", "netns", "del", space, check=False)

    def ways(self, name, to, fro):
        """(who sends, to whom) of the directions."""
        others = [other for other in self.addresses if other != name]
        return [(o, name) for o in others if to] + [(name, o) for o in others if fro]

    def cut(self, name, to=True, fro=True):
        """Loses everything to the host and from it, in silence: it goes to an address on the wire that is
        nobody's."""
        for sender, receiver in self.ways(name, to, fro):
            run("ip", "-n", self.space(sender), "neigh", "replace", self.addresses[receiver],
                "lladdr", "02:00:00:00:00:01", "nud", "permanent", "dev", "eth0")  # fmt: skip

    def mend(self, name):
        for sender, receiver in self.ways(name, True, True):
            run("ip", "-n", self.space(sender), "neigh", "del", self.addresses[receiver],
                "dev", "eth0", check=False)  # fmt: skip

    def within(self, name):
        return ["ip", "netns", "exec", self.space(name)]


CLONE_NEWNET = 0x40000000


def enter(space):
    """From here on this process's sockets are in that namespace."""
    with open(f"/run/netns/{space}", "rb") as file:
        if ctypes.CDLL(None, use_errno=True).setns(file.fileno(), CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "setns")


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
