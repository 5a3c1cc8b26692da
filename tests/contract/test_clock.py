"""test_clock.py - the simulation's clock, on which the tests of days and minutes stand"""

import re

from contract import *


class Clock(Contract):
    PATH = "/sim/clock"

    def setUp(self):
        self.side = self.op.side()

    def test_time_passes_at_once_and_for_every_later_call(self):
        before = self.op.clock()
        after = self.op.clock(DAY)
        self.assertTrue(before + DAY <= after <= before + DAY + DEADLINE_S)
        sent = send(self.agent(), new_phone(), "tomorrow")
        self.assertGreaterEqual(seconds(sent["created_at"]), after)

    def test_what_was_due_has_been_begun(self):
        human = self.human()
        number, _ = self.lease(human, DEAD)
        agent = human.mint(number)
        sent = send(agent, human.phone, "waits an hour")
        self.op.clock(HOUR - MINUTE)
        self.assertEqual(agent.get(f"/v1/messages/{sent['id']}").json["status"], "queued")
        self.op.clock(MINUTE)
        self.assertEqual(settled(agent, sent["id"])["status"], "failed")

    def test_the_carriers_stamps_follow(self):
        self.op.clock(DAY)
        now = self.op.clock()
        phone, _, _ = self.texted()
        (text,) = self.carrier.inbox(phone)
        self.assertGreaterEqual(seconds(text["received_at"]), now)

    def test_lines_live_through_jumps(self):
        for _ in range(20):
            self.op.clock(DAY)
            self.human()
        self.assertNotRegex(self.op.stderr(), r"device=/dev/pts/\d+ down")

    def test_it_goes_forward_only_and_has_an_end(self):
        before = self.side.get(self.PATH).json["ahead_s"]
        for body in ({"advance_s": -1}, {"advance_s": 1e9}, {"advance_s": "1"}, {}, [], {"advance_s": 10**10}):
            refused(self.side.post(self.PATH, body), 422, "validation_error")
        refused(self.side.post(self.PATH, b"{"), 422, "validation_error")
        self.assertEqual(self.side.get(self.PATH).json["ahead_s"], before)
        self.side.post(self.PATH, {"advance_s": 0}).expect(200)
        answer = self.side.delete(self.PATH)
        answer.expect_error(405, "method_not_allowed")


if __name__ == "__main__":
    main()
