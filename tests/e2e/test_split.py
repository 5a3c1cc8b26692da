"""test_split.py - one OP in three processes: over ipc and over tcp with keys, killed, cut, misled"""

import json
import os

import test_kill
from harness import *
from split import System, cli
from test_metrics import Scrapes

HOOKS = ["--set=webhook/allow_http=true", "--set=webhook/allow=127.0.0.1"]


class Split(Case):
    """A system of three hosts, and a carrier with two modems at the one called radio."""

    def three_hosts(self, **how):
        home = self.folder()
        sim = Opsim(home, 2)
        self.addCleanup(sim.stop)
        sim.wait_ready()
        self.carrier = Carrier(sim.address)
        self.sim = sim
        system = System(home, arguments=[*WIDE, *HOOKS], **how)
        self.addCleanup(system.kill)
        system.extra["radio"] = [
            f"--modem={sim.tty(0)}={SHARED},shared",
            f"--modem={sim.tty(1)}={SECOND}",
        ]
        return system

    def account(self, system):
        """Once a line is up, which the ledger may hear a moment after all are ready."""

        def ready():
            answer = system.front.client().post("/auth/start", {"phone": new_phone()})
            return answer.status == 200

        eventually(ready, "a line is up")
        human = Account(system.front, self.carrier)

        def all_there():
            numbers = human.console.get("/console/numbers/available").expect(200)["numbers"]
            return len(numbers) == 2

        eventually(all_there, "both lines are up")
        return human


class Flow(Split):
    def walk(self, system):
        """Sign-up, a text each way, an event at a webhook: every actor has had its part."""
        system.up()
        human = self.account(system)
        agent = human.mint(human.number()[0])
        receiver = Receiver()
        self.addCleanup(receiver.close)
        human.console.post(
            "/console/webhooks",
            {
                "number_id": human.number()[0],
                "url": receiver.url("/hook"),
                "events": ["message.received", "message.sent"],
            },
        ).expect(201)
        phone = new_phone()
        self.assertEqual(settled(agent, send(agent, phone, "over there")["id"])["status"], "sent")
        self.assertEqual(self.carrier.bodies(phone), ["over there"])
        self.carrier.text(phone, SHARED, "and back")
        self.assertEqual(received(agent)[0]["body"], "and back")
        receiver.wait("/hook", 2)
        number, _ = human.lease()
        self.assertEqual(agent.get("/v1/number").expect(200)["tier"], "free")
        human.console.post(f"/console/numbers/{number}/release").expect(200)
        return human, agent

    def test_over_ipc(self):
        system = self.three_hosts(scheme="ipc")
        self.walk(system)
        system.stop()

    def test_over_tcp_with_keys(self):
        system = self.three_hosts()
        self.walk(system)
        system.stop()

    def test_two_http_and_two_modem_hosts(self):
        system = self.three_hosts(
            layout={
                "core": ["http", "auth", "rate", "ledger", "webhook"],
                "edge": ["http-2"],
                "radio": ["modem"],
                "remote": ["modem-2"],
            },
            scheme="ipc",
        )
        shared, second = system.extra["radio"]
        system.extra["radio"], system.extra["remote"] = [second], [shared]
        _, agent = self.walk(system)
        other = Client(system.hosts["edge"].address, agent.credential)
        self.assertEqual(len(other.pages()), 2)
        phone = new_phone()
        self.assertEqual(settled(other, send(other, phone, "by the other")["id"])["status"], "sent")
        self.operate(system, agent)
        system.stop()

    def test_only_the_peers_that_must_be_named(self):
        """A host whose first actor is none of the other's peers is heard all the same."""
        system = self.three_hosts(
            layout={"core": ["http", "auth", "rate", "ledger", "webhook"], "radio": ["modem"]}
        )
        system.knows["radio"] = ["auth", "ledger"]
        self.walk(system)
        system.stop()

    def test_a_modem_host_has_the_numbers_that_the_operator_gave_it(self):
        system = self.three_hosts(scheme="ipc", trust=False)
        system.up()
        core = ["--data", system.data("core")]

        def pool():
            numbers = json.loads(cli(*core, "--json", "numbers", "list"))["numbers"]
            return {number["modem"]: number["up"] for number in numbers}

        system.says("core", "see opctl numbers assign", 2)
        self.assertEqual(pool(), {})
        start = system.front.client().post("/auth/start", {"phone": new_phone()})
        self.assertEqual(start.json["error"]["code"], "otp_delivery_failed")
        cli(*core, "numbers", "assign", SHARED, "modem")
        cli(*core, "numbers", "assign", SECOND, "modem")
        eventually(lambda: pool() == {"modem": True}, "their lines are up")
        cli(*core, "numbers", "share", SHARED)
        self.walk(system)
        said = cli(*core, "numbers", "assign", SHARED, "modem-7", code=1)
        self.assertIn("There is no such modem actor.", said)
        system.stop()

    def operate(self, system, agent):
        """An operator asks where an actor runs, and elsewhere is told where that is."""
        remote = ["--data", f"{system.folder}/data-remote"]
        self.assertRegex(cli(*remote, "lines"), r"(?m)^state +up$")
        self.assertRegex(cli(*remote, "status"), r"(?m)^ +modem-2 +no ")
        refused = cli(*remote, "numbers", "list", code=3)
        self.assertIn(f"ledger runs in another process, {system.endpoints['core']}", refused)
        lines = cli("--data", f"{system.folder}/data-core", "lines", code=3)
        self.assertRegex(lines, r"modem(-2)? runs in another process, ipc://")
        sent = next(text["id"] for text in agent.pages() if text["direction"] == "outbound")
        core = ["--data", f"{system.folder}/data-core"]
        known = json.loads(cli(*core, "--json", "messages", "follow", sent))
        self.assertEqual(known["ledger"]["message"]["id"], sent)
        self.assertEqual(
            known["modem"],
            f"modem-2 runs in another process, {system.endpoints['remote']}: ask there",
        )
        self.assertIn("state", known["webhook"])
        shown = cli(*core, "messages", "follow", sent)
        self.assertRegex(shown, r"(?m)^modem +modem-2 runs in another process, ipc://")


class Erased(Split):
    def kept(self, system):
        """All rows of ledger and webhook, as they are now."""
        self.backups = getattr(self, "backups", 0) + 1
        path = os.path.join(system.folder, f"backup-{self.backups}")
        cli("--data", system.data("core"), "backup", path)
        with open(path, "rb") as file:
            return file.read()

    def test_an_account_is_erased_everywhere(self):
        """The operator says so where auth runs; what other processes have of the account goes too."""
        system = self.three_hosts(scheme="ipc")
        system.up()
        receiver = Receiver()
        self.addCleanup(receiver.close)
        for name in ("erased", "other"):
            human = self.account(system)
            number = human.number()[0]
            agent = human.mint(number)
            hook = {"number_id": number, "url": receiver.url(f"/{name}"), "events": ["message.sent"]}
            human.console.post("/console/webhooks", hook).expect(201)
            settled(agent, send(agent, new_phone(), f"words of the {name} one")["id"])
            receiver.wait(f"/{name}")
            if name == "erased":
                phone = human.phone
        traces = [b"words of the erased one", receiver.url("/erased").encode()]
        before = self.kept(system)
        for trace in traces:
            self.assertIn(trace, before)
        cli("--data", system.data("edge"), "accounts", "erase", phone, "--yes")
        eventually(lambda: not any(t in self.kept(system) for t in traces), "nothing is left of it")
        after = self.kept(system)
        self.assertIn(b"words of the other one", after)
        self.assertIn(receiver.url("/other").encode(), after)
        status = json.loads(cli("--data", system.data("edge"), "--json", "status"))
        self.assertEqual({row["count"] for row in status["ingress"] if row["result"] == "out_of_role"}, {0})
        eventually(
            lambda: all(
                peer["unacknowledged"] == 0
                for peer in json.loads(cli("--data", system.data("edge"), "--json", "status"))["peers"]
            ),
            "all tells are acknowledged",
        )
        system.stop()


class TwoFronts(Split):
    """Two hosts that serve HTTP, in front of the same OP."""

    LAYOUT = {
        "edge": ["http"],
        "east": ["http-2"],
        "core": ["auth", "rate", "ledger", "webhook"],
        "radio": ["modem"],
    }

    def test_both_are_the_same_server(self):
        system = self.three_hosts(layout=self.LAYOUT)
        system.arguments = [a for a in system.arguments if "console_minute" not in a]
        system.up()
        human = self.account(system)
        agent = human.mint(human.number()[0])
        east = system.hosts["east"].client(human.token)
        keys = east.get("/console/api-keys")
        self.assertEqual(len(keys.expect(200)["api_keys"]), 1)
        # They count together.
        left = [int(keys.headers["X-RateLimit-Remaining"])]
        for client in (human.console, east, human.console):
            answer = client.get("/console/numbers/mine")
            left.append(int(answer.headers["X-RateLimit-Remaining"]))
        self.assertEqual(left, list(range(left[0], left[0] - 4, -1)))
        # A text is one text, whichever of them is asked again.
        other = system.hosts["east"].client(agent.credential)
        text = {"to": new_phone(), "body": "once"}
        first = agent.post("/v1/messages", text, Idempotency_Key="one").expect(201)
        again = other.post("/v1/messages", text, Idempotency_Key="one")
        self.assertEqual(again.json["id"], first["id"])
        settled(other, first["id"])
        self.assertEqual(self.carrier.bodies(text["to"]), ["once"])
        # One dies, and the other does not notice.
        system.hosts["edge"].kill()
        settled(other, send(other, new_phone(), "by the other")["id"])
        east.post("/auth/logout").expect(204)
        system.launch("edge")
        system.up()
        front = system.hosts["edge"].client(human.token)
        front.get("/console/numbers/mine").expect_error(401, "unauthenticated")


class Cut(Split):
    def test_the_modem_host_is_silent(self):
        """What is accepted meanwhile waits, and is sent once it is back."""
        system = self.three_hosts()
        system.up()
        human = self.account(system)
        agent = human.mint(human.number()[0])
        system.hosts["radio"].pause()
        system.says("core", f'"link is down" peer={system.endpoints["radio"]}')
        phone = new_phone()
        texts = [send(agent, phone, f"text {i}")["id"] for i in range(5)]
        self.assertEqual(agent.get(f"/v1/messages/{texts[0]}").expect(200)["status"], "queued")
        system.hosts["radio"].resume()
        for text in texts:
            self.assertEqual(settled(agent, text)["status"], "sent")
        self.assertEqual(self.carrier.bodies(phone), [f"text {i}" for i in range(5)])

    def test_the_modem_host_is_dead(self):
        """Nobody is told that a code is on its way, and who asks hears what is missing; of each host."""
        system = self.three_hosts()
        system.arguments.append("--set=metrics/listen=127.0.0.1:0")
        system.up()
        self.account(system)
        client = Client(system.front.address, checked=False)
        operators = {name: Scrapes(host).client for name, host in system.hosts.items()}

        def ready(one, *missing):
            answer = one.get("/readyz")
            return answer.json["missing"] == list(missing) and answer.status == (503 if missing else 200)

        for one in (client, *operators.values()):
            eventually(lambda one=one: ready(one), "ready")
        system.hosts["radio"].kill()
        for one in (client, operators["core"]):
            eventually(lambda one=one: ready(one, "modem: no link"), "the link is missed")
        wanted = {"phone": new_phone()}
        client.post("/auth/start", wanted).expect_error(502, "otp_delivery_failed")
        # What was up before a start is not believed either.
        system.hosts["core"].kill()
        core = system.launch("core")
        eventually(lambda: "metrics are served" in core.stderr(), "the core serves")
        operator = Scrapes(core).client
        eventually(lambda: "modem: no link" in operator.get("/readyz").json["missing"], "the link is missed")
        eventually(lambda: ready(client, "modem: no link"), "the core is back")
        client.post("/auth/start", wanted).expect_error(502, "otp_delivery_failed")
        system.up()
        for one in (client, operator):
            eventually(lambda one=one: ready(one), "ready again")
        client.post("/auth/start", wanted).expect(200)
        # A modem host has its own to say.
        system.hosts["core"].kill()
        radio = Scrapes(system.hosts["radio"]).client
        eventually(lambda: ready(radio, "ledger: no link", "webhook: no link"), "its links are missed")
        self.sim.stop()
        eventually(lambda: "modem: no line is up" in radio.get("/readyz").json["missing"], "its lines are")

    def test_the_ledger_host_is_silent(self):
        """Calls that need it are refused at once, once the link is known to be down; texts that come
        in wait at the modem."""
        system = self.three_hosts()
        system.up()
        human = self.account(system)
        agent = human.mint(human.number()[0])
        phone = new_phone()
        settled(agent, send(agent, phone, "hello")["id"])
        system.hosts["core"].pause()
        system.says("edge", f'"link is down" peer={system.endpoints["core"]}')
        for _ in range(3):
            agent.post("/v1/messages", {"to": phone, "body": "no"}).expect_error(503, "unavailable")
        why = '"requests are refused, because the link is down" mailbox=ledger'
        self.assertEqual(system.hosts["edge"].stderr().count(why), 1)
        self.carrier.text(phone, SHARED, "wait for me")
        system.hosts["core"].resume()
        system.says("edge", f'"link is up" peer={system.endpoints["core"]}', 2)
        eventually(lambda: agent.get("/v1/number").status == 200, "service")
        system.says("edge", '"messages are taken again" mailbox=ledger lost=3')
        self.assertEqual(received(agent)[0]["body"], "wait for me")
        self.assertEqual(len(agent.pages()), 2)

    def test_a_restart_is_noticed(self):
        system = self.three_hosts()
        system.up()
        human = self.account(system)
        agent = human.mint(human.number()[0])
        for name in ("radio", "core", "edge"):
            system.hosts[name].kill()
            system.up()
            for other in set(system.layout) - {name}:
                if other != "edge" or name != "edge":
                    system.says(other, f'"peer has started" peer={system.endpoints[name]}', 2)
                    break
            agent = Client(system.front.address, agent.credential)
            phone = new_phone()

            def sent(agent=agent, phone=phone):
                answer = agent.post("/v1/messages", {"to": phone, "body": "on"})
                return answer.status == 201 and answer.json["id"]

            self.assertEqual(settled(agent, eventually(sent, "service"))["status"], "sent")


class Keys(Split):
    def test_a_key_is_rotated_while_the_rest_runs(self):
        system = self.three_hosts()
        system.up()
        human = self.account(system)
        agent = human.mint(human.number()[0])
        cli("keygen", "--rotate", system.keys("radio"))
        for other in ("edge", "core"):
            system.let_in(other, "radio")
            system.hosts[other].hang_up()
            system.says(other, "changed=")
        system.hosts["radio"].hang_up()
        system.says("radio", "changed=")
        phone = new_phone()
        self.assertEqual(settled(agent, send(agent, phone, "new key")["id"])["status"], "sent")
        system.stop()

    def test_who_is_let_in_no_more(self):
        system = self.three_hosts()
        system.up()
        human = self.account(system)
        agent = human.mint(human.number()[0])
        cli("host", "remove", "radio", "--dir", system.keys("core"))
        system.hosts["core"].hang_up()
        system.says("core", 'keys were read again" changed=0 keys=1')
        system.says("core", f'"link is down" peer={system.endpoints["radio"]}')
        text = send(agent, new_phone(), "waits")["id"]
        system.let_in("core", "radio")
        system.hosts["core"].hang_up()
        self.assertEqual(settled(agent, text)["status"], "sent")

    def test_a_stranger_with_its_own_key(self):
        """A host whose key nobody has let in: it speaks to nobody, and is counted."""
        system = self.three_hosts()
        cli("keygen", "--rotate", system.keys("radio"))  # the others have the former key
        system.launch("edge"), system.launch("core"), system.launch("radio")
        system.says("core", 'it has no key that is permitted" from=127.0.0.1:')
        self.assertNotIn(f'"link is up" peer={system.endpoints["radio"]}', system.hosts["core"].stderr())

    def test_who_is_let_in_late(self):
        """A host that runs before the ledger's knows it: it is refused, and needs no restart."""
        system = self.three_hosts()
        cli("host", "remove", "radio", "--dir", system.keys("core"))
        for name in system.layout:
            system.launch(name)
        system.says("core", "no certificate names its actors")
        system.says("radio", "a peer is not up yet")  # it has tried for long
        system.let_in("core", "radio")
        system.hosts["core"].hang_up()
        for here, there in (("core", "radio"), ("radio", "core")):
            system.says(here, f'"link is up" peer={system.endpoints[there]}')
        system.up()
        human = self.account(system)
        agent = human.mint(human.number()[0])
        self.assertEqual(settled(agent, send(agent, new_phone(), "late")["id"])["status"], "sent")

    def test_limits_are_read_again(self):
        """... and what cannot be is named."""
        system = self.three_hosts()
        system.arguments = [a for a in system.arguments if "read_minute" not in a]
        system.lines = ["limits", "    read_minute = 100000"]
        system.up()
        human = self.account(system)
        agent = human.mint(human.number()[0])
        self.assertEqual(agent.get("/v1/number").headers["X-RateLimit-Limit"], "100000")
        system.lines = ["limits", "    read_minute = 99999", "store", "    cache_mb = 65"]
        system.write_config("edge")
        system.hosts["edge"].hang_up()
        system.says("edge", "changed=1")
        system.says("edge", 'needs a restart" key=store/cache_mb')
        system.says("edge", 'keys were read again" changed=1 keys=0')
        eventually(
            lambda: agent.get("/v1/number").headers["X-RateLimit-Limit"] == "99999", "the new limit"
        )
        system.lines = ["limits", "    read_minute = many"]
        path = system.write_config("edge")
        system.hosts["edge"].hang_up()
        system.says("edge", f'stays as it was" reason="{path}:')
        self.assertEqual(agent.get("/v1/number").headers["X-RateLimit-Limit"], "99999")
        # Keys that cannot be read stay, and are not said to have been read.
        system.lines = []  # what was a limit at the start is none now
        system.write_config("core")
        secret = os.path.join(system.keys("core"), "host.cert_secret")
        os.rename(secret, secret + ".away")
        system.hosts["core"].hang_up()
        system.says("core", '"keys stay as they were" reason=')
        system.says("core", '"the configuration was read again" changed=1')
        self.assertNotIn("keys were read again", system.hosts["core"].stderr())
        os.rename(secret + ".away", secret)

    def test_secrets_that_others_can_read(self):
        system = self.three_hosts()
        os.chmod(os.path.join(system.keys("edge"), "host.cert_secret"), 0o644)
        host = system.launch("edge")
        self.assertEqual(host.process.wait(60), 1)
        self.assertIn("others than its owner may read it", host.stderr())
        host.process.stdout.close()


class Seen(Split):
    """What the operator of a host sees of its links: in /metrics and by opctl status."""

    def seen(self, system):
        """{actors of a peer: its row}, and what the ingress has counted."""
        shown = json.loads(cli("--data", system.data("core"), "--json", "status"))
        peers = {row.pop("actors"): row for row in shown["peers"]}
        return peers, {row["result"]: row["count"] for row in shown["ingress"]}

    def test_links_and_the_ingress(self):
        system = self.three_hosts()
        system.extra["core"] = ["--set=metrics/listen=127.0.0.1:0"]
        system.up()
        human = self.account(system)
        agent = human.mint(human.number()[0])
        scrapes = Scrapes(system.hosts["core"])

        def modem(name):
            return scrapes.value(f"op_link_{name}", peer="modem")

        peers, ingress = self.seen(system)
        self.assertEqual(set(peers), {"modem", "http,auth,rate"})
        self.assertEqual(peers["modem"]["endpoint"], system.endpoints["radio"])
        self.assertTrue(all(peer["up"] and peer["connected"] >= 1 for peer in peers.values()))
        self.assertGreater(ingress["taken"], 0)
        self.assertGreaterEqual(scrapes.value("op_ingress_total", result="taken"), ingress["taken"])
        self.assertEqual(scrapes.value("op_ingress_total", result="out_of_role"), 0)
        self.assertEqual(modem("up"), 1)
        self.assertEqual(scrapes.value("op_link_up", peer="http,auth,rate"), 1)
        before = modem("connected_total")

        system.hosts["radio"].pause()
        eventually(lambda: modem("up") == 0, "the link is down")
        text = send(agent, new_phone(), "waits")["id"]
        self.assertEqual(modem("tells_unacknowledged"), 1)
        row = self.seen(system)[0]["modem"]
        self.assertEqual((row["up"], row["unacknowledged"]), (False, 1))
        self.assertIn("modem ", cli("--data", system.data("core"), "status"))  # for people
        system.hosts["radio"].resume()
        settled(agent, text)
        eventually(lambda: modem("tells_unacknowledged") == 0, "the tell is acknowledged")
        self.assertEqual((modem("up"), modem("connected_total")), (1, before + 1))

        # A host that has lost its place: its connections are refused, and that shows.
        system.hosts["radio"].kill()
        cli("keygen", "--rotate", system.keys("radio"))
        system.launch("radio")
        eventually(lambda: scrapes.value("op_ingress_total", result="refused") > 0, "it is refused")
        self.assertGreater(self.seen(system)[1]["refused"], 0)


class Clocks(Split):
    def skewed(self, ms):
        return {
            "LD_PRELOAD": os.environ["OP_CLOCK_SKEW"],
            "OP_SKEW_MS": ms,
            "ASAN_OPTIONS": "verify_asan_link_order=0",
        }

    def test_a_host_two_hours_ahead(self):
        """Its texts do not expire, and its answers are in time."""
        system = self.three_hosts()
        system.more["radio"] = {"environment": self.skewed("7200000")}
        system.more["edge"] = {"environment": self.skewed("-7200000")}
        system.up()
        system.says("radio", "corrected to the ledger's")
        system.says("edge", "corrected to the ledger's")
        human = self.account(system)
        agent = human.mint(human.number()[0])
        phone = new_phone()
        self.assertEqual(settled(agent, send(agent, phone, "in time")["id"])["status"], "sent")

    def test_a_restart_two_hours_ahead(self):
        """What waits on the host itself does not expire while it does not know the time yet."""
        system = self.three_hosts()
        system.more["radio"] = {"environment": self.skewed("7200000")}
        system.extra["radio"].append("--set=metrics/listen=127.0.0.1:0")
        system.up()
        human = self.account(system)
        agent = human.mint(human.number()[0])
        self.carrier.turn(SHARED, cms_error_code=41, cms_error_next=1)  # tried again in five seconds
        phone = new_phone()
        scrapes = Scrapes(system.hosts["radio"])
        tried = scrapes.value("op_modem_errors_total")
        text = send(agent, phone, "still in time")["id"]
        eventually(lambda: scrapes.value("op_modem_errors_total") > tried, "a try, and its answer")
        system.hosts["radio"].kill()
        system.up()
        self.assertEqual(settled(agent, text)["status"], "sent")
        self.assertEqual(self.carrier.bodies(phone), ["still in time"])


class Front:
    """What test_kill.py takes for its opd: all hosts, of which one is killed at a time."""

    def __init__(self, system, random):
        self.system, self.random = system, random

    @property
    def address(self):
        return self.system.front.address

    def client(self, credential=None):
        return Client(self.address, credential)

    def wait_ready(self):
        self.system.up()

    def kill(self):
        alive = [h for h in self.system.hosts.values() if h.process.returncode is None]
        self.random.choice(alive).kill()

    def stop(self):
        self.system.stop()


class Kill(test_kill.Kill, Split):
    """test_kill.py's traffic and judgement, while now this host is killed and now that."""

    def setUp(self):
        print(f"OP_SEED={test_kill.SEED}", flush=True)
        test_kill.KILLS = int(os.environ.get("OP_KILLS", "8"))
        self.random = test_kill.random.Random(test_kill.SEED)
        self.split = self.three_hosts()
        self.split.extra["radio"].append("--set=modem/doubt_s=5")
        self.op = None

    def launch(self):
        for name in self.split.layout:
            host = self.split.hosts.get(name)
            if host is None or host.process.returncode is not None:
                self.split.launch(name)
        self.op = Front(self.split, self.random)
        return self.op

    def settle_in(self):
        self.launch().wait_ready()
        self.account(self.split)
        return super().settle_in()


if __name__ == "__main__":
    main()
