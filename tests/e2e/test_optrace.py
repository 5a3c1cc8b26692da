"""test_optrace.py - traces of a real run: they replay, also after kill -9, scrubbed and cut"""

import os
import subprocess

from harness import *


def optrace(*arguments):
    path = os.path.join(os.path.dirname(program("opd")), "optrace")
    return subprocess.run(
        [path, *arguments], capture_output=True, text=True, timeout=120, check=False
    )


class Optrace(Case):
    def run_recorded(self, home, path):
        op = Opd(home, "--simulate=2", f"--trace={path}", *WIDE)
        self.addCleanup(op.kill)
        op.wait_ready()
        carrier = Carrier(op.address)
        human = Account(op, carrier)
        agent = human.mint(human.number()[0])
        phone = new_phone()
        self.secrets = [agent.credential, phone, "the first words", "words that come back"]
        message = send(agent, phone, "the first words")["id"]
        settled(agent, message)
        for n in range(20):
            send(agent, phone, f"and more {n} " + "x" * (n * 20))
        carrier.text(phone, SHARED, "words that come back")
        received(agent)
        return op, message

    def replays(self, path, *more):
        told = optrace("replay", path, *more)
        self.assertEqual(told.returncode, 0, told.stdout + told.stderr)
        self.assertEqual(told.stdout.count("events, the same"), 5, told.stdout)
        return told.stdout

    def test_a_clean_run(self):
        home = self.folder()
        path, scrubbed, cut = (os.path.join(home, name) for name in ("trace", "scrubbed", "cut"))
        op, message = self.run_recorded(home, path)
        op.stop()
        self.assertIn("and so are its rows", self.replays(path))
        told = optrace("scrub", path, scrubbed)
        self.assertEqual(told.returncode, 0, told.stderr)
        self.replays(scrubbed)
        with open(path, "rb") as whole, open(scrubbed, "rb") as other:
            before, after = whole.read(), other.read()
        for secret in self.secrets:
            self.assertIn(secret.encode(), before)
            self.assertNotIn(secret.encode(), after)
        told = optrace("cut", path, cut, "--request", message)
        self.assertEqual(told.returncode, 0, told.stderr)
        self.replays(cut)
        told = optrace("follow", path, message)
        self.assertEqual(told.returncode, 0, told.stderr)
        self.assertRegex(told.stdout, r"http +auth +rate +ledger +modem")
        self.assertNotIn("the first words", told.stdout)

    def test_a_killed_run(self):
        home = self.folder()
        path = os.path.join(home, "trace")
        op, _ = self.run_recorded(home, path)
        op.kill()
        self.assertIn("no clean end", self.replays(path, "--torn"))


if __name__ == "__main__":
    main()
