"""test_service.py - opd under a service manager, which is the test: what it hears, and when it hears nothing

An actor that hangs is one whose thread is stopped (frozen.py).
"""

import os
import re
import select
import signal
import socket
import time

from frozen import Frozen
from harness import DEADLINE_S, Case, Opd, eventually, main

ACTORS = ["rate", "auth", "webhook", "ledger", "modem"]
WATCHDOG_S = 4  # opd looks every half of it, and gives its actors the other half


class Manager:
    """The socket that a service manager listens at."""

    def __init__(self, folder):
        self.path = os.path.join(folder, "notify")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.environment = {"NOTIFY_SOCKET": self.path, "WATCHDOG_USEC": str(WATCHDOG_S * 1000000)}

    def hear(self, seconds=2 * DEADLINE_S):
        """The next datagram, as a dict; None: nothing is said for so long."""
        readable, _, _ = select.select([self.socket], [], [], seconds)
        if not readable:
            return None
        text = self.socket.recv(4096).decode()
        return dict(line.split("=", 1) for line in text.split("\n"))

    def rest(self):
        """All that has been said by now."""
        return list(iter(lambda: self.hear(0), None))

    def until(self, name, text=""):
        """All that is said, up to the first with that name, and this in its value."""
        said = []
        while not said or name not in said[-1] or text not in said[-1][name]:
            heard = self.hear()
            assert heard, f"no {name} {text} after {said}"
            said.append(heard)
        return said


class Service(Case):
    @classmethod
    def setUpClass(cls):
        home = cls.folder()
        cls.manager = Manager(home)
        cls.addClassCleanup(cls.manager.socket.close)
        cls.op = Opd(home, "--simulate=2", environment=cls.manager.environment)
        cls.addClassCleanup(cls.op.stop)
        cls.op.wait_ready()

    def test_1_ready(self):
        ready = self.manager.hear()
        self.assertEqual(ready, {"READY": "1", "STATUS": f"on http://{self.op.address}"})

    def test_2_watchdog(self):
        before = time.monotonic()
        for _ in range(3):
            self.assertEqual(self.manager.until("WATCHDOG")[-1]["WATCHDOG"], "1")
        self.assertGreater(time.monotonic() - before, WATCHDOG_S / 2 * 1.9)  # not all the time

    def test_3_reload(self):
        self.op.process.send_signal(signal.SIGHUP)
        said = self.manager.until("READY")
        reloading = [heard for heard in said if heard.get("RELOADING") == "1"]
        self.assertEqual(len(reloading), 1)
        now = time.clock_gettime(time.CLOCK_MONOTONIC) * 1000000
        self.assertLess(0, int(reloading[0]["MONOTONIC_USEC"]))
        self.assertLess(int(reloading[0]["MONOTONIC_USEC"]), now)

    def named(self, name):
        """How often the log has missed that actor."""
        return len(re.findall(rf"source={name} .*was not done.*command=LOOK", self.op.stderr()))

    def test_4_a_stuck_actor(self):
        for name in ACTORS:
            with self.subTest(name):
                before = self.named(name)
                self.manager.rest()
                with Frozen(self.op.process.pid, name):
                    eventually(lambda n=name, b=before: self.named(n) > b, "it is missed")
                    # At most one look was under way, which all had answered when this one was stopped.
                    fed = [heard for heard in self.manager.rest() if "WATCHDOG" in heard]
                    self.assertLessEqual(len(fed), 1)
                recovered = self.manager.until("STATUS", f"on http://{self.op.address}")
                self.assertEqual(recovered[-1]["WATCHDOG"], "1")

    def test_5_stopping(self):
        self.op.process.send_signal(signal.SIGTERM)
        self.assertEqual(self.manager.until("STOPPING")[-1]["STOPPING"], "1")
        self.op.stop()
        self.assertIsNone(self.manager.hear(0))


class Start(Case):
    def test_a_start_that_fails(self):
        home = self.folder()
        manager = Manager(home)
        self.addCleanup(manager.socket.close)
        op = Opd(home, "--set=webhook/ca_file=/nonexistent", environment=manager.environment)
        eventually(lambda: op.process.poll() is not None, "the end")
        op.process.stdout.close()
        self.assertEqual(op.process.returncode, 1, op.stderr())
        self.assertNotIn("READY", str([manager.hear(0), manager.hear(0)]))


if __name__ == "__main__":
    main()
