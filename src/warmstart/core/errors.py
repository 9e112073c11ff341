"""Errors that say what was expected, what was found, and what to do next."""

from __future__ import annotations

from typing import Any, Final

_WITH_TORCH: Final = ("lm", "adapt")
_CPU_WHEELS: Final = "https://download.pytorch.org/whl/cpu"


class WarmstartError(Exception):
    """Base of every error warmstart raises on purpose.

    Catch this one to tell "the caller can mend it" from a bug. The message has three parts, each also
    kept as an attribute: `expected`, `found` and `todo`.

    >>> str(WarmstartError(expected="a folder", found="a file", todo="Pass the folder that holds it."))
    'expected a folder; found a file. Pass the folder that holds it.'
    """

    def __init__(self, *, expected: str, found: str, todo: str) -> None:
        self.expected, self.found, self.todo = expected, found, todo
        super().__init__(f"expected {expected}; found {found}. {todo}")

    def __reduce__(self) -> tuple[Any, ...]:
        """Let the error cross a process boundary; its arguments are keywords, which pickling forgets."""
        return _rebuild, (type(self), self.expected, self.found, self.todo)


def _rebuild(kind: type[WarmstartError], expected: str, found: str, todo: str) -> WarmstartError:
    error = kind.__new__(kind)
    WarmstartError.__init__(error, expected=expected, found=found, todo=todo)
    return error


class InputError(WarmstartError, ValueError):
    """Data or an argument that cannot be used as it is."""


class ConfigError(WarmstartError, ValueError):
    """A setting or hyperparameter with an unknown name, a wrong type or an impossible value."""


class NotFittedError(WarmstartError, RuntimeError):
    """A component was used before `fit`."""

    def __init__(self, component: str) -> None:
        super().__init__(
            expected=f"a fitted {component}",
            found="one that has not been fitted",
            todo="Call fit(...) or load a saved one first.",
        )


class UnknownIdError(WarmstartError, KeyError):
    """An id that only makes sense when known (asking why an item that does not exist was shown).

    Unknown users and items are legal in every question warmstart answers; this is for the few where
    no answer could be right.
    """

    __str__ = Exception.__str__  # KeyError would show the repr of the message


class MissingExtraError(WarmstartError, ImportError):
    """A part that lives in an optional extra was asked for and is not installed."""

    def __init__(self, what: str, extra: str, *, todo: str | None = None) -> None:
        super().__init__(
            expected=f"the extra '{extra}' for {what}",
            found="an installation without it",
            todo=todo or _how_to_install(extra),
        )


def _how_to_install(extra: str) -> str:
    """The command; where torch comes along, the one before it that keeps gigabytes of CUDA away."""
    command = f"pip install 'warmstart[{extra}]'"
    if extra not in _WITH_TORCH:
        return f"Install it with: {command}"
    return f"Without a GPU first: pip install torch --index-url {_CPU_WHEELS}. Then: {command}"


class ArtifactError(WarmstartError, RuntimeError):
    """A saved model that is missing, damaged, or written by an incompatible version."""
