"""test_peers.py - the simulated modems are modems to programs that others wrote

Each test has a carrier (opsim) and a program that knows nothing of it; what the program says it did is
looked for at the simulated phones, and what the phones do is looked for in the program.

    python3 -B tests/peers/test_peers.py OPD OPSIM [Gammu|Smstools|ModemManager]

Ends with 77, and says why, where the program is not installed (tools/setup --with-tests does that).
"""

import concurrent.futures
import os
import re
import sys

import peers
from harness import SHARED, Carrier, Case, Opsim, eventually, main, new_phone

FAMILIES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "modems")
UNICODE = "Grüße aus Köln: 你好, привет 😀"
LONG = "".join(f"{n:03} bottles of beer, " for n in range(20)).strip()  # 400 characters: three parts


class Peers(Case):
    def carrier(self, modems, *arguments):
        self.home = self.folder()
        self.sim = Opsim(self.home, modems, *arguments)
        self.addCleanup(self.sim.stop)
        self.sim.wait_ready()
        return Carrier(self.sim.address)

    def started(self, peer):
        self.addCleanup(peer.kill)
        peer.start()
        return peer

    def arrives(self, carrier, phone, *bodies):
        """The phone gets these, and nothing else."""
        found = eventually(
            lambda: carrier.inbox(phone)[len(bodies) - 1 :] and carrier.inbox(phone), "the texts"
        )
        self.assertEqual([text["body"].rstrip("\n") for text in found], list(bodies))


class Gammu(Peers):
    peer = peers.Gammu

    def test_gammu(self):
        carrier, phone = self.carrier(1), new_phone()
        gammu = peers.Gammu(os.path.join(self.home, "gammu"), self.sim.tty(0))
        said = gammu.do_all(
            "identify",
            "networkinfo",
            f'sendsms TEXT {phone} -text "plain words"',
            f'sendsms TEXT {phone} -unicode -text "{UNICODE}"',
            f'sendsms TEXT {phone} -autolen 500 -text "{LONG}"',
        )
        self.assertRegex(said, r"IMEI +: \d{15}\n(.*\n)*SIM IMSI +: 310170\d{9}")
        self.assertIn("home network", said)
        self.arrives(carrier, phone, "plain words", UNICODE, LONG)

        for body in ("first", UNICODE, LONG):
            carrier.text(phone, SHARED, body)
        # geteachsms is getallsms with parts joined.
        said = gammu.do_all("getallsms", "geteachsms", "deleteallsms 1", "getallsms")
        self.assertIn("5 SMS parts in 5 SMS sequences", said)
        self.assertIn("5 SMS parts in 3 SMS sequences", said)
        for body in ("first", UNICODE, LONG):
            self.assertIn(body, said)
        self.assertIn("0 SMS parts in 0 SMS sequences", said)


class Smstools(Peers):
    peer = peers.Smstools

    def test_smstools(self):
        carrier, phone = self.carrier(1), new_phone()
        smsd = self.started(peers.Smstools(os.path.join(self.home, "smstools"), self.sim.tty(0)))
        smsd.send(phone, "plain")
        self.arrives(carrier, phone, "plain")
        report = re.compile(rf"From: {phone[1:]}\n(.*\n)*Status: 0,Ok")
        eventually(lambda: report.search(smsd.box("report")), "the report")
        smsd.send(phone, LONG)
        self.arrives(carrier, phone, "plain", LONG)

        for body in ("first", LONG):
            carrier.text(phone, SHARED, body)
        received = eventually(
            lambda: all(body in smsd.received() for body in ("first", LONG)) and smsd.received(),
            "both texts",
        )
        self.assertEqual(received.count(f"From: {phone[1:]}\n"), 2)
        # It deletes what it has read.
        eventually(
            lambda: carrier.count(SHARED, "deleted") == carrier.count(SHARED, "stored"), "room"
        )


class ModemManager(Peers):
    """Modems of several makers under the makers' plugins, and one under the plugin for all others. All
    at once, because ModemManager takes seconds to get to know one."""

    peer = peers.ModemManager
    # plugin: family. Of those behind the first two it asks for direct reports, as their makers' modems
    # advertise and then refuse; after that it does not ask for announcements of texts any more.
    families = {
        "generic": None,
        "telit": "telit",
        "quectel": "quectel",
        "sierra": "sierra",
        "simtech": "simcom",
        "zte": "zte",
    }
    receiving = ("generic", "telit")

    def scenario(self):
        plain = os.path.join(self.folder(), "plain.txt")
        with open(plain, "w", encoding="ascii") as family:
            family.write("name = plain\n")
        files = [os.path.join(FAMILIES, f"{f}.txt") if f else plain for f in self.families.values()]
        return f"--scenario={','.join(files)}"

    def test_modem_manager(self):
        carrier = self.carrier(len(self.families), self.scenario())
        modems = [(plugin, plugin, self.sim.tty(i)) for i, plugin in enumerate(self.families)]
        manager = self.started(peers.ModemManager(os.path.join(self.home, "mm"), modems))
        found = eventually(
            lambda: (now := manager.found()).keys() == self.families.keys() and now, "all modems"
        )
        numbers = [modem["number"] for modem in carrier.client.get("/sim/modems").json["data"]]
        for (plugin, _, _), number in zip(modems, numbers):
            path = found[plugin]
            self.assertRegex(manager.mmcli("-m", path), rf"plugin: {plugin}\n")
        with concurrent.futures.ThreadPoolExecutor(len(modems)) as pool:
            drives = [
                pool.submit(self.drive, manager, plugin, found[plugin], number, new_phone())
                for (plugin, _, _), number in zip(modems, numbers)
            ]
            for drive in drives:
                drive.result()

    def drive(self, manager, plugin, path, number, phone):
        carrier = Carrier(self.sim.address)  # a thread's own
        manager.mmcli("-m", path, "--enable")
        self.assertRegex(manager.mmcli("-m", path), r"equipment id: \d{15}\n")
        text = f"--messaging-create-sms=number='{phone}',text='{UNICODE}'"
        made = manager.mmcli("-m", path, text)
        manager.mmcli("-s", re.search(r"/org/\S+/SMS/\d+", made).group(), "--send")
        self.arrives(carrier, phone, UNICODE)
        if plugin in self.receiving:
            # Of several announcements at once it follows one: a long text would stay incomplete.
            carrier.text(phone, number, UNICODE)
            wanted = (phone, UNICODE, "received")
            eventually(lambda: wanted in manager.texts(path), f"the text at {plugin}")


if __name__ == "__main__":
    if len(sys.argv) > 3 and (lacking := globals()[sys.argv[3].split(".")[0]].peer.missing()):
        print(f"skipped: {', '.join(lacking)} not installed")
        sys.exit(77)
    main()
