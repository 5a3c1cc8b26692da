"""opctl against a running opd: every command, by what it says and by what it does."""

import json
import os
import re
import socket
import stat
import subprocess
import threading
import unittest

from harness import *


def opctl(data, *arguments, code=0, full=False):
    """What it prints; fails unless it ends with this code."""
    path = os.path.join(os.path.dirname(program("opd")), "opctl")
    flags = ["--data", data] + (["--full"] if full else [])
    done = subprocess.run(
        [path, *flags, *arguments], capture_output=True, text=True, timeout=2 * DEADLINE_S
    )
    assert done.returncode == code, (arguments, done.returncode, done.stdout, done.stderr)
    assert (code == 0) == (done.stderr == ""), done.stderr
    return done.stdout if code == 0 else done.stderr


class OpctlCase(Case):
    """A server with a shared number and two others."""

    @classmethod
    def setUpClass(cls):
        cls.here = cls.folder()
        cls.data = os.path.join(cls.here, "data")

    @classmethod
    def start(cls, data):
        cls.op = Opd(cls.here, "--simulate=3", *WIDE, data=data)
        cls.addClassCleanup(cls.op.stop)
        cls.op.wait_ready()
        cls.carrier = Carrier(cls.op.address)

    def ask(self, *arguments, code=0):
        """The answers as JSON, phones and texts in full."""
        said = opctl(self.data, "--json", *arguments, code=code, full=True)
        if code:
            return said
        return json.loads(said)  # one document

    def account(self):
        return Account(self.op, self.carrier)


class Commands(OpctlCase):
    """All tests use one server; each leaves its numbers free."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.start(cls.data)

    def test_status(self):
        self.account()
        status = self.ask("status")
        self.assertEqual(status["pid"], self.op.process.pid)
        actors = {actor["name"]: actor for actor in status["actors"]}
        self.assertEqual(set(actors), {"auth", "rate", "ledger", "modem", "webhook"})
        self.assertTrue(all(actor["turns"] > 0 and not actor["failed"] for actor in actors.values()))
        links = {(link["from"], link["to"]): link for link in status["links"]}
        self.assertGreater(links["auth", "modem"]["told"], 0)
        self.assertEqual([line["state"] for line in status["lines"]], ["up"] * 3)
        self.assertEqual(status["lines"][0]["number"], SHARED)
        table = opctl(self.data, "status")
        self.assertRegex(table, r"(?m)^ +ledger +no ")
        self.assertNotIn(SHARED, table)

    def test_lines(self):
        lines = self.ask("lines")["lines"]
        self.assertEqual(len(lines), 3)
        self.assertEqual((lines[0]["number"], lines[0]["state"]), (SHARED, "up"))
        self.assertTrue(lines[0]["registered"] and lines[0]["service_centre"])
        self.assertRegex(lines[0]["imei"], r"^\d{15}$")
        shown = opctl(self.data, "lines")
        self.assertRegex(shown, rf"(?m)^imei +{lines[0]['imei'][-4:]}$")
        self.assertRegex(shown, r"(?m)^state +up$")
        self.assertNotIn(SHARED, shown)

    def test_quarantine(self):
        self.carrier.turn(SHARED, malformed_next=1, malformed_form="truncated")
        self.carrier.text(new_phone(), SHARED, "cut off on its way")
        kept = eventually(lambda: self.ask("quarantine")["data"], "it is kept")
        self.assertEqual(kept[0]["line"], SHARED)
        self.assertTrue(kept[0]["reason"] and kept[0]["pdu"])
        self.assertNotIn(kept[0]["pdu"], opctl(self.data, "quarantine"))

    def test_who_may_ask(self):
        path = os.path.join(self.data, "control.sock")
        self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o600)
        self.ask("numbers", "list")
        eventually(
            lambda: re.search(rf"source=control.* uid={os.getuid()} pid=\d+ step=ledger.pool", self.op.stderr()),
            "the log of the call",
        )

    def test_garbage_on_the_socket(self):
        for junk in (b"\xff\xff\xff\xff", b"\x00\x00\x00\x05hello", b"GET / HTTP/1.1\r\n\r\n"):
            with socket.socket(socket.AF_UNIX) as end:
                end.settimeout(DEADLINE_S)
                end.connect(os.path.join(self.data, "control.sock"))
                end.sendall(junk)
                end.shutdown(socket.SHUT_WR)
                self.assertEqual(end.recv(10), b"")
        self.ask("status")

    def test_exit_codes_and_help(self):
        self.assertIn("ACCOUNT", opctl(self.data, "--help"))
        for wrong in ([], ["nonsense"], ["accounts", "show"], ["accounts", "show", "x"],
                      ["accounts", "erase", new_phone()], ["--nonsense"]):
            opctl(self.data, *wrong, code=2)
        self.assertIn("not_found", opctl(self.data, "accounts", "show", new_phone(), code=1))
        self.assertIn("cannot reach", opctl(self.here, "status", code=3))

    def test_completion(self):
        script = opctl(self.data, "completion") + (
            "COMP_WORDS=(opctl --json numbers s); COMP_CWORD=3; _opctl; echo ${COMPREPLY[@]}\n"
            "COMP_WORDS=(opctl ba); COMP_CWORD=1; _opctl; echo ${COMPREPLY[@]}\n"
            "COMP_WORDS=(opctl host --dir x ''); COMP_CWORD=4; _opctl; echo ${COMPREPLY[@]}\n"
            "COMP_WORDS=(opctl key); COMP_CWORD=1; _opctl; echo ${COMPREPLY[@]} | tr ' ' '\\n' | sort\n"
            "COMP_WORDS=(opctl --ro); COMP_CWORD=1; _opctl; echo ${COMPREPLY[@]}\n"
        )
        said = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=60)
        self.assertEqual((said.stdout, said.stderr), ("share\nbackup\nadd remove list\nkeygen\nkeys\n--rotate\n", ""))

    def test_numbers(self):
        def numbers():
            return {n["e164"]: n for n in self.ask("numbers", "list")["numbers"]}

        self.assertEqual([n["shared"] for n in numbers().values()].count(True), 1)
        masked = opctl(self.data, "numbers", "list")
        self.assertNotIn(SECOND, masked)
        self.assertIn("+1********33", masked)
        agent = self.account()
        self.assertTrue(self.ask("numbers", "share", SECOND)["shared"])
        agent.console.post(f"/console/numbers/{numbers()[SECOND]['id']}/lease").expect_error(
            409, "number_unavailable")
        self.assertFalse(self.ask("numbers", "unshare", SECOND)["shared"])
        number = self.ask("numbers", "move", SECOND, agent.phone)
        self.assertEqual(number["account"], agent.opened["user"]["id"])
        mine = agent.console.get("/console/numbers/mine").expect(200)["numbers"]
        self.assertEqual([n["e164"] for n in mine], [SECOND])
        self.assertIn("number_unavailable", self.ask("numbers", "share", SECOND, code=1))
        other = self.account()
        self.ask("numbers", "move", SECOND, agent.phone)  # who has it
        self.assertIn("--yes", self.ask("numbers", "move", SECOND, other.phone, code=2))
        self.ask("numbers", "move", SECOND, other.phone, "--yes")
        self.assertEqual(agent.console.get("/console/numbers/mine").expect(200)["numbers"], [])
        for name in (SECOND, numbers()[SECOND]["id"]):
            self.assertIn("--yes", self.ask("numbers", "retire", name, code=2))
        self.assertTrue(self.ask("numbers", "retire", SECOND, "--yes")["retired"])
        self.assertEqual(other.console.get("/console/numbers/mine").expect(200)["numbers"], [])
        free = agent.console.get("/console/numbers/available").expect(200)["numbers"]
        self.assertNotIn(SECOND, [n["e164"] for n in free])
        self.assertIn("number_unavailable", self.ask("numbers", "move", SECOND, agent.phone, code=1))
        self.assertFalse(self.ask("numbers", "add", SECOND)["retired"])
        free = agent.console.get("/console/numbers/available").expect(200)["numbers"]
        self.assertIn(SECOND, [n["e164"] for n in free])
        self.assertIn("not_found", self.ask("numbers", "share", "+16176089999", code=1))

    def test_suspended_and_resumed(self):
        agent = self.account()
        key = agent.mint(agent.number()[0])
        send(key, agent.phone, "before")
        self.assertFalse(self.ask("accounts", "show", agent.phone)["suspended"])
        self.assertTrue(self.ask("accounts", "suspend", agent.phone)["suspended"])
        for refused in (agent.console.get("/console/numbers/mine"), key.get("/v1/number")):
            self.assertIn("suspended", refused.expect_error(401, "unauthenticated").body.decode())
        self.carrier.text(agent.phone, SHARED, "while suspended")
        account = agent.opened["user"]["id"]
        self.assertFalse(self.ask("accounts", "resume", account)["suspended"])
        self.assertEqual(received(key)[0]["body"], "while suspended")
        agent.console.get("/console/numbers/mine").expect(200)

    def test_sessions_and_keys(self):
        agent = self.account()
        key = agent.mint(agent.number()[0])
        sessions = self.ask("sessions", "list", agent.phone)["sessions"]
        keys = self.ask("keys", "list", agent.phone)["api_keys"]
        self.assertEqual((len(sessions), len(keys)), (1, 1))
        self.ask("keys", "revoke", agent.phone, keys[0]["id"])
        key.get("/v1/number").expect_error(401, "unauthenticated")
        self.assertIn("not_found", self.ask("keys", "revoke", agent.phone, keys[0]["id"], code=1))
        self.ask("sessions", "revoke", agent.phone, sessions[0]["id"])
        agent.console.get("/console/numbers/mine").expect_error(401, "unauthenticated")
        self.assertEqual(self.ask("sessions", "list", agent.phone)["sessions"], [])

    def test_erased(self):
        agent, other = self.account(), self.account()
        key, others = agent.mint(agent.number()[0]), other.mint(other.number()[0])
        mine = send(key, new_phone(), "to be forgotten")
        kept = send(others, new_phone(), "to be kept")
        agent.lease()
        settled(key, mine["id"])
        settled(others, kept["id"])
        self.ask("messages", "show", mine["id"])
        self.ask("accounts", "erase", agent.phone, "--yes")
        key.get("/v1/number").expect_error(401, "unauthenticated")
        agent.console.get("/console/numbers/mine").expect_error(401, "unauthenticated")
        self.assertIn("not_found", self.ask("accounts", "show", agent.phone, code=1))
        path = os.path.join(os.path.dirname(program("opd")), "opctl")

        def gone():
            return subprocess.run([path, "--data", self.data, "messages", "show", mine["id"]],
                                  capture_output=True, timeout=2 * DEADLINE_S).returncode == 1

        eventually(gone, "the message is forgotten")
        eventually(lambda: not any(n["account"] for n in self.ask("numbers", "list")["numbers"]),
                   "the lease has ended")
        self.assertEqual(self.ask("messages", "show", kept["id"])["message"]["body"], "to be kept")
        again = Account(self.op, self.carrier, agent.phone)
        self.assertTrue(again.opened["user"]["created"])
        self.assertNotEqual(again.opened["user"]["id"], agent.opened["user"]["id"])

    def test_messages_and_webhooks(self):
        receiver = Receiver(echo=True)
        self.addCleanup(receiver.close)
        agent = self.account()
        number = agent.number()[0]
        key = agent.mint(number)
        webhook = agent.console.post("/console/webhooks", {
            "number_id": number, "url": receiver.url("/hook"), "events": ["message.sent"],
        }).expect(201)
        message = send(key, agent.phone, "follow me")
        settled(key, message["id"])
        receiver.wait("/hook")

        def delivered():
            said = self.ask("messages", "follow", message["id"])
            return said if said["webhook"] and said["webhook"]["state"] == "delivered" else None

        said = eventually(delivered, "the webhook actor knows of the delivery")
        self.assertEqual(said["ledger"]["message"]["body"], "follow me")
        self.assertIsNone(said["modem"])
        shown = opctl(self.data, "messages", "show", message["id"])
        self.assertNotIn("follow me", shown)
        self.assertNotIn(agent.phone, shown)
        hooks = self.ask("webhooks", "list", agent.phone)["webhooks"]
        self.assertEqual([hook["id"] for hook in hooks], [webhook["id"]])
        log = self.ask("webhooks", "deliveries", agent.phone, webhook["id"])["data"]
        self.assertEqual([entry["state"] for entry in log], ["delivered"])
        table = opctl(self.data, "webhooks", "deliveries", agent.phone, webhook["id"])
        self.assertRegex(table, r"(?m)^ +attempts\n +\w.* {2,}status")
        self.assertNotIn("{", table)
        # What the receiver said, who repeats what it is told: as any other text.
        self.assertIn("follow me", log[0]["attempts"][0]["answer"])
        self.assertNotIn("follow me", table)
        self.assertRegex(table, r"\(\d+ characters\)")
        off = self.ask("webhooks", "disable", agent.phone, webhook["id"])
        self.assertFalse(off["enabled"])
        self.assertTrue(self.ask("webhooks", "enable", agent.phone, webhook["id"])["enabled"])

    def test_unclaimed(self):
        stranger = new_phone()
        self.carrier.text(stranger, SHARED, "hello, anybody?")
        texts = eventually(lambda: self.ask("unclaimed", "list")["texts"], "the text is kept")
        self.assertEqual((texts[0]["from"], texts[0]["body"]), (stranger, "hello, anybody?"))
        self.assertNotIn(stranger, opctl(self.data, "unclaimed", "list"))
        self.assertEqual(self.ask("unclaimed", "show", texts[0]["id"]), texts[0])
        self.assertIn("--yes", self.ask("unclaimed", "delete", texts[0]["id"], code=2))
        self.ask("unclaimed", "delete", texts[0]["id"], "--yes")
        self.assertEqual(self.ask("unclaimed", "list")["texts"], [])
        self.assertIn("not_found", self.ask("unclaimed", "delete", texts[0]["id"], "--yes", code=1))

    def test_more_than_a_page_is_one_document(self):
        wanted = {f"nobody's {i}" for i in range(105)}
        for body in sorted(wanted):
            self.carrier.text(new_phone(), SHARED, body)
        texts = eventually(
            lambda: (lambda all: all if len(all) >= len(wanted) else None)(self.ask("unclaimed", "list")["texts"]),
            "all are kept",
        )
        self.assertLessEqual(wanted, {text["body"] for text in texts})
        for text in texts:
            self.ask("unclaimed", "delete", text["id"], "--yes")



class Hosts(Case):
    """keygen and host work on folders, without a server."""

    def setUp(self):
        self.here = self.folder()

    def ask(self, *arguments, code=0):
        said = opctl(self.here, "--json", *arguments, code=code)
        return said if code else json.loads(said)

    def path(self, *names):
        return os.path.join(self.here, *names)

    def test_as_json_with_options_anywhere(self):
        core, radio = self.path("core"), self.path("radio")
        ours, theirs = self.ask("keygen", core), self.ask("keygen", radio)
        self.assertEqual(ours["certificate"], self.path("core", "host.cert"))
        row = {"name": "radio", "actors": ["modem", "modem-2"], "key": theirs["key"]}
        self.assertEqual(
            self.ask("host", "--dir", core, "add", "--key", theirs["certificate"], "radio",
                     "--actors", "modem,modem-2"), row)
        self.assertEqual(self.ask("host", "list", "--dir", core), {"hosts": [row]})
        self.assertIn(f"radio  modem,modem-2  {theirs['key']}", opctl(self.here, "host", "list", "--dir", core))
        self.assertEqual(self.ask("host", "remove", "radio", "--dir", core), {})
        self.assertEqual(self.ask("host", "list", "--dir", core), {"hosts": []})

    def test_a_pair_is_replaced_when_asked_for(self):
        core = self.path("core")
        before = self.ask("keygen", core)["key"]
        self.assertIn("--rotate", self.ask("keygen", core, code=1))
        self.assertNotEqual(self.ask("keygen", "--rotate", core)["key"], before)
        with open(self.path("core", "host.cert_secret.old"), encoding="utf-8") as old:
            self.assertIn(before, old.read())

    def test_what_the_other_side_needs(self):
        core, radio = self.path("core"), self.path("radio")
        self.ask("keygen", core)
        file = self.ask("keygen", radio)["certificate"]
        add = ["host", "add", "radio", "--actors", "modem", "--key", file]
        said = opctl(self.here, *add, "--dir", core)
        self.assertIn("for ACTORS what runs here (actors/run)", said)
        config = self.path("op.conf")
        with open(config, "w", encoding="utf-8") as out:
            out.write('actors\n    run = "http,rate,auth,webhook,ledger"\n'
                      f'link\n    listen = "tcp://10.0.0.1:7001"\n    keys = "{core}"\n')
        said = opctl(self.here, "--config", config, *add)
        self.assertIn("--actors http,rate,auth,webhook,ledger --key host.cert", said)
        self.assertIn("tcp://10.0.0.1:7001", said)
        self.assertIn(f"{core}/host.cert", said)
        self.assertNotIn("ACTORS", said)


class Erased(OpctlCase):
    """A server of its own, because it is stopped."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.start(cls.data)

    def on_disk(self, *wanted):
        """Which of these stand in any of the store's files."""
        found = set()
        for name in os.listdir(self.data):
            path = os.path.join(self.data, name)
            if os.path.isfile(path):
                with open(path, "rb") as file:
                    content = file.read()
                found |= {one for one in wanted if one.encode() in content}
        return found

    def test_nothing_is_readable_after_it(self):
        agent, other = self.account(), self.account()
        key, others = agent.mint(agent.number()[0]), other.mint(other.number()[0])
        sent, kept = "zebra-sent-7f3a9", "zebra-kept-51c0d"
        settled(key, send(key, new_phone(), sent)["id"])
        settled(others, send(others, new_phone(), kept)["id"])
        everything = (agent.phone, sent, other.phone, kept)
        self.assertEqual(self.on_disk(*everything), set(everything))
        self.ask("accounts", "erase", agent.phone, "--yes")
        self.op.stop()
        self.assertEqual(self.on_disk(*everything), {other.phone, kept})


class Backups(OpctlCase):
    """One server after the other."""

    def setUp(self):
        self.here = self.folder()
        self.data = os.path.join(self.here, "data")
        self.start(self.data)

    def test_backup_under_load(self):
        """Every message that was acknowledged before the backup began is in it, and the restored
        server runs on."""
        agent = self.account()
        key = agent.mint(agent.number()[0])
        acknowledged, stop = [], threading.Event()

        def load():
            mine = self.op.client(key.credential)
            while not stop.is_set():
                acknowledged.append(send(mine, new_phone(), f"number {len(acknowledged)}")["id"])

        thread = threading.Thread(target=load)
        thread.start()
        try:
            eventually(lambda: len(acknowledged) >= 20, "some load")
            before = list(acknowledged)
            file = os.path.join(self.here, "backup")
            facts = self.ask("backup", file)
            eventually(lambda: len(acknowledged) > len(before), "the load goes on")
        finally:
            stop.set()
            thread.join()
        self.assertGreater(facts["rows"], len(before))
        self.assertEqual(stat.S_IMODE(os.stat(file).st_mode), 0o600)
        self.assertEqual(self.ask("check", file), facts)
        self.assertIn("is there already", self.ask("backup", file, code=1))
        self.op.stop()
        opctl(self.data, "check", self.data)

        restored = os.path.join(self.here, "restored")
        said = json.loads(opctl(restored, "--json", "restore", file))
        self.assertEqual(said, facts)
        self.assertIn("not empty", opctl(restored, "restore", file, code=1))
        self.start(restored)
        key = self.op.client(key.credential)
        there = {message["id"] for message in key.pages()}
        self.assertLessEqual(set(before), there)
        settled(key, send(key, agent.phone, "it runs on")["id"])

    def test_damage_is_refused(self):
        file, other = os.path.join(self.here, "backup"), os.path.join(self.here, "other")
        self.account()
        self.ask("backup", file)
        with open(file, "rb") as whole:
            content = whole.read()
        restored = os.path.join(self.here, "restored")
        for damaged in (
            content[: len(content) // 2] + bytes([content[len(content) // 2] ^ 1])
            + content[len(content) // 2 + 1 :],
            content[:-1],
            content + b"\0",
            b"",
        ):
            with open(other, "wb") as out:
                out.write(damaged)
            opctl(self.data, "check", other, code=1)
            opctl(restored, "restore", other, code=1)
            self.assertFalse(os.path.exists(restored))
            self.assertFalse(os.path.exists(restored + ".partial"))

    def test_a_running_store_is_not_touched(self):
        self.assertIn("in use", opctl(self.data, "check", self.data, code=1))
        self.assertIn("in use", opctl(self.data, "store", "repair-open", "--yes", code=1))
        self.ask("drain")
        self.op.stop()  # which it does by itself, with exit code 0
        self.assertFalse(os.path.exists(os.path.join(self.data, "control.sock")))
        self.assertIn("as it is", opctl(self.data, "store", "repair-open", "--yes"))


if __name__ == "__main__":
    main()
