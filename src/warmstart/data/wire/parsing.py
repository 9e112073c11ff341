"""Many records at once: an object, a list of them, or lines of JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final, TypeVar

from pydantic import ValidationError
from pydantic_core import from_json

from warmstart.core.errors import InputError
from warmstart.data.wire.fields import WireRecord
from warmstart.data.wire.problems import Problem, field_problems

MOST_RECORDS: Final = 10_000
"""How many records one call may bring."""
LONGEST_LINE: Final = 1_000_000
"""Bytes of one line of NDJSON."""

_TOO_LONG: Final = Problem(
    field="",
    expected=f"at most {LONGEST_LINE:,} bytes a line",
    found="a longer one",
    todo="Shorten texts, and split events with many items.",
)
_BOM: Final = b"\xef\xbb\xbf"

Model = TypeVar("Model", bound=WireRecord)
_Place = tuple[int | None, int | None]
"""Number of the record and of the line."""


def parse_records(
    model: type[Model], payload: Any, *, most: int = MOST_RECORDS
) -> tuple[list[Model], list[Problem]]:
    r"""The records of a payload that can be used, in order, and what is wrong with the others.

    `payload` is an object or a list of objects as `json.loads` gives them; or bytes or text: a JSON
    object or list, or NDJSON (one object per line, blank lines skipped). A caller that wants all or
    nothing raises `problems[0].error()`; one that takes what is good reports the problems beside it.

    Errors: `InputError` for more than `most` records, and for an empty text.

    >>> from warmstart.data.wire.records import UserIn
    >>> users, problems = parse_records(UserIn, b'{"user_id": "ann"}\n{"user_id": 5}')
    >>> users[0].user_id, problems[0].place
    ('ann', "line 2, field 'user_id'")
    """
    records: list[Model] = []
    problems: list[Problem] = []
    for place, value in payload_values(payload, most):
        record = value if isinstance(value, Problem) else _record(model, value)
        if isinstance(record, WireRecord):
            records.append(record)
        else:
            found = record if isinstance(record, list) else [record]
            problems += [problem.at(index=place[0], line=place[1]) for problem in found]
    return records, problems


def load_json(text: bytes | str) -> Any:
    """The value of a JSON text. Errors: `InputError`; NaN and nesting beyond 200 levels are refused.

    >>> load_json('{"title": "茶"}')
    {'title': '茶'}
    """
    value = _load(_as_bytes(text))
    if isinstance(value, Problem):
        raise value.error()
    return value


def payload_values(payload: Any, most: int = MOST_RECORDS) -> Iterator[tuple[_Place, Any]]:
    """Each value of a payload as `parse_records` takes it, or the `Problem` of its line, with its place.

    Errors: `InputError` at the value after the first `most`, and for an empty text.

    >>> [value for _, value in payload_values('[{"a": 1}, 2]')]
    [{'a': 1}, 2]
    """
    for count, (place, value) in enumerate(_values(payload)):
        if count >= most:
            raise _too_many(most)
        yield place, value


def _record(model: type[Model], value: Any) -> Model | list[Problem]:
    try:
        return model.model_validate(value)
    except ValidationError as error:
        return field_problems(error, model)


def _values(payload: Any) -> Iterator[tuple[_Place, Any]]:
    """Each record, as a value or as the problem of its line, with its place."""
    if isinstance(payload, bytes | bytearray | memoryview | str):
        yield from _of_text(_as_bytes(payload))
    elif isinstance(payload, list | tuple):
        for i, value in enumerate(payload):
            yield (i, None), value
    else:
        yield (None, None), payload


def _as_bytes(text: bytes | bytearray | memoryview | str) -> bytes:
    """As UTF-8; halves of emoji pass here, and are refused when they are read."""
    raw = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else bytes(text)
    return raw.removeprefix(_BOM).strip()


def _of_text(text: bytes) -> Iterator[tuple[_Place, Any]]:
    if not text:
        raise InputError(expected="at least one record", found="nothing", todo="Send one, or do not call.")
    whole = _load(text)
    if not isinstance(whole, Problem):
        yield from _values([whole] if isinstance(whole, str) else whole)
    elif _is_lines(text):
        yield from _of_lines(text.split(b"\n"))
    else:
        yield (None, None), whole


def _is_lines(text: bytes) -> bool:
    """Whether it is meant as NDJSON: several lines, and the first does not just open something."""
    first, more, _ = text.partition(b"\n")
    return bool(more) and not first.startswith(b"[") and first.strip() != b"{"


def _of_lines(lines: Iterable[bytes]) -> Iterator[tuple[_Place, Any]]:
    count = 0
    for number, line in enumerate(lines, start=1):
        if line.strip():
            yield (count, number), _load(line) if len(line) <= LONGEST_LINE else _TOO_LONG
            count += 1


def _load(text: bytes) -> Any:
    try:
        return from_json(text, allow_inf_nan=False)
    except ValueError as error:
        said = str(error)
    return Problem(
        field="", expected="JSON", found=said[:200], todo="Mend it; a checker of JSON finds the place."
    )


def _too_many(most: int) -> InputError:
    return InputError(
        expected=f"at most {most:,} records in a call",
        found="more",
        todo="Send them in several calls, or import a file.",
    )
