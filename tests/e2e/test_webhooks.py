"""test_webhooks.py - events as an agent's server meets them: their headers, signature and body"""

import hashlib
import hmac
import json
import os
import re
import time

from harness import *

EVENTS = ["message.received", "message.sent", "message.failed"]
SECRET = re.compile(r"whs_[A-Za-z0-9]{32}")


def signed(secret, header, body):
    """What an agent's server does with op-signature before it believes a post."""
    parts = dict(part.split("=", 1) for part in header.split(","))
    if abs(time.time() - int(parts["t"])) > 300:
        return False
    wanted = hmac.new(secret.encode(), f"{parts['t']}.".encode() + body, hashlib.sha256)
    return hmac.compare_digest(parts["v1"], wanted.hexdigest())


def event(post, secret, data):
    """The event in a post whose headers and signature are right."""
    _, headers, body = post
    parsed = json.loads(body)
    assert re.fullmatch(r"t=\d{10},v1=[0-9a-f]{64}", headers["op-signature"]), headers
    assert signed(secret, headers["op-signature"], body)
    assert not signed(secret + "x", headers["op-signature"], body)
    assert not signed(secret, headers["op-signature"], body + b" ")
    assert UUID.fullmatch(headers["op-delivery-id"]), headers
    assert headers["Content-Type"] == "application/json", headers
    wanted = {"id": EVENT_ID, "type": headers["op-event"], "created_at": TIME, "data": data}
    return shape(parsed, wanted, "event")


class Webhooks(Case):
    @classmethod
    def setUpClass(cls):
        cls.op, cls.carrier = cls.simulate(4, *WIDE)
        cls.receiver = Receiver()
        cls.addClassCleanup(cls.receiver.close)

    def register(self, human, number, path, events=EVENTS):
        url = self.receiver.url(path)
        wanted = {"number_id": number, "url": url, "events": events}
        answer = human.console.post("/console/webhooks", wanted)
        made = answer.expect(
            201,
            {
                "id": UUID,
                "number_id": number,
                "url": url,
                "events": events,
                "enabled": True,
                "secret": SECRET,
                "created_at": TIME,
                "disabled_reason": None,
            },
        )
        self.assertEqual(answer.headers["Location"], f"/console/webhooks/{made['id']}")
        return made

    def test_received_and_sent(self):
        human = Account(self.op, self.carrier)
        number, e164 = human.lease()
        agent, secret = human.mint(number), self.register(human, number, "/both")["secret"]
        sent = send(agent, human.phone, "first")
        sent = settled(agent, sent["id"])
        self.carrier.text(human.phone, e164, "second")
        reply = received(agent)[0]
        posts = {post[1]["op-event"]: post for post in self.receiver.wait("/both", 2)}
        event(posts["message.sent"], secret, sent)
        data = {
            "id": reply["id"],
            "direction": "inbound",
            "to": e164,
            "from": human.phone,
            "body": "second",
            "received_at": reply["received_at"],
        }
        event(posts["message.received"], secret, data)
        ids = {post[1]["op-delivery-id"] for post in posts.values()}
        self.assertEqual(len(ids), 2)

    def test_only_what_was_asked_for(self):
        human = Account(self.op, self.carrier)
        number, e164 = human.lease()
        agent = human.mint(number)
        secret = self.register(human, number, "/some", ["message.received"])["secret"]
        settled(agent, send(agent, human.phone, "not of interest")["id"])
        self.carrier.text(human.phone, e164, "\U0001f4e8 of interest")
        (post,) = self.receiver.wait("/some")
        self.assertEqual(post[1]["op-event"], "message.received")
        data = {
            "id": MESSAGE_ID,
            "direction": "inbound",
            "to": e164,
            "from": human.phone,
            "body": "\U0001f4e8 of interest",
            "received_at": TIME,
        }
        event(post, secret, data)

    def test_each_account_on_the_shared_number_has_its_own(self):
        peer, secrets, agents = new_phone(), [], []
        for name in ("/one", "/two"):
            human = Account(self.op, self.carrier)
            number = human.number()[0]
            secrets.append(self.register(human, number, name, ["message.received"])["secret"])
            agents.append(human.mint(number))
            settled(agents[-1], send(agents[-1], peer, "hello")["id"])
        self.carrier.text(peer, SHARED, "to both")
        for name, secret, agent in zip(("/one", "/two"), secrets, agents):
            (post,) = self.receiver.wait(name)
            found = json.loads(post[2])["data"]
            self.assertTrue(signed(secret, post[1]["op-signature"], post[2]))
            agent.get(f"/v1/messages/{found['id']}").expect(200)

    def test_listed_without_secret_and_deleted(self):
        human = Account(self.op, self.carrier)
        number = human.number()[0]
        made = self.register(human, number, "/deleted")
        secret = made.pop("secret")
        made["disabled_reason"] = None
        listed = human.console.get(f"/console/webhooks?number_id={number}")
        listed.expect(200, {"webhooks": [made]})
        self.assertNotIn(secret, listed.body.decode())
        again = {"number_id": number, "url": self.receiver.url("/x"), "events": EVENTS}
        human.console.post("/console/webhooks", again).expect_error(409, "webhook_exists")
        other = Account(self.op, self.carrier)
        other.console.delete(f"/console/webhooks/{made['id']}").expect_error(404, "not_found")
        human.console.delete(f"/console/webhooks/{made['id']}").expect(204)
        human.console.get("/console/webhooks").expect(200, {"webhooks": []})
        self.register(human, number, "/again")

    def test_a_dead_server_holds_up_no_other(self):
        dead = Account(self.op, self.carrier)
        number = dead.number()[0]
        closed = Receiver()
        closed.close()
        url = closed.url("/dead")
        wanted = {"number_id": number, "url": url, "events": EVENTS}
        dead.console.post("/console/webhooks", wanted).expect(201)
        human = Account(self.op, self.carrier)
        self.register(human, number, "/alive")
        for agent in (dead.mint(number), human.mint(number)):
            settled(agent, send(agent, human.phone, "hello")["id"])
        self.receiver.wait("/alive")


    def hook(self, path):
        """An account with a number, a key and a webhook."""
        human = Account(self.op, self.carrier)
        number = human.number()[0]
        made = self.register(human, number, path)
        return human, human.mint(number), f"/console/webhooks/{made['id']}", made

    def deliveries(self, human, hook, count, state, query=""):
        """The webhook's log, once it has so many deliveries in this state."""

        def enough():
            page = human.console.get(f"{hook}/deliveries?state={state}{query}").expect(200)
            return page["data"] if len(page["data"]) >= count else None

        return eventually(enough, f"{count} deliveries {state}")

    def test_changed(self):
        human, agent, hook, made = self.hook("/before")
        human.console.call("PATCH", hook, {}).expect(200)
        url = self.receiver.url("/after")
        change = {"url": url, "events": ["message.sent"]}
        view = {key: value for key, value in (made | change).items() if key != "secret"}
        view["disabled_reason"] = None
        human.console.call("PATCH", hook, change).expect(200, view)
        human.console.call("PATCH", hook, {"enabled": False}).expect(200, view | {"enabled": False})
        human.console.call("PATCH", hook, {"enabled": True}).expect(200, view)
        for bad in (
            {"url": "ftp://x/"},
            {"url": ""},
            {"events": []},
            {"enabled": 1},
        ):
            answer = human.console.call("PATCH", hook, bad)
            answer.expect_error(422, "validation_error", *bad)
        answer = human.console.call("PATCH", hook, {"events": ["message.read"]})
        answer.expect_error(400, "invalid_events", "events")
        settled(agent, send(agent, human.phone, "to the new address")["id"])
        self.receiver.wait("/after")

    def test_rotated(self):
        human, agent, hook, made = self.hook("/rotated")
        answer = human.console.post(f"{hook}/rotate-secret")
        secret = answer.expect(200, {"id": made["id"], "secret": SECRET})["secret"]
        self.assertNotEqual(secret, made["secret"])
        self.receiver.answer("/rotated", 401)
        settled(agent, send(agent, human.phone, "hello")["id"])
        first, second = self.receiver.wait("/rotated", 2)[:2]
        self.assertTrue(signed(secret, first[1]["op-signature"], first[2]))
        self.assertTrue(signed(made["secret"], second[1]["op-signature"], second[2]))
        self.assertEqual(first[1]["op-delivery-id"], second[1]["op-delivery-id"])
        self.assertEqual(first[2], second[2])
        bad = human.console.post(f"{hook}/rotate-secret", {"grace_seconds": 604801})
        bad.expect_error(422, "validation_error", "grace_seconds")
        human.console.post(f"{hook}/rotate-secret", {"grace_seconds": 0}).expect(200)

    def test_tested(self):
        human, _, hook, made = self.hook("/tested")
        human.console.call("PATCH", hook, {"enabled": False}).expect(200)
        wanted = {"delivery_id": UUID, "status": 200, "duration_ms": int, "error": None}
        tested = human.console.post(f"{hook}/test").expect(200)
        self.assertEqual(set(tested), set(wanted))
        self.assertEqual((tested["status"], tested["error"]), (200, None))
        ((_, headers, body),) = self.receiver.wait("/tested")
        parsed = json.loads(body)
        self.assertTrue(signed(made["secret"], headers["op-signature"], body))
        self.assertEqual(headers["op-delivery-id"], tested["delivery_id"])
        self.assertEqual(headers["op-event"], "message.received")
        self.assertEqual((parsed["type"], parsed["test"]), ("message.received", True))
        closed = Receiver()
        closed.close()
        human.console.call("PATCH", hook, {"url": closed.url("/gone")}).expect(200)
        tested = human.console.post(f"{hook}/test").expect(200)
        self.assertIsNone(tested["status"])
        self.assertTrue(tested["error"])
        human.console.get(f"{hook}/deliveries").expect(200, {"data": [], "next_cursor": None})

    def test_logged_and_replayed(self):
        human, agent, hook, _ = self.hook("/logged")
        self.receiver.answer("/logged", 500)
        settled(agent, send(agent, human.phone, "hello")["id"])
        (post,) = self.receiver.wait("/logged")
        (pending,) = self.deliveries(human, hook, 1, "pending", "&type=message.sent")

        def tried():
            (entry,) = self.deliveries(human, hook, 1, "pending")
            return entry if entry["attempts"] else None

        pending = eventually(tried, "an attempt in the log")
        attempts = pending["attempts"]
        self.assertEqual(pending["id"], post[1]["op-delivery-id"])
        self.assertEqual(pending["event_id"], json.loads(post[2])["id"])
        self.assertEqual((attempts[0]["status"], attempts[0]["error"]), (500, None))
        self.assertRegex(pending["next_attempt_at"], TIME)
        self.receiver.answer("/logged", 200)
        replay = f"{hook}/deliveries/{pending['id']}/replay"
        replayed = human.console.post(replay).expect(200)
        self.assertEqual((replayed["id"], replayed["state"]), (pending["id"], "pending"))
        again = self.receiver.wait("/logged", 2)[1]
        self.assertEqual((again[1]["op-delivery-id"], again[2]), (pending["id"], post[2]))
        (delivered,) = self.deliveries(human, hook, 1, "delivered")
        self.assertEqual([a["status"] for a in delivered["attempts"]], [500, 200])
        self.assertIsNone(delivered["next_attempt_at"])
        other = Account(self.op, self.carrier)
        other.console.post(replay).expect_error(404, "not_found")
        other.console.get(f"{hook}/deliveries").expect_error(404, "not_found")
        lost = human.console.get(f"{hook}/deliveries?state=lost")
        lost.expect_error(422, "validation_error", "state")

    def test_gone_switches_off(self):
        human, agent, hook, _ = self.hook("/gone")
        self.receiver.answer("/gone", 410)
        settled(agent, send(agent, human.phone, "hello")["id"])
        self.deliveries(human, hook, 1, "failed")
        (listed,) = human.console.get("/console/webhooks").expect(200)["webhooks"]
        self.assertEqual((listed["enabled"], listed["disabled_reason"]), (False, "gone"))


class Failed(Case):
    def test_a_text_that_waited_too_long(self):
        """The number's modem is not there, so the text expires."""
        folder = self.folder()
        sim = Opsim(folder, 1)
        self.addCleanup(sim.stop)
        sim.wait_ready()
        op = Opd(
            folder,
            f"--modem={sim.tty(0)}={SHARED},shared",
            f"--modem={os.path.join(folder, 'nothing')}=+16175550100",
            "--set=texts/ttl_s=1",
            "--set=modem/sweep_s=1",
            "--set=webhook/allow_http=true",
            "--set=webhook/allow=127.0.0.1",
            *WIDE,
        )
        self.addCleanup(op.stop)
        op.wait_ready()
        receiver = Receiver()
        self.addCleanup(receiver.close)
        human = Account(op, Carrier(sim.address))
        number, e164 = human.lease()
        self.assertEqual(e164, "+16175550100")
        wanted = {"number_id": number, "url": receiver.url("/failed"), "events": EVENTS}
        secret = human.console.post("/console/webhooks", wanted).expect(201)["secret"]
        agent = human.mint(number)
        sent = send(agent, human.phone, "too late")
        (post,) = receiver.wait("/failed")
        message = settled(agent, sent["id"])
        error = {"code": "expired", "message": re.compile(r"\S.*")}
        self.assertEqual((message["status"], message["sent_at"]), ("failed", None))
        shape(message["error"], error)
        event(post, secret, message)
        self.assertEqual(post[1]["op-event"], "message.failed")


if __name__ == "__main__":
    main()
