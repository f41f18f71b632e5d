"""The sandbox gives the recorded answers of the real batch engine; neither Java nor network is needed."""

import importlib.util
import unittest

HAS_LIBRARIES = all(importlib.util.find_spec(name) for name in ("duckdb", "sqlglot"))

if HAS_LIBRARIES:
    import compare
    import recorded
    from generate import AGGREGATES, FEATURES, OPERATORS, SCALARS, WINDOW_AGGREGATES
    from sandbox import SandboxSide


@unittest.skipUnless(HAS_LIBRARIES, "needs the Python libraries duckdb and sqlglot")
class Recorded(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.worlds = recorded.read()
        cls.sandbox = SandboxSide()
        cls.addClassCleanup(cls.sandbox.close)

    def check(self, names):
        for name in names:
            world, answers = self.worlds[name]
            self.sandbox.set_tables(world.tables)
            for query, want in zip(world.queries, answers):
                with self.subTest(f"{name}: {query.feature}"):
                    got = self.sandbox.query(query)
                    problem = compare.difference(query, want, got)
                    self.assertEqual(problem, "", f"\n{query.sql}\nengine  {want}\nsandbox {got}")

    def test_generated_queries_have_the_answers_of_the_engine(self):
        self.check([name for name in self.worlds if name != "named"])

    def test_named_cases_have_the_answers_of_the_engine(self):
        self.check(["named"])

    def test_every_feature_and_function_is_recorded(self):
        queries = [query for world, _ in self.worlds.values() for query in world.queries]
        self.assertGreaterEqual(len(queries), 200)
        features = {query.feature for query in queries}
        wanted = {feature for feature in FEATURES if feature not in ("scalar", "operator")}
        wanted |= {f"scalar {name}" for name in SCALARS} | {f"operator {name}" for name in OPERATORS}
        self.assertEqual(wanted - features, set())
        windows = " ".join(query.sql for query in queries if " OVER " in query.sql)
        groups = " ".join(query.sql for query in queries if query.feature == "group")
        for names, text in ((WINDOW_AGGREGATES, windows), (AGGREGATES, groups)):
            self.assertEqual([name for name in names if f" {name.rstrip('*)')}" not in text], [])


if __name__ == "__main__":
    unittest.main()
