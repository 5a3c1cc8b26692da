"""The simulated carrier from outside: its modems' ttys, knobs, phones that are off, and modems that go.

opsim is spoken to over HTTP and at its ttys, as a driver does.
"""

import os
import select
import time
import unittest

import harness
from harness import DEADLINE_S, SECOND, SHARED, Client, Program

MODEMS = os.path.join(os.path.dirname(os.path.dirname(__file__)), "modems")


class Tty:
    """A tty, spoken to as a driver does."""

    def __init__(self, path):
        self.file = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)

    def say(self, text, wanted):
        """Writes and reads on until `wanted` has come; returns all that has."""
        os.write(self.file, text.encode())
        said, end = "", time.monotonic() + DEADLINE_S
        while wanted not in said:
            left = end - time.monotonic()
            assert left > 0, f"no {wanted!r} in {said!r}"
            if select.select([self.file], [], [], left)[0]:
                said += os.read(self.file, 4096).decode()
        return said

    def gone(self):
        """Waits until the modem has hung up."""
        end = time.monotonic() + DEADLINE_S
        while time.monotonic() < end:
            select.select([self.file], [], [], 1)
            try:
                if os.read(self.file, 4096) == b"":
                    return True
            except BlockingIOError:
                pass
            except OSError:
                return True
        return False

    def close(self):
        os.close(self.file)


class Sim(harness.Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ttys = os.path.join(cls.folder(), "ttys")
        families = ",".join(os.path.join(MODEMS, f"{name}.txt") for name in ("zte", "sierra"))
        cls.sim = Program(
            "opsim",
            ["--modems=3", f"--pty-dir={cls.ttys}", "--listen=127.0.0.1:0", f"--scenario={families}"],
            cls.folder(),
        ).wait_ready()
        cls.addClassCleanup(cls.sim.stop)
        cls.client = Client(cls.sim.address, checked=False)

    def modem(self, number, act="", body=None, method="GET"):
        return self.client.call(method, f"/sim/modems/{number}{act}", body)

    def test_list(self):
        data = self.client.get("/sim/modems").expect(200)["data"]
        self.assertEqual([modem["family"] for modem in data], ["zte", "sierra", "zte"])
        for place, modem in enumerate(data):
            self.assertEqual(modem["number"], modem["sim"])
            link = os.path.join(self.ttys, f"modem{place}")
            self.assertEqual(os.readlink(link), modem["device"])
            for i, tty in enumerate(modem["ttys"]):
                self.assertEqual(os.readlink(f"{link}-if{i:02}"), tty["device"])
                self.assertEqual(tty["kind"] == "at", tty["device"] == modem["device"])

    def test_knobs(self):
        before = self.modem(SHARED).expect(200)
        self.assertEqual(before["submit_delay_ms"], 0)
        self.assertEqual(before["prompt_form"], "no_space")
        for body, field in (
            ({"nonsense": 1}, None),
            ({"hang": 1}, "hang"),
            ({"submit_delay_ms": -1}, "submit_delay_ms"),
            ({"submit_delay_ms": 3600001}, "submit_delay_ms"),
            ({"registration": "lost"}, "registration"),
            ({"signal": 5, "registration": 1}, "registration"),
            ([], None),
        ):
            answer = self.modem(SHARED, "", body, "PATCH")
            answer.expect_error(422, "validation_error", field)
        self.assertEqual(self.modem(SHARED).expect(200), before)
        after = self.modem(SHARED, "", {"signal": 5, "registration": "roaming"}, "PATCH").expect(200)
        self.assertEqual((after["signal"], after["registration"]), (5, "roaming"))
        tty = Tty(os.path.join(self.ttys, "modem0"))
        self.assertIn("+CSQ: 5,99", tty.say("ATE0\rAT+CSQ\r", "99\r\n\r\nOK"))
        self.assertIn("+CREG: 0,5", tty.say("AT+CREG?\r", "5\r\n\r\nOK"))
        tty.close()
        self.modem("+19995550100").expect_error(404, "not_found")
        self.modem(SHARED, "/explode", None, "POST").expect_error(404, "not_found")
        self.modem(SHARED, "/plug").expect_error(405, "method_not_allowed")

    def test_phone(self):
        path = f"/sim/phones/{harness.new_phone()}"
        self.assertEqual(self.client.get(path).expect(200), {"on": True})
        self.assertEqual(self.client.call("PATCH", path, {"on": False}).expect(200), {"on": False})
        self.assertEqual(self.client.get(path).expect(200), {"on": False})
        self.client.call("PATCH", path, {"on": "no"}).expect_error(422, "validation_error", "on")
        self.client.call("PATCH", f"/sim/phones/{SHARED}", {"on": False}).expect_error(400, "invalid_phone")

    def test_unplug(self):
        link = os.path.join(self.ttys, "modem1")
        tty, before = Tty(link), self.modem(SECOND).expect(200)
        imei = tty.say("AT+CGSN\r", "OK")
        gone = self.modem(SECOND, "/unplug", None, "POST").expect(200)
        self.assertEqual((gone["plugged"], gone["device"], gone["ttys"]), (False, None, []))
        self.assertFalse(os.path.lexists(link))
        self.assertTrue(tty.gone())
        back = self.modem(SECOND, "/plug", None, "POST").expect(200)
        self.assertNotEqual(back["device"], before["device"])
        self.assertEqual(os.readlink(link), back["device"])
        tty.close()
        tty = Tty(link)
        self.assertEqual(tty.say("AT+CGSN\r", "OK").split()[1], imei.split()[1])
        tty.close()

    def test_swap(self):
        third = "+16176088934"
        self.modem(third, "/swap", {"with": third + "0"}, "POST").expect(422)
        swapped = self.modem(third, "/swap", {"with": SHARED}, "POST").expect(200)
        self.assertEqual((swapped["number"], swapped["sim"]), (third, SHARED))
        self.assertEqual(self.modem(SHARED).expect(200)["sim"], third)
        self.modem(third, "/swap", {"with": SHARED}, "POST").expect(200)
        out = self.modem(third, "", {"sim_out": True}, "PATCH").expect(200)
        self.assertIsNone(out["sim"])
        self.modem(third, "", {"sim_out": False}, "PATCH").expect(200)
        self.assertEqual(self.modem(third, "/reset", None, "POST").expect(200)["sim"], third)


if __name__ == "__main__":
    harness.main()
