"""test_doubt.py - OP's rows of tests/MODEMS.md: slow networks, kill -9 in the air, malformed PDUs

What OP and other programs do in the same places with their own time-outs is measured by
tests/peers/compare.sh. Here the times are short: opd's time-out is set to fit.
"""

from harness import *


class Doubt(Case):
    def launch(self, *arguments):
        """opd on one modem of an opsim, and an account's key and phone."""
        self.home = self.folder()
        self.sim = Opsim(self.home, 1).wait_ready()
        self.addCleanup(self.sim.stop)
        self.carrier = Carrier(self.sim.address)
        self.arguments = (f"--modem={self.sim.tty(0)}={SHARED},shared", *WIDE, *arguments)
        self.start()
        human = Account(self.op, self.carrier)
        self.key = human.mint(human.number()[0]).credential
        self.phone = new_phone()
        self.before = self.carrier.count(SHARED, "accepted")
        return self.op.client(self.key)

    def start(self):
        self.op = Opd(self.home, *self.arguments).wait_ready()
        self.addCleanup(self.op.stop)

    def submitted(self):
        return self.carrier.count(SHARED, "accepted") - self.before

    def judge(self, agent, message_id, *ends):
        """The text ends in one of these ways, was submitted once and is at its phone once; so it is
        still when a later text has arrived, because a line keeps its order."""
        message = settled(agent, message_id)
        self.carrier.turn(SHARED, submit_delay_ms=0)
        after = settled(agent, send(agent, self.phone, "later")["id"])
        self.assertEqual(after["status"], "sent", after)
        self.assertIn((message["status"], (message["error"] or {}).get("code")), ends)
        self.assertEqual(self.carrier.bodies(self.phone), ["one text", "later"])
        self.assertEqual(self.submitted(), 2)

    def test_slow_network(self):
        """The network takes three seconds, OP would wait for 180."""
        agent = self.launch()
        self.carrier.turn(SHARED, submit_delay_ms=3000)
        self.judge(agent, send(agent, self.phone, "one text")["id"], ("sent", None))

    def test_slower_network(self):
        """The network takes three seconds, OP waits for one: the late answer is the text's own."""
        agent = self.launch("--set=modem/send_timeout_s=1")
        self.carrier.turn(SHARED, submit_delay_ms=3000)
        text = send(agent, self.phone, "one text")["id"]
        self.judge(agent, text, ("sent", None), ("failed", "unknown_outcome"))

    def test_silent_network(self):
        agent = self.launch("--set=modem/send_timeout_s=1", "--set=modem/doubt_s=2")
        self.carrier.turn(SHARED, no_answer_next=1, reports=False)
        text = send(agent, self.phone, "one text")["id"]
        self.judge(agent, text, ("failed", "unknown_outcome"))

    def test_killed_in_the_air(self):
        """kill -9 between Ctrl-Z and the answer."""
        agent = self.launch()
        self.carrier.turn(SHARED, submit_delay_ms=2000)
        text = send(agent, self.phone, "one text")["id"]
        eventually(lambda: self.submitted() == 1, "the submission")
        self.op.kill()
        self.start()
        agent = self.op.client(self.key)
        self.judge(agent, text, ("sent", None), ("failed", "unknown_outcome"))

    def test_malformed(self):
        """A malformed PDU holds up nothing behind it, and does not fill the memory."""
        agent = self.launch()
        settled(agent, send(agent, self.phone, "hello")["id"])
        for form in ("surplus", "truncated", "erased", "not_hex"):
            with self.subTest(form):
                self.carrier.turn(SHARED, malformed_next=1, malformed_form=form)
                for place in ("first", "second", "third"):
                    self.carrier.text(self.phone, SHARED, f"{form} {place}")
                wanted = {f"{form} second", f"{form} third"}
                if form == "surplus":  # TS 23.040 9.2.3.16: what is behind TP-UD is ignored
                    wanted.add(f"{form} first")

                def listed(form=form):
                    return [m["body"] for m in agent.pages("&direction=inbound") if form in m["body"]]

                eventually(lambda: len(listed()) >= len(wanted), "the good ones")
                self.assertEqual(sorted(listed()), sorted(wanted))
                eventually(
                    lambda: self.carrier.count(SHARED, "deleted")
                    == self.carrier.count(SHARED, "stored"),
                    "an empty memory",
                )


if __name__ == "__main__":
    main()
