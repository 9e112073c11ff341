"""Libraries that live in extras, or the error that says how to get them."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

from warmstart.core.errors import MissingExtraError


def load_extra(module: str, *, what: str, extra: str) -> ModuleType:
    """The module of this name. Errors: `MissingExtraError` says that `what` needs the extra.

    >>> load_extra("json", what="an example", extra="lm").loads("[1]")
    [1]
    """
    try:
        return import_module(module)
    except ImportError as error:
        raise MissingExtraError(what, extra) from error


def load_torch(what: str) -> ModuleType:
    """The torch module. Errors: `MissingExtraError` for `what` where it is not installed."""
    return load_extra("torch", what=what, extra="lm")
