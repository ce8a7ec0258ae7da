"""`deepscreen.bench`: figures are those of the definitions, pictures are scored, nothing is dropped in silence."""

import itertools
import json
import random

import numpy
import PIL.Image
import pytest

import deepscreen
from deepscreen import bench


def auc(scores, labels):
    """By its definition: how often a fake scores higher than a real."""
    fakes = [score for score, label in zip(scores, labels) if label]
    reals = [score for score, label in zip(scores, labels) if not label]
    pairs = list(itertools.product(fakes, reals))
    return sum((fake > real) + (fake == real) / 2 for fake, real in pairs) / len(pairs)


def test_figures_are_those_of_their_definitions():
    draw = random.Random(3)
    labels = [place % 2 for place in range(200)]
    scores = [round(min(1, max(0, draw.gauss(0.4 + 0.2 * label, 0.2))), 2) for label in labels]
    report = bench.compare_scores({"a": scores, "b": scores[::-1]}, labels=labels, resamples=200, seed=5)
    assert report["schema"] == "deepscreen-bench/1"
    found = bench.figure(report, "a", "auc")
    assert found["value"] == pytest.approx(auc(scores, labels), abs=1e-12)
    low, high = found["interval"]
    assert low < found["value"] < high
    flagged = [score >= 0.5 for score in scores]
    recall = sum(flag for flag, label in zip(flagged, labels) if label) / 100
    assert bench.figure(report, "a", "recall_at_0.5")["value"] == pytest.approx(recall)
    (difference,) = report["differences"]
    assert difference["method"] == "delong" and 0 <= difference["p"] <= 1
    # numpy's numbers, and the same seed.
    again = bench.compare_scores(
        {"a": numpy.array(scores), "b": numpy.array(scores[::-1])}, labels=labels, resamples=200, seed=5
    )
    assert again == report


def test_missing_scores_are_counted_and_in_no_figure():
    report = bench.compare_scores(
        {"a": [0.9, None, 0.2, 0.1], "b": [0.8, 0.7, float("nan"), 0.3]},
        labels=["fake", "FAKE", "real", "0"],
        groups=["flux", "flux", "web", None],
        resamples=10,
    )
    first, second = report["outcomes"]
    assert (first["not_scored"], second["not_scored"]) == (1, 1)
    assert first["left_out"] == 2 and first["pictures"] == {"real": 1, "fake": 1}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"scores": {"a": [0.1, 0.2]}, "labels": ["fake"]}, "1 labels"),
        ({"scores": {"a": [0.1]}, "labels": ["maybe"]}, "maybe"),
        ({"scores": {"a": [float("inf")]}, "labels": ["fake"]}, "finite"),
        ({"scores": "no/such.csv"}, "no/such.csv"),
        ({"scores": {"a": [0.1, 0.9]}, "labels": [0, 1], "resamples": 0}, "resample"),
    ],
)
def test_what_is_wrong_is_named(arguments, said):
    with pytest.raises(deepscreen.Error, match=said):
        bench.compare_scores(**arguments)


def test_pictures_are_scored_and_the_report_is_written(tmp_path):
    for label, start in (("real", 0), ("fake", 3)):
        (tmp_path / "set" / label).mkdir(parents=True)
        for number in range(start, start + 3):
            noise = numpy.random.default_rng(number).integers(0, 255, (240, 260, 3), numpy.uint8)
            PIL.Image.fromarray(noise).save(tmp_path / "set" / label / f"{number}.png")
    arguments = {
        "degradations": ["clean", "hard"],
        "engine": "rten",
        "cache": tmp_path / "scores.sqlite",
        "resamples": 10,
        "out": tmp_path / "report",
        "language": "vi",
    }
    report = bench.compare(tmp_path / "set", **arguments)
    assert report["pictures"] == {"real": 3, "fake": 3}
    assert [outcome["degradation"] for outcome in report["outcomes"]] == ["clean", "hard"]
    assert report["cost"]["computed"] == 6
    assert json.loads((tmp_path / "report" / "report.json").read_text()) == report
    assert 'lang="vi"' in (tmp_path / "report" / "report.html").read_text()
    screened = deepscreen.Screener(engine="rten").screen(tmp_path / "set" / "real" / "0.png")
    rows = (tmp_path / "report" / "scores" / "clean.csv").read_text().splitlines()
    (score,) = [float(row.split(",")[-1]) for row in rows if "0.png" in row]
    assert score == pytest.approx(screened.verdict.probability, abs=1e-4)
    again = bench.compare(tmp_path / "set", **arguments)
    assert again["cost"]["known"] == 6 and again["outcomes"] == report["outcomes"]
    with pytest.raises(deepscreen.InvalidConfigError, match="nonsense"):
        bench.compare(tmp_path / "set", degradations="nonsense")
