"""Compares detectors on labelled pictures, or on scores that somebody has already.

    >>> from deepscreen import bench
    >>> report = bench.compare_scores(
    ...     {"theirs": [0.9, 0.4, 0.2, 0.1], "ours": [0.8, 0.7, 0.3, 0.2]},
    ...     labels=["fake", "fake", "real", "real"],
    ... )
    >>> bench.figure(report, "ours", "auc")["value"]
    1.0

A report is the JSON of `deepscreen bench --format json` as a dictionary: `outcomes` has every figure with its interval, a
figure that the data cannot give is `None` and says why in `undefined`, and `checks` says what stands against the figures.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, Union

from . import _deepscreen, _onnxruntime
from ._screener import Limits, Path, _limits, _paths

Report = dict[str, Any]
Label = Union[str, int, bool]

__all__ = ["compare", "compare_scores", "figure"]


def compare(
    datasets: Path | Iterable[Path],
    *,
    models: Path | Iterable[Path] | None = None,
    degradations: Iterable[str] = ("clean",),
    training: Path | None = None,
    faces: Path | None = None,
    root: Path | None = None,
    split: str | None = "test",
    compression: str | None = "c23",
    cache: Path | None = None,
    max_fpr: float = 0.01,
    threshold: float | None = None,
    resamples: int = 1000,
    confidence: float = 0.95,
    seed: int = 0,
    mistakes: int = 12,
    out: Path | None = None,
    threads: int = 0,
    engine: Literal["auto", "onnxruntime", "rten"] = "auto",
    onnxruntime: Path | None = None,
    limits: Limits | Mapping[str, float] | None = None,
    language: Literal["en", "vi"] = "en",
) -> Report:
    """Runs detectors over labelled pictures, while other Python threads run.

    - `datasets`: folders with `real` and `fake` below them, lists (CSV, JSON), DeepfakeBench's JSON, or folders of images
      and masks. What cannot be used is counted in the report's `faults`.
    - `models`, `faces`, `threads`, `engine`, `onnxruntime`, `limits`: as in `Screener`.
    - `degradations`: what is done to the pictures of both classes first: `clean`, `web`, `hard`, `jpeg:60`, `crop:0.6+web`.
    - `training`: a data set that the detectors were trained on, or PDQ hashes one a line, to warn of pictures that are in both.
    - `root`, `split`, `compression`: where relative paths begin, and what of DeepfakeBench's JSON is read; `None` for all.
    - `cache`: a file that keeps scores, so that a rerun is instant. Default: none are kept.
    - `max_fpr`: the false-alarm rate whose threshold is taken from each model's card; `threshold`: one for all instead.
    - `resamples`, `confidence`, `seed`: of the confidence intervals; the same seed gives the same report.
    - `out`: a folder for the page, the plots, the tables and the scores, in `language`.

    Raises `InvalidConfigError` for a data set, a degradation or a number that is none, and what `Screener` raises.
    """
    if onnxruntime is None and engine != "rten":
        _onnxruntime.load()
    settings: dict[str, Any] = {
        "faces": _text(faces),
        "threads": threads,
        "engine": engine,
        "onnxruntime": _text(onnxruntime),
    }
    if models is not None:
        settings["models"] = _paths(models)
    if limits is not None:
        settings["limits"] = json.loads(_limits(limits) or "{}")
    options = {
        "settings": settings,
        "degradations": [degradations] if isinstance(degradations, str) else list(degradations),
        "training": _text(training),
        "root": _text(root),
        "split": split,
        "compression": compression,
        "cache": _text(cache),
        **_measuring(max_fpr, threshold, resamples, confidence, seed, mistakes, out, language),
    }
    return _report(_deepscreen.bench_pictures(_paths(datasets) or [], json.dumps(options)))


def compare_scores(
    scores: Path | Mapping[str, Sequence[float | None]],
    *,
    labels: Sequence[Label] = (),
    groups: Sequence[str | None] | None = None,
    videos: Sequence[str | None] | None = None,
    threshold: float = 0.5,
    resamples: int = 1000,
    confidence: float = 0.95,
    seed: int = 0,
    mistakes: int = 12,
    out: Path | None = None,
    language: Literal["en", "vi"] = "en",
) -> Report:
    """Compares scores, higher for fakes: of a CSV with `path`, `label` and a column for each detector, or lists.

    Lists have one entry for each picture: `labels` (`"real"`, `"fake"`, 0, 1), `scores` by detector (`None` or NaN where
    there is none: the picture is then in no figure, and counted), `groups` and `videos` where they are known. The rest is
    as in `compare`.

    Raises `InvalidConfigError` for lists of differing lengths, labels that are not known and scores that are no numbers.
    """
    measuring = _measuring(1.0, threshold, resamples, confidence, seed, mistakes, out, language)
    options = json.dumps(measuring)
    if not isinstance(scores, Mapping):
        return _report(_deepscreen.bench_scores(os.fspath(scores), [], [], [], None, None, options))
    names = [str(name) for name in scores]
    columns = [[_score(score) for score in column] for column in scores.values()]
    texts = [str(int(label)) if isinstance(label, (bool, int)) else str(label) for label in labels]
    group_names = None if groups is None else list(groups)
    video_names = None if videos is None else list(videos)
    return _report(_deepscreen.bench_scores(None, texts, names, columns, group_names, video_names, options))


def figure(report: Report, detector: str, metric: str, degradation: str = "clean") -> dict[str, Any]:
    """One figure of a report: `value`, `interval` and, where there is no value, `undefined` with the reason.

    Raises `KeyError` for what is not in the report.
    """
    names = [compared["name"] for compared in report["detectors"]]
    for outcome in report["outcomes"]:
        if names[outcome["detector"]] == detector and outcome["degradation"] == degradation:
            metrics: list[dict[str, Any]] = outcome["metrics"]
            for found in metrics:
                if found["metric"] == metric:
                    return found
    raise KeyError(f"{metric} of {detector} on {degradation}")


def _report(text: str) -> Report:
    report: Report = json.loads(text)
    return report


def _score(score: float | None) -> float | None:
    return None if score is None or math.isnan(score) else float(score)


def _text(path: Path | None) -> str | None:
    return None if path is None else os.fspath(path)


def _measuring(
    max_fpr: float,
    threshold: float | None,
    resamples: int,
    confidence: float,
    seed: int,
    mistakes: int,
    out: Path | None,
    language: str,
) -> dict[str, Any]:
    return {
        "max_fpr": max_fpr,
        "threshold": threshold,
        "resamples": resamples,
        "confidence": confidence,
        "seed": seed,
        "mistakes": mistakes,
        "out": _text(out),
        "language": language,
    }
