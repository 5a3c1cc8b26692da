"""Lines and what happens to their modems: opd at opsim's ttys, with opsim's knobs.

Each scenario ends with texts passing both ways, within the time that is stated for it.
"""

import os
import unittest

import harness
from harness import SECOND, SHARED, Account, Carrier, Client, Opd, Program, eventually

MODEMS = os.path.join(os.path.dirname(os.path.dirname(__file__)), "modems")
THIRD = "+16176088934"


class Lines(harness.Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ttys = os.path.join(cls.folder(), "ttys")
        families = ",".join(os.path.join(MODEMS, f"{name}.txt") for name in ("quectel", "huawei", "zte"))
        cls.sim = Program(
            "opsim",
            ["--modems=3", f"--pty-dir={cls.ttys}", "--listen=127.0.0.1:0", f"--scenario={families}"],
            cls.folder(),
        ).wait_ready()
        cls.addClassCleanup(cls.sim.stop)
        cls.client = Client(cls.sim.address, checked=False)
        cls.carrier = Carrier(cls.sim.address)
        cls.patch(THIRD, {"pin_lock": True})
        tty = [os.path.join(cls.ttys, f"modem{i}") for i in range(3)]
        cls.op = Opd(
            cls.folder(),
            *harness.WIDE,
            f"--modem={tty[0]}={SHARED},shared",
            f"--modem={tty[1]}={SECOND}",
            f"--modem={tty[2]}={THIRD},pin=1234",
            f"--set=modem/devices={cls.ttys}/modem*-if*",
            "--set=modem/check_s=5",
            "--set=modem/sweep_s=2",
        )
        cls.addClassCleanup(cls.op.stop)
        cls.op.wait_ready()
        cls.account = Account(cls.op, cls.carrier)
        cls.agents = {}
        number, e164 = cls.account.number()
        cls.agents[e164] = cls.account.mint(number)
        for _ in range(2):
            eventually(cls.free_numbers, "a number to lease")
            number, e164 = cls.account.lease()
            cls.agents[e164] = cls.account.mint(number)

    @classmethod
    def free_numbers(cls):
        numbers = cls.account.console.get("/console/numbers/available").expect(200)["numbers"]
        return [number for number in numbers if not number["shared"]]

    @classmethod
    def patch(cls, number, knobs):
        cls.client.call("PATCH", f"/sim/modems/{number}", knobs).expect(200)

    def act(self, number, what, body=None):
        self.client.call("POST", f"/sim/modems/{number}/{what}", body).expect(200)

    def expect_service(self, number):
        """A text goes out and one comes in."""
        agent, phone = self.agents[number], harness.new_phone()
        sent = harness.settled(agent, harness.send(agent, phone, "out")["id"])
        self.assertEqual(sent["status"], "sent", sent)
        eventually(lambda: self.carrier.bodies(phone) == ["out"], "the text at the phone")
        self.assertEqual([text["from"] for text in self.carrier.inbox(phone)], [number])
        self.carrier.text(phone, number, "in")
        eventually(
            lambda: [m for m in harness.received(agent) if m["from"] == phone], "the text at the agent"
        )

    def test_1_all(self):
        for number in (SHARED, SECOND, THIRD):
            self.expect_service(number)
        self.assertEqual(self.client.get(f"/sim/modems/{THIRD}").expect(200)["pin_tries"], 3)

    def test_2_unplugged_and_back(self):
        self.act(SECOND, "unplug")
        eventually(lambda: "down" in self.op.stderr(), "the line is down")
        self.act(SECOND, "plug")
        self.expect_service(SECOND)
        self.expect_service(SHARED)

    def test_3_restarted(self):
        self.act(THIRD, "reset")  # it wants its PIN again
        self.expect_service(THIRD)

    def test_4_no_network(self):
        self.patch(SHARED, {"registration": "searching"})
        eventually(lambda: "searches for a network" in self.op.stderr(), "that is said")
        self.patch(SHARED, {"registration": "roaming"})
        self.expect_service(SHARED)

    def test_5_sims_change_places(self):
        self.act(SHARED, "swap", {"with": SECOND})
        eventually(lambda: self.op.stderr().count("gives its device back") >= 2, "both are given back")
        self.expect_service(SECOND)
        self.expect_service(SHARED)


if __name__ == "__main__":
    harness.main()
