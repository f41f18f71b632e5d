"""The PYTHON tasks as the workflow runs them: a model that is worth deploying, a gate that can say no."""

from __future__ import annotations

import json
import tempfile
import unittest
from pathlib import Path

from example import EXAMPLE, HAS_MODEL_LIBRARIES, NEEDS_MODEL_LIBRARIES, load_module, out_params, run_script

if HAS_MODEL_LIBRARIES:
    import numpy as np
    import pandas as pd

generate_data = load_module("generate_data")

WINDOW = np.timedelta64(1, "h") if HAS_MODEL_LIBRARIES else None


def scripts_of(file: str) -> dict[str, str]:
    (document,) = json.loads((EXAMPLE / file).read_text(encoding="utf-8"))
    return {task["name"]: task["taskParams"].get("rawScript", "") for task in document["taskDefinitionList"]}


def demo_features(clicks: "pd.DataFrame") -> "pd.DataFrame":
    """features.sql by brute force: windows end at the row itself, 1h is inclusive, clocks show UTC+8."""
    clicks = clicks.sort_values(["click_time", "ip"], ignore_index=True)
    local = clicks.click_time + pd.Timedelta(hours=8)
    times = clicks.click_time.to_numpy()
    quantity = np.zeros(len(clicks), dtype=int)
    for rows in clicks.groupby("ip").indices.values():
        quantity[rows] = [np.count_nonzero(times[rows[:end]] >= times[row] - WINDOW)
                          for end, row in enumerate(rows, start=1)]
    return clicks.assign(
        hour=local.dt.hour, day=local.dt.day, qty=quantity,
        ip_app_count=clicks.groupby(["ip", "app"]).cumcount() + 1,
        ip_app_os_count=clicks.groupby(["ip", "app", "os"]).cumcount() + 1,
    ).drop(columns="click_time")


@unittest.skipUnless(HAS_MODEL_LIBRARIES, NEEDS_MODEL_LIBRARIES)
class TrainAndValidate(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.params = {
            "feature_dir": str(self.folder / "features"), "model_path": str(self.folder / "out" / "model.json"),
            "min_auc": "0.7", "force_fail": "false",
        }
        self.scripts = scripts_of("workflow.json")

    def write_features(self, seed: int) -> None:
        source = self.folder / "clicks.csv"
        generate_data.write_csv(source, 10_000, seed)
        table = demo_features(pd.read_csv(source, parse_dates=["click_time"]))
        features = Path(self.params["feature_dir"])
        features.mkdir(exist_ok=True)
        for number, part in enumerate((table.iloc[:4_000], table.iloc[4_000:])):
            part.to_csv(features / f"part-{number}.csv", index=False)

    def run_task(self, name: str, **params: str) -> str:
        result = run_script(self.scripts[name], {**self.params, **params})
        self.assertEqual(0, result.returncode, result.stderr)
        return result.stdout

    def auc(self) -> float:
        self.run_task("train")
        return float(out_params(self.run_task("validation"))["auc"])

    def test_auc_is_high_and_does_not_depend_on_row_order(self) -> None:
        self.write_features(7)
        first = self.auc()
        self.assertGreater(first, 0.9)
        part = Path(self.params["feature_dir"]) / "part-1.csv"
        pd.read_csv(part).sample(frac=1, random_state=1).to_csv(part, index=False)
        self.assertEqual(first, self.auc())

    def test_auc_stays_above_the_bar_for_other_data(self) -> None:
        for seed in (1, 2, 3):
            with self.subTest(seed=seed):
                self.write_features(seed)
                self.assertGreater(self.auc(), 0.85)

    def test_train_leaves_only_its_results(self) -> None:
        self.write_features(7)
        self.run_task("train")
        self.assertEqual(["model.json", "model.json.holdout"],
                         sorted(path.name for path in (self.folder / "out").iterdir()))

    def test_train_without_features_says_where_it_looked(self) -> None:
        result = run_script(self.scripts["train"], self.params)
        self.assertEqual(1, result.returncode)
        self.assertIn(f"no *.csv in {self.params['feature_dir']}", result.stderr)


@unittest.skipUnless(HAS_MODEL_LIBRARIES, NEEDS_MODEL_LIBRARIES)
class Gate(unittest.TestCase):
    """validation of the CONDITIONS variant: its exit status is the verdict."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.params = {"model_path": str(Path(folder.name) / "model.json"), "min_auc": "0.7", "force_fail": "false"}
        self.script = scripts_of("workflow-conditions.json")["validation"]

    def validate(self, rows: str, **params: str) -> tuple[int, dict[str, str], str]:
        Path(self.params["model_path"] + ".holdout").write_text("label,prediction\n" + rows, encoding="ascii")
        result = run_script(self.script, {**self.params, **params})
        return result.returncode, out_params(result.stdout), result.stderr

    def test_good_model_passes(self) -> None:
        self.assertEqual((0, {"auc": "1.0000"}, ""), self.validate("0,0.1\n1,0.9\n0,0.2\n"))

    def test_equal_predictions_count_half(self) -> None:
        status, values, _ = self.validate("0,0.5\n1,0.5\n0,0.1\n1,0.9\n")
        self.assertEqual((0, {"auc": "0.8750"}), (status, values))

    def test_bad_model_fails_and_still_reports_its_auc(self) -> None:
        status, values, error = self.validate("0,0.9\n1,0.1\n")
        self.assertEqual((1, {"auc": "0.0000"}), (status, values))
        self.assertIn("below 0.7", error)

    def test_force_fail_rejects_a_good_model(self) -> None:
        status, values, error = self.validate("0,0.1\n1,0.9\n", force_fail="true")
        self.assertEqual((1, {"auc": "1.0000"}), (status, values))
        self.assertIn("force_fail is set", error)

    def test_one_class_has_no_auc(self) -> None:
        status, values, error = self.validate("0,0.1\n")
        self.assertEqual((1, {}), (status, values))
        self.assertIn("AUC is undefined", error)


class Report(unittest.TestCase):
    def report(self, **params: str) -> str:
        values = {"model_path": "/m.json", "min_auc": "0.7", "force_fail": "false", **params}
        result = run_script(scripts_of("workflow.json")["report"], values)
        self.assertEqual(0, result.returncode, result.stderr)
        return result.stdout

    def test_low_auc(self) -> None:
        self.assertIn("auc: 0.61\nnot deployed: the AUC is below 0.7\n", self.report(auc="0.61"))

    def test_forced_failure(self) -> None:
        self.assertIn("auc: 0.93\nnot deployed: force_fail is set\n", self.report(auc="0.93", force_fail="true"))

    def test_validation_without_result(self) -> None:
        self.assertIn("auc: unknown\nnot deployed: validation failed\n", self.report())


if __name__ == "__main__":
    unittest.main()
