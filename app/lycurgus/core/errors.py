"""The errors that a user can cause: each says what is wrong, with which file, and what to do."""

from __future__ import annotations

from pathlib import Path


class LycurgusError(Exception):
    """Base of every error that is meant for the user rather than for a developer.

    Parameters
    ----------
    reason : what is wrong, a clause without a capital or a full stop.
    hint : what the user can do about it, in the same form.
    """

    def __init__(self, reason: str, *, hint: str = "") -> None:
        super().__init__(reason, hint)
        self.reason = reason
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.reason}: {self.hint}" if self.hint else self.reason

    def __reduce__(self) -> tuple[object, ...]:
        # Exceptions with keyword arguments do not survive the way back from a worker process by themselves.
        return _rebuild, (type(self), self.args, self.__dict__)


class FileError(LycurgusError):
    """An error about one file."""

    def __init__(self, path: Path | str, reason: str, *, hint: str = "") -> None:
        super().__init__(reason, hint=hint)
        self.path = Path(path)

    def __str__(self) -> str:
        return f"{self.path.name}: {super().__str__()}"


class ReadError(FileError):
    """A file cannot be read, or holds no real-space image."""


class ExportError(FileError):
    """An output cannot be written."""


class ProjectError(FileError):
    """A project file cannot be opened, read or written."""


class ModelError(FileError):
    """A network cannot be used: its folder is damaged, unsafe or not understood, or it does not run."""


class TooLargeError(FileError):
    """An image has more pixels than can be analysed at once."""


class CalibrationError(LycurgusError):
    """A pixel size is missing, impossible, or contradicted."""


class EditError(LycurgusError):
    """A correction by hand that cannot be made: a line that misses, a shape that is too small."""


class ParameterError(LycurgusError):
    """A parameter does not exist or its value is out of range: wrong usage."""


class UnknownNameError(ParameterError, KeyError):
    """A plug-in of that name does not exist; also what a mapping raises, so that ``in`` and ``get`` work as usual."""

    __str__ = LycurgusError.__str__  # KeyError would show the arguments in quotes


class Cancelled(LycurgusError):  # noqa: N818 - a stop that was asked for is no error
    """The user stopped the work; not a failure."""

    def __init__(self) -> None:
        super().__init__("cancelled")


def _rebuild(kind: type[LycurgusError], args: tuple[object, ...], state: dict[str, object]) -> LycurgusError:
    error = kind.__new__(kind)
    Exception.__init__(error, *args)
    error.__dict__.update(state)
    return error
