"""The head, its calibration and its operating points.

    python train.py FEATURES --split split.csv --out head.json

Logistic regression on standardised features. L2 is chosen by cross-validation over training repositories,
calibration and thresholds come from the calibration repositories. Test repositories are not opened.
"""
import argparse, json, pathlib

import numpy as np
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss, roc_auc_score

import data

L2 = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0)
FOLDS = 5
MAX_FPR = (0.005, 0.01, 0.02, 0.05, 0.10)
FAMILY = {repo: names[0] for names in data.FAMILIES for repo in names}


def load(folder, split, part):
    """The feature rows of one part of the split, as a dictionary of arrays."""
    out = {}
    for repo, name in sorted(data.read_split(split).items()):
        path = pathlib.Path(folder) / (repo.replace("/", "+") + ".npz")
        if name != part or not path.exists():
            continue
        with np.load(path) as f:
            for key in f.files:
                out.setdefault(key, []).append(f[key])
            out.setdefault("repo", []).append(np.full(len(f["kind"]), repo))
    out = {key: np.concatenate(value) for key, value in out.items()}
    out["y"] = (out["kind"] == "ai").astype(np.int64)
    return out


def weights(rows):
    """Each repository counts by the square root of its size, each class by the same sum; they add up to 1."""
    w = np.zeros(len(rows["y"]))
    for repo in np.unique(rows["repo"]):
        for label in (0, 1):
            mine = (rows["repo"] == repo) & (rows["y"] == label)
            if mine.any():
                w[mine] = np.sqrt(len(np.unique(rows["key"][mine]))) / mine.sum()
    for label in (0, 1):
        w[rows["y"] == label] /= 2 * w[rows["y"] == label].sum()
    return w


def fit(x, y, w, l2):
    """Weighted logistic regression: mean loss + l2/2 * |weights|^2. Returns weights and bias for raw features."""
    mean = w @ x
    deviation = np.sqrt(w @ (x - mean.astype(np.float32)) ** 2)
    used = deviation > 1e-4
    scale = np.where(used, 1 / np.maximum(deviation, 1e-4), 0)
    z = ((x - mean) * scale).astype(np.float32)
    sign = (2 * y - 1).astype(np.float64)

    def loss(theta):
        margin = sign * (z @ theta[:-1].astype(np.float32) + theta[-1])
        value = w @ np.logaddexp(0, -margin) + l2 / 2 * theta[:-1] @ theta[:-1]
        pull = -w * sign / (1 + np.exp(margin))
        return value, np.append(pull.astype(np.float32) @ z + l2 * theta[:-1], pull.sum())

    theta = minimize(loss, np.zeros(x.shape[1] + 1), jac=True, method="L-BFGS-B",
                     options={"maxiter": 1000, "ftol": 1e-9, "gtol": 1e-6}).x
    weight = theta[:-1] * scale  # the standardisation folded into the linear layer
    return weight, theta[-1] - weight @ mean


def choose_l2(rows):
    """L2 by cross-validation over repositories; families stay together; folds of similar size for each class."""
    units = {}
    for repo in np.unique(rows["repo"]):
        units.setdefault(FAMILY.get(repo, repo), []).append(repo)
    filled = np.zeros((FOLDS, 2))
    fold_of = {}
    order = sorted(units)
    data.rng("folds").shuffle(order)
    order.sort(key=lambda u: -np.isin(rows["repo"], units[u]).sum())
    for unit in order:
        mine = np.isin(rows["repo"], units[unit])
        label = int(round(rows["y"][mine].mean()))
        fold = int(filled[:, label].argmin())
        filled[fold, label] += mine.sum()
        fold_of |= {repo: fold for repo in units[unit]}
    folds = np.array([fold_of[repo] for repo in rows["repo"]])
    w = weights(rows)
    table = []
    for l2 in L2:
        score = np.zeros(len(folds))
        for fold in range(FOLDS):
            held = folds == fold
            kept = {key: value[~held] for key, value in rows.items()}
            weight, bias = fit(kept["features"], kept["y"], weights(kept), l2)
            score[held] = rows["features"][held] @ weight + bias
        table.append({"l2": l2, "log_loss": log_loss(rows["y"], 1 / (1 + np.exp(-score)), sample_weight=w),
                      "auc": roc_auc_score(rows["y"], score, sample_weight=w)})
        print(table[-1], flush=True)
    return min(table, key=lambda line: line["log_loss"])["l2"], table


def platt(rows, logit):
    """Slope and intercept of the probability; originals and degraded copies count the same."""
    w = weights(rows)
    original = rows["version"] == "original"
    for label in (0, 1):
        for group in (original, ~original):
            mine = group & (rows["y"] == label)
            w[mine] *= 0.25 / w[mine].sum()
    model = LogisticRegression(C=1e8).fit(logit[:, None], rows["y"], sample_weight=w * len(w))
    return float(model.coef_[0, 0]), float(model.intercept_[0])


def probability(logit, slope, intercept):
    return np.round(1 / (1 + np.exp(-(slope * logit + intercept))), 4)


def threshold(scores, max_fpr):
    """The smallest threshold, at four places, that flags at most `max_fpr` of the scores (score >= threshold)."""
    allowed = int(np.floor(max_fpr * len(scores)))
    worst = np.sort(scores)[::-1][allowed]  # this one must stay below
    return round(min(float(worst) + 0.0001, 1.0), 4)


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("features")
    ap.add_argument("--split", required=True)
    ap.add_argument("--out", required=True)
    a = ap.parse_args()
    rows = load(a.features, a.split, "train")
    count = lambda r: {k: int(len(np.unique(r["key"][r["kind"] == k]))) for k in data.KINDS}
    print("train", count(rows), len(np.unique(rows["repo"])), "repositories", flush=True)
    l2, table = choose_l2(rows)
    weight, bias = fit(rows["features"], rows["y"], weights(rows), l2)

    held = load(a.features, a.split, "calibration")
    logit = held["features"] @ weight + bias
    slope, intercept = platt(held, logit)
    score = probability(logit, slope, intercept)
    original, photo, hard = held["version"] == "original", held["kind"] == "real", held["kind"] == "hard_real"
    points = []
    photographs = int((photo & original).sum())
    for max_fpr in MAX_FPR:
        if max_fpr * photographs < 5:
            continue  # too few photographs to say anything
        # It has to hold on the files as they are and on degraded copies: the stricter of the two.
        t = max(threshold(score[photo & original], max_fpr), threshold(score[photo & ~original], max_fpr))
        rate = lambda who: float((score[who] >= t).mean())
        points.append({"max_fpr": max_fpr, "threshold": t, "photographs": photographs,
                       "calibration": {"fpr_real": rate(photo & original), "fpr_real_degraded": rate(photo & ~original),
                                       "fpr_hard_real": rate(hard & original), "tpr": rate((held["y"] == 1) & original)}})
        print(points[-1], flush=True)
    out = {"l2": l2, "cross_validation": table, "slope": slope, "intercept": intercept,
           "calibration_pictures": int(original.sum()), "operating_points": points,
           "counts": {"train": count(rows), "calibration": count(held)},
           "bias": float(bias), "weight": [float(f"{v:.9g}") for v in weight]}
    pathlib.Path(a.out).write_text(json.dumps(out))
    print("calibration", count(held), "AUC on originals",
          roc_auc_score(held["y"][original], logit[original]), "slope", slope, "intercept", intercept)


if __name__ == "__main__":
    main()
