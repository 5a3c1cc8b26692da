"""test_webhooks.py - webhooks: their management, what is posted, and when again"""

import re
import subprocess

from contract import *

SCHEDULE = [30, 2 * MINUTE, 10 * MINUTE, HOUR, 6 * HOUR, DAY, DAY]
PATH = "/console/webhooks"
VIEW = {
    "id": UUID,
    "number_id": UUID,
    "url": str,
    "events": list,
    "enabled": bool,
    "created_at": TIME,
    "disabled_reason": None,
}


class Hooked(Contract):
    """Each test has a human with a leased number, an agent, and paths of a server of its own."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server = Server()
        cls.addClassCleanup(cls.server.close)

    def setUp(self):
        self.someone = self.human()
        self.number, self.e164 = self.lease(self.someone)
        self.agent = self.someone.mint(self.number)
        self.path = "/" + self.id().rpartition(".")[2]

    def register(self, human=None, number=None, path=None, **differs):
        wanted = {
            "number_id": number or self.number,
            "url": self.server.url(path or self.path),
            "events": EVENTS,
            **differs,
        }
        return (human or self.someone).console.post(PATH, wanted)

    def hook(self, **differs):
        return self.register(**differs).expect(201)

    def text(self, body="hello"):
        """An inbound text, and the message it became."""
        before = len(self.agent.pages("&direction=inbound"))
        self.carrier.text(self.someone.phone, self.e164, body)
        return received(self.agent, before + 1)[0]

    def console(self, method, made, rest="", body=None):
        return self.someone.console.call(method, f"{PATH}/{made['id']}{rest}", body)


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
        }
        made = answer.expect(201, wanted)
        self.assertEqual(answer.headers["Location"], f"{PATH}/{made['id']}")

    def test_the_secret_is_shown_once(self):
        secret = self.hook()["secret"]
        answer = self.someone.console.get(PATH)
        (listed,) = answer.expect(200)["webhooks"]
        self.assertNotIn("secret", listed)
        self.assertNotIn(secret, answer.body.decode())

    def test_webhooks_are_listed_by_number(self):
        made = self.hook()
        shared = self.someone.number()[0]
        other = self.register(number=shared).expect(201)
        listed = self.someone.console.get(PATH).expect(200)["webhooks"]
        self.assertEqual({one["id"] for one in listed}, {made["id"], other["id"]})
        listed = self.someone.console.get(f"{PATH}?number_id={shared}").expect(200)["webhooks"]
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
        self.someone.console.get(PATH).expect(200, {"webhooks": []})
        self.text("nobody hears this")
        self.console("DELETE", made).expect_error(404, "not_found")
        self.register(path=self.path + "2").expect(201)
        self.text("but this")
        self.server.wait(self.path + "2")
        self.assertEqual(self.server.at(self.path), [])

    def test_a_foreign_webhook_is_not_found(self):
        made, other = self.hook(), self.human()
        for one in (made["id"], NOBODY, "x"):
            other.console.delete(f"{PATH}/{one}").expect_error(404, "not_found")
        self.assertEqual(len(self.someone.console.get(PATH).expect(200)["webhooks"]), 1)

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
        (listed,) = self.someone.console.get(PATH).expect(200)["webhooks"]
        shape(listed, view)

    def test_changes_are_judged_as_the_registration_is(self):
        made = self.hook()
        for body, status, code, field in (
            ({"url": "https://10.0.0.1/"}, 422, "validation_error", "url"),
            ({"events": ["x"]}, 400, "invalid_events", "events"),
            ({"enabled": "yes"}, 422, "validation_error", "enabled"),
        ):
            self.console("PATCH", made, body=body).expect_error(status, code, field)
        answer = self.human().console.patch(f"{PATH}/{made['id']}", {"enabled": False})
        answer.expect_error(404, "not_found")

    def test_a_changed_webhook_behaves_as_changed(self):
        made = self.hook(events=["message.sent"])
        self.text("not wanted")
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


class Delivery(Hooked):
    def deliveries(self, made):
        return self.console("GET", made, "/deliveries?limit=100").expect(200)["data"]

    def attempted(self, made, count, state="pending"):
        """The webhook's only delivery, once so many attempts at it are over."""

        def probe():
            (delivery,) = self.deliveries(made)
            if len(delivery["attempts"]) == count and delivery["state"] == state:
                return delivery
            return None

        return eventually(probe, f"{count} attempts, {state}", patience())

    def quiet(self, path, count):
        """No more than `count` posts have come there: what was due has been begun by now, and an
        event to a webhook of somebody else has been delivered since."""
        human = self.human()
        agent = human.mint(human.number()[0])
        control = f"{self.path}/control{len(self.server.posts)}"
        self.register(human=human, number=human.number()[0], path=control).expect(201)
        settled(agent, send(agent, human.phone, "control")["id"])
        self.server.wait(control)
        self.assertEqual(len(self.server.at(path)), count)

    def test_retries_follow_the_schedule_and_end(self):
        self.server.say(self.path, *[500] * 8)
        made = self.hook(events=["message.received"])
        self.text()
        for n, pause in enumerate(SCHEDULE, 1):
            self.server.wait(self.path, n)
            self.attempted(made, n)
            self.op.clock(pause - 10)
            self.quiet(self.path, n)
            self.op.clock(10)
        posts = self.server.wait(self.path, 8)
        self.attempted(made, 8, "failed")
        self.op.clock(2 * DAY)
        self.quiet(self.path, 8)
        self.assertEqual(len({post.headers["op-delivery-id"] for post in posts}), 1)
        self.assertEqual(len({post.body for post in posts}), 1)

    def test_each_attempt_is_signed_anew(self):
        self.server.say(self.path, 500)
        made = self.hook(events=["message.received"])
        self.text()
        self.attempted(made, 1)
        self.op.clock(30)
        first, second = self.server.wait(self.path, 2)
        stamps = [int(re.match(r"t=(\d+)", p.headers["op-signature"]).group(1)) for p in (first, second)]
        self.assertGreaterEqual(stamps[1], stamps[0] + 30)
        for post in (first, second):
            self.assertTrue(signed(made["secret"], post))
        self.assertEqual(first.headers["op-delivery-id"], second.headers["op-delivery-id"])

    def test_every_2xx_is_success(self):
        for status in (200, 201, 202, 204, 299):
            self.server.say(self.path, status)
        self.hook(events=["message.received"])
        for n in range(5):
            self.text(f"{n}")
        self.server.wait(self.path, 5)
        self.op.clock(30)
        self.quiet(self.path, 5)

    def test_redirects_are_not_followed_and_are_failures(self):
        self.server.say(self.path, 302, Location=self.server.url(self.path + "/elsewhere"))
        made = self.hook(events=["message.received"])
        self.text()
        self.attempted(made, 1)
        self.assertEqual(self.server.at(self.path + "/elsewhere"), [])
        self.op.clock(30)
        self.server.wait(self.path, 2)
        self.attempted(made, 2, "delivered")

    def test_410_switches_the_webhook_off(self):
        self.server.say(self.path, 410)
        made = self.hook(events=["message.received"])
        self.text()

        def off():
            (listed,) = self.someone.console.get(PATH).expect(200)["webhooks"]
            return not listed["enabled"]

        self.server.wait(self.path)
        eventually(off, "the webhook is off", patience())
        self.op.clock(30)
        self.text("not heard")
        self.quiet(self.path, 1)

    def test_retry_after_moves_the_next_try_within_its_slot_and_the_next(self):
        for status, asked, comes in ((429, 60, 60), (503, 1, 30), (503, 100000, 150)):
            path = f"{self.path}/{status}-{asked}"
            human = self.human()
            number, e164 = self.lease(human)
            agent = human.mint(number)
            self.server.say(path, status, Retry_After=str(asked))
            made = self.register(
                human=human, number=number, path=path, events=["message.received"]
            ).expect(201)
            self.carrier.text(human.phone, e164, "hello")
            self.server.wait(path)

            def next_try():
                page = human.console.get(f"{PATH}/{made['id']}/deliveries").expect(200)
                (delivery,) = page["data"]
                return delivery if delivery["attempts"] else None

            delivery = eventually(next_try, "the attempt is over", patience())
            pause = seconds(delivery["next_attempt_at"]) - seconds(delivery["attempts"][0]["at"])
            self.assertTrue(comes - 2 <= pause <= comes + 30, (asked, comes, pause))

    def test_a_rotated_secret_signs_from_then_on(self):
        made = self.hook(events=["message.received"])
        answer = self.console("POST", made, "/rotate-secret")
        secret = answer.expect(200, {"id": made["id"], "secret": SECRET})["secret"]
        self.assertNotEqual(secret, made["secret"])
        self.text()
        (post,) = self.server.wait(self.path)
        self.assertTrue(signed(secret, post))
        self.assertFalse(signed(made["secret"], post))

    def test_within_the_grace_a_refused_post_comes_again_with_the_old_secret(self):
        made = self.hook(events=["message.received"])
        secret = self.console("POST", made, "/rotate-secret").expect(200)["secret"]
        for n, status in enumerate((400, 401, 403)):
            self.server.say(self.path, status)
            self.text(f"{n}")
            first, second = self.server.wait(self.path, 2 * n + 2)[2 * n :]
            self.assertTrue(signed(secret, first))
            self.assertTrue(signed(made["secret"], second))
            self.assertEqual(first.headers["op-delivery-id"], second.headers["op-delivery-id"])
            self.assertEqual(first.body, second.body)

    def test_the_grace_ends(self):
        made = self.hook(events=["message.received"])
        body = {"grace_seconds": HOUR}
        self.console("POST", made, "/rotate-secret", body).expect(200)
        self.op.clock(HOUR)
        self.server.say(self.path, 401)
        self.text()
        self.attempted(made, 1)
        self.quiet(self.path, 1)

    def test_the_grace_has_bounds(self):
        made = self.hook()
        for grace in (-1, 604801, "1", 1.5):
            answer = self.console("POST", made, "/rotate-secret", {"grace_seconds": grace})
            answer.expect_error(422, "validation_error", "grace_seconds")
        for grace in (0, 604800):
            self.console("POST", made, "/rotate-secret", {"grace_seconds": grace}).expect(200)

    def test_a_test_posts_a_marked_event_and_answers_what_happened(self):
        made = self.hook()
        for status in (200, 500):
            self.server.say(self.path, status)
            wanted = {"delivery_id": UUID, "status": status, "duration_ms": int, "error": None}
            answer = self.console("POST", made, "/test").expect(200, wanted)
            post = self.server.at(self.path)[-1]
            event = json.loads(post.body)
            self.assertIs(event["test"], True)
            self.assertEqual(event["type"], "message.received")
            self.assertEqual(
                set(event["data"]), {"id", "direction", "to", "from", "body", "received_at"}
            )
            self.assertEqual(post.headers["op-delivery-id"], answer["delivery_id"])
            self.assertTrue(signed(made["secret"], post, self.op.clock()))
        self.op.clock(30)
        self.quiet(self.path, 2)

    def test_a_test_works_while_disabled(self):
        made = self.hook()
        self.console("PATCH", made, body={"enabled": False}).expect(200)
        self.assertEqual(self.console("POST", made, "/test").expect(200)["status"], 200)

    def test_a_test_of_a_dead_server_says_why(self):
        closed = Server()
        closed.close()
        made = self.hook(url=closed.url("/x"))
        wanted = {"delivery_id": UUID, "status": None, "duration_ms": int, "error": str}
        self.console("POST", made, "/test").expect(200, wanted)

    def test_a_retry_survives_a_restart(self):
        folder = self.folder()
        op = Opd(folder, "--simulate=2", *WIDE)
        self.addCleanup(op.stop)
        carrier = Carrier(op.wait_ready().address)
        human = Account(op, carrier)
        number, e164 = human.lease()
        self.server.say(self.path, 500)
        made = self.register(human=human, number=number, events=["message.received"]).expect(201)
        carrier.text(human.phone, e164, "hello")
        self.server.wait(self.path)
        path = f"{PATH}/{made['id']}/deliveries"
        eventually(
            lambda: human.console.get(path).expect(200)["data"][0]["attempts"],
            "the attempt is over",
            patience(),
        )
        op.kill()
        again = Opd(folder, "--simulate=2", *WIDE)
        self.addCleanup(again.stop)
        again.wait_ready()
        again.clock(30)
        first, second = self.server.wait(self.path, 2)
        self.assertEqual(first.headers["op-delivery-id"], second.headers["op-delivery-id"])

    def test_a_dead_server_delays_no_other(self):
        closed = Server()
        closed.close()
        dead = self.human()
        number = dead.number()[0]
        self.register(human=dead, number=number, url=closed.url("/dead")).expect(201)
        agent = dead.mint(number)
        settled(agent, send(agent, dead.phone, "hello")["id"])
        self.hook(events=["message.received"])
        self.text()
        self.server.wait(self.path)

    def test_a_delivery_can_be_replayed_under_its_id(self):
        made = self.hook(events=["message.received"])
        self.text()
        self.server.wait(self.path)
        delivery = self.attempted(made, 1, "delivered")
        self.console("POST", made, f"/deliveries/{delivery['id']}/replay").expect(200)
        first, second = self.server.wait(self.path, 2)
        self.assertEqual(first.headers["op-delivery-id"], second.headers["op-delivery-id"])


del Hooked  # it has no tests of its own

if __name__ == "__main__":
    main()
