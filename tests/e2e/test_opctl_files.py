"""test_opctl_files.py - opctl on files that no server has open: stores, backups, keys"""

import glob
import os
import shutil
import unittest

from harness import *
from test_opctl import OpctlCase, opctl

NOBODY = 65534


def damage_end(data):
    """Ruins the end of the log, as a power cut may."""
    log = max(glob.glob(os.path.join(data, "*.log")), key=os.path.getsize)
    with open(log, "r+b") as file:
        file.seek(os.path.getsize(log) * 9 // 10)
        file.write(bytes(40))


class Files(OpctlCase):
    """The store of a server that was cut off, and a backup of it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.start(cls.data)
        Account(cls.op, cls.carrier)
        cls.backup = os.path.join(cls.here, "backup")
        opctl(cls.data, "backup", cls.backup)
        cls.op.kill()

    @unittest.skipUnless(os.geteuid() == 0, "only root writes as somebody else")
    def test_root_writes_as_the_owner(self):
        """Whose folder it is can read all that root has made in it; the backup is root's."""
        here = self.folder()
        service = os.path.join(here, "service")
        os.mkdir(service)
        os.chown(service, NOBODY, NOBODY)
        restored, damaged, keys, fresh = (
            os.path.join(service, name) for name in ("restored", "damaged", "keys", "new")
        )
        opctl(restored, "restore", self.backup)
        opctl(restored, "check", restored)
        opctl(fresh, "check", service)  # a store is made of a folder that has none
        shutil.copytree(self.data, damaged, ignore=shutil.ignore_patterns("*.sock"))
        for path in (damaged, *glob.glob(os.path.join(damaged, "*"))):
            os.chown(path, NOBODY, NOBODY)
        damage_end(damaged)
        self.assertIn("dropped", opctl(damaged, "store", "repair-open", "--yes"))
        opctl(here, "keygen", keys)
        opctl(here, "keygen", "--rotate", keys)
        opctl(here, "keygen", os.path.join(here, "peer"))
        certificate = os.path.join(here, "peer", "host.cert")
        os.chmod(certificate, 0o600)
        opctl(here, "host", "add", "radio", "--actors=modem", f"--key={certificate}", f"--dir={keys}")
        owners = {
            os.path.join(folder, name): os.lstat(os.path.join(folder, name)).st_uid
            for folder, folders, files in os.walk(service)
            for name in folders + files
        }
        self.assertGreater(len(owners), 20)
        self.assertEqual({path: uid for path, uid in owners.items() if uid != NOBODY}, {})
        self.assertEqual(os.stat(os.path.join(here, "peer")).st_uid, 0)

    def test_a_missing_folder_is_named(self):
        missing = os.path.join(self.folder(), "no")
        wanted = f"opctl: {missing}: No such file or directory\n"
        inside = os.path.join(missing, "one")
        self.assertEqual(opctl(inside, "restore", self.backup, code=1), wanted)
        self.assertEqual(opctl(self.data, "keygen", inside, code=1), wanted)
        self.assertEqual(opctl(self.data, "backup", inside, code=1), wanted)

    def test_what_is_asked_wrongly(self):
        agent = new_phone()
        for arguments, sorry in (
            (("webhooks", "enable", agent, "foo"), '"foo" is no id'),
            (("webhooks", "deliveries", agent, "foo"), '"foo" is no id'),
            (("sessions", "revoke", agent, "foo"), '"foo" is no id'),
            (("keys", "revoke", agent, "foo"), '"foo" is no id'),
            (("unclaimed", "delete", "foo", "--yes"), '"foo" is no id'),
            (("unclaimed", "show", "foo"), '"foo" is no id'),
            (("--rotate", "status"), "--rotate is an option of keygen"),
            (("host", "list", "--key=x"), "--key is an option of host add"),
            (("keygen", "keys", "--dir=x"), "--dir is an option of host"),
        ):
            with self.subTest(arguments):  # no server is asked
                self.assertEqual(opctl(self.data, *arguments, code=2), f"opctl: {sorry}\n")


if __name__ == "__main__":
    main()
