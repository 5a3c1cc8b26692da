"""test_auth.py - signing up and in: codes, sessions, credentials"""

import os
import re

from contract import *


class SignUp(Contract):
    def test_start_answers_a_verification_that_lives_ten_minutes(self):
        answer = self.start(new_phone())
        answer.expect(200, {"verification_id": UUID, "expires_in": 600})

    def test_a_code_of_six_digits_is_texted_to_the_phone(self):
        phone, _, _ = self.texted()
        (text,) = self.carrier.inbox(phone)
        self.assertEqual(len(re.findall(r"\b\d{6}\b", text["body"])), 1)

    def test_a_start_makes_no_account(self):
        phone, _, _ = self.texted()
        self.assertTrue(self.human(phone).opened["user"]["created"])

    def test_start_takes_only_e164(self):
        for phone in ("(415) 555-1234", "415-555-1234", "4155551234", "", "+1415555123", "+0441"):
            with self.subTest(phone):
                self.start(phone).expect_error(400, "invalid_phone", "phone")

    def test_start_refuses_numbers_of_the_pool(self):
        human = self.human()
        free = human.number(shared=False)[1]
        for phone in (SHARED, free, self.lease(human)[1]):
            self.start(phone).expect_error(400, "phone_is_pool_number", "phone")

    def test_start_wants_a_phone(self):
        for body in ({}, {"phone": None}, {"phone": 1}, [], "x"):
            refused(self.client.post("/auth/start", body), 422, "validation_error")

    def test_the_delivery_of_a_code_can_be_followed(self):
        _, verification, _ = self.texted()
        path = f"/auth/verifications/{verification}"
        view = {"verification_id": verification, "delivery_status": str, "expires_at": TIME}
        seen = set()

        def sent():
            seen.add(self.client.get(path).expect(200, view)["delivery_status"])
            return "sent" in seen

        eventually(sent, "the code is sent")
        self.assertLessEqual(seen, {"pending", "sent"})

    def test_an_unknown_verification_is_not_found(self):
        self.client.get(f"/auth/verifications/{NOBODY}").expect_error(404, "not_found")

    def test_verify_answers_user_token_and_expiry(self):
        phone, verification, code = self.texted()
        user = {"id": UUID, "phone": phone, "created": True}
        wanted = {"user": user, "session_token": SESSION, "expires_at": TIME}
        self.verify(verification, code).expect(200, wanted)

    def test_a_returning_login_is_the_same_user_and_not_created(self):
        first = self.human()
        again = self.human(first.phone)
        user = {**first.opened["user"], "created": False}
        self.assertEqual(again.opened["user"], user)
        self.assertNotEqual(first.token, again.token)
        self.assertEqual(first.console.get("/console/api-keys").status, 200)

    def test_a_code_works_just_before_ten_minutes(self):
        _, verification, code = self.texted()
        self.op.clock(600 - MINUTE)
        self.verify(verification, code).expect(200)

    def test_a_code_of_ten_minutes_has_expired(self):
        _, verification, code = self.texted()
        self.op.clock(600)
        self.verify(verification, code).expect_error(400, "verification_expired")

    def test_a_code_works_once(self):
        _, verification, code = self.texted()
        self.verify(verification, code).expect(200)
        self.verify(verification, code).expect_error(400, "verification_expired")

    def test_four_wrong_codes_leave_a_fifth_try(self):
        _, verification, code = self.texted()
        for by in range(1, 5):
            answer = self.verify(verification, wrong(code, by))
            answer.expect_error(400, "verification_invalid", "code")
        self.verify(verification, code).expect(200)

    def test_five_wrong_codes_lock_even_for_the_right_one(self):
        _, verification, code = self.texted()
        for by in range(1, 6):
            refused(self.verify(verification, wrong(code, by)), 400, "verification_invalid")
        self.verify(verification, code).expect_error(400, "verification_invalid", "code")

    def test_a_lock_holds_over_a_restart(self):
        folder = self.folder()
        op = launch(folder, "--simulate=1", *WIDE)
        self.addCleanup(op.stop)
        carrier, client, phone = op.wait_ready().carrier(), op.client(), new_phone()
        wanted = {"phone": phone}
        verification = client.post("/auth/start", wanted).expect(200)["verification_id"]
        code = carrier.code(phone)
        for by in range(1, 6):
            tried = {"verification_id": verification, "code": wrong(code, by)}
            refused(client.post("/auth/verify", tried), 400, "verification_invalid")
        op.kill()
        again = launch(folder, "--simulate=1", *WIDE)
        self.addCleanup(again.stop)
        again.wait_ready()
        tried = {"verification_id": verification, "code": code}
        again.client().post("/auth/verify", tried).expect_error(400, "verification_invalid", "code")

    def test_an_unknown_verification_id_is_verification_invalid(self):
        for verification in (NOBODY, "0193...", "x"):
            answer = self.verify(verification, "123456")
            answer.expect_error(400, "verification_invalid", "verification_id")

    def test_a_second_start_ends_the_first_verification(self):
        phone, first, code = self.texted()
        _, second, newer = self.texted(phone)
        self.verify(first, code).expect_error(400, "verification_expired")
        self.verify(second, newer).expect(200)

    def test_codes_differ(self):
        codes = {self.texted()[2] for _ in range(5)}
        self.assertGreater(len(codes), 1)


class Sessions(Contract):
    PATH = "/console/api-keys"

    def test_the_session_comes_as_a_cookie_too(self):
        _, verification, code = self.texted()
        answer = self.verify(verification, code)
        opened = answer.expect(200)
        cookie, *attributes = answer.headers["Set-Cookie"].split("; ")
        self.assertEqual(cookie, f"op_session={opened['session_token']}")
        self.assertLessEqual({"HttpOnly", "SameSite=Lax", "Path=/"}, set(attributes))
        self.assertNotIn("Secure", attributes)
        self.client.get(self.PATH, Cookie=cookie).expect(200)

    def test_behind_tls_the_cookie_is_secure(self):
        op, carrier = self.simulate(1, "--set=http/tls_in_front=true")
        client, phone = op.client(), new_phone()
        started = client.post("/auth/start", {"phone": phone}).expect(200)
        wanted = {
            "verification_id": started["verification_id"],
            "code": carrier.code(phone),
        }
        answer = client.post("/auth/verify", wanted)
        self.assertIn("Secure", answer.headers["Set-Cookie"].split("; "))

    def test_the_token_serves_as_bearer(self):
        self.human().console.get(self.PATH).expect(200)

    def test_a_session_lives_thirty_days(self):
        before = self.op.clock()
        human = self.human()
        expires = seconds(human.opened["expires_at"])
        self.assertTrue(before + 30 * DAY <= expires <= self.op.clock() + 30 * DAY)
        self.op.clock(30 * DAY - HOUR)
        human.console.get(self.PATH).expect(200)
        self.op.clock(HOUR)
        human.console.get(self.PATH).expect_error(401, "unauthenticated")
        self.client.get(self.PATH, Cookie=f"op_session={human.token}").expect_error(
            401, "unauthenticated"
        )

    def test_logout_ends_this_session_and_no_other(self):
        human = self.human()
        other = self.human(human.phone)
        answer = human.console.post("/auth/logout")
        answer.expect(204)
        self.assertRegex(answer.headers["Set-Cookie"], "^op_session=; .*1970")
        human.console.get(self.PATH).expect_error(401, "unauthenticated")
        other.console.get(self.PATH).expect(200)

    def test_a_cookie_from_another_origin_changes_nothing(self):
        human = self.human()
        cookie = f"op_session={human.token}"
        wanted = {"number_id": human.number()[0], "name": "csrf"}
        for headers in (
            {"Origin": "https://evil.example"},
            {"Origin": "null"},
            {"Sec_Fetch_Site": "cross-site"},
            {"Sec_Fetch_Site": "same-site"},
        ):
            answer = self.client.post(self.PATH, wanted, Cookie=cookie, **headers)
            answer.expect_error(403, "forbidden")
            answer = self.client.post("/auth/logout", Cookie=cookie, **headers)
            answer.expect_error(403, "forbidden")
        self.client.get(self.PATH, Cookie=cookie).expect(200, {"api_keys": []})

    def test_a_cookie_from_the_same_origin_may(self):
        human = self.human()
        cookie = f"op_session={human.token}"
        wanted = {"number_id": human.number()[0], "name": "own"}
        for headers in ({"Origin": f"http://{self.op.address}"}, {"Sec_Fetch_Site": "same-origin"}):
            self.client.post(self.PATH, wanted, Cookie=cookie, **headers).expect(201)

    def test_a_bearer_may_come_from_anywhere(self):
        human = self.human()
        wanted = {"number_id": human.number()[0], "name": "bearer"}
        human.console.post(self.PATH, wanted, Origin="https://evil.example").expect(201)


class Credentials(Contract):
    def test_auth_asks_for_no_credential(self):
        self.start(new_phone()).expect(200)

    def test_each_credential_has_its_own_surface(self):
        human = self.human()
        agent = self.agent(human)
        for path, credential in (
            ("/v1/number", human.token),
            ("/v1/messages", human.token),
            ("/console/numbers/mine", agent.credential),
            ("/console/webhooks", agent.credential),
        ):
            with self.subTest(path):
                answer = self.client.get(path, Authorization=f"Bearer {credential}")
                answer.expect_error(401, "unauthenticated")
        answer = self.client.get("/v1/number", Cookie=f"op_session={agent.credential}")
        answer.expect_error(401, "unauthenticated")

    def test_a_missing_or_wrong_credential_is_unauthenticated(self):
        key = self.agent().credential
        for token in (None, "", "x", key[:-1], key + "A", "op_live_" + "A" * 32):
            headers = {} if token is None else {"Authorization": f"Bearer {token}"}
            for path in ("/v1/number", "/console/numbers/mine"):
                with self.subTest(path=path, size=token and len(token)):
                    self.client.get(path, **headers).expect_error(401, "unauthenticated")

    def test_without_a_good_credential_nothing_else_is_said(self):
        human = self.human()
        agent = self.agent(human)
        (key,) = human.console.get("/console/api-keys").expect(200)["api_keys"]
        human.console.delete(f"/console/api-keys/{key['id']}").expect(204)
        for client in (agent, self.op.client("op_live_" + "A" * 32)):
            for method, path, body in (
                ("POST", "/v1/messages", {}),
                ("POST", "/v1/messages", b"{"),
                ("GET", "/v1/messages?limit=0", None),
                ("GET", "/v1/messages/not%20an%20id", None),
            ):
                client.call(method, path, body).expect_error(401, "unauthenticated")
        stranger = self.op.client("ses_live_" + "A" * 32)
        stranger.post("/console/api-keys", {}).expect_error(401, "unauthenticated")

    def test_tokens_and_keys_are_stored_only_as_hashes(self):
        op = launch(self.folder(), "--simulate=1", *WIDE)
        self.addCleanup(op.stop)
        human = Account(op, op.wait_ready().carrier())
        agent = human.mint(human.number()[0])
        op.stop()
        stored = op.stored()
        self.assertIn(human.phone.encode(), stored)
        for token in (human.token, agent.credential):
            self.assertNotIn(token.encode(), stored)
            self.assertNotIn(token.encode(), op.stderr().encode())


if __name__ == "__main__":
    main()
