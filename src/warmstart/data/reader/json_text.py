"""Read JSON lines (or one JSON list); every value becomes a string, nested ones stay JSON.

As for CSV there are two readers that agree on well-formed files: polars for flat objects, and a
line-by-line one for everything else.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import polars as pl

from warmstart.data.issues import ROW, Issue, IssueLog, shorten


def read_json(data: bytes, file: str, log: IssueLog) -> tuple[pl.DataFrame, int]:
    """The table, and the number of lines met; broken lines are reported."""
    if data.lstrip().startswith(b"["):
        return _read_list(data, file, log)
    lines = sum(1 for line in data.splitlines() if line.strip())
    if is_flat(data, lines):
        frame = read_fast(data)
        if frame is not None and len(frame) == lines:
            return frame, lines
    return read_rows(data, file, log), lines


def first_names(data: bytes, objects: int = 100) -> list[str]:
    """The keys of the first objects, for data that may break off."""
    text, place = data.decode("utf-8", "replace"), 0
    names: dict[str, None] = {}
    for _ in range(objects):
        place = text.find("{", place)
        if place < 0:
            break
        try:
            value, place = json.JSONDecoder().raw_decode(text, place)
        except (json.JSONDecodeError, RecursionError):
            place = text.find("\n", place) % (len(text) + 1)  # the next line, or the end
            continue
        names |= dict.fromkeys(value)
    return list(names)


def is_flat(data: bytes, lines: int) -> bool:
    """Whether there is one object per line, and surely nothing nested inside."""
    return b"[" not in data and data.count(b"{") == lines == data.count(b"}")


def read_fast(data: bytes) -> pl.DataFrame | None:
    """Read flat objects with polars; None when a line is broken."""
    if not data.strip():
        return pl.DataFrame(schema={ROW: pl.Int64()})
    try:
        names = pl.scan_ndjson(io.BytesIO(data), infer_schema_length=None).collect_schema().names()
        frame = pl.read_ndjson(io.BytesIO(data), schema=dict.fromkeys(names, pl.String()))
    except (pl.exceptions.ComputeError, pl.exceptions.SchemaError):
        return None
    numbered = frame.with_row_index(ROW, offset=1).with_columns(pl.col(ROW).cast(pl.Int64))
    return numbered.with_columns(pl.col(pl.String).replace("", None))


def read_rows(data: bytes, file: str, log: IssueLog) -> pl.DataFrame:
    """Read line by line; a line that is no JSON object is reported and skipped."""
    return _table(_parsed(data.decode("utf-8", "replace"), file, log))


def _parsed(text: str, file: str, log: IssueLog) -> Iterator[tuple[int, dict[str, Any]]]:
    decode = json.JSONDecoder(parse_constant=_no_constant).decode
    row = 0
    for line in text.split("\n"):
        stripped = line.strip()
        if not stripped:
            continue
        row += 1
        try:
            value = decode(stripped)
        except (json.JSONDecodeError, RecursionError):
            value = None
        if isinstance(value, dict):
            yield row, value
        else:
            _report(row, stripped, file, log)


def _no_constant(_: str) -> None:
    """NaN and the infinities are no values."""


def _report(row: int, found: str, file: str, log: IssueLog) -> None:
    log.add(
        Issue(
            kind="bad_json",
            expected="one JSON object per line",
            found=shorten(found),
            action="row skipped",
            file=file,
            row=row,
        )
    )


def _read_list(data: bytes, file: str, log: IssueLog) -> tuple[pl.DataFrame, int]:
    try:
        values = json.loads(data, parse_constant=_no_constant)
    except (json.JSONDecodeError, RecursionError):
        frame = read_rows(data, file, log)  # reports each line
        return frame, len(frame) + log.counts[file, "bad_json"]
    numbered = list(enumerate(values, start=1))
    for row, value in numbered:
        if not isinstance(value, dict):
            _report(row, json.dumps(value, ensure_ascii=False), file, log)
    return _table((row, value) for row, value in numbered if isinstance(value, dict)), len(numbered)


def _table(rows: Iterator[tuple[int, dict[str, Any]]]) -> pl.DataFrame:
    kept = list(rows)
    names = dict.fromkeys(name for _, value in kept for name in value)
    columns = [
        pl.Series(name, [as_text(value.get(name)) for _, value in kept], pl.String()) for name in names
    ]
    frame = pl.DataFrame([pl.Series(ROW, [row for row, _ in kept], pl.Int64()), *columns])
    return frame.with_columns(pl.col(pl.String).replace("", None))


def as_text(value: Any) -> str | None:
    """A JSON value as the string a CSV file would hold.

    >>> [as_text(value) for value in ("x", 2.0, 1e-7, True, None, ["a", {"k": 1}])]
    ['x', '2', '0.0000001', 'true', None, '["a", {"k": 1}]']
    """
    if value is None or isinstance(value, str):
        return value if value is None else _encodable(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        plain = repr(value)
        plain = format(Decimal(plain), "f") if "e" in plain else plain
        return plain.removesuffix(".0")
    return (
        str(value)
        if isinstance(value, int)
        else _encodable(json.dumps(value, ensure_ascii=False, default=str))
    )


def _encodable(text: str) -> str:
    """Half of a surrogate pair, which JSON can spell, is no character."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")
