"""test_table.py - CONTRACT.md names tests that exist, and every test of this folder"""

import ast
import os
import re
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
NAME = re.compile(r"(?:e2e/)?test_\w+\.\w+\.test_\w+")


def tests(folder, prefix=""):
    """file.Class.test of every test in a folder."""
    for file in sorted(os.listdir(folder)):
        if re.fullmatch(r"test_\w+\.py", file) and file != "test_table.py":
            with open(os.path.join(folder, file), encoding="utf-8") as text:
                tree = ast.parse(text.read())
            for case in tree.body:
                for one in case.body if isinstance(case, ast.ClassDef) else ():
                    if isinstance(one, ast.FunctionDef) and one.name.startswith("test"):
                        yield f"{prefix}{file[:-3]}.{case.name}.{one.name}"


def judge(table, own, others):
    """What is wrong with a table: a list of sentences."""
    wrong, named, numbers = [], set(), []
    for line in table.splitlines():
        row = re.match(r"\| (\d+\.\d+) \| (.+?) \| (.+) \|$", line)
        if row:
            numbers.append(row[1])
            for name in row[3].split(", "):
                if not NAME.fullmatch(name) or name not in own | others:
                    wrong.append(f"{row[1]} names {name}, which does not exist")
                named.add(name)
    wrong += [f"{number} is there twice" for number in set(numbers) if numbers.count(number) > 1]
    return wrong + [f"{name} is in no row" for name in sorted(own - named)]


class Table(unittest.TestCase):
    def setUp(self):
        with open(os.path.join(HERE, "CONTRACT.md"), encoding="utf-8") as file:
            self.table = file.read()
        self.own = set(tests(HERE))
        self.others = set(tests(os.path.join(HERE, "..", "e2e"), "e2e/"))

    def test_rows_and_tests_match(self):
        self.assertGreater(len(self.own), 100)
        self.assertEqual(judge(self.table, self.own, self.others), [])

    def test_a_difference_is_seen(self):
        one = sorted(self.own)[0]
        self.assertTrue(judge(self.table.replace(one, one + "_not"), self.own, self.others))
        self.assertTrue(judge(self.table, self.own | {"test_x.X.test_new"}, self.others))
        self.assertTrue(judge(self.table + "| 1.1 | again | " + one + " |", self.own, self.others))


if __name__ == "__main__":
    unittest.main()
