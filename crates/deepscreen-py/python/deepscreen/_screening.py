"""Records (`deepscreen/1`) as Python sees them.

A record's fields are only ever added to. Those that these classes do not know stay in `Screening.to_dict` and
`Screening.to_json`; evidence has a shape for each kind, so it stays in dictionaries, as the schema describes them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

Label = Literal["likely_manipulated", "needs_review", "no_indication", "inconclusive"]
"""`no_indication` means that nothing was found, not that the picture is real; `inconclusive`, that it could not be judged."""

Strength = Literal["decisive", "strong", "weak"]

_T = TypeVar("_T")


def _known(cls: type[_T], record: Mapping[str, Any], **made: Any) -> _T:
    """An object of the fields that the class knows; `made` stands in for those that are objects themselves."""
    known = {name: record[name] for name in cls.__dataclass_fields__ if name in record}  # type: ignore[attr-defined]
    return cls(**{**known, **made})


@dataclass(frozen=True)
class Input:
    """What was looked at."""

    bytes: int
    """Size of the file; of decoded pixels, of their samples."""
    path: str | None = None
    """The file, where it came from one."""
    sha256: str | None = None
    """Of the bytes; `None` where they were not read."""
    format: str | None = None
    """Sniffed from the bytes; `None` for what is no picture."""
    width: int | None = None
    """Pixels after EXIF orientation; `None` where nothing was decoded."""
    height: int | None = None
    """Pixels after EXIF orientation; `None` where nothing was decoded."""


@dataclass(frozen=True)
class Pdq:
    """A PDQ hash."""

    hash: str
    """64 hexadecimal digits."""
    quality: int
    """0 to 100. Below 50 a hash means little."""


@dataclass(frozen=True)
class Hashes:
    """Perceptual hashes: near copies differ in few bits."""

    pdq: Pdq
    phash: str
    """16 hexadecimal digits, as the next two."""
    dhash: str
    ahash: str

    @classmethod
    def from_json(cls, record: str) -> Hashes:
        """Reads what a record has under `hashes`."""
        return cls._of(json.loads(record))

    @classmethod
    def _of(cls, record: Mapping[str, Any]) -> Hashes:
        return _known(cls, record, pdq=_known(Pdq, record["pdq"]))

    def to_dict(self) -> dict[str, Any]:
        """What a record has under `hashes`."""
        pdq = {"hash": self.pdq.hash, "quality": self.pdq.quality}
        return {"pdq": pdq, "phash": self.phash, "dhash": self.dhash, "ahash": self.ahash}


@dataclass(frozen=True)
class Reason:
    """Why the verdict is what it is."""

    code: str
    """Stable: `detector.ai_image`."""
    source: str
    strength: Strength
    message: str
    """A sentence in the screener's language."""


@dataclass(frozen=True)
class Verdict:
    """The answer."""

    label: Label
    kinds: tuple[str, ...]
    """What was found, as far as it is known: `ai_generated`, `ai_edited`, `face_swap`, `edited`, `known_fake`."""
    probability: float | None
    """P(AI-generated or manipulated), calibrated, 0 to 1; `None` where no detector said one."""
    reasons: tuple[Reason, ...]


@dataclass(frozen=True)
class Failure:
    """Something that went wrong with the picture, or that did not apply."""

    source: str
    """`media`, or an analyzer's id."""
    code: str
    """Stable: `truncated`; the values of `ErrorKind`."""
    message: str


@dataclass(frozen=True)
class Replay:
    """What, beside the input, the verdict depends on: the same input and replay give the same verdict."""

    deepscreen: str
    """The version."""
    engine: str
    """With its version; `none` where no model runs."""
    policy: str
    """SHA-256."""
    models: dict[str, str]
    """SHA-256 by the model's id."""
    lists: dict[str, str] = field(default_factory=dict)
    """SHA-256 of what else findings depend on, by its name: `trust_anchors`, `bank/NAME`."""


@dataclass(frozen=True)
class Screening:
    """Everything that is known about one picture.

    Two are equal if they say the same, however long each took. They can be pickled, and `to_dict` and `to_json` give the
    record itself.
    """

    input: Input
    verdict: Verdict
    evidence: tuple[dict[str, Any], ...]
    """What each source found: dictionaries with a `source`, a `kind` and what the schema lists for that kind."""
    failures: tuple[Failure, ...]
    """What went wrong or did not apply."""
    replay: Replay
    schema: str
    """`deepscreen/1`"""
    elapsed_ms: float = field(compare=False)
    """In a batch, the picture's share."""
    hashes: Hashes | None = None
    """`None` where the picture could not be decoded."""
    _record: str = field(default="", repr=False, compare=False)

    @classmethod
    def from_json(cls, record: str) -> Screening:
        """Reads a record: a line that `deepscreen scan --format jsonl` or another binding wrote."""
        fields = json.loads(record)
        verdict = fields["verdict"]
        hashes = fields.get("hashes")
        return _known(
            cls,
            fields,
            input=_known(Input, fields["input"]),
            verdict=_known(
                Verdict,
                verdict,
                kinds=tuple(verdict["kinds"]),
                reasons=tuple(_known(Reason, reason) for reason in verdict["reasons"]),
            ),
            evidence=tuple(fields["evidence"]),
            failures=tuple(_known(Failure, failure) for failure in fields["failures"]),
            replay=_known(Replay, fields["replay"]),
            hashes=Hashes._of(hashes) if hashes else None,
            _record=record,
        )

    def to_json(self) -> str:
        """The record, one line, exactly as the Rust library writes it."""
        return self._record

    def to_dict(self) -> dict[str, Any]:
        """The record as dictionaries and lists, a new copy each time."""
        record: dict[str, Any] = json.loads(self._record)
        return record

    def __reduce__(self) -> tuple[Any, ...]:
        return Screening.from_json, (self._record,)
