#!/usr/bin/env python3
"""Makes the golden values that tests compare the metrics with.

    pip install scikit-learn==1.9.1 numpy==2.4.6 scipy==1.17.1
    python make.py

Writes metrics.json, masks.json and normal.json beside itself. The seed is fixed: a second run writes the same bytes.
"""

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
from scipy import stats
from sklearn import metrics

HERE = Path(__file__).parent
RANDOM = np.random.default_rng(20240229)
BINS = 15


def equal_error_rate(labels, scores):
    """FPR = FNR on the straight lines between the points of scikit-learn's ROC curve, in exact fractions."""
    fakes, reals = int(labels.sum()), int((1 - labels).sum())
    fpr, tpr, _ = metrics.roc_curve(labels, scores, drop_intermediate=False)
    points = [(Fraction(round(x * reals), reals), 1 - Fraction(round(y * fakes), fakes)) for x, y in zip(fpr, tpr)]
    for (fpr0, fnr0), (fpr1, fnr1) in zip(points, points[1:]):
        if fpr1 >= fnr1:
            way = (fnr0 - fpr0) / ((fnr0 - fpr0) + (fpr1 - fnr1))
            return float(fpr0 + way * (fpr1 - fpr0))
    raise AssertionError("a ROC curve ends at (1, 1)")


def calibration(labels, scores):
    """The expected calibration error over P(fake), bins open below and closed above, and the bins."""
    bins = np.clip(np.ceil(scores * BINS).astype(int) - 1, 0, BINS - 1)
    rows = []
    for one in range(BINS):
        inside = bins == one
        rows.append([int(inside.sum()), int(labels[inside].sum()), float(scores[inside].sum())])
    error = sum(abs(fakes - total) for _, fakes, total in rows) / len(scores)
    return error, rows


def expected(labels, scores):
    """What each metric is; an absent one is undefined."""
    answer = {}
    if labels.min() == labels.max():
        return answer
    fpr, tpr, thresholds = metrics.roc_curve(labels, scores, drop_intermediate=False)
    answer["auc"] = metrics.roc_auc_score(labels, scores)
    answer["average_precision"] = metrics.average_precision_score(labels, scores)
    answer["equal_error_rate"] = equal_error_rate(labels, scores)
    for threshold in (0.5, 0.25):
        flagged = (scores >= threshold).astype(int)
        answer[f"accuracy@{threshold}"] = metrics.accuracy_score(labels, flagged)
        answer[f"balanced_accuracy@{threshold}"] = metrics.balanced_accuracy_score(labels, flagged)
        answer[f"recall@{threshold}"] = metrics.recall_score(labels, flagged)
        answer[f"false_alarm_rate@{threshold}"] = metrics.recall_score(1 - labels, flagged)
    # Only a score can be fitted, not infinity, which is the first threshold.
    best = max(((1 + y - x) / 2 for x, y in zip(fpr[1:], tpr[1:])))
    at = next(t for t, x, y in zip(thresholds[1:], fpr[1:], tpr[1:]) if abs((1 + y - x) / 2 - best) < 1e-12)
    answer["fitted_threshold"] = at
    answer["fitted_balanced_accuracy"] = metrics.balanced_accuracy_score(labels, scores >= at)
    answer["fitted_accuracy"] = metrics.accuracy_score(labels, scores >= at)
    reals = int((1 - labels).sum())
    for limit in (0.5, 0.05, 0.01, 0.001):
        if reals * Fraction(str(limit)) >= 1:
            answer[f"tpr@{limit}"] = max(tpr[fpr <= limit])
    answer["roc"] = [[float(x), float(y)] for x, y in zip(fpr, tpr)] if len(fpr) < 300 else None
    precision, recall, _ = metrics.precision_recall_curve(labels, scores)
    points = [[float(r), float(p)] for r, p in zip(recall, precision)][::-1][1:]
    answer["precision_recall"] = points if len(fpr) < 300 else None
    if scores.min() >= 0 and scores.max() <= 1:
        answer["log_loss"] = metrics.log_loss(labels, scores)
        answer["brier"] = metrics.brier_score_loss(labels, scores)
        answer["calibration_error"], answer["calibration"] = calibration(labels, scores)
    return {name: value for name, value in answer.items() if value is not None}


def cases():
    def labels_of(count, share=0.5):
        labels = (RANDOM.random(count) < share).astype(int)
        labels[:2] = (0, 1)
        return labels

    def scores_of(labels, spread=1.0):
        return 1 / (1 + np.exp(-(RANDOM.normal(size=len(labels)) * 2 + spread * (labels * 2 - 1))))

    yield "one of each, right", np.array([0, 1]), np.array([0.25, 0.75])
    yield "one of each, wrong", np.array([0, 1]), np.array([0.75, 0.25])
    yield "one of each, tied", np.array([0, 1]), np.array([0.5, 0.5])
    yield "only fakes", np.array([1, 1, 1]), np.array([0.2, 0.5, 0.7])
    yield "only reals", np.array([0, 0]), np.array([0.2, 0.5])
    yield "certain", np.array([0, 0, 1, 1, 1, 0]), np.array([0.0, 1.0, 1.0, 0.0, 1.0, 0.0])
    yield "on the edges of bins", np.arange(16) % 2, np.arange(16) / 15
    yield "0 and -0", np.array([0, 1, 0, 1]), np.array([0.0, -0.0, -1.0, 1.0])
    for count in (3, 5, 10, 57, 200, 2500):
        labels = labels_of(count)
        yield f"{count} scores", labels, np.round(scores_of(labels), 16 if count < 100 else 5)
    for places in (0, 1, 2):
        labels = labels_of(150)
        yield f"tied at {places} places", labels, np.round(scores_of(labels), places)
    labels = labels_of(80)
    yield "perfect", labels, np.sort(RANDOM.random(80))[np.argsort(np.argsort(labels, kind="stable"))]
    yield "inverted", labels, np.sort(RANDOM.random(80))[::-1][np.argsort(np.argsort(labels, kind="stable"))]
    labels = labels_of(400, 0.03)
    yield "few fakes", labels, scores_of(labels)
    labels = labels_of(400, 0.97)
    yield "few reals", labels, scores_of(labels)
    labels = labels_of(250)
    yield "no probabilities", labels, RANDOM.normal(size=250) * 5 + labels


def masks():
    for name, share, strength in (("good", 0.2, 3.0), ("chance", 0.4, 0.0), ("inverted", 0.3, -2.0), ("speck", 0.01, 4.0)):
        truth = (RANDOM.random(256) < share).astype(int)
        truth[0] = 1
        logits = RANDOM.normal(size=256) + strength * (truth - 0.5)
        # Multiples of 1/1024 are what thresholds are taken from.
        scores = np.round(1 / (1 + np.exp(-logits)) * 1024) / 1024
        answer = {}
        for threshold in (0.5, 0.75):
            flagged = (scores >= threshold).astype(int)
            answer[f"f1@{threshold}"] = metrics.f1_score(truth, flagged, zero_division=0)
            answer[f"iou@{threshold}"] = metrics.jaccard_score(truth, flagged, zero_division=0)
            answer[f"mcc@{threshold}"] = metrics.matthews_corrcoef(truth, flagged)
        thresholds = np.arange(1025) / 1024
        best = lambda of: max(of(truth, (scores >= t).astype(int)) for t in thresholds)
        answer["best_f1"] = best(lambda a, b: metrics.f1_score(a, b, zero_division=0))
        answer["best_iou"] = best(lambda a, b: metrics.jaccard_score(a, b, zero_division=0))
        answer["best_mcc"] = best(metrics.matthews_corrcoef)
        yield {"name": name, "mask": truth.tolist(), "map": scores.tolist(), "expected": answer}


def write(name, value):
    text = ",\n".join(json.dumps(one) for one in value)
    (HERE / name).write_text(f"[{text}]\n")


if __name__ == "__main__":
    write("metrics.json", [
        {"name": name, "labels": labels.tolist(), "scores": [float(s) for s in scores], "expected": expected(labels, scores)}
        for name, labels, scores in cases()
    ])
    write("masks.json", list(masks()))
    zs = [0.0, 1e-9, 0.1, 0.5, 1.0, 1.96, 2.4, 2.5, 2.6, 3.0, 3.5, 3.6, 5.0, 8.0, 20.0, 37.0]
    write("normal.json", [[z, float(2 * stats.norm.sf(z))] for z in zs])
