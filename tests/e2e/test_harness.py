"""test_harness.py - what the end-to-end tests wait with"""

import math
import unittest

from waiting import REST_MAX_S, REST_MIN_S, eventually


class Eventually(unittest.TestCase):
    def test_what_it_answers(self):
        answers = iter((None, [], 0, "at last"))
        self.assertEqual(eventually(lambda: next(answers), "an answer"), "at last")

    def test_it_rests_between_two_looks(self):
        """However fast the machine is, there are no more looks than the rests let in."""
        looks, deadline_s = [], 10 * REST_MAX_S
        with self.assertRaisesRegex(AssertionError, "not within 0.5 s: the moon; last answer: None"):
            eventually(lambda: looks.append(1), "the moon", deadline_s)
        growing = math.ceil(math.log2(REST_MAX_S / REST_MIN_S))
        self.assertLessEqual(len(looks), growing + deadline_s / REST_MAX_S + 2)


if __name__ == "__main__":
    unittest.main(argv=["test_harness.py"], verbosity=2)
