"""test_split_store.py - a host of several loses its store, or gets it back from a backup: the others go on with it"""

import os
import shutil

from harness import *
from split import cli
from test_split import Split


class Stores(Split):
    def all_sent(self, agent, bodies):
        """Accepts these texts, and sees each of them sent, and once at the phone."""
        phone = new_phone()
        ids = [send(agent, phone, body)["id"] for body in bodies]
        for message in ids:
            self.assertEqual(settled(agent, message)["status"], "sent")
        self.assertEqual(sorted(self.carrier.bodies(phone)), sorted(bodies))
        return phone

    def heard(self, agent, phone, body):
        self.carrier.text(phone, SHARED, body)
        eventually(
            lambda: body in [m["body"] for m in received(agent)], f"{body!r} is listed"
        )

    def test_the_ledger_is_restored(self):
        system = self.three_hosts()
        system.up()
        human = self.account(system)
        agent = human.mint(human.number()[0])
        phone = self.all_sent(agent, [f"before {n}" for n in range(3)])
        backup = os.path.join(self.folder(), "core.backup")
        cli("--data", system.data("core"), "backup", backup)
        self.all_sent(agent, [f"since {n}" for n in range(8)])  # the backup does not know of these
        self.heard(agent, phone, "since, too")
        system.hosts["core"].stop()
        shutil.rmtree(system.data("core"))
        cli("--data", system.data("core"), "restore", backup)
        system.up()
        self.account(system)  # the lines are known to be up
        self.all_sent(agent, [f"after {n}" for n in range(3)])
        self.heard(agent, phone, "back again")
        system.says("core", "this store is a new or a restored one")
        system.says("radio", "a peer's store is a new or a restored one")
        system.stop()

    def test_the_modems_host_begins_anew(self):
        system = self.three_hosts()
        system.up()
        human = self.account(system)
        agent = human.mint(human.number()[0])
        phone = self.all_sent(agent, [f"before {n}" for n in range(5)])
        system.hosts["radio"].stop()
        shutil.rmtree(system.data("radio"))
        system.up()
        self.account(system)
        self.all_sent(agent, [f"after {n}" for n in range(3)])
        self.heard(agent, phone, "and back")
        system.says("core", "a peer's store is a new or a restored one")
        system.stop()


if __name__ == "__main__":
    main()
