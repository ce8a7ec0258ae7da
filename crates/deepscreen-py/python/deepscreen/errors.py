"""Exceptions: a class for each kind of error, all of them `Error`.

`error.code` is the stable code of the kind, the same that a `Failure` of a record carries: `truncated`,
`invalid_config`. The text is for a person and may change.
"""

from __future__ import annotations

import builtins
from enum import Enum
from typing import ClassVar


class ErrorKind(str, Enum):
    """What went wrong; the values are the codes, which never change."""

    UNREADABLE = "unreadable"
    EMPTY = "empty"
    NOT_AN_IMAGE = "not_an_image"
    MALFORMED = "malformed"
    TRUNCATED = "truncated"
    UNSUPPORTED = "unsupported"
    TOO_LARGE = "too_large"
    TIMEOUT = "timeout"
    PANIC = "panic"
    NOT_APPLICABLE = "not_applicable"
    INVALID_MODEL = "invalid_model"
    MODEL_CHECKSUM = "model_checksum"
    MODEL_SHAPE = "model_shape"
    ENGINE_UNAVAILABLE = "engine_unavailable"
    INFERENCE = "inference"
    INVALID_BANK = "invalid_bank"
    INVALID_CONFIG = "invalid_config"

    def __str__(self) -> str:
        return self.value


class Error(Exception):
    """What every exception of this package is."""

    kind: ClassVar[ErrorKind | None] = None

    @property
    def code(self) -> str:
        """The stable code of the kind."""
        return self.kind.value if self.kind else self.__dict__.get("_code", "")


class UnreadableError(Error, OSError):
    """The file could not be opened or read."""

    kind = ErrorKind.UNREADABLE


class EmptyError(Error):
    """The input has no bytes."""

    kind = ErrorKind.EMPTY


class NotAnImageError(Error):
    """The bytes are of something else than a picture: text, an archive, a document."""

    kind = ErrorKind.NOT_AN_IMAGE


class MalformedError(Error):
    """The picture contradicts its format."""

    kind = ErrorKind.MALFORMED


class TruncatedError(Error):
    """The picture ends before it should."""

    kind = ErrorKind.TRUNCATED


class UnsupportedError(Error):
    """The picture is in a format, or a variant of one, that is not decoded."""

    kind = ErrorKind.UNSUPPORTED


class TooLargeError(Error):
    """The input is beyond a limit."""

    kind = ErrorKind.TOO_LARGE


class TimeoutError(Error, builtins.TimeoutError):
    """The work took longer than it may."""

    kind = ErrorKind.TIMEOUT


class PanicError(Error):
    """A decoder failed in a way that it should not; nothing else was harmed."""

    kind = ErrorKind.PANIC


class NotApplicableError(Error):
    """The analyzer does not apply to this picture, for instance because it is too small."""

    kind = ErrorKind.NOT_APPLICABLE


class InvalidModelError(Error):
    """A model, or the contract that describes it, cannot be used."""

    kind = ErrorKind.INVALID_MODEL


class ModelChecksumError(Error):
    """The bytes of a model are not those that its contract names."""

    kind = ErrorKind.MODEL_CHECKSUM


class ModelShapeError(Error):
    """A model's inputs or outputs are not those that its contract names."""

    kind = ErrorKind.MODEL_SHAPE


class EngineUnavailableError(Error):
    """The engine that was asked for cannot be loaded."""

    kind = ErrorKind.ENGINE_UNAVAILABLE


class InferenceError(Error):
    """The engine failed while a model ran."""

    kind = ErrorKind.INFERENCE


class InvalidBankError(Error):
    """A bank of known pictures cannot be used."""

    kind = ErrorKind.INVALID_BANK


class InvalidConfigError(Error, ValueError):
    """A policy or a setting is wrong."""

    kind = ErrorKind.INVALID_CONFIG


_CLASSES: dict[str, type[Error]] = {kind.kind.value: kind for kind in Error.__subclasses__() if kind.kind is not None}


def error(code: str, message: str) -> Error:
    """The exception for an error of the compiled part. A kind that this version has no class for is an `Error`."""
    known = _CLASSES.get(code)
    if known:
        return known(message)
    unknown = Error(message)
    unknown.__dict__["_code"] = code
    return unknown
