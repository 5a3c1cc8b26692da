"""test_deliveries.py - deliveries: when a post comes, when again, and signed with what"""

import re

from contract import *

SCHEDULE = [30, 2 * MINUTE, 10 * MINUTE, HOUR, 6 * HOUR, DAY, DAY]


class Delivery(Hooked):
    def deliveries(self, made):
        return self.console("GET", made, "/deliveries?limit=100").expect(200)["data"]

    def attempted(self, made, count, state="pending"):
        """The webhook's only delivery, once so many attempts at it are over."""

        def probe():
            found = self.deliveries(made)
            self.assertLessEqual(len(found), 1)
            for delivery in found:
                if len(delivery["attempts"]) == count and delivery["state"] == state:
                    return delivery
            return None

        return eventually(probe, f"{count} attempts, {state}")

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
            (listed,) = self.someone.console.get(WEBHOOKS).expect(200)["webhooks"]
            return not listed["enabled"]

        self.server.wait(self.path)
        eventually(off, "the webhook is off")
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
                page = human.console.get(f"{WEBHOOKS}/{made['id']}/deliveries").expect(200)
                (delivery,) = page["data"]
                return delivery if delivery["attempts"] else None

            delivery = eventually(next_try, "the attempt is over")
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

    def test_the_log_shows_that_the_new_secret_was_refused(self):
        made = self.hook(events=["message.received"])
        self.console("POST", made, "/rotate-secret").expect(200)
        self.server.say(self.path, 401)
        self.text()
        delivery = self.attempted(made, 2, "delivered")
        self.assertEqual([attempt["status"] for attempt in delivery["attempts"]], [401, 200])

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

    def test_a_test_is_posted_once_within_the_grace_too(self):
        made = self.hook()
        secret = self.console("POST", made, "/rotate-secret").expect(200)["secret"]
        self.server.say(self.path, 401)
        self.assertEqual(self.console("POST", made, "/test").expect(200)["status"], 401)
        (post,) = self.server.at(self.path)
        self.assertTrue(signed(secret, post))

    def test_a_test_of_a_dead_server_says_why(self):
        closed = Server()
        closed.close()
        made = self.hook(url=closed.url("/x"))
        wanted = {"delivery_id": UUID, "status": None, "duration_ms": int, "error": str}
        self.console("POST", made, "/test").expect(200, wanted)

    def test_a_retry_survives_a_restart(self):
        folder = self.folder()
        op = launch(folder, "--simulate=2", *WIDE)
        self.addCleanup(op.stop)
        carrier = op.wait_ready().carrier()
        human = Account(op, carrier)
        number, e164 = human.lease()
        self.server.say(self.path, 500)
        made = self.register(human=human, number=number, events=["message.received"]).expect(201)
        carrier.text(human.phone, e164, "hello")
        self.server.wait(self.path)
        path = f"{WEBHOOKS}/{made['id']}/deliveries"
        eventually(
            lambda: human.console.get(path).expect(200)["data"][0]["attempts"],
            "the attempt is over",
        )
        op.kill()
        again = launch(folder, "--simulate=2", *WIDE)
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
