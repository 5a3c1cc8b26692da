"""test_webhooks.py - events as an agent's server meets them: their headers, signature and body"""

import hashlib
import hmac
import json
import os
import re
import time

from harness import (
    EVENT_ID,
    MESSAGE_ID,
    SHARED,
    TIME,
    UUID,
    WIDE,
    Account,
    Carrier,
    Case,
    Opd,
    Opsim,
    Receiver,
    main,
    new_phone,
    received,
    send,
    settled,
    shape,
)

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
