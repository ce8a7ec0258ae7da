"""The head, its calibration and its operating points.

    python train.py FEATURES --split split.csv --out head.json --l2 X --steady X [--packed PACKED.npz --share S]
        [--part added --earlier FOLDER --near X]

Logistic regression on standardised features of the whole picture, and of the mean of its crops: each has weights of
its own. The head learns from the calibration repositories, which the network under it has not seen, and with --packed
from training repositories too; --share is what the calibration repositories then have of the weight. --steady is what
it costs that a picture and its degraded copy get different logits. For calibration and thresholds each calibration
repository is judged by a head that did not see it.

With --earlier, the folder of a model of the same features, the head is not learned from nothing: it starts from that
model's heads, is drawn to their weights (--l2) and to their logits (--near), and moves as far as the pictures ask for
it. These must be pictures that the earlier heads did not learn from. How much harder they are than those that the earlier
model was calibrated on, its heads tell: calibration is moved accordingly, by the earlier pictures' share of all.
"""
import argparse, json, pathlib, tomllib

import numpy as np
from scipy.optimize import minimize
from scipy.stats import binom
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

import data

HELD_FOLDS = 5
MAX_FPR = (0.01, 0.02, 0.05, 0.10)
KIND_SHARE = {"ai": 0.5, "real": 0.3, "hard_real": 0.2}
SMALLEST = 20       # a repository counts as if it had this many pictures at least
FACES = {"BaseMax/FakeFaces", "hmdghoul/generated-faces", "dinablachman/realorfake", "ML72/AI-Image-Classifier-Playground",
         "joujoucous/DoesThisPersonExist"}  # aligned faces of StyleGAN: one look, whatever their number
FACE_WEIGHT = 0.35


def packed(path):
    """The training pictures: of each the whole view, and the mean of its windows."""
    with np.load(path) as f:
        rows = {key: f[key] for key in f.files}
    places = {}
    for at, (repo, key, view) in enumerate(zip(rows["repo"], rows["key"], rows["view"])):
        places.setdefault((repo, key), ([], []))[view != "whole"].append(at)
    places = [pair for pair in places.values() if all(pair)]
    first = [whole[0] for whole, _ in places]
    out = {key: rows[key][first] for key in ("repo", "kind", "key")}
    out["features"] = np.stack([np.stack([rows["features"][part].mean(0) for part in pair]) for pair in places])
    out["y"] = (out["kind"] == "ai").astype(np.int64)
    return out


def earlier_head(folder):
    """Weights and bias, as `train.py` writes them, of a model (of its network, or of the part that is kept of it), and its
    calibration."""
    folder = pathlib.Path(folder)
    if (folder / "head.npz").exists():
        with np.load(folder / "head.npz") as f:
            weight, bias = f["head.weight"], f["head.bias"]
    else:
        import onnx
        held = {i.name: i for i in onnx.load(folder / "model.onnx").graph.initializer}
        weight, bias = (onnx.numpy_helper.to_array(held[name]) for name in ("head_w", "head_b"))
    contract = tomllib.loads((folder / "model.toml").read_text())
    return (weight.astype(np.float64).ravel() / 2, float(bias.mean())), contract["calibration"]


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


def logits(rows, weight, bias):
    """The pooled logit of each picture; `weight` is that of the whole view's features, then of the crops'."""
    return rows["features"].reshape(len(rows["y"]), -1) @ weight + bias


def weights(rows):
    """Of rows: a repository counts by the square root of its size, the kinds by KIND_SHARE."""
    w = np.zeros(len(rows["y"]))
    for repo in np.unique(rows["repo"]):
        for kind in data.KINDS:
            mine = (rows["repo"] == repo) & (rows["kind"] == kind)
            if mine.any():
                pictures = len(np.unique(rows["key"][mine]))
                w[mine] = max(pictures, SMALLEST) ** -0.5 * (FACE_WEIGHT if repo in FACES and kind == "ai" else 1)
    for kind, share in KIND_SHARE.items():
        mine = rows["kind"] == kind
        if mine.any():
            w[mine] *= share / w[mine].sum()
    return w / w.sum()


def even(rows):
    """Of calibration rows: each repository by the square root of its size, each class by the same sum."""
    w = np.zeros(len(rows["y"]))
    for repo in np.unique(rows["repo"]):
        for label in (0, 1):
            mine = (rows["repo"] == repo) & (rows["y"] == label)
            if mine.any():
                w[mine] = np.sqrt(len(np.unique(rows["key"][mine]))) / mine.sum()
    for label in (0, 1):
        w[rows["y"] == label] /= 2 * w[rows["y"] == label].sum()
    return w


def standard(x, w):
    mean = w @ x
    deviation = np.sqrt(w @ (x - mean.astype(np.float32)) ** 2)
    return mean, np.where(deviation > 1e-4, 1 / np.maximum(deviation, 1e-4), 0)


def fit(x, y, w, pairs, l2, steady, earlier=None, near=0):
    """Weighted logistic regression: mean loss + l2/2 * |weights - start|^2 + steady/2 * the mean squared difference between
    the logits of the rows of each pair + near/2 * that between the logits and those of the start: nothing, or the
    `earlier` head (weights and bias for raw features). Returns weights and bias for raw features."""
    mean, scale = standard(x, w)
    z = (x - mean.astype(np.float32)) * scale.astype(np.float32)
    sign = (2 * y - 1).astype(np.float64)
    one, other = pairs
    share = w[one] / w[one].sum()
    start = np.zeros(x.shape[1] + 1)
    if earlier:
        weight, bias = earlier
        start = np.append(np.divide(weight, scale, out=np.zeros(len(weight)), where=scale > 0), bias + weight @ mean)
    before = z @ start[:-1].astype(np.float32) + start[-1]

    def loss(theta):
        logit = z @ theta[:-1].astype(np.float32) + theta[-1]
        margin, apart, moved = sign * logit, logit[one] - logit[other], logit - before
        away = theta[:-1] - start[:-1]
        value = (w @ np.logaddexp(0, -margin) + l2 / 2 * away @ away + steady / 2 * share @ apart ** 2
                 + near / 2 * w @ moved ** 2)
        pull = near * w * moved - w * sign / (1 + np.exp(margin))
        shift = pull.sum()
        np.add.at(pull, one, steady * share * apart)  # a picture may have several copies
        pull[other] -= steady * share * apart
        return value, np.append(pull.astype(np.float32) @ z + l2 * away, shift)

    theta = minimize(loss, start, jac=True, method="L-BFGS-B",
                     options={"maxiter": 400, "ftol": 1e-7, "gtol": 1e-5}).x
    weight = theta[:-1] * scale  # the standardisation folded into the linear layer
    return weight, theta[-1] - weight @ mean


def pairs_of(rows):
    """The places of each picture as it is, and of each of its changed copies."""
    place = {key: at for at, (key, version) in enumerate(zip(rows["key"], rows["version"])) if version == "original"}
    found = [(place[key], at) for at, (key, version) in enumerate(zip(rows["key"], rows["version"])) if version != "original"]
    return np.array(found, int).reshape(-1, 2).T


def held_folds(held):
    """Folds over calibration repositories: those of each group are dealt out, the largest first."""
    fold_of = {}
    for group in np.unique(held["group"]):
        repos, count = np.unique(held["repo"][held["group"] == group], return_counts=True)
        for place, repo in enumerate(repos[np.argsort(-count, kind="stable")]):
            fold_of.setdefault(repo, place % HELD_FOLDS)
    return np.array([fold_of[repo] for repo in held["repo"]])


def fit_both(rows, held, share, *how):
    """A head of calibration rows with a share of the weight, and of training rows where there are any."""
    parts, w = [held], [weights(held)]
    if rows is not None:
        parts, w = [rows, held], [(1 - share) * weights(rows), share * w[0]]
    x = np.concatenate([part["features"].reshape(len(part["y"]), -1) for part in parts])
    y = np.concatenate([part["y"] for part in parts])
    return fit(x, y, np.concatenate(w), pairs_of(held) + len(y) - len(held["y"]), *how)


def unseen(rows, held, *how):
    """The logit of each calibration row, by a head that did not see its repository."""
    fold, logit = held_folds(held), np.zeros(len(held["y"]))
    for f in range(HELD_FOLDS):
        head = fit_both(rows, {key: value[fold != f] for key, value in held.items()}, *how)
        logit[fold == f] = logits({key: value[fold == f] for key, value in held.items()}, *head)
    return logit


def platt(rows, logit):
    """Slope and intercept of the probability; originals and degraded copies count the same."""
    w = even(rows)
    original = rows["version"] == "original"
    for label in (0, 1):
        for group in (original, ~original):
            mine = group & (rows["y"] == label)
            if mine.any():
                w[mine] *= 0.25 / w[mine].sum()
    model = LogisticRegression(C=1e8).fit(logit[:, None], rows["y"], sample_weight=w / w.sum() * len(w))
    return float(model.coef_[0, 0]), float(model.intercept_[0])


def probability(logit, slope, intercept):
    return np.round(1 / (1 + np.exp(-(slope * logit + intercept))), 4)


def holds(flagged, repo, max_fpr):
    """Whether a point is kept: for the next photograph after these (split conformal prediction), over repositories
    counting the same, and in every repository of 20 photographs or more, where more than twice the share must not be shown
    (binomial test, 5 %)."""
    if flagged.sum() + 1 > max_fpr * (len(flagged) + 1):
        return False
    share = []
    for name in np.unique(repo):
        mine = flagged[repo == name]
        share.append(mine.mean())
        if len(mine) >= 20 and binom.sf(mine.sum() - 1, len(mine), 2 * max_fpr) < 0.05:
            return False
    return np.mean(share) <= max_fpr


def threshold(score, rows, use, max_fpr):
    """The smallest threshold, at four places, that holds on the files as they are and on the degraded copies."""
    versions = [use & (rows["version"] == "original"), use & (rows["version"] != "original")]
    low, high = 0, 10000
    while low < high:  # a higher threshold flags fewer pictures
        at = (low + high) // 2
        good = all(holds(score[v] >= at / 10000, rows["repo"][v], max_fpr) for v in versions if v.any())
        low, high = (low, at) if good else (at + 1, high)
    return low / 10000


def finish(held, logit, earlier, extra):
    """Calibration and operating points of a head; `earlier` is the head that began it and its calibration, or nothing."""
    slope, intercept = platt(held, logit)
    original, photo, hard = held["version"] == "original", held["kind"] == "real", held["kind"] == "hard_real"
    if earlier:
        head, there = earlier
        slope_here, intercept_here = platt(held, logits(held, *head))
        share = there["pictures"] / (there["pictures"] + original.sum())
        slope *= (there["slope"] / slope_here) ** share
        intercept += share * (there["intercept"] - intercept_here)
    score = probability(logit, slope, intercept)
    points, photographs = [], int((photo & original).sum())
    for max_fpr in MAX_FPR:
        if max_fpr * photographs < 4:
            continue  # too few photographs to say anything
        t = threshold(score, held, photo, max_fpr)
        rate = lambda who: float((score[who] >= t).mean())
        points.append({"max_fpr": max_fpr, "threshold": t, "photographs": photographs,
                       "calibration": {"fpr_real": rate(photo & original), "fpr_real_degraded": rate(photo & ~original),
                                       "fpr_hard_real": rate(hard & original), "tpr": rate((held["y"] == 1) & original)}})
        print(points[-1], flush=True)
    against = {}
    for name, kinds in (("photographs", ("real",)), ("hard reals", ("hard_real",)), ("both", ("real", "hard_real"))):
        against[name] = [roc_auc_score(held["y"][use], logit[use]) for use in
                         (v & np.isin(held["kind"], ("ai", *kinds)) for v in (original, ~original)) if use.any()]
    print("calibration AUC, originals and degraded:", against, flush=True)
    return {"slope": slope, "intercept": intercept, "calibration_pictures": int(original.sum()),
            "operating_points": points, "calibration_auc": against} | extra


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("features")
    ap.add_argument("--split", required=True)
    ap.add_argument("--out", required=True)
    ap.add_argument("--l2", type=float, required=True)
    ap.add_argument("--steady", type=float, required=True)
    ap.add_argument("--packed", help="features of training views")
    ap.add_argument("--share", type=float, default=0.5, help="of the head's weight, for calibration repositories")
    ap.add_argument("--part", default="calibration", help="of the split, whose repositories teach and calibrate")
    ap.add_argument("--earlier", help="the folder of a model whose heads are the start")
    ap.add_argument("--near", type=float, default=0, help="what it costs to leave the logits of the start")
    a = ap.parse_args()
    count = lambda r: {k: int(len(np.unique(r["key"][r["kind"] == k]))) for k in data.KINDS}
    rows, held = packed(a.packed) if a.packed else None, load(a.features, a.split, a.part)
    parts = {"calibration": held} | ({"train": rows} if rows else {})
    counts = {name: count(part) for name, part in parts.items()}
    for name, part in parts.items():
        print(name, counts[name], len(np.unique(part["repo"])), "repositories", flush=True)
    earlier = earlier_head(a.earlier) if a.earlier else None
    how = a.share, a.l2, a.steady, earlier and earlier[0], a.near
    weight, bias = fit_both(rows, held, *how)
    out = finish(held, unseen(rows, held, *how), earlier,
                 {"l2": a.l2, "steady": a.steady, "near": a.near, "share": a.share if rows else 1, "counts": counts, "bias": float(bias),
                  "weight": [float(f"{v:.9g}") for v in weight]})
    pathlib.Path(a.out).write_text(json.dumps(out))


if __name__ == "__main__":
    main()
