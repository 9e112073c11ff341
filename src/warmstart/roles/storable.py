"""What every store can keep: keys, names, numbers, times and values, checked before a backend sees them."""

from __future__ import annotations

import json
import math
import re
from typing import Any, Final

from warmstart.core.errors import InputError

LONGEST_KEY: Final = 512
LARGEST: Final = 2**62
"""The bounds of a key's characters and of a number."""

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode
_encode_ascii = json.JSONEncoder(allow_nan=False, separators=(",", ":")).encode


def check_key(what: str, value: object) -> str:
    """The value, if every backend can keep it as a key. Errors: `InputError`."""
    if isinstance(value, str) and 0 < len(value) <= LONGEST_KEY and "\0" not in value and _is_text(value):
        return value
    raise InputError(
        expected=f"a string of 1 to {LONGEST_KEY} characters as {what}, without NUL and halves of emoji",
        found=f"{value!r:.80}",
        todo="Hash longer ids, and clean broken text before it comes here.",
    )


def check_name(what: str, value: object) -> str:
    """The value, if it can name a tenant, a kind or a log. Errors: `InputError`."""
    if isinstance(value, str) and _NAME.fullmatch(value):
        return value
    raise InputError(
        expected=f"a {what} of 1 to 64 of a-z, 0-9, '-' and '_', beginning with a letter or digit",
        found=f"{value!r:.80}",
        todo="Choose another name.",
    )


def _is_text(value: str) -> bool:
    if value.isascii():
        return True
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def to_json(value: Any) -> str:
    """The value as JSON text. Errors: `InputError`."""
    try:
        text = _encode(value)
    except (TypeError, ValueError, RecursionError) as error:
        raise InputError(
            expected="a value that JSON can hold",
            found=str(error),
            todo="Turn dates, arrays and the like into text or lists, and NaN into null.",
        ) from error
    return text if _is_text(text) else _encode_ascii(value)


def check_time(what: str, value: float | None) -> None:
    """Errors: `InputError` for what is no time in Unix seconds, or None."""
    if value is not None and not _is_finite(value):
        raise InputError(
            expected=f"a time in Unix seconds as {what}",
            found=repr(value),
            todo="Convert dates to seconds.",
        )


def check_whole(what: str, value: object) -> None:
    """Errors: `InputError` for what cannot be a number of an entry, or 0."""
    if not (isinstance(value, int) and 0 <= value < LARGEST):
        raise InputError(
            expected=f"a whole number from 0 to 2^62 as {what}",
            found=f"{value!r:.80}",
            todo="Pass a number that this log gave.",
        )


def _is_finite(value: object) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)
