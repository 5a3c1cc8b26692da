"""test_messages.py - texts out and in, one by one and page by page"""

import re

from contract import *


class Sending(Contract):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.someone = Account(cls.op, cls.carrier)
        cls.shared = cls.someone.mint(cls.someone.number()[0])

    def post(self, to, body="hello", agent=None):
        return (agent or self.shared).post("/v1/messages", {"to": to, "body": body})

    def test_a_text_is_queued_and_has_a_location(self):
        phone = new_phone()
        answer = self.post(phone, "Hi")
        made = answer.expect(201, outbound(phone, SHARED, "Hi"))
        self.assertEqual(answer.headers["Location"], f"/v1/messages/{made['id']}")

    def test_a_text_reaches_the_phone_from_the_keys_number(self):
        human = self.human()
        number, e164 = self.lease(human)
        for agent, from_ in ((self.shared, SHARED), (human.mint(number), e164)):
            phone = new_phone()
            sent = send(agent, phone, "it is me")
            settled(agent, sent["id"])
            (text,) = self.carrier.inbox(phone)
            self.assertEqual((text["from"], text["body"]), (from_, "it is me"))

    def test_the_status_goes_from_queued_over_sending_to_sent(self):
        phone = new_phone()
        sent = send(self.shared, phone, "on its way")
        seen = [sent["status"]]

        def settled_now():
            message = self.shared.get(f"/v1/messages/{sent['id']}").expect(200)
            seen.append(message["status"])
            return message if message["status"] == "sent" else None

        message = eventually(settled_now, "it is sent")
        order = ["queued", "sending", "sent"]
        self.assertEqual(seen, sorted(seen, key=order.index))
        wanted = outbound(phone, SHARED, "on its way", id=sent["id"], status="sent", sent_at=TIME)
        shape(message, wanted)

    def test_a_text_that_cannot_leave_fails_with_code_and_sentence(self):
        human = self.human()
        number, _ = self.lease(human, DEAD)
        agent = human.mint(number)
        sent = send(agent, human.phone, "too late")
        self.op.clock(HOUR)
        message = settled(agent, sent["id"])
        error = {"code": "expired", "message": re.compile(r"\S.*\.")}
        wanted = outbound(
            human.phone, DEAD, "too late", id=sent["id"], status="failed", error=error
        )
        shape(message, wanted)

    def test_recipients_are_e164(self):
        for phone in ("(415) 555-1234", "4155551234", "+1415555123", "+141555512345", "+0123456789"):
            with self.subTest(phone):
                self.post(phone).expect_error(400, "invalid_phone", "to")

    def test_recipients_outside_the_prefixes_are_refused_and_told_why(self):
        answer = self.post("+447700900123").expect_error(400, "invalid_phone", "to")
        ordinary = self.post("x").json["error"]["message"]
        self.assertNotEqual(answer.json["error"]["message"], ordinary)

    def test_an_operator_may_allow_other_prefixes(self):
        op, carrier = self.simulate(1, *WIDE, "--set=texts/prefixes=+1,+44")
        human = Account(op, carrier)
        agent = human.mint(human.number()[0])
        settled(agent, send(agent, "+447700900123", "abroad")["id"])
        self.assertEqual(carrier.bodies("+447700900123"), ["abroad"])
        agent.post("/v1/messages", {"to": "+33612345678", "body": "x"}).expect_error(
            400, "invalid_phone", "to"
        )

    def test_a_body_has_1_to_1600_code_points(self):
        phone = new_phone()
        self.post(phone, "").expect_error(422, "validation_error", "body")
        for one in ("x", "\u20ac", "\U0001f30a"):
            made = self.post(phone, one * 1600).expect(201)
            self.assertEqual(made["body"], one * 1600)
            self.post(phone, one * 1601).expect_error(400, "body_too_long", "body")

    def test_to_and_body_are_required_strings(self):
        for body, field in (
            ({}, "to"),
            ({"to": "+14155550123"}, "body"),
            ({"body": "x"}, "to"),
            ({"to": 1, "body": "x"}, "to"),
            ({"to": "+14155550123", "body": None}, "body"),
            ({"to": "+14155550123", "body": ["x"]}, "body"),
        ):
            with self.subTest(body):
                answer = self.shared.post("/v1/messages", body)
                answer.expect_error(422, "validation_error", field)

    def test_a_number_does_not_text_itself(self):
        human = self.human()
        number, e164 = self.lease(human)
        self.post(e164, agent=human.mint(number)).expect_error(400, "self_send", "to")
        self.post(SHARED).expect_error(400, "self_send", "to")

    def test_numbers_in_the_pool_cannot_be_texted(self):
        human = self.human()
        number, _ = self.lease(human)
        agent = human.mint(number)
        free = human.number(shared=False)[1]
        for to in (SHARED, free):
            self.post(to, agent=agent).expect_error(400, "target_is_pool", "to")

    def test_two_leased_numbers_talk_without_radio(self):
        humans = [self.human() for _ in range(2)]
        lines = [self.lease(human) for human in humans]
        here, there = (human.mint(line[0]) for human, line in zip(humans, lines))
        events = self.carrier.client.get("/sim/events").expect(200)["data"]
        sent = send(here, lines[1][1], "agent to agent")
        self.assertEqual(settled(here, sent["id"])["status"], "sent")
        (copy,) = received(there)
        self.assertEqual((copy["from"], copy["body"]), (lines[0][1], "agent to agent"))
        self.assertNotEqual(copy["id"], sent["id"])
        last = events[-1]["number"] if events else 0
        since = self.carrier.client.get(f"/sim/events?after={last}").expect(200)["data"]
        ours = [event for event in since if event["modem"] in (lines[0][1], lines[1][1])]
        self.assertEqual([e for e in ours if e["what"] in ("submitting", "texted")], [])

    def test_a_foreign_message_is_not_found(self):
        sent = send(self.shared, new_phone(), "private")
        other = self.agent()
        other.get(f"/v1/messages/{sent['id']}").expect_error(404, "not_found")
        for one in (f"msg_{NOBODY}", NOBODY, "x", "%ff"):
            self.shared.get(f"/v1/messages/{one}").expect_error(404, "not_found")

    def test_a_key_of_the_same_number_sees_the_accounts_messages(self):
        sent = send(self.shared, new_phone(), "ours")
        again = self.someone.mint(self.someone.number()[0])
        again.get(f"/v1/messages/{sent['id']}").expect(200)

    def test_instants_are_utc_with_z_and_follow_the_clock(self):
        before = self.op.clock()
        sent = send(self.shared, new_phone(), "now")
        self.assertTrue(before <= seconds(sent["created_at"]) <= self.op.clock())


class Receiving(Contract):
    def test_an_inbound_text_is_listed(self):
        human = self.human()
        number, e164 = self.lease(human)
        agent = human.mint(number)
        self.carrier.text(human.phone, e164, "Got it")
        received(agent)
        view = {
            "id": MESSAGE_ID,
            "status": "received",
            "direction": "inbound",
            "to": e164,
            "from": human.phone,
            "body": "Got it",
            "created_at": TIME,
            "received_at": TIME,
            "sent_at": None,
            "error": None,
        }
        page = agent.get("/v1/messages?direction=inbound&limit=5")
        (message,) = page.expect(200, {"data": [view], "next_cursor": None})["data"]
        agent.get(f"/v1/messages/{message['id']}").expect(200, message)

    def test_an_answer_to_the_shared_number_goes_to_all_who_texted_the_peer(self):
        peer = new_phone()
        agents = [self.agent() for _ in range(3)]
        for agent in agents[:2]:
            settled(agent, send(agent, peer, "hello")["id"])
        self.carrier.text(peer, SHARED, "to both")
        copies = [received(agent)[0] for agent in agents[:2]]
        self.assertEqual([copy["body"] for copy in copies], ["to both"] * 2)
        self.assertNotEqual(copies[0]["id"], copies[1]["id"])
        agents[1].get(f"/v1/messages/{copies[0]['id']}").expect_error(404, "not_found")
        # A later text that the third does get shows that the one before was not for it.
        late = new_phone()
        settled(agents[2], send(agents[2], late, "hello")["id"])
        self.carrier.text(late, SHARED, "to the third")
        self.assertEqual([m["body"] for m in received(agents[2])], ["to the third"])

    def test_a_text_of_a_stranger_to_the_shared_number_goes_to_nobody(self):
        agent, peer = self.agent(), new_phone()
        settled(agent, send(agent, peer, "hello")["id"])
        self.carrier.text(new_phone(), SHARED, "who is it for?")
        self.carrier.text(peer, SHARED, "an answer")
        self.assertEqual([m["body"] for m in received(agent)], ["an answer"])

    def test_whoever_texts_a_leased_number_is_heard(self):
        human = self.human()
        number, e164 = self.lease(human)
        agent, stranger = human.mint(number), new_phone()
        self.carrier.text(stranger, e164, "hello?")
        self.assertEqual(received(agent)[0]["from"], stranger)

    def test_long_and_odd_texts_arrive_whole(self):
        human = self.human()
        number, e164 = self.lease(human)
        agent = human.mint(number)
        body = "na\u00efve \u4f60\u597d \U0001f468\u200d\U0001f469 " * 20
        self.carrier.text(human.phone, e164, body)
        self.assertEqual(received(agent)[0]["body"], body)
        settled(agent, send(agent, human.phone, body)["id"])
        self.assertEqual(self.carrier.bodies(human.phone)[-1], body)


class Lists(Contract):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.owner = Account(cls.op, cls.carrier)
        cls.number, cls.e164 = cls.owner.lease()
        cls.agent_ = cls.owner.mint(cls.number)
        for n in range(23):
            settled(cls.agent_, send(cls.agent_, cls.owner.phone, f"out {n}")["id"])
        for n in range(3):
            cls.carrier.text(cls.owner.phone, cls.e164, f"in {n}")
            received(cls.agent_, n + 1)
        cls.out = [f"out {n}" for n in reversed(range(23))]
        cls.in_ = ["in 2", "in 1", "in 0"]

    def page(self, query=""):
        wanted = {"data": list, "next_cursor": object}
        page = self.agent_.get(f"/v1/messages{query}").expect(200)
        self.assertEqual(list(page), list(wanted))
        return [message["body"] for message in page["data"]], page["next_cursor"]

    def test_newest_first_both_directions(self):
        self.assertEqual(self.page("?limit=100"), (self.in_ + self.out, None))

    def test_twenty_by_default(self):
        bodies, cursor = self.page()
        self.assertEqual(bodies, (self.in_ + self.out)[:20])
        self.assertIsInstance(cursor, str)
        self.assertEqual(self.page(f"?cursor={cursor}"), ((self.in_ + self.out)[20:], None))

    def test_one_direction(self):
        self.assertEqual(self.page("?direction=inbound"), (self.in_, None))
        self.assertEqual(self.page("?direction=outbound&limit=100"), (self.out, None))

    def test_the_cursor_is_null_on_the_last_page_even_when_it_is_full(self):
        self.assertEqual(self.page("?direction=inbound&limit=3"), (self.in_, None))
        self.assertEqual(self.page("?limit=26")[1], None)

    def test_pages_neither_skip_nor_repeat_while_new_ones_arrive(self):
        human = self.human()
        agent = self.agent(human)
        expected = [send(agent, human.phone, f"old {n}")["body"] for n in range(9)][::-1]
        seen, cursor = [], ""
        while cursor is not None:
            query = f"limit=2&direction=outbound" + (f"&cursor={cursor}" if cursor else "")
            page = agent.get(f"/v1/messages?{query}").expect(200)
            seen += [message["body"] for message in page["data"]]
            cursor = page["next_cursor"]
            send(agent, human.phone, "new")
        self.assertEqual(seen, expected)

    def test_bad_parameters_are_named(self):
        for query, field in (
            ("limit=0", "limit"),
            ("limit=101", "limit"),
            ("limit=-1", "limit"),
            ("limit=ten", "limit"),
            ("limit=010", "limit"),
            ("limit=", "limit"),
            ("limit", "limit"),
            ("direction=", "direction"),
            ("cursor=", "cursor"),
            ("direction=sideways", "direction"),
            ("direction=Inbound", "direction"),
            ("cursor=nowhere", "cursor"),
            ("cursor=%F0%9F", "cursor"),
            ("limit=5&limit=6", "limit"),
        ):
            with self.subTest(query):
                answer = self.agent_.get(f"/v1/messages?{query}")
                answer.expect_error(422, "validation_error", field)

    def test_1_and_100_are_good_limits(self):
        self.assertEqual(len(self.page("?limit=1")[0]), 1)
        self.assertEqual(len(self.page("?limit=100")[0]), 26)

    def test_a_cursor_of_another_key_or_filter_is_refused(self):
        cursor = self.page("?direction=outbound&limit=2")[1]
        other = self.agent()
        for agent, query in (
            (other, f"direction=outbound&limit=2&cursor={cursor}"),
            (self.agent_, f"direction=inbound&limit=2&cursor={cursor}"),
        ):
            answer = agent.get(f"/v1/messages?{query}")
            answer.expect_error(422, "validation_error", "cursor")

    def test_a_changed_cursor_is_refused(self):
        cursor = self.page("?limit=2")[1]
        for at in (0, len(cursor) // 2, len(cursor) - 1):
            other = "0" if cursor[at] != "0" else "1"
            changed = cursor[:at] + other + cursor[at + 1 :]
            answer = self.agent_.get(f"/v1/messages?cursor={changed}")
            answer.expect_error(422, "validation_error", "cursor")

    def test_ids_of_messages_sort_by_creation(self):
        page = self.agent_.get("/v1/messages?limit=100").expect(200)["data"]
        ids = [message["id"] for message in page]
        self.assertEqual(ids, sorted(ids, reverse=True))
        for one in ids:
            self.assertRegex(one, MESSAGE_ID)


if __name__ == "__main__":
    main()
