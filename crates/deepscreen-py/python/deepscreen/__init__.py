"""Screens images for AI generation and manipulation.

    >>> import deepscreen
    >>> screener = deepscreen.Screener()
    >>> screening = screener.screen("upload.jpg")                           # doctest: +SKIP
    >>> screening.verdict.label, screening.verdict.probability              # doctest: +SKIP
    ('no_indication', 0.0331)

A `Screener` judges pictures: files, bytes, PIL images, numpy arrays. What cannot be read is a result too, never an
exception; exceptions (`deepscreen.Error` and its classes) are for wrong settings and unusable models. `hash` computes
perceptual hashes alone, `walk` lists a folder. `deepscreen.arrow` and `deepscreen.ray` serve tables and clusters, `deepscreen.bench` compares detectors.

Nothing is sent anywhere, and nothing is written to disk.
"""

from ._deepscreen import SCHEMA, __version__
from ._pictures import Picture
from ._screener import Limits, Screener, Screenings, hash, walk
from ._screening import (
    Failure,
    Hashes,
    Input,
    Label,
    Pdq,
    Reason,
    Replay,
    Screening,
    Strength,
    Verdict,
)
from .errors import (
    EmptyError,
    EngineUnavailableError,
    Error,
    ErrorKind,
    InferenceError,
    InvalidBankError,
    InvalidConfigError,
    InvalidModelError,
    MalformedError,
    ModelChecksumError,
    ModelShapeError,
    NotAnImageError,
    NotApplicableError,
    PanicError,
    TimeoutError,
    TooLargeError,
    TruncatedError,
    UnreadableError,
    UnsupportedError,
)

__all__ = [
    "SCHEMA",
    "EmptyError",
    "EngineUnavailableError",
    "Error",
    "ErrorKind",
    "Failure",
    "Hashes",
    "InferenceError",
    "Input",
    "InvalidBankError",
    "InvalidConfigError",
    "InvalidModelError",
    "Label",
    "Limits",
    "MalformedError",
    "ModelChecksumError",
    "ModelShapeError",
    "NotAnImageError",
    "NotApplicableError",
    "PanicError",
    "Pdq",
    "Picture",
    "Reason",
    "Replay",
    "Screener",
    "Screening",
    "Screenings",
    "Strength",
    "TimeoutError",
    "TooLargeError",
    "TruncatedError",
    "UnreadableError",
    "UnsupportedError",
    "Verdict",
    "__version__",
    "hash",
    "walk",
]
