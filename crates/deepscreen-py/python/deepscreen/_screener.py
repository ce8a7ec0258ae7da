"""The screener, and what works without one."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal, TypedDict, Union

from . import _deepscreen, _onnxruntime
from ._pictures import Picture, native
from ._screening import Hashes, Screening
from .errors import EngineUnavailableError, UnreadableError

Path = Union[str, "os.PathLike[str]"]


class Limits(TypedDict, total=False):
    """What one input may cost; what is beyond is `too_large`."""

    max_bytes: int
    """Of the file. Default: 256 MiB."""
    max_pixels: int
    """Width times height. Default: 100 million."""
    max_side: int
    """Width or height in pixels. Default: 65,535."""
    max_decoder_bytes: int
    """That decoding may take. Default: 1 GiB."""
    max_manifest_bytes: int
    """Of Content Credentials. Default: 32 MiB."""
    max_manifest_seconds: float
    """That reading Content Credentials may take. Default: 10."""
    max_seconds: float
    """That one input may take, but for the work on a whole batch. A decoder that hangs keeps its thread. Default: 120."""
    max_metadata_bytes: int
    """Of metadata; what is beyond is left out. Default: 16 MiB."""


class Screener:
    """Screens pictures. One serves all threads of a program, and can be pickled: it is loaded again on the other side.

    Every argument has a default:

    - `models`: `"ai-image"`, which travels inside, or folders of models (a contract `model.toml`, or a Hugging Face
      export). Default: `["ai-image"]`; `[]` leaves hashes and what else needs no model;
      with `provenance=False`, hashes alone.
    - `faces`: a network that finds faces, for models that look at faces.
    - `stability`: how many variants of each picture (re-encoded, resized) to look at too, at most 8. Default: 0.
    - `policy`: how evidence becomes a verdict: TOML text, or a `pathlib.Path` to a file of it.
    - `max_fpr`: the share of photographs that may be flagged by mistake, in place of the policy's: 0.01 by default.
    - `provenance`: whether to look for what its makers left in a picture: metadata, Content Credentials, watermarks.
    - `trust_anchors`: certificates (PEM) of authorities whose Content Credentials are trusted: their text, or a
      `pathlib.Path` to a file of them. Default: none.
    - `banks`: files of known fakes and verified originals, as `deepscreen bank create` and `add` make them; see `reload`.
      Default: none.
    - `bank_transforms`: whether banks find pictures that were turned or mirrored, too. Default: `False`.
    - `threads`: how many threads `screen_many` uses; 0, the default, means one a core.
    - `engine`: `"auto"` (ONNX Runtime where it is found, otherwise the embedded engine), `"onnxruntime"` or `"rten"`.
    - `onnxruntime`: the library to load. Default: that of the `onnxruntime` package of this Python, if it is installed.
    - `provider`: what ONNX Runtime computes on: `"cpu"`, `"cuda"`, `"coreml"` or `"directml"`.
    - `limits`: what one input may cost, `{"max_bytes": 20_000_000}`; see `Limits`.
    - `language`: of the sentences in records, `"en"` or `"vi"`.

    Raises `InvalidConfigError` for a wrong setting, `InvalidModelError`, `ModelChecksumError` or `ModelShapeError` for a
    model that cannot be used, `EngineUnavailableError` for an engine that is not there, `InvalidBankError` for a file that
    is no bank or a damaged one, `UnreadableError` for a file.
    """

    def __init__(
        self,
        *,
        models: Path | Iterable[Path] | None = None,
        faces: Path | None = None,
        stability: int = 0,
        policy: Path | None = None,
        max_fpr: float | None = None,
        provenance: bool = True,
        trust_anchors: Path | None = None,
        banks: Path | Iterable[Path] | None = None,
        bank_transforms: bool = False,
        threads: int = 0,
        engine: Literal["auto", "onnxruntime", "rten"] = "auto",
        onnxruntime: Path | None = None,
        provider: Literal["cpu", "cuda", "coreml", "directml"] = "cpu",
        limits: Limits | Mapping[str, float] | None = None,
        language: Literal["en", "vi"] = "en",
    ) -> None:
        models, banks = _paths(models), _paths(banks)
        self._settings: dict[str, Any] = {
            "models": models,
            "faces": faces,
            "stability": stability,
            "policy": policy,
            "max_fpr": max_fpr,
            "provenance": provenance,
            "trust_anchors": trust_anchors,
            "banks": banks,
            "bank_transforms": bank_transforms,
            "threads": threads,
            "engine": engine,
            "onnxruntime": onnxruntime,
            "provider": provider,
            "limits": None if limits is None else dict(limits),
            "language": language,
        }
        text, file = _text(policy)
        anchors, _ = _text(trust_anchors)
        looks = onnxruntime is None and engine != "rten" and models != []
        if looks:
            _onnxruntime.load()
        try:
            given = {"policy": text, "policy_file": file, "trust_anchors": anchors, "limits": _limits(limits)}
            self._native = _deepscreen.Screener(**{**self._settings, **given})
        except EngineUnavailableError as error:
            # The Rust library does not know what was tried here.
            tried = _onnxruntime.problems() if looks else ""
            if not tried:
                raise
            raise EngineUnavailableError(f"{error}; {tried}") from None

    def screen(self, picture: Picture) -> Screening:
        """Screens one picture on the calling thread, while other Python threads run.

        `picture` is a path, the bytes of a file, a PIL image, or a uint8 array: (height, width) or (height, width, 1) is
        grey, (height, width, 3) RGB (not BGR), (height, width, 4) RGBA. A decoded picture has no file, so only its
        pixels can speak: hand over the path or the bytes where there are some.

        A picture that cannot be read or decoded gives a screening as well, `inconclusive`, with the reason in
        `failures`. Raises `TypeError` or `ValueError` for what is no picture at all.
        """
        return Screening.from_json(self._native.screen(native(picture)))

    def screen_many(self, pictures: Iterable[Picture]) -> Screenings:
        """Screens any number of pictures on the screener's threads, and gives a screening for each, in their order.

        Nothing is done before the first is asked for; from then on `pictures` is asked for some dozens a thread ahead, so
        memory does not grow with their number. What `pictures` raises comes out after the screenings before it, and
        ends the iteration. The iterator may be used from any thread, and may be dropped before its end.
        """
        if isinstance(pictures, (str, bytes, bytearray, os.PathLike)):
            name = type(pictures).__qualname__
            raise TypeError(f"screen_many takes pictures, not one {name}: screen, or deepscreen.walk for a folder")
        return Screenings(self._native.screen_many(map(native, pictures)))

    def reload(self) -> None:
        """Reads the banks again, as they are now: one that has grown, or was replaced by a newer file.

        Other threads may go on screening meanwhile. Screenings that have begun, those of `screen_many` too, end with the
        banks that they began with. Models are not loaded again.

        Raises `UnreadableError` or `InvalidBankError`, naming the file, where a bank cannot be read; the screener then goes
        on with the banks that it has.
        """
        self._native.reload()

    @property
    def threads(self) -> int:
        """How many threads `screen_many` uses."""
        return self._native.threads

    @property
    def engine(self) -> str:
        """What runs the models, with its version: `onnxruntime 1.24.1`; `none` where there are none."""
        return self._native.engine

    def __repr__(self) -> str:
        default = Screener.__init__.__kwdefaults__ or {}
        given = ", ".join(f"{name}={value!r}" for name, value in self._settings.items() if value != default[name])
        return f"Screener({given})"

    def __reduce__(self) -> tuple[Any, ...]:
        return _screener, (self._settings,)


class Screenings(Iterator[Screening]):
    """The screenings of many pictures, in their order: what `Screener.screen_many` gives."""

    def __init__(self, native: _deepscreen.Screenings) -> None:
        self._native = native

    def __iter__(self) -> Screenings:
        return self

    def __next__(self) -> Screening:
        return Screening.from_json(next(self._native))


def hash(picture: Picture, *, limits: Limits | Mapping[str, float] | None = None) -> Hashes:
    """The perceptual hashes of one picture: PDQ with its quality, pHash, dHash, aHash.

    Takes what `Screener.screen` takes. Unlike there, a picture that cannot be read or decoded raises the exception of its
    kind: `UnreadableError`, `TruncatedError` and so on.
    """
    return Hashes.from_json(_deepscreen.hashes(native(picture), _limits(limits)))


def walk(path: Path) -> Iterator[str]:
    """Every file below a folder, whatever it is, in byte order of the path; a file gives itself.

    Links to files are followed, those to folders are not. What does not exist is given as it is: whoever opens it learns
    why.
    """
    return _deepscreen.Walk(os.fspath(path))


def _screener(settings: dict[str, Any]) -> Screener:
    return Screener(**settings)


def _paths(given: Path | Iterable[Path] | None) -> list[str] | None:
    if given is None:
        return None
    if isinstance(given, (str, os.PathLike)):
        given = [given]
    return [os.fspath(path) for path in given]


def _text(given: Path | None) -> tuple[str | None, str | None]:
    """The text, and the file that it was read from."""
    if given is None or isinstance(given, str):
        return given, None
    file = os.fspath(given)
    try:
        with open(file, encoding="utf-8") as opened:
            return opened.read(), file
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise UnreadableError(f"{file}: cannot be read: {reason}") from error


def _limits(limits: Mapping[str, Any] | None) -> str | None:
    return None if limits is None else json.dumps(dict(limits))
