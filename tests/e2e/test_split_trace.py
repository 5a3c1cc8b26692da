"""test_split_trace.py - three hosts record what they do; merged, their traces replay and tell one story

The clock of the modems' host is two hours ahead, that of the host with http two hours behind, so time alone
would tell it wrong.
"""

import os
import re

from harness import SHARED, main, new_phone, received, send, settled
from test_optrace import optrace
from test_split import Split

ACTORS = 5


class Traces(Split):
    def recorded(self, name, run=1):
        return os.path.join(self.system.folder, f"{name}-{run}.trace")

    def launched(self, name, run):
        """A run's trace is a file of its own."""
        self.system.extra[name] = [a for a in self.system.extra[name] if "--trace" not in a]
        self.system.extra[name].append(f"--trace={self.recorded(name, run)}")
        self.system.launch(name)

    def set_up(self):
        self.system = self.three_hosts()
        for name, skew in (("radio", 7200000), ("edge", -7200000)):
            self.system.more[name] = {
                "environment": {
                    "LD_PRELOAD": os.environ["OP_CLOCK_SKEW"],
                    "OP_SKEW_MS": str(skew),
                    "ASAN_OPTIONS": "verify_asan_link_order=0",
                }
            }
        for name in self.system.layout:
            self.launched(name, 1)
        self.system.up()
        human = self.account(self.system)
        self.agent = human.mint(human.number()[0])
        self.phone = new_phone()

    def traffic(self, texts):
        """Texts out, and one in; the first one's id."""
        sent = [send(self.agent, self.phone, f"{n} " + "x" * (n * 20))["id"] for n in range(texts)]
        for message in sent:
            settled(self.agent, message)
        before = len(self.agent.pages("&direction=inbound"))
        self.carrier.text(self.phone, SHARED, "words that come back")
        received(self.agent, before + 1)
        return sent[0]

    def said(self, *arguments):
        told = optrace(*arguments)
        self.assertEqual(told.returncode, 0, told.stdout[-4000:] + told.stderr)
        return told.stdout

    def merged(self, *traces, torn=()):
        path = os.path.join(self.system.folder, "all.trace")
        self.said("merge", path, *traces, *torn)
        return path

    def test_three_hosts_tell_one_story(self):
        self.set_up()
        message = self.traffic(20)
        self.system.stop()
        traces = [self.recorded(name) for name in self.system.layout]
        path = self.merged(*traces)
        told = self.said("replay", path)
        self.assertEqual(told.count("events, the same, and so are its rows"), ACTORS, told)
        told = self.said("follow", path, message)
        self.assertRegex(told, r"http +auth +rate +ledger +modem")
        self.assertNotIn("xxxx", told)
        # Who says what, in the order in which one causes the other, whatever the hosts' clocks said.
        way = [told.index(word) for word in ("message_send", "text_send", "text_outcome")]
        self.assertEqual(way, sorted(way), told)
        for trace in traces:  # alone, each knows of the text only what its host has seen
            alone = self.said("follow", trace, message)
            self.assertIsNone(re.search(r"http +auth +rate +ledger +modem", alone), alone)

    def test_a_host_is_killed(self):
        self.set_up()
        self.traffic(5)
        self.system.hosts["radio"].kill()
        waiting = send(self.agent, self.phone, "while nobody is there")["id"]
        self.launched("radio", 2)
        self.system.up()
        settled(self.agent, waiting)
        self.traffic(5)
        self.system.stop()
        traces = [self.recorded(*of) for of in (("edge",), ("core",), ("radio",), ("radio", 2))]
        path = self.merged(*traces, torn=["--torn"])
        told = self.said("replay", path)
        self.assertEqual(told.count("events, the same"), ACTORS + 1, told)
        self.assertEqual(told.count("no clean end"), 1, told)
        self.assertIn("text_outcome", self.said("follow", path, waiting))


if __name__ == "__main__":
    main()
