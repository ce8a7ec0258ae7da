"""Figures on the test repositories, which nothing before this step has opened.

    python evaluate.py FEATURES head.json --split split.csv --out evaluation.json [--tables tables.md]

Only aggregated figures are written. Intervals: 95 %, by drawing repositories with replacement.
"""
import argparse, json, pathlib

import numpy as np
from sklearn.metrics import roc_auc_score

import data
from train import load, probability, view_logit

TIERS = ("original", "768q60", "512q40")
AGAINST = {"real": ("real",), "hard_real": ("hard_real",), "both": ("real", "hard_real")}
NAMES = {"real": "photographs", "hard_real": "hard reals", "both": "both"}
DRAWS = 1000


def auc_interval(y, score, repo, seed):
    """AUC with its interval. Repositories are drawn, not pictures: pictures of one source are alike."""
    generator = np.random.default_rng(seed)
    sides = [[np.flatnonzero((repo == r) & (y == label)) for r in np.unique(repo[y == label])] for label in (0, 1)]
    draws = []
    for _ in range(DRAWS):
        pick = np.concatenate([side[i] for side in sides for i in generator.integers(0, len(side), len(side))])
        draws.append(roc_auc_score(y[pick], score[pick]))
    low, high = np.percentile(draws, (2.5, 97.5))
    return {"auc": roc_auc_score(y, score), "low": low, "high": high}


def quality(y, p):
    """Log loss, Brier score and expected calibration error (15 bins), both classes weighing the same."""
    w = np.where(y == 1, 0.5 / (y == 1).sum(), 0.5 / (y == 0).sum())
    q = p.clip(1e-4, 1 - 1e-4)
    bins = np.minimum((p * 15).astype(int), 14)
    ece = sum(abs(w[bins == b] @ (p[bins == b] - y[bins == b])) for b in range(15))
    return {"log_loss": -(w @ np.where(y == 1, np.log(q), np.log(1 - q))), "brier": w @ (p - y) ** 2, "ece": ece}


def tidy(value):
    """Four places are enough, and the same on every machine."""
    if isinstance(value, dict):
        return {key: tidy(v) for key, v in value.items()}
    if isinstance(value, list):
        return [tidy(v) for v in value]
    return round(float(value), 4) if isinstance(value, (float, np.floating)) else value


def balanced(rows, score, t, here):
    """Balanced accuracy against photographs at a threshold."""
    ai, photo = (here & (rows["kind"] == kind) for kind in ("ai", "real"))
    return ((score[ai] >= t).mean() + (score[photo] < t).mean()) / 2


def evaluate(rows, head):
    logit = view_logit(rows, head["weight"], head["bias"])
    score = probability(logit, head["slope"], head["intercept"])
    points = {str(p["max_fpr"]): p["threshold"] for p in head["operating_points"]}
    out = {"operating_points": head["operating_points"], "tiers": {}}
    for name in TIERS:
        here = rows["version"] == name
        tier = {"pictures": {k: int((here & (rows["kind"] == k)).sum()) for k in data.KINDS}, "against": {}}
        for label, kinds in AGAINST.items():
            use = here & np.isin(rows["kind"], ("ai", *kinds))
            tier["against"][label] = auc_interval(rows["y"][use], score[use], rows["repo"][use], data.SEED) \
                | quality(rows["y"][use], score[use])
        tier["points"] = {f: {k: (score[here & (rows["kind"] == k)] >= t).mean() for k in data.KINDS}
                          for f, t in points.items()}
        tier["balanced_accuracy"] = {f: balanced(rows, score, t, here) for f, t in (points | {"half": 0.5}).items()}
        photos = rows["kind"] == "real"
        tier["auc_against_real_by_group"] = {}
        for group in sorted(set(rows["group"][rows["y"] == 1])):
            use = here & (photos | (rows["group"] == group))
            tier["auc_against_real_by_group"][group] = roc_auc_score(rows["y"][use], score[use])
        tier["repositories"] = []
        for repo in sorted(set(rows["repo"]), key=str.lower):
            for kind in data.KINDS:
                use = here & (rows["repo"] == repo) & (rows["kind"] == kind)
                if use.any():
                    tier["repositories"].append({"repository": repo, "kind": kind, "pictures": int(use.sum()),
                                                 "mean_probability": score[use].mean(),
                                                 "flagged": {f: (score[use] >= t).mean() for f, t in points.items()}})
        out["tiers"][name] = tier
    here = rows["version"] == "original"
    out["auc_of_the_short_side_alone"] = {
        label: roc_auc_score(rows["y"][use], rows["short_side"][use]) for label, kinds in AGAINST.items()
        for use in [here & np.isin(rows["kind"], ("ai", *kinds))]}
    return tidy(out)


def tables(result):
    """The same figures as Markdown, for the card."""
    lines = ["| AI against | version | AUC (95 %) | log loss | Brier | ECE |", "|---|---|---|---|---|---|"]
    for label in AGAINST:
        for name in TIERS:
            c = result["tiers"][name]["against"][label]
            lines.append(f"| {NAMES[label]} | {name} | {c['auc']:.3f} ({c['low']:.3f} to {c['high']:.3f}) "
                         f"| {c['log_loss']:.3f} | {c['brier']:.3f} | {c['ece']:.3f} |")
    lines += ["", "| operating point | threshold | version | AI flagged | photographs flagged | hard reals flagged |",
              "|---|---|---|---|---|---|"]
    for p in result["operating_points"]:
        for name in TIERS:
            r = result["tiers"][name]["points"][str(p["max_fpr"])]
            lines.append(f"| {p['max_fpr']} | {p['threshold']:.4f} | {name} | {r['ai']:.1%} | {r['real']:.1%} | {r['hard_real']:.1%} |")
    lines += ["", "| group of AI pictures | " + " | ".join(TIERS) + " |", "|---|---|---|---|"]
    for group in result["tiers"]["original"]["auc_against_real_by_group"]:
        lines.append(f"| {group} | " + " | ".join(
            f"{result['tiers'][n]['auc_against_real_by_group'][group]:.3f}" for n in TIERS) + " |")
    shown = [str(p["max_fpr"]) for p in result["operating_points"] if p["max_fpr"] in (0.01, 0.05)]
    lines += ["", "| repository | kind | pictures | mean probability | "
              + " | ".join(f"flagged at {f}" for f in shown) + " |", "|---|---|---|---|" + "---|" * len(shown)]
    order = {k: i for i, k in enumerate(data.KINDS)}
    for r in sorted(result["tiers"]["original"]["repositories"], key=lambda r: (order[r["kind"]], r["mean_probability"])):
        lines.append(f"| {r['repository']} | {r['kind']} | {r['pictures']} | {r['mean_probability']:.2f} | "
                     + " | ".join(f"{r['flagged'][f]:.0%}" for f in shown) + " |")
    return "\n".join(lines) + "\n"


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("features")
    ap.add_argument("head")
    ap.add_argument("--split", required=True)
    ap.add_argument("--out", required=True)
    ap.add_argument("--tables")
    a = ap.parse_args()
    result = evaluate(load(a.features, a.split, "test"), json.loads(pathlib.Path(a.head).read_text()))
    pathlib.Path(a.out).write_text(json.dumps(result, indent=1) + "\n")
    if a.tables:
        pathlib.Path(a.tables).write_text(tables(result))
    print(tables(result))


if __name__ == "__main__":
    main()
