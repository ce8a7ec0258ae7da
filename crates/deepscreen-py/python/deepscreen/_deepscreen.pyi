"""The compiled part, which the package wraps. Pictures are paths, bytes, or (width, height, channels, samples)."""

from collections.abc import Iterator
from typing import TypeAlias

SCHEMA: str
__version__: str

_Picture: TypeAlias = str | bytes | tuple[int, int, int, bytes]

class Screener:
    def __new__(
        cls,
        *,
        models: list[str] | None,
        faces: str | None,
        stability: int,
        policy: str | None,
        policy_file: str | None,
        max_fpr: float | None,
        provenance: bool,
        trust_anchors: str | None,
        banks: list[str] | None,
        bank_transforms: bool,
        threads: int,
        engine: str,
        onnxruntime: str | None,
        provider: str,
        limits: str | None,
        language: str,
    ) -> Screener: ...
    def screen(self, picture: _Picture) -> str: ...
    def screen_many(self, pictures: Iterator[_Picture]) -> Screenings: ...
    def reload(self) -> None: ...
    @property
    def threads(self) -> int: ...
    @property
    def engine(self) -> str: ...

class Screenings:
    def __iter__(self) -> Screenings: ...
    def __next__(self) -> str: ...

class Walk:
    def __new__(cls, path: str) -> Walk: ...
    def __iter__(self) -> Walk: ...
    def __next__(self) -> str: ...

def hashes(picture: _Picture, limits: str | None = None) -> str: ...
def load_onnxruntime(library: str) -> str | None: ...
def bench_pictures(datasets: list[str], options: str) -> str: ...
def bench_scores(
    file: str | None,
    labels: list[str],
    names: list[str],
    columns: list[list[float | None]],
    groups: list[str | None] | None,
    videos: list[str | None] | None,
    options: str,
) -> str: ...
