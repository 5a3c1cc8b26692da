"""test_webhooks.py - webhooks: their management, and what is posted"""

import re
import subprocess

from contract import *

VIEW = {
    "id": UUID,
    "number_id": UUID,
    "url": str,
    "events": list,
    "enabled": bool,
    "created_at": TIME,
    "disabled_reason": None,
}


class Management(Hooked):
    def test_a_new_webhook_shows_its_secret_and_location(self):
        answer = self.register()
        wanted = {
            "id": UUID,
            "number_id": self.number,
            "url": self.server.url(self.path),
            "events": EVENTS,
            "enabled": True,
            "secret": SECRET,
            "created_at": TIME,
            "disabled_reason": None,
        }
        made = answer.expect(201, wanted)
        self.assertEqual(answer.headers["Location"], f"{WEBHOOKS}/{made['id']}")
        listed = self.someone.console.get(WEBHOOKS).expect(200)["webhooks"]
        self.someone.console.get(answer.headers["Location"]).expect(200, listed[0])

    def test_the_secret_is_shown_once(self):
        secret = self.hook()["secret"]
        answer = self.someone.console.get(WEBHOOKS)
        (listed,) = answer.expect(200)["webhooks"]
        self.assertNotIn("secret", listed)
        self.assertNotIn(secret, answer.body.decode())

    def test_webhooks_are_listed_by_number(self):
        made = self.hook()
        shared = self.someone.number()[0]
        other = self.register(number=shared).expect(201)
        listed = self.someone.console.get(WEBHOOKS).expect(200)["webhooks"]
        self.assertEqual({one["id"] for one in listed}, {made["id"], other["id"]})
        listed = self.someone.console.get(f"{WEBHOOKS}?number_id={shared}").expect(200)["webhooks"]
        self.assertEqual([one["id"] for one in listed], [other["id"]])

    def test_one_webhook_per_number_and_account(self):
        self.hook()
        self.register().expect_error(409, "webhook_exists")
        shared, other = self.someone.number()[0], self.human()
        self.register(number=shared).expect(201)
        self.register(human=other, number=shared).expect(201)
        self.register(human=other, number=shared).expect_error(409, "webhook_exists")

    def test_a_webhook_needs_a_number_that_is_shared_or_ones_own(self):
        other = self.human()
        for number in (self.number, NOBODY):
            answer = self.register(human=other, number=number)
            answer.expect_error(404, "not_found", "number_id")

    def test_no_event_may_be_named_twice(self):
        for events in (["message.sent"] * 2, EVENTS + EVENTS[:1]):
            refused(self.register(events=events), 422, "validation_error")
            self.assertEqual(self.register(events=events).json["error"]["field"], "events")

    def test_events_must_be_known(self):
        for events in (["message.read"], ["message.received", "x"]):
            self.register(events=events).expect_error(400, "invalid_events", "events")
        for events in ("message.received", 1, {}, None):
            self.register(events=events).expect_error(422, "validation_error", "events")

    def test_urls_must_be_usable(self):
        for url in ("", "x", "ftp://agent.example/", "https://", "file:///etc/passwd", None, 1):
            with self.subTest(url):
                self.register(url=url).expect_error(422, "validation_error", "url")

    def test_private_and_link_local_addresses_are_refused(self):
        for host in (
            "10.0.0.1",
            "192.168.1.1",
            "172.16.0.1",
            "169.254.169.254",
            "100.64.0.1",
            "[fe80::1]",
            "[fc00::1]",
            "[::ffff:10.0.0.1]",
            "0.0.0.0",
            "0x0a.1",
            "167772161",
        ):
            with self.subTest(host):
                answer = self.register(url=f"https://{host}/hook")
                answer.expect_error(422, "validation_error", "url")

    def test_a_deleted_webhook_is_gone_and_silent(self):
        made = self.hook()
        self.console("DELETE", made).expect(204)
        self.someone.console.get(WEBHOOKS).expect(200, {"webhooks": []})
        self.text("nobody hears this")
        self.heard()
        self.console("DELETE", made).expect_error(404, "not_found")
        self.register(path=self.path + "2").expect(201)
        self.text("but this")
        self.server.wait(self.path + "2")
        self.assertEqual(self.server.at(self.path), [])

    def test_a_foreign_webhook_is_not_found(self):
        made, other = self.hook(), self.human()
        for one in (made["id"], NOBODY, "x"):
            other.console.get(f"{WEBHOOKS}/{one}").expect_error(404, "not_found")
            other.console.delete(f"{WEBHOOKS}/{one}").expect_error(404, "not_found")
        self.assertEqual(len(self.someone.console.get(WEBHOOKS).expect(200)["webhooks"]), 1)

    def test_a_webhook_can_be_changed_member_by_member(self):
        made = self.hook()
        view = {**VIEW, "id": made["id"], "url": made["url"], "events": EVENTS, "enabled": True}
        self.console("PATCH", made, body={}).expect(200, view)
        url = self.server.url(self.path + "/new")
        view["url"] = url
        self.console("PATCH", made, body={"url": url}).expect(200, view)
        view["events"] = ["message.sent"]
        self.console("PATCH", made, body={"events": view["events"]}).expect(200, view)
        view["enabled"] = False
        self.console("PATCH", made, body={"enabled": False}).expect(200, view)
        (listed,) = self.someone.console.get(WEBHOOKS).expect(200)["webhooks"]
        shape(listed, view)

    def test_changes_are_judged_as_the_registration_is(self):
        made = self.hook()
        for body, status, code, field in (
            ({"url": "https://10.0.0.1/"}, 422, "validation_error", "url"),
            ({"events": ["x"]}, 400, "invalid_events", "events"),
            ({"enabled": "yes"}, 422, "validation_error", "enabled"),
        ):
            self.console("PATCH", made, body=body).expect_error(status, code, field)
        answer = self.human().console.patch(f"{WEBHOOKS}/{made['id']}", {"enabled": False})
        answer.expect_error(404, "not_found")

    def test_a_changed_webhook_behaves_as_changed(self):
        made = self.hook(events=["message.sent"])
        self.text("not wanted")
        self.heard()
        new = self.server.url(self.path + "/new")
        body = {"events": ["message.received"], "url": new}
        self.console("PATCH", made, body=body).expect(200)
        self.text("wanted")
        (post,) = self.server.wait(self.path + "/new")
        self.assertEqual(json.loads(post.body)["data"]["body"], "wanted")
        self.assertEqual(self.server.at(self.path), [])

    def test_a_disabled_webhook_is_silent(self):
        made = self.hook(events=["message.received"])
        self.console("PATCH", made, body={"enabled": False}).expect(200)
        self.text("not heard")
        self.heard()
        self.console("PATCH", made, body={"enabled": True}).expect(200)
        self.text("heard")
        bodies = [json.loads(post.body)["data"]["body"] for post in self.server.wait(self.path)]
        self.assertEqual(bodies, ["heard"])


class Events(Hooked):
    def test_an_inbound_text_is_message_received(self):
        made = self.hook()
        reply = self.text("hi back")
        (post,) = self.server.wait(self.path)
        self.assertEqual(post.headers["op-event"], "message.received")
        data = {
            "id": reply["id"],
            "direction": "inbound",
            "to": self.e164,
            "from": self.someone.phone,
            "body": "hi back",
            "received_at": reply["received_at"],
        }
        event = {"id": EVENT_ID, "type": "message.received", "created_at": TIME, "data": data}
        shape(json.loads(post.body), event)
        self.assertTrue(signed(made["secret"], post, self.op.clock()))

    def test_a_text_that_has_left_is_message_sent_as_its_view(self):
        self.hook()
        sent = send(self.agent, self.someone.phone, "out")
        message = settled(self.agent, sent["id"])
        (post,) = self.server.wait(self.path)
        self.assertEqual(post.headers["op-event"], "message.sent")
        event = {"id": EVENT_ID, "type": "message.sent", "created_at": TIME, "data": message}
        shape(json.loads(post.body), event)

    def test_a_text_that_has_failed_is_message_failed_as_its_view(self):
        human = self.human()
        number, _ = self.lease(human, DEAD)
        self.register(human=human, number=number).expect(201)
        agent = human.mint(number)
        sent = send(agent, human.phone, "never")
        self.op.clock(HOUR)
        message = settled(agent, sent["id"])
        (post,) = self.server.wait(self.path)
        self.assertEqual(post.headers["op-event"], "message.failed")
        event = {"id": EVENT_ID, "type": "message.failed", "created_at": TIME, "data": message}
        shape(json.loads(post.body), event)

    def test_only_events_that_were_asked_for(self):
        self.hook(events=["message.received"])
        settled(self.agent, send(self.agent, self.someone.phone, "not wanted")["id"])
        self.text("wanted")
        (post,) = self.server.wait(self.path)
        self.assertEqual(post.headers["op-event"], "message.received")

    def test_the_headers_of_a_post(self):
        self.hook()
        self.text()
        (post,) = self.server.wait(self.path)
        self.assertEqual(post.headers["Content-Type"], "application/json")
        self.assertRegex(post.headers["op-signature"], r"^t=\d{10},v1=[0-9a-f]{64}$")
        self.assertRegex(post.headers["op-delivery-id"], f"^{UUID.pattern}$")

    def test_the_signature_is_over_the_bytes_as_sent(self):
        secret = self.hook()["secret"]
        self.text("na\u00efve \U0001f30a \"quoted\" \\ \n")
        (post,) = self.server.wait(self.path)
        self.assertTrue(signed(secret, post, self.op.clock()))
        self.assertFalse(signed(secret + "x", post))
        self.assertFalse(signed(secret, post._replace(body=post.body + b" ")))
        stamp, value = re.fullmatch(r"t=(\d+),v1=(\w+)", post.headers["op-signature"]).groups()
        openssl = subprocess.run(
            ["openssl", "dgst", "-sha256", "-hmac", secret],
            input=f"{stamp}.".encode() + post.body,
            stdout=subprocess.PIPE,
            check=True,
            timeout=DEADLINE_S,
        )
        self.assertEqual(openssl.stdout.split()[-1].decode(), value)

    def test_each_account_on_the_shared_number_hears_its_own_copy(self):
        peer, hooks = new_phone(), []
        for name in ("one", "two"):
            human = self.human()
            path = f"{self.path}/{name}"
            made = self.register(
                human=human, number=human.number()[0], path=path, events=["message.received"]
            ).expect(201)
            agent = self.agent_of(human)
            settled(agent, send(agent, peer, "hello")["id"])
            hooks.append((path, made["secret"], agent))
        self.carrier.text(peer, SHARED, "to both")
        for path, secret, agent in hooks:
            (post,) = self.server.wait(path)
            self.assertTrue(signed(secret, post))
            agent.get(f"/v1/messages/{json.loads(post.body)['data']['id']}").expect(200)

    def agent_of(self, human):
        return human.mint(human.number()[0])


del Hooked  # it has no tests of its own

if __name__ == "__main__":
    main()
