"""Train the click model on the extracted features and keep its answers for the rows it has not seen."""
import glob
import os
import time

import numpy as np
import pandas as pd
import xgboost as xgb

FEATURE_DIR = "${feature_dir}"
MODEL_PATH = "${model_path}"
HOLDOUT_PATH = MODEL_PATH + ".holdout"  # CSV, but not named so: it may lie beside the features

LABEL = "is_attributed"
FEATURES = ["ip", "app", "device", "os", "channel", "hour", "day", "qty", "ip_app_count", "ip_app_os_count"]
HOLDOUT_SHARE = 0.25
SEED = 7
ROUNDS = 40
THREADS = 1  # ten thousand rows take a tenth of a second; more threads spin against each other on a busy machine
PARAMETERS = {
    "objective": "binary:logistic",
    "eval_metric": "auc",
    "tree_method": "hist",
    "max_depth": 5,
    "eta": 0.2,
    "min_child_weight": 2,
    "subsample": 0.9,
    "colsample_bytree": 0.9,
    "nthread": THREADS,
    "seed": SEED,
}


def read_features():
    """All part files as one table. Sorted, because the order in which an engine writes rows is not ours to rely on."""
    parts = sorted(glob.glob(os.path.join(FEATURE_DIR, "*.csv")))
    if not parts:
        raise SystemExit("no *.csv in %s: did 'feature extraction' run on this machine?" % FEATURE_DIR)
    table = pd.concat([pd.read_csv(part) for part in parts], ignore_index=True)
    return table[[LABEL] + FEATURES].sort_values(FEATURES + [LABEL], ignore_index=True)


def split(table):
    order = np.random.default_rng(SEED).permutation(len(table))
    cut = int(len(table) * HOLDOUT_SHARE)
    return table.iloc[order[cut:]], table.iloc[order[:cut]]


def matrix(table):
    # Plain arrays: the serving side sends columns by position, without names.
    return xgb.DMatrix(table[FEATURES].to_numpy(np.float32), label=table[LABEL].to_numpy(), nthread=THREADS)


def replace_file(path, write):
    """A served model must never be seen half written. The suffix stays: it selects the model format."""
    folder, name = os.path.split(path)
    os.makedirs(folder or ".", exist_ok=True)
    partial = os.path.join(folder, ".new-" + name)
    write(partial)
    os.replace(partial, path)


def main():
    started = time.monotonic()
    train, holdout = split(read_features())
    print("%d rows to learn from, %d held out; %.2f %% and %.2f %% attributed"
          % (len(train), len(holdout), 100 * train[LABEL].mean(), 100 * holdout[LABEL].mean()))
    train_matrix, holdout_matrix = matrix(train), matrix(holdout)
    model = xgb.train(PARAMETERS, train_matrix, num_boost_round=ROUNDS, verbose_eval=10,
                      evals=[(train_matrix, "train"), (holdout_matrix, "holdout")])
    answers = pd.DataFrame({"label": holdout[LABEL].to_numpy(), "prediction": model.predict(holdout_matrix)})
    replace_file(MODEL_PATH, model.save_model)
    replace_file(HOLDOUT_PATH, lambda path: answers.to_csv(path, index=False))
    print("model saved to %s after %.1f s" % (MODEL_PATH, time.monotonic() - started))


main()
