"""Tables of pictures in, Arrow tables of screenings out: for Ray, Spark, and whatever else speaks Arrow.

A row of the result:

| column | type | |
|---|---|---|
| `path` | string | the column `path` of what came in; null where there was none |
| `sha256` | string | of the picture's bytes; null where they were not read |
| `label` | string | `likely_manipulated`, `needs_review`, `no_indication`, `inconclusive` |
| `probability` | double | P(AI-generated or manipulated); null where no detector said one |
| `kinds` | list of string | what was found: `ai_generated`, .. |
| `reasons` | list of struct | `code`, `source`, `strength`, `message` |
| `failures` | list of struct | `source`, `code`, `message` |
| `elapsed_ms` | double | |
| `record` | string | all of it, as JSON (`deepscreen/1`): `Screening.from_json` reads it |

These columns stay; later versions may add some behind them. `SCHEMA` is the type for Arrow, `DDL` the same for Spark.
Needs `pyarrow`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any, Union

import pyarrow as pa  # type: ignore[import-untyped]

from ._screener import Screener
from ._screening import Screening

_REASON = ("code", "source", "strength", "message")
_FAILURE = ("source", "code", "message")


def _struct(names: tuple[str, ...]) -> pa.DataType:
    return pa.struct([pa.field(name, pa.string()) for name in names])


SCHEMA: pa.Schema = pa.schema(
    [
        pa.field("path", pa.string()),
        pa.field("sha256", pa.string()),
        pa.field("label", pa.string()),
        pa.field("probability", pa.float64()),
        pa.field("kinds", pa.list_(pa.string())),
        pa.field("reasons", pa.list_(_struct(_REASON))),
        pa.field("failures", pa.list_(_struct(_FAILURE))),
        pa.field("elapsed_ms", pa.float64()),
        pa.field("record", pa.string()),
    ]
)

DDL: str = (
    "path string, sha256 string, label string, probability double, kinds array<string>, "
    "reasons array<struct<code: string, source: string, strength: string, message: string>>, "
    "failures array<struct<source: string, code: string, message: string>>, elapsed_ms double, record string"
)


def table(screenings: Iterable[Screening], paths: Iterable[str | None] | None = None) -> pa.Table:
    """A table of screenings, a row each. `paths` names the pictures, where the screenings do not (those of bytes)."""
    return pa.Table.from_batches([_batch(list(screenings), paths)])


def screen(
    batches: Iterable[Union[pa.RecordBatch, pa.Table]], *, column: str = "path", **settings: Any
) -> Iterator[pa.RecordBatch]:
    """Screens the pictures in a column, and gives a batch of screenings for each batch that comes in, row by row.

    A column of strings names files, a column of binary holds them; then the column `path`, where there is one, names
    the pictures. A null is recorded as `empty`. `settings` are those of `Screener`, which is loaded once. Made for
    Spark's `mapInArrow`; batches are asked for ahead as in `Screener.screen_many`.
    """
    yield from screen_with(Screener(**settings), batches, column)


def screen_with(
    screener: Screener, batches: Iterable[Union[pa.RecordBatch, pa.Table]], column: str = "path"
) -> Iterator[pa.RecordBatch]:
    """As `screen`, with a screener that is there already."""
    taken: deque[list[str | None]] = deque()

    def pictures() -> Iterator[str | bytes]:
        for batch in batches:
            taken.append(_paths(batch))
            for picture in _column(batch, column):
                value = picture.as_py()
                yield b"" if value is None else value

    screenings = screener.screen_many(pictures())
    done: list[Screening] = []
    for screening in screenings:
        done.append(screening)
        yield from _whole(taken, done)
    # Batches without a row.
    yield from _whole(taken, done)


def _whole(taken: deque[list[str | None]], done: list[Screening]) -> Iterator[pa.RecordBatch]:
    """Gives out what is complete."""
    while taken and len(taken[0]) <= len(done):
        paths = taken.popleft()
        ready, done[:] = done[: len(paths)], done[len(paths) :]
        yield _batch(ready, paths)


def _column(batch: Union[pa.RecordBatch, pa.Table], name: str) -> Any:
    if name not in batch.schema.names:
        raise ValueError(f"no column {name!r} among {', '.join(map(repr, batch.schema.names))}")
    column = batch.column(batch.schema.get_field_index(name))
    kind = column.type
    of_files = pa.types.is_string(kind) or pa.types.is_large_string(kind)
    of_bytes = pa.types.is_binary(kind) or pa.types.is_large_binary(kind)
    if not (of_files or of_bytes or pa.types.is_null(kind)):
        raise TypeError(f"column {name!r} is of {kind}: string (paths) or binary (the bytes of files) expected")
    return column


def _paths(batch: Union[pa.RecordBatch, pa.Table]) -> list[str | None]:
    if "path" not in batch.schema.names:
        return [None] * batch.num_rows
    column = batch.column(batch.schema.get_field_index("path"))
    return [None if path is None else str(path) for path in column.to_pylist()]


def _batch(screenings: list[Screening], paths: Iterable[str | None] | None) -> pa.RecordBatch:
    names = [screening.input.path for screening in screenings] if paths is None else list(paths)
    if len(names) != len(screenings):
        raise ValueError(f"{len(names)} paths for {len(screenings)} screenings")
    columns = {
        "path": [name if name is not None else s.input.path for name, s in zip(names, screenings)],
        "sha256": [s.input.sha256 for s in screenings],
        "label": [s.verdict.label for s in screenings],
        "probability": [s.verdict.probability for s in screenings],
        "kinds": [list(s.verdict.kinds) for s in screenings],
        "reasons": [[_named(_REASON, reason) for reason in s.verdict.reasons] for s in screenings],
        "failures": [[_named(_FAILURE, failure) for failure in s.failures] for s in screenings],
        "elapsed_ms": [s.elapsed_ms for s in screenings],
        "record": [s.to_json() for s in screenings],
    }
    return pa.RecordBatch.from_pydict(columns, schema=SCHEMA)


def _named(names: tuple[str, ...], value: Any) -> dict[str, str]:
    return {name: getattr(value, name) for name in names}
