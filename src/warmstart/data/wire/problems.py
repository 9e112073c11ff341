"""What is wrong with a record from outside: which record, which field, what was expected and found."""

from __future__ import annotations

import reprlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from pydantic import ValidationError

from warmstart.core.errors import InputError

if TYPE_CHECKING:
    from pydantic import BaseModel
    from pydantic_core import ErrorDetails

MOST_FIELDS: Final = 20
"""How many wrong fields of one record are named."""

_LONG: Final = 200
_HUGE: Final = 2**64
_TODO: Final[Mapping[str, str]] = {
    "missing": "Add it.",
    "string_type": "Put it in quotes.",
    "float_type": "Send a JSON number, without quotes.",
    "int_type": "Send a whole JSON number, without quotes.",
    "bool_type": "Send true or false, without quotes.",
    "finite_number": "Leave the field out where the number is not known.",
    "string_unicode": "Cut texts between characters, not within an emoji.",
    "string_too_long": "Shorten it; ids can be hashed.",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """One field of one record that cannot be used.

    `index` counts the records from 0 (None when there was but one), `line` the lines of NDJSON from 1.
    `field` is the way to the field, such as `items.0.price`; empty when the record as a whole is meant.
    """

    field: str
    expected: str
    found: str
    todo: str
    index: int | None = None
    line: int | None = None

    def at(self, *, index: int | None, line: int | None) -> Problem:
        """The same problem, of the record at this place."""
        return replace(self, index=index, line=line)

    @property
    def place(self) -> str:
        """Where it is, in words.

        >>> Problem(field="price", expected="", found="", todo="", line=3).place
        "line 3, field 'price'"
        """
        record = f"record {self.index + 1}" if self.index is not None else ""
        parts = [f"line {self.line}" if self.line is not None else record]
        parts += [f"field '{self.field}'"] if self.field else []
        return ", ".join(part for part in parts if part)

    def error(self) -> InputError:
        """As an error to raise."""
        where = f" ({self.place})" if self.place else ""
        return InputError(expected=self.expected, found=self.found + where, todo=self.todo)


def field_problems(error: ValidationError, model: type[BaseModel]) -> list[Problem]:
    """What pydantic found wrong with one record, field by field, in words."""
    found = error.errors(include_url=False)[:MOST_FIELDS]
    return [_problem(details, model) for details in found]


def _problem(details: ErrorDetails, model: type[BaseModel]) -> Problem:
    field = ".".join(str(part)[:60] for part in details["loc"])
    own = details.get("ctx", {}).get("error")
    if isinstance(own, InputError):
        return Problem(field=field, expected=own.expected, found=own.found, todo=own.todo)
    kind = details["type"]
    if kind == "extra_forbidden":
        return _unknown_field(field, details["loc"], model)
    found = "none" if kind == "missing" else _shown(details["input"])
    todo = _TODO.get(kind, "Mend it and send the record again.")
    return Problem(field=field, expected=_expected(details), found=found, todo=todo)


def _unknown_field(field: str, loc: tuple[int | str, ...], model: type[BaseModel]) -> Problem:
    """At the top of a record there is a place for facts of one's own."""
    places = [name for name in ("properties", "attributes") if name in model.model_fields]
    known = ", ".join(model.model_fields) if len(loc) == 1 else "the fields of the documentation"
    todo = f"Put it into '{places[0]}', or leave it out." if places else "Leave it out."
    return Problem(field=field, expected=known, found="an unknown field", todo=todo)


def _expected(details: ErrorDetails) -> str:
    if details["type"] == "missing":
        return "a field that every record has"
    said = details["msg"].partition(" should ")[2] or details["msg"]
    return said.removeprefix("be ").removeprefix("have ")


def _shown(value: Any) -> str:
    """Short also where the value is huge, deep, or contains itself."""
    if isinstance(value, str) and len(value) > _LONG:
        return f"{len(value):,} characters"
    if isinstance(value, int) and abs(value) >= _HUGE:
        return "a number of more than 64 bits"
    return reprlib.repr(value)[:_LONG]
