"""test_package.py - the Debian package in a clean Debian: installed, used, upgraded, removed, purged

systemd runs there, so the unit is tried as it is: its sandbox, its watchdog, its user. A system call that the
unit's filter refuses ends opd here, though an operator's would go on with an error.

It needs root, debootstrap and a kernel that allows namespaces, and once a mirror of Debian: else it is skipped, and
says so.
"""

import glob
import os
import re
import shutil
import subprocess
import unittest

from frozen import Frozen
from harness import *
from machine import APT, Machine, Missing, base, why_not

VERSIONS = ["0.1.0", "0.1.1"]
ADDRESS = "127.0.0.1:8080"
DROP_IN = "/etc/systemd/system/opd.service.d/test.conf"
STRICT = "[Service]\nSystemCallErrorNumber=kill\nRestartSec=100ms\nLimitCORE=0\n"

CONFIGURATION = f"""\
store
    path = "/var/lib/op/data"
control
    socket = "/run/op/control.sock"
http
    listen = "{ADDRESS}"
limits
    send_second = 1000000
    start_phone_30s = 1000000
    read_minute = 1000000
webhook
    allow_http = true
    allow = "127.0.0.0/8"
"""
SIMULATED = CONFIGURATION + "simulate\n    modems = 2\n"
WITH_MODEM = CONFIGURATION + f"""\
modems
    modem = "/run/sim/modem0={SHARED},shared"
    modem = "/dev/ttyUSB9=+16175550101"
    modem = "/dev/ttyACM9=+16175550102"
    modem = "/dev/ttyS9=+16175550103"
"""


def build(folder, version):
    """The package that this build makes, as if it were of that version."""
    subprocess.run(
        ["cpack", "--config", os.environ["OP_CPACK_CONFIG"], "-B", folder,
         "-D", f"CPACK_PACKAGE_VERSION={version}"],
        check=True, capture_output=True, timeout=300,
    )  # fmt: skip
    (found,) = glob.glob(f"{folder}/op_{version}_*.deb")
    return found


class Served:
    """opd in the machine, as harness.Opd is to its callers."""

    address = ADDRESS

    def client(self, credential=None):
        return Client(ADDRESS, credential)


MISSING = why_not()


@unittest.skipIf(MISSING, f"skipped: {MISSING}")
class Package(Case):
    @classmethod
    def setUpClass(cls):
        folder = cls.folder()
        debs = [build(os.path.join(folder, version), version) for version in VERSIONS]
        try:
            cls.machine = Machine(base(debs[0]))
        except Missing as missing:
            raise unittest.SkipTest(f"skipped: {missing}") from missing
        cls.addClassCleanup(cls.machine.stop)
        for deb in debs:
            shutil.copy(deb, cls.machine.path("/root/"))
        cls.names = [f"/root/{os.path.basename(deb)}" for deb in debs]
        cls.machine.enter_network()
        cls.op, cls.carrier = Served(), Carrier(ADDRESS)

    def run(self, result=None):
        before = len(result.failures) + len(result.errors)
        result.failfast = True  # each step builds on those before it
        super().run(result)
        if len(result.failures) + len(result.errors) > before:
            print(self.machine.ask("journalctl", "--no-pager", "-n", "60", "-u", "opd"))

    # ---- What the steps share

    def show(self, name):
        return self.machine.ask("systemctl", "show", "-P", name, "opd").strip()

    def restart(self, configuration):
        self.machine.write("/etc/op/op.conf", configuration)
        self.machine.do("opd", "--config", "/etc/op/op.conf", "--check")
        self.machine.do("systemctl", "restart", "opd")

    def change_unit(self, text):
        self.machine.write(DROP_IN, text)
        self.machine.do("systemctl", "daemon-reload")

    def stat(self, path):
        return self.machine.ask("stat", "--format", "%U:%G %a", path).strip()

    def exists(self, path):
        return self.machine.within("test", "-e", path).returncode == 0

    def talk(self, carrier, agent, body):
        """A text each way."""
        phone = new_phone()
        message = send(agent, phone, body)
        self.assertEqual(settled(agent, message["id"])["status"], "sent")
        eventually(lambda: body in carrier.bodies(phone), "the text at the phone")
        carrier.text(phone, SHARED, f"re: {body}")
        eventually(lambda: f"re: {body}" in self.bodies(), "the answer")

    def bodies(self):
        return [message["body"] for message in self.agent.pages()]

    # ---- The steps, in their order

    def test_1_installs(self):
        self.assertFalse(self.exists("/usr/bin/opd"))
        self.machine.do(*APT, "install", self.names[0])
        self.assertEqual(self.show("ActiveState"), "active")
        self.assertEqual(self.machine.ask("systemctl", "is-enabled", "opd").strip(), "enabled")
        self.assertEqual(self.show("StatusText"), f"on http://{ADDRESS}")
        Client(ADDRESS, checked=False).get("/healthz").expect(200)
        for path, wanted in {
            "/etc/op": "root:op 750",
            "/etc/op/op.conf": "root:op 640",
            "/var/lib/op": "op:op 700",
            "/var/lib/op/data": "op:op 700",
            "/run/op/control.sock": "op:op 600",
        }.items():
            self.assertEqual(self.stat(path), wanted, path)
        self.assertEqual(self.machine.do("systemd-analyze", "verify", "--man=no", "opd.service"), "")
        self.machine.do("systemd-analyze", "security", "--threshold=20", "--no-pager", "opd.service")

    def test_2_has_a_page_for_each_program(self):
        files = self.machine.do("dpkg", "-L", "op").split()
        for program in (os.path.basename(file) for file in files if "/bin/" in file):
            pages = [file for file in files if f"/{program}." in file and "/man/" in file]
            self.assertEqual(len(pages), 1, program)
            self.assertTrue(self.exists(pages[0]), pages)
        self.assertIn("/usr/share/man/man5/op.conf.5.gz", files)
        self.assertIn("/lib/udev/rules.d/70-op-modems.rules", files)

    def test_3_runs_the_simulated_carrier(self):
        os.makedirs(self.machine.path(os.path.dirname(DROP_IN)))
        self.change_unit(STRICT)
        self.restart(SIMULATED)
        human = Account(self.op, self.carrier)
        number = human.number()[0]
        type(self).agent = human.mint(number)
        receiver = Receiver()
        self.addCleanup(receiver.close)
        url = receiver.url("/hook").replace("127.0.0.1", "localhost")  # a name is looked up
        hook = {"number_id": number, "url": url, "events": ["message.received", "message.sent"]}
        human.console.post("/console/webhooks", hook).expect(201)
        self.talk(self.carrier, self.agent, "from the package")
        receiver.wait("/hook", 2)
        status = self.machine.do("opctl", "--config", "/etc/op/op.conf", "status")
        for actor in ("rate", "auth", "webhook", "ledger", "modem"):
            self.assertIn(actor, status)
        self.machine.do("opctl", "--config", "/etc/op/op.conf", "backup", "/root/backup")

    def test_4_reloads(self):
        self.machine.do("systemctl", "reload", "opd")
        eventually(lambda: "configuration and keys were read again" in self.journal(), "the reload")
        eventually(lambda: self.show("ActiveState") == "active", "it serves")
        self.assertEqual(self.show("NRestarts"), "0")

    def journal(self):
        return self.machine.ask("journalctl", "--no-pager", "-u", "opd")

    def test_5_is_restarted_when_an_actor_hangs(self):
        self.change_unit(STRICT + "WatchdogSec=4\n")
        self.restart(SIMULATED)
        before = self.machine.outside(int(self.show("MainPID")))
        with Frozen(before, "ledger") as frozen:
            eventually(frozen.has_ended, "the watchdog has ended it")
        self.change_unit(STRICT)  # the next start is not watched so closely
        eventually(lambda: int(self.show("NRestarts")) > 0 and self.show("ActiveState") == "active",
                   "it serves again")  # fmt: skip
        self.restart(SIMULATED)
        self.assertIn("an actor hangs", self.journal())
        self.assertIn("watchdog timeout", self.journal().lower())
        self.assertIn("from the package", self.bodies())
        self.talk(self.carrier, self.agent, "after the watchdog")

    def test_6_reaches_a_tty(self):
        """One that belongs to the group dialout, as a modem's does."""
        self.machine.do("systemd-run", "--unit=carrier", "--setenv=HOME=/", "opsim", "--pty-dir",
                        "/run/sim", "--listen", "127.0.0.1:8090")  # fmt: skip
        eventually(lambda: self.exists("/run/sim/modem0"), "the modem")
        self.machine.do("chgrp", "dialout", "/run/sim/modem0")
        self.machine.do("chmod", "0660", "/run/sim/modem0")
        # And nodes without a device behind them: of modems, which may be plugged in later, and of what is none.
        for name, major in (("ttyUSB9", "188"), ("ttyACM9", "166"), ("ttyS9", "4")):
            self.machine.do("mknod", "--mode=660", f"/dev/{name}", "c", major, "73")
            self.machine.do("chgrp", "dialout", f"/dev/{name}")
        self.restart(WITH_MODEM)
        self.talk(Carrier("127.0.0.1:8090"), self.agent, "through a tty")
        for name, why in (("ttyUSB9", "No such device"), ("ttyACM9", "No such device"),
                          ("ttyS9", "Operation not permitted")):  # fmt: skip
            eventually(lambda n=name, w=why: re.search(rf"{w}.*device=/dev/{n}", self.journal()), name)

    def test_7_upgrades(self):
        before = self.show("MainPID")
        self.machine.do("dpkg", "--install", self.names[1])
        version = self.machine.do("dpkg-query", "-W", "-f", "${Version}", "op")
        self.assertEqual(version, VERSIONS[1])
        self.assertEqual(self.show("ActiveState"), "active")
        self.assertNotEqual(self.show("MainPID"), before)
        self.assertEqual(self.machine.do("cat", "/etc/op/op.conf"), WITH_MODEM)
        self.assertEqual(self.stat("/etc/op/op.conf"), "root:op 640")
        self.assertIn("from the package", self.bodies())
        self.talk(Carrier("127.0.0.1:8090"), self.agent, "after the upgrade")

    def test_8_removal_keeps_data(self):
        self.machine.do("dpkg", "--remove", "op")
        self.assertFalse(self.exists("/usr/bin/opd"))
        self.assertNotEqual(self.show("ActiveState"), "active")
        self.assertEqual(self.stat("/var/lib/op/data"), "op:op 700")
        self.assertTrue(self.exists("/etc/op/op.conf"))
        self.machine.do("dpkg", "--install", self.names[1])
        self.assertEqual(self.show("ActiveState"), "active")
        self.assertIn("after the upgrade", self.bodies())
        self.assertNotIn("status=31/SYS", self.journal())  # no system call was refused

    def test_9_purge_deletes_it(self):
        self.machine.do("dpkg", "--purge", "op")
        for path in ("/var/lib/op", "/etc/op", "/usr/bin/opd", "/usr/share/op", "/run/op"):
            self.assertFalse(self.exists(path), path)
        links = self.machine.ask("find", "/etc/systemd", "/var/lib/systemd", "-name", "opd.service*")
        self.assertEqual(links.replace(os.path.dirname(DROP_IN), "").strip(), "")
        self.assertTrue(self.exists("/root/backup"))  # the operator's own
        self.assertIn("op:", self.machine.do("getent", "passwd", "op"))


if __name__ == "__main__":
    main()
