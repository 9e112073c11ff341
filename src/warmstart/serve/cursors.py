"""Pages that never repeat and never skip."""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from collections.abc import Sequence
from typing import Final

from pydantic_core import from_json

from warmstart.core.errors import InputError

MOST_SHOWN: Final = 2_000
"""How deep a list can be read."""
_LARGEST: Final = 2_000_000


def cursor_of(shown: Sequence[str]) -> str:
    """A cursor that stands after these items.

    It holds what was shown, and the next page is the same question without that: so no item comes twice,
    and none is passed over, whatever changed in between, and no server has to remember anything.

    >>> shown_before(cursor_of(["tea-7", "茶壶"]))
    ('tea-7', '茶壶')
    """
    packed = zlib.compress(json.dumps(list(shown), ensure_ascii=False).encode(), 6)
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def shown_before(cursor: str) -> tuple[str, ...]:
    """The items that a cursor stands after. Errors: `InputError` for what is no cursor of ours."""
    try:
        packed = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        reader = zlib.decompressobj()
        found = from_json(reader.decompress(packed, _LARGEST))
    except (ValueError, binascii.Error, zlib.error) as error:
        raise _unusable() from error
    if (
        reader.unconsumed_tail
        or not isinstance(found, list)
        or not all(isinstance(item_id, str) for item_id in found)
    ):
        raise _unusable()
    return tuple(found)


def _unusable() -> InputError:
    return InputError(
        expected="the 'next_cursor' of an answer", found="another text", todo="Leave it out for page one."
    )
