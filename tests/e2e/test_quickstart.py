"""test_quickstart.py - a new user's way through the API, each answer checked member by member"""

import re

import harness
from harness import *

NUMBER = {"id": UUID, "e164": re.compile(r"\+1617\d{7}"), "region": "US", "shared": bool}
LEASED = {**NUMBER, "shared": False, "leased_at": TIME}
KEY_LISTED = {"id": UUID, "number_id": UUID, "key_prefix": str, "name": str, "created_at": TIME}


def outbound(to, from_, body, **differs):
    """The shape of an outbound message."""
    view = {
        "id": MESSAGE_ID,
        "status": "queued",
        "direction": "outbound",
        "to": to,
        "from": from_,
        "body": body,
        "created_at": TIME,
        "sent_at": None,
        "error": None,
        "delivered_at": harness.Maybe(TIME),  # as soon as the carrier says so
    }
    return {**view, **differs}


def inbound(to, from_, body):
    return {
        "id": MESSAGE_ID,
        "status": "received",
        "direction": "inbound",
        "to": to,
        "from": from_,
        "body": body,
        "created_at": TIME,
        "received_at": TIME,
        "sent_at": None,
        "error": None,
    }


class QuickStart(Case):
    @classmethod
    def setUpClass(cls):
        cls.op, cls.carrier = cls.simulate(8, *WIDE)

    def verify(self, client, phone):
        """Steps 1 to 3; the answer of /auth/verify."""
        before = len(self.carrier.inbox(phone))
        started = client.post("/auth/start", {"phone": phone}).expect(
            200, {"verification_id": UUID, "expires_in": 600}
        )
        verification = started["verification_id"]
        code = self.carrier.code(phone, before)
        path = f"/auth/verifications/{verification}"
        status = {"verification_id": verification, "delivery_status": str, "expires_at": TIME}
        eventually(
            lambda: client.get(path).expect(200, status)["delivery_status"] == "sent",
            "the code is sent",
        )
        return client.post("/auth/verify", {"verification_id": verification, "code": code})

    def test_steps_one_to_five_with_the_cookie(self):
        client, phone = self.op.client(), new_phone()
        client.get("/healthz").expect(200, {"status": "ok"})
        answer = self.verify(client, phone)
        user = {"id": UUID, "phone": phone, "created": True}
        opened = answer.expect(200, {"user": user, "session_token": SESSION, "expires_at": TIME})
        cookie, *attributes = answer.headers["Set-Cookie"].split("; ")
        self.assertEqual(cookie, f"op_session={opened['session_token']}")
        self.assertEqual({"HttpOnly", "SameSite=Lax", "Path=/"} - set(attributes), set())
        self.assertNotIn("Secure", attributes)

        client.get("/console/api-keys", Cookie=cookie).expect(200, {"api_keys": []})
        numbers = client.get("/console/numbers/available", Cookie=cookie)
        listed = numbers.expect(200, {"numbers": (NUMBER,)})["numbers"]
        shared = [number for number in listed if number["shared"]]
        self.assertEqual([number["e164"] for number in shared], [SHARED])

        wanted = {"number_id": shared[0]["id"], "name": "agent"}
        answer = client.post("/console/api-keys", wanted, Cookie=cookie)
        made = {"id": UUID, "key": KEY, "key_prefix": str, "name": "agent", "created_at": TIME}
        made = answer.expect(201, made)
        self.assertEqual(made["key_prefix"], made["key"][:12])
        self.assertEqual(answer.headers["Location"], f"/console/api-keys/{made['id']}")

        agent = self.op.client(made["key"])
        line = {"id": shared[0]["id"], "e164": SHARED, "region": "US", "tier": "free"}
        agent.get("/v1/number").expect(200, line)
        body = "Hey \u2014 this is my new OP number. Text me here anytime."
        answer = agent.post("/v1/messages", {"to": phone, "body": body})
        sent = answer.expect(201, outbound(phone, SHARED, body))
        self.assertEqual(answer.headers["Location"], f"/v1/messages/{sent['id']}")
        shape(
            settled(agent, sent["id"]),
            outbound(phone, SHARED, body, id=sent["id"], status="sent", sent_at=TIME),
        )
        self.assertEqual(self.carrier.bodies(phone)[-1], body)
        self.assertEqual(self.carrier.inbox(phone)[-1]["from"], SHARED)

        self.carrier.text(phone, SHARED, "Got it")
        received(agent)
        page = agent.get("/v1/messages?direction=inbound&limit=5")
        page.expect(200, {"data": [inbound(SHARED, phone, "Got it")], "next_cursor": None})
        reply = page.json["data"][0]
        agent.get(f"/v1/messages/{reply['id']}").expect(200, reply)

        answer = client.get("/console/api-keys", Cookie=cookie)
        listed = answer.expect(200, {"api_keys": [KEY_LISTED]})
        self.assertEqual([key["key_prefix"] for key in listed["api_keys"]], [made["key_prefix"]])
        self.assertNotIn(made["key"], str(listed))
        client.delete(f"/console/api-keys/{made['id']}", Cookie=cookie).expect(204)
        agent.get("/v1/number").expect_error(401, "unauthenticated")

    def test_a_returning_login_finds_its_account(self):
        client, phone = self.op.client(), new_phone()
        first = self.verify(client, phone).expect(200)
        again = self.verify(client, phone).expect(200)
        self.assertEqual((first["user"]["created"], again["user"]["created"]), (True, False))
        self.assertEqual(first["user"]["id"], again["user"]["id"])
        self.assertNotEqual(first["session_token"], again["session_token"])
        console = self.op.client(again["session_token"])
        console.get("/console/numbers/mine").expect(200, {"numbers": []})
        answer = console.post("/auth/logout")
        answer.expect(204)
        self.assertIn("Expires=Thu, 01 Jan 1970 00:00:00 GMT", answer.headers["Set-Cookie"])
        console.get("/console/numbers/mine").expect_error(401, "unauthenticated")
        self.op.client(first["session_token"]).get("/console/numbers/mine").expect(200)

    def test_pages_neither_skip_nor_repeat(self):
        human = Account(self.op, self.carrier)
        agent = human.mint(human.number()[0])
        outgoing = [send(agent, human.phone, f"page {n}")["id"] for n in range(7)]
        for n in range(5):
            self.carrier.text(human.phone, SHARED, f"answer {n}")
        incoming = [message["id"] for message in received(agent, 5)]
        self.assertEqual([m["id"] for m in agent.pages("&direction=outbound", 3)], outgoing[::-1])
        self.assertEqual([m["id"] for m in agent.pages("&direction=inbound", 2)], incoming)
        both = [message["id"] for message in agent.pages("", 5)]
        self.assertEqual(len(both), 12)
        self.assertEqual(sorted(both, reverse=True), both)
        self.assertEqual(set(both), set(outgoing) | set(incoming))

        page = agent.get("/v1/messages?direction=outbound&limit=3").expect(200)
        send(agent, human.phone, "between two pages")
        path = f"/v1/messages?direction=outbound&limit=4&cursor={page['next_cursor']}"
        rest = agent.get(path).expect(200)
        self.assertEqual([m["id"] for m in rest["data"]], outgoing[3::-1])
        self.assertIsNone(rest["next_cursor"])

    def test_a_lease_from_its_begin_to_its_end(self):
        owner, other = Account(self.op, self.carrier), Account(self.op, self.carrier)
        number, e164 = owner.number(shared=False)
        path = f"/console/numbers/{number}"
        lease = owner.console.post(f"{path}/lease").expect(200, {**LEASED, "e164": e164})
        owner.console.post(f"{path}/lease").expect(200, lease)
        owner.console.get("/console/numbers/mine").expect(200, {"numbers": [lease]})
        free = other.console.get("/console/numbers/available").expect(200)["numbers"]
        self.assertNotIn(number, [item["id"] for item in free])
        other.console.post(f"{path}/lease").expect_error(409, "number_unavailable")
        other.console.post(f"{path}/release").expect_error(404, "not_found")
        other.console.post("/console/api-keys", {"number_id": number, "name": "x"}).expect_error(
            404, "not_found", "number_id"
        )
        shared = f"/console/numbers/{owner.number()[0]}/lease"
        owner.console.post(shared).expect_error(409, "number_unavailable")

        agent = owner.mint(number)
        line = {"id": number, "e164": e164, "region": "US", "tier": "paid"}
        agent.get("/v1/number").expect(200, line)
        sent = send(agent, owner.phone, "from my own number")
        self.assertEqual(settled(agent, sent["id"])["status"], "sent")
        self.assertEqual(self.carrier.inbox(owner.phone)[-1]["from"], e164)
        self.carrier.text(other.phone, e164, "whoever texts it is heard")
        self.assertEqual(received(agent)[0]["from"], other.phone)

        owner.console.post(f"{path}/release").expect(200, {**NUMBER, "id": number})
        agent.get("/v1/number").expect_error(401, "unauthenticated")
        agent.post("/v1/messages", {"to": owner.phone, "body": "x"}).expect_error(
            401, "unauthenticated"
        )
        eventually(
            lambda: owner.console.get("/console/api-keys").expect(200)["api_keys"] == [],
            "the lease's keys are gone",
        )
        other.console.post(f"{path}/lease").expect(200)
        successor = other.mint(number)
        successor.get("/v1/messages").expect(200, {"data": [], "next_cursor": None})
        successor.get(f"/v1/messages/{sent['id']}").expect_error(404, "not_found")

    def test_two_leased_numbers_talk(self):
        agents = []
        for _ in range(2):
            human = Account(self.op, self.carrier)
            number, e164 = human.lease()
            agents.append((human.mint(number), e164))
        (here, from_), (there, to) = agents
        sent = send(here, to, "agent to agent")
        self.assertEqual(settled(here, sent["id"])["status"], "sent")
        shape(received(there), [inbound(to, from_, "agent to agent")])

    def test_an_answer_to_the_shared_number_goes_to_all_who_texted_the_phone(self):
        peer = new_phone()
        humans = [Account(self.op, self.carrier) for _ in range(3)]
        first, second, third = (human.mint(human.number()[0]) for human in humans)
        for agent in (first, second):
            self.assertEqual(settled(agent, send(agent, peer, "hello")["id"])["status"], "sent")
        settled(third, send(third, humans[2].phone, "somebody else")["id"])
        self.carrier.text(peer, SHARED, "to both")
        copies = [received(agent)[0] for agent in (first, second)]
        self.assertEqual([copy["body"] for copy in copies], ["to both"] * 2)
        self.assertNotEqual(copies[0]["id"], copies[1]["id"])
        second.get(f"/v1/messages/{copies[0]['id']}").expect_error(404, "not_found")
        # What comes to the third shows that the text before it would have been there by now.
        self.carrier.text(humans[2].phone, SHARED, "to the third")
        self.assertEqual([m["body"] for m in received(third)], ["to the third"])

    def test_long_texts_arrive_whole_both_ways(self):
        human = Account(self.op, self.carrier)
        number, e164 = human.lease()
        agent = human.mint(number)
        gsm = "".join(chr(ord("a") + n % 26) for n in range(1599)) + "\u20ac"
        mixed = "na\u00efve \u4f60\u597d \U0001f468\u200d\U0001f469"
        for body in (gsm, "\U0001f30a" * 1600, mixed):
            sent = agent.post("/v1/messages", {"to": human.phone, "body": body})
            sent = sent.expect(201, outbound(human.phone, e164, body))
            self.assertEqual(settled(agent, sent["id"])["status"], "sent")
            self.assertEqual(self.carrier.bodies(human.phone)[-1], body)
            count = len(agent.pages("&direction=inbound"))
            self.carrier.text(human.phone, e164, body)
            self.assertEqual(received(agent, count + 1)[0]["body"], body)


if __name__ == "__main__":
    main()
