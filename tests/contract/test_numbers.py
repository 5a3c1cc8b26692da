"""test_numbers.py - numbers and their leases, and the API keys for them"""

import re

from contract import *


class Numbers(Contract):
    def available(self, human):
        wanted = {"numbers": (NUMBER,)}
        return human.console.get("/console/numbers/available").expect(200, wanted)["numbers"]

    def mine(self, human):
        wanted = {"numbers": (LEASED,)}
        return human.console.get("/console/numbers/mine").expect(200, wanted)["numbers"]

    def lease_call(self, human, number):
        return human.console.post(f"/console/numbers/{number}/lease")

    def release_call(self, human, number):
        return human.console.post(f"/console/numbers/{number}/release")

    def test_available_lists_the_shared_number_and_the_free_ones(self):
        human = self.human()
        listed = {number["e164"]: number["shared"] for number in self.available(human)}
        self.assertTrue(listed[SHARED])
        self.assertEqual(sum(listed.values()), 1)
        number, e164 = self.lease(human)
        self.assertNotIn(number, [item["id"] for item in self.available(human)])
        self.assertFalse(listed[e164])

    def test_mine_lists_what_the_account_leases(self):
        human, other = self.human(), self.human()
        self.assertEqual(self.mine(human), [])
        number, e164 = self.lease(human)
        self.assertEqual([(n["id"], n["e164"]) for n in self.mine(human)], [(number, e164)])
        self.assertEqual(self.mine(other), [])

    def test_a_lease_is_exclusive(self):
        human, other = self.human(), self.human()
        number, _ = self.lease(human)
        self.lease_call(other, number).expect_error(409, "number_unavailable")

    def test_the_shared_number_cannot_be_leased(self):
        human = self.human()
        self.lease_call(human, human.number()[0]).expect_error(409, "number_unavailable")

    def test_leasing_ones_own_number_again_is_the_same_lease(self):
        human = self.human()
        number, e164 = self.lease(human)
        (first,) = self.mine(human)
        self.op.clock(DAY)
        human = self.human(human.phone)
        self.lease_call(human, number).expect(200, first)

    def test_an_unknown_number_is_not_found(self):
        human = self.human()
        for number in (NOBODY, "x"):
            self.lease_call(human, number).expect_error(404, "not_found")
            self.release_call(human, number).expect_error(404, "not_found")

    def test_a_release_frees_the_number_for_others(self):
        human, other = self.human(), self.human()
        number, e164 = self.lease(human)
        self.release_call(human, number).expect(200, {**NUMBER, "id": number, "shared": False})
        self.assertIn(number, [item["id"] for item in self.available(other)])
        self.assertEqual(self.mine(human), [])
        self.assertEqual(self.lease(other, e164)[0], number)

    def test_only_the_holder_releases(self):
        human, other = self.human(), self.human()
        number, _ = self.lease(human)
        self.release_call(other, number).expect_error(404, "not_found")
        self.release_call(human, human.number()[0]).expect_error(404, "not_found")
        self.assertEqual(len(self.mine(human)), 1)

    def test_a_release_revokes_the_keys_of_the_lease(self):
        human = self.human()
        number, _ = self.lease(human)
        leased, shared = human.mint(number), self.agent(human)
        self.release_call(human, number).expect(200)
        leased.get("/v1/number").expect_error(401, "unauthenticated")
        shared.get("/v1/number").expect(200)
        eventually(
            lambda: [
                key["number_id"]
                for key in human.console.get("/console/api-keys").expect(200)["api_keys"]
            ]
            == [human.number()[0]],
            "the lease's key is gone",
        )
        self.lease_call(human, number).expect(200)
        leased.get("/v1/number").expect_error(401, "unauthenticated")

    def test_a_release_ends_the_webhook_of_the_lease(self):
        human = self.human()
        number, _ = self.lease(human)
        wanted = {"number_id": number, "url": "http://127.0.0.1:9/", "events": EVENTS}
        human.console.post("/console/webhooks", wanted).expect(201)
        self.release_call(human, number).expect(200)
        eventually(
            lambda: human.console.get("/console/webhooks").expect(200)["webhooks"] == [],
            "the lease's webhook is gone",
        )

    def test_a_release_fails_what_is_queued(self):
        human = self.human()
        number, _ = self.lease(human, DEAD)
        server = Server()
        self.addCleanup(server.close)
        wanted = {"number_id": number, "url": server.url("/end"), "events": ["message.failed"]}
        human.console.post("/console/webhooks", wanted).expect(201)
        sent = send(human.mint(number), human.phone, "never to leave")
        self.release_call(human, number).expect(200)
        (post,) = server.wait("/end")
        data = json.loads(post.body)["data"]
        self.assertEqual((data["id"], data["status"]), (sent["id"], "failed"))
        self.assertEqual(data["error"]["code"], "released")

    def test_a_lessee_sees_nothing_from_before_its_lease(self):
        human, other = self.human(), self.human()
        number, e164 = self.lease(human)
        agent = human.mint(number)
        sent = send(agent, human.phone, "mine")
        settled(agent, sent["id"])
        self.carrier.text(human.phone, e164, "mine too")
        reply = received(agent)[0]
        self.release_call(human, number).expect(200)
        self.lease(other, e164)
        successor = other.mint(number)
        successor.get("/v1/messages").expect(200, {"data": [], "next_cursor": None})
        for message in (sent, reply):
            successor.get(f"/v1/messages/{message['id']}").expect_error(404, "not_found")

    def test_the_number_behind_a_key_and_its_tier(self):
        human = self.human()
        number, e164 = self.lease(human)
        line = {"id": number, "e164": e164, "region": "US", "tier": "paid"}
        human.mint(number).get("/v1/number").expect(200, line)
        shared = human.number()[0]
        line = {"id": shared, "e164": SHARED, "region": "US", "tier": "free"}
        human.mint(shared).get("/v1/number").expect(200, line)


class Keys(Contract):
    PATH = "/console/api-keys"

    def listed(self, human, query=""):
        wanted = {"api_keys": (KEY_LISTED,)}
        return human.console.get(self.PATH + query).expect(200, wanted)["api_keys"]

    def test_a_new_key_is_shown_with_its_location(self):
        human = self.human()
        wanted = {"number_id": human.number()[0], "name": "agent"}
        answer = human.console.post(self.PATH, wanted)
        made = answer.expect(201, {**KEY_MADE, "name": "agent"})
        self.assertEqual(answer.headers["Location"], f"{self.PATH}/{made['id']}")
        human.console.get(answer.headers["Location"]).expect(200, self.listed(human)[0])
        self.assertEqual(made["key_prefix"], made["key"][:12])

    def test_a_key_is_shown_once(self):
        human = self.human()
        agent = self.agent(human)
        answer = human.console.get(self.PATH)
        (key,) = answer.expect(200, {"api_keys": (KEY_LISTED,)})["api_keys"]
        self.assertEqual(key["key_prefix"], agent.credential[:12])
        self.assertNotIn(agent.credential, answer.body.decode())

    def test_keys_are_listed_by_number(self):
        human = self.human()
        number, _ = self.lease(human)
        human.mint(number)
        human.mint(human.number()[0])
        self.assertEqual(len(self.listed(human)), 2)
        (key,) = self.listed(human, f"?number_id={number}")
        self.assertEqual(key["number_id"], number)
        answer = human.console.get(f"{self.PATH}?number_id=x")
        answer.expect_error(422, "validation_error", "number_id")

    def test_a_key_needs_a_number_that_is_shared_or_ones_own(self):
        human, other = self.human(), self.human()
        number, e164 = self.lease(human)
        free = human.number(shared=False)[0]
        for one in (number, free, NOBODY):
            answer = other.console.post(self.PATH, {"number_id": one, "name": "x"})
            answer.expect_error(404, "not_found", "number_id")

    def test_a_deleted_key_is_dead(self):
        human = self.human()
        dead, alive = self.agent(human), self.agent(human)
        newest = max(key["id"] for key in self.listed(human))
        made = next(k for k in self.listed(human) if k["key_prefix"] == dead.credential[:12])
        human.console.delete(f"{self.PATH}/{made['id']}").expect(204)
        for path in ("/v1/number", "/v1/messages"):
            dead.get(path).expect_error(401, "unauthenticated")
        body = {"to": human.phone, "body": "x"}
        dead.post("/v1/messages", body).expect_error(401, "unauthenticated")
        alive.get("/v1/number").expect(200)
        human.console.delete(f"{self.PATH}/{made['id']}").expect_error(404, "not_found")
        self.assertLessEqual(max(key["id"] for key in self.listed(human)), newest)

    def test_a_foreign_or_unknown_key_is_not_found(self):
        human, other = self.human(), self.human()
        agent = self.agent(human)
        (key,) = self.listed(human)
        for one in (key["id"], NOBODY, "x"):
            other.console.get(f"{self.PATH}/{one}").expect_error(404, "not_found")
            other.console.delete(f"{self.PATH}/{one}").expect_error(404, "not_found")
        agent.get("/v1/number").expect(200)

    def test_a_key_needs_number_and_name(self):
        human = self.human()
        number = human.number()[0]
        for body, field in (
            ({}, "number_id"),
            ({"number_id": number}, "name"),
            ({"number_id": "x", "name": "n"}, "number_id"),
            ({"number_id": number, "name": 1}, "name"),
            ({"number_id": number, "name": "n" * 101}, "name"),
        ):
            with self.subTest(body):
                answer = human.console.post(self.PATH, body)
                answer.expect_error(422, "validation_error", field)

    def test_ids_of_one_kind_sort_by_creation(self):
        human = self.human()
        prefixes = [self.agent(human).credential[:12] for _ in range(4)]
        by_id = sorted(self.listed(human), key=lambda key: key["id"])
        self.assertEqual([key["key_prefix"] for key in by_id], prefixes)


if __name__ == "__main__":
    main()
