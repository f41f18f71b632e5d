"""Judge the model by its hold-out rows and hand the result to the branch that follows."""
import csv

import numpy as np

HOLDOUT_PATH = "${model_path}" + ".holdout"


def ranks_with_ties(values):
    """1-based ranks; equal values share the mean of their ranks."""
    _, group, sizes = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(sizes)
    return (last - (sizes - 1) / 2.0)[group]


def area_under_curve(labels, predictions):
    """How often a random positive row is ranked above a random negative one (the Mann-Whitney statistic)."""
    positives = int(labels.sum())
    negatives = len(labels) - positives
    if not positives or not negatives:
        raise SystemExit("AUC is undefined: %d positive and %d negative hold-out rows" % (positives, negatives))
    rank_sum = ranks_with_ties(predictions)[labels == 1].sum()
    return (rank_sum - positives * (positives + 1) / 2.0) / (positives * negatives)


with open(HOLDOUT_PATH, newline="") as source:
    rows = [(int(row["label"]), float(row["prediction"])) for row in csv.DictReader(source)]
auc = area_under_curve(np.array([label for label, _ in rows]), np.array([prediction for _, prediction in rows]))
print("AUC on %d hold-out rows: %.4f (at least ${min_auc} wanted)" % (len(rows), auc))
print("${setValue(auc=%.4f)}" % auc)
