"""The types of fields that records from outside are made of, and how much they may hold."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    StringConstraints,
    ValidationError,
    WithJsonSchema,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from warmstart.core.errors import InputError
from warmstart.data.reader.times import EARLIEST_EVENT, EARLIEST_ITEM
from warmstart.data.wire.problems import field_problems

LONGEST_ID: Final = 512
"""Characters of an id: what every store can keep as a key."""
LONGEST_TEXT: Final = 2_000
"""Characters of a title, a query, an address of a picture."""
LONGEST_NAME: Final = 500
"""Characters of a brand, a category, a tag."""
LONGEST_DESCRIPTION: Final = 100_000
LARGEST_OBJECT: Final = 20_000
"""Characters of all names, texts and numbers in a context, or in properties."""
LARGEST_ATTRIBUTES: Final = 100_000
DEEPEST: Final = 8
"""How many lists and objects may lie within each other."""
LARGEST_AMOUNT: Final = 1e12
FIRST_MILLISECONDS: Final = 1e11
"""Seconds reach it in the year 5138, milliseconds had it in 1973."""

_PYTHON_ONLY = re.compile(r"\n\s*(?:Errors:|>>>)")
_INT64: Final = 2**63
_URL_SCHEME = re.compile(r"([a-z][a-z0-9+.-]+):", re.IGNORECASE)
_NUMBER_IN_TEXT = re.compile(r"[+-]?(\d{1,7}|\d{9,})(\.\d*)?")


class WireRecord(BaseModel):
    """Base of everything that comes in: frozen, known fields only, numbers as numbers."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    @classmethod
    def read(cls, value: Any) -> Self:
        """The record that `value` (an object as `json.loads` gives it) stands for. Errors: `InputError`.

        The error names the first field that is wrong; `parse_records` names all of them. Fields and their
        limits: `model_json_schema()`.
        """
        try:
            return cls.model_validate(value)
        except ValidationError as error:
            problems = field_problems(error, cls)
            raise problems[0].error() from error

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """The description without what is said to programmers in Python only."""
        found = handler.resolve_ref_schema(handler(schema))
        if "description" in found:
            found["description"] = _PYTHON_ONLY.split(found["description"])[0].strip()
        return found

    def _said(self, *without: str) -> dict[str, Any]:
        """What differs from the defaults, as JSON values."""
        return self.model_dump(mode="json", exclude_defaults=True, exclude=set(without))


def _usable_text(value: str) -> str:
    """No NUL, which PostgreSQL cannot hold, and no half of an emoji, which UTF-8 cannot."""
    if "\0" in value or not (value.isascii() or _is_unicode(value)):
        raise InputError(
            expected="text without NUL and halves of emoji",
            found=f"{value!r:.60}",
            todo="Cut texts between characters, and send UTF-8.",
        )
    return value


def _is_unicode(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _not_blank(value: str) -> str:
    if not value.strip():
        raise InputError(
            expected="an id that is not blank", found=repr(value[:60]), todo="Leave the field out instead."
        )
    return value


def _blank_to_none(value: Any) -> Any:
    return None if isinstance(value, str) and not value.strip() else value


def _picture_address(value: str) -> str:
    """Pages show it: an address that runs a script must not get that far."""
    scheme = _URL_SCHEME.match(value.strip())
    if scheme and scheme[1].lower() not in ("http", "https"):
        raise InputError(
            expected="an http(s) address or a path",
            found=f"{scheme[1]}:",
            todo="Put the picture where a browser can fetch it.",
        )
    return value


def to_seconds(value: Any, earliest: float = EARLIEST_EVENT) -> float:
    """A time as Unix seconds: from a number of seconds, or from ISO 8601 text (UTC when without a zone).

    Errors: `InputError` for all else; numbers that can only be milliseconds are named as such.

    >>> to_seconds("2026-03-01T12:00:00+08:00")
    1772337600.0
    >>> to_seconds(1772337600000)
    Traceback (most recent call last):
    ...
    warmstart.core.errors.InputError: expected Unix seconds; found 1772337600000, which can only be \
milliseconds. Divide it by 1000.
    """
    seconds = _from_iso(value) if isinstance(value, str) else _from_number(value)
    if earliest <= seconds < FIRST_MILLISECONDS:
        return seconds
    year = datetime.fromtimestamp(earliest, UTC).year
    raise InputError(
        expected=f"a time from {year} on",
        found=f"{value!r:.60}",
        todo="Send Unix seconds or ISO 8601 text.",
    )


def _from_number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not _is_finite(value):
        raise InputError(
            expected="a time",
            found=f"a value of type {type(value).__name__}",
            todo="Send Unix seconds or ISO 8601 text.",
        )
    if value >= FIRST_MILLISECONDS:
        unit, by = (
            ("milliseconds", "1000") if value < 1e14 else ("micro- or nanoseconds", "a million or more")
        )
        raise InputError(
            expected="Unix seconds",
            found=f"{value!r:.30}, which can only be {unit}",
            todo=f"Divide it by {by}.",
        )
    return float(value)


def _is_finite(value: float) -> bool:
    return -1e300 < value < 1e300  # NaN is not; integers beyond all floats compare well


def _from_iso(value: str) -> float:
    text = value.strip()
    try:
        if _NUMBER_IN_TEXT.fullmatch(text):
            raise ValueError
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError) as error:
        raise InputError(
            expected="a time as ISO 8601 text, such as 2026-03-01T12:00:00Z",
            found=f"{value!r:.60}",
            todo="Send that, or Unix seconds as a number.",
        ) from error


def _created(value: Any) -> float:
    return to_seconds(value, EARLIEST_ITEM)


def check_json(value: Any, most: int) -> None:
    """Raise `InputError` unless `value` is JSON of at most `most` characters, `DEEPEST` levels and no NaN.

    >>> check_json({"weather": ["雨", 12.5, None]}, most=100)
    """
    left, level = [value], 0
    size = 0
    while left:
        level += 1
        if level > DEEPEST + 1:
            raise _too("deep", f"at most {DEEPEST} levels of lists and objects")
        size += sum(map(_size, left))
        if size > most:
            raise _too("large", f"at most {most:,} characters")
        left = [inner for outer in left if isinstance(outer, dict | list) for inner in _inside(outer)]


def _inside(value: dict[Any, Any] | list[Any]) -> list[Any]:
    if isinstance(value, list):
        return value
    for name in value:
        if not isinstance(name, str):
            raise InputError(
                expected="names that are strings", found=f"{name!r:.60}", todo="Put them in quotes."
            )
    return [*value, *value.values()]


def _size(value: Any) -> int:
    """How much it holds itself, without what lies inside; refuses what JSON has not."""
    if isinstance(value, str):
        return len(_usable_text(value)) + 2
    if value is None or isinstance(value, bool):
        return 5
    if isinstance(value, dict | list):
        return 2 + len(value)
    is_number = isinstance(value, int) and -_INT64 <= value < 2 * _INT64
    if is_number or (isinstance(value, float) and math.isfinite(value)):
        return 12
    raise InputError(
        expected="a text, a finite number of 64 bits, true, false, null, a list or an object",
        found=f"a value of type {type(value).__name__}",
        todo="Turn it into text.",
    )


def _too(what: str, expected: str) -> InputError:
    return InputError(
        expected=expected, found=f"a value too {what}", todo="Send what matters, and keep the rest at home."
    )


def _json_within(most: int) -> Callable[[dict[str, Any]], dict[str, Any]]:
    def check(value: dict[str, Any]) -> dict[str, Any]:
        check_json(value, most)
        return value

    return check


def split_path(value: Any) -> Any:
    """Categories as a list; "A > B > C" is a path from broad to narrow.

    >>> split_path("Kitchen > 茶具 > Kettles")
    ['Kitchen', '茶具', 'Kettles']
    """
    if not isinstance(value, str):
        return list(value) if isinstance(value, tuple) else value
    return [part.strip() for part in value.split(" > ") if part.strip()]


def _to_tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def merged(old: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    """`old` with `patch` laid over it as RFC 7396 (JSON Merge Patch) says: null takes a member away.

    >>> merged({"colour": "red", "size": {"cm": 20, "inch": 8}}, {"colour": None, "size": {"cm": 21}})
    {'size': {'cm': 21, 'inch': 8}}
    """
    result = dict(old)
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        elif isinstance(value, Mapping):
            inner = result.get(name)
            result[name] = merged(inner if isinstance(inner, Mapping) else {}, value)
        else:
            result[name] = value
    return result


_TIME_SCHEMA = WithJsonSchema(
    {"anyOf": [{"type": "number"}, {"type": "string", "format": "date-time"}], "title": "Time"}
)
_PATH_SCHEMA = WithJsonSchema(
    {
        "anyOf": [
            {"type": "array", "items": {"type": "string", "maxLength": LONGEST_NAME}, "maxItems": 100},
            {"type": "string"},
        ]
    }
)

Id = Annotated[
    str,
    StringConstraints(min_length=1, max_length=LONGEST_ID),
    AfterValidator(_usable_text),
    AfterValidator(_not_blank),
]
Text = Annotated[str, StringConstraints(max_length=LONGEST_TEXT), AfterValidator(_usable_text)]
Name = Annotated[str, StringConstraints(max_length=LONGEST_NAME), AfterValidator(_usable_text)]
Description = Annotated[
    str, StringConstraints(max_length=LONGEST_DESCRIPTION), AfterValidator(_usable_text)
]
Query = Annotated[Text | None, BeforeValidator(_blank_to_none)]
Currency = Annotated[str, StringConstraints(max_length=16), AfterValidator(_usable_text)]
Picture = Annotated[Text, AfterValidator(_picture_address)]
Amount = Annotated[float, Field(ge=-LARGEST_AMOUNT, le=LARGEST_AMOUNT)]
Price = Annotated[float, Field(ge=0, le=LARGEST_AMOUNT)]
Quantity = Annotated[float, Field(gt=0, le=LARGEST_AMOUNT)]
Position = Annotated[int, Field(ge=0, le=1_000_000)]
Moment = Annotated[float, BeforeValidator(to_seconds), _TIME_SCHEMA]
CreatedAt = Annotated[float, BeforeValidator(_created), _TIME_SCHEMA]
JsonObject = Annotated[dict[str, Any], AfterValidator(_json_within(LARGEST_OBJECT))]
Attributes = Annotated[dict[str, Any], AfterValidator(_json_within(LARGEST_ATTRIBUTES))]
Names = Annotated[tuple[Name, ...], Field(max_length=100), BeforeValidator(_to_tuple)]
Path = Annotated[
    tuple[Name, ...],
    Field(max_length=100),
    BeforeValidator(_to_tuple),
    BeforeValidator(split_path),
    _PATH_SCHEMA,
]
