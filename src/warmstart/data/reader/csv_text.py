"""Read comma-, semicolon- or tab-separated text; every value stays a string.

Two readers give the same table for a well-formed file: `read_fast` (polars) and `read_rows`, which goes
line by line so that one broken row costs only itself. `is_regular` proves beforehand that a file is
well-formed, because a fast reader may swallow lines in silence where a quotation mark is loose.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from warmstart.core.linear import IntArray
from warmstart.data.issues import ROW, Issue, IssueLog, shorten

_NEWLINE, _RETURN, _QUOTE = b"\n"[0], b"\r"[0], b'"'[0]
_SNIFFED: Final = 1 << 16
_LONGEST: Final = 500
"""A quoted value that spans more lines than this is taken for a quotation mark that never closes."""

csv.field_size_limit(1 << 27)


def sniff_separator(data: bytes) -> str:
    r"""The separator of a file: comma, semicolon, tab or bar.

    It must stand in the header outside quotes; among several, that which the next lines hold equally
    often, then the commonest.

    >>> sniff_separator(b'item_id;name, long;price\n1;2;3')
    ';'
    """
    lines = [_unquoted(line) for line in data[:_SNIFFED].split(b"\n")[:20] if line.strip()]
    header = lines[0] if lines else b""

    def fitness(mark: str) -> tuple[bool, float, int]:
        count = header.count(mark.encode())
        equal = sum(line.count(mark.encode()) == count for line in lines)
        return count > 0, equal / max(len(lines), 1), count

    return max(",;\t|", key=fitness)


def _unquoted(line: bytes) -> bytes:
    return b"".join(line.split(b'"')[0::2])


def split_header(data: bytes, separator: str, *, quoting: bool) -> tuple[list[str], bytes]:
    """The names in the first record, and the bytes after it."""
    if not quoting:
        first, _, rest = data.partition(b"\n")
        return first.rstrip(b"\r").decode("utf-8", "replace").split(separator), rest
    stream = io.BytesIO(data)
    lines = (line.decode("utf-8", "replace") for line in stream)
    names = next(csv.reader(lines, delimiter=separator), [])
    return names, data[stream.tell() :]


def is_regular(body: bytes, width: int, separator: str, *, quoting: bool) -> int | None:
    """The number of rows when every row has `width` fields and quotes follow RFC 4180, else None."""
    data = np.frombuffer(body.rstrip(b"\r\n"), dtype=np.uint8)
    if not data.size:
        return 0
    quotes = np.flatnonzero(data == _QUOTE) if quoting else np.empty(0, dtype=np.int64)
    if not _quotes_are_regular(data, quotes, ord(separator)):
        return None
    ends = np.append(_outside(np.flatnonzero(data == _NEWLINE), quotes), data.size)
    starts = np.append(0, ends[:-1] + 1)
    if width == 1:  # a blank line would be a row of its own
        lengths = ends - starts - (data[np.maximum(ends - 1, 0)] == _RETURN)
        if (lengths <= 0).any():
            return None
    separators = _outside(np.flatnonzero(data == ord(separator)), quotes)
    fields = np.searchsorted(separators, ends) - np.searchsorted(separators, starts) + 1
    return int(ends.size) if bool((fields == width).all()) else None


def _outside(places: IntArray, quotes: IntArray) -> IntArray:
    if not quotes.size:
        return places
    outside: IntArray = places[np.searchsorted(quotes, places) % 2 == 0]
    return outside


def _quotes_are_regular(data: npt.NDArray[np.uint8], quotes: IntArray, cut: int) -> bool:
    """Whether each opening quote follows a separator and each closing one stands before a separator."""
    if not quotes.size:
        return True
    if quotes.size % 2:
        return False
    padded = np.concatenate([[_NEWLINE], data, [_NEWLINE]]).astype(np.uint8)
    before, after = padded[quotes[0::2]], padded[quotes[1::2] + 2]
    opens_well = np.isin(before, [cut, _NEWLINE, _QUOTE])
    closes_well = np.isin(after, [cut, _NEWLINE, _RETURN, _QUOTE])
    return bool(opens_well.all() and closes_well.all())


def read_fast(body: bytes, names: Sequence[str], separator: str, *, quoting: bool) -> pl.DataFrame:
    """Read a regular body with polars; empty values become null."""
    if not body.strip(b"\r\n"):
        return pl.DataFrame(schema={ROW: pl.Int64()} | dict.fromkeys(names, pl.String()))
    frame = pl.read_csv(
        io.BytesIO(body.rstrip(b"\r\n")),
        has_header=False,
        new_columns=list(names),
        separator=separator,
        quote_char='"' if quoting else None,
        infer_schema=False,
    )
    numbered = frame.with_row_index(ROW, offset=1).with_columns(pl.col(ROW).cast(pl.Int64))
    return numbered.with_columns(pl.col(pl.String).replace("", None))


def read_rows(
    body: bytes, names: Sequence[str], separator: str, *, quoting: bool, file: str, log: IssueLog
) -> tuple[pl.DataFrame, int]:
    """Read line by line; rows that cannot be read are reported. Gives the table and the rows met."""
    scan = _Scan(lines=_lines(body), width=len(names), separator=separator, file=file, log=log)
    rows: list[list[str]] = []
    numbers: list[int] = []
    while (fields := scan.next_record(quoting=quoting)) is not None:
        if fields:
            rows.append(fields)
            numbers.append(scan.row)
    columns = zip(*rows, strict=True) if rows else ([] for _ in names)
    series = [
        pl.Series(name, list(values), pl.String()) for name, values in zip(names, columns, strict=True)
    ]
    frame = pl.DataFrame([pl.Series(ROW, numbers, pl.Int64()), *series])
    return frame.with_columns(pl.col(pl.String).replace("", None)), scan.row


def _lines(body: bytes) -> list[str]:
    text = body.decode("utf-8", "replace")
    return text.rstrip("\r\n").split("\n") if text.strip("\r\n") else []


@dataclass(eq=False)
class _Scan:
    """Walks through lines, one record at a time."""

    lines: list[str]
    width: int
    separator: str
    file: str
    log: IssueLog
    place: int = 0
    row: int = 0

    def next_record(self, *, quoting: bool) -> list[str] | None:
        """The next record's fields; an empty list for a record that was skipped; None at the end."""
        if self.place >= len(self.lines):
            return None
        line = self.lines[self.place].removesuffix("\r")
        if not line:
            self.place += 1
            return []
        self.row += 1
        if not quoting or '"' not in line:
            self.place += 1
            return self._checked(line.split(self.separator), line)
        return self._quoted(line)

    def _quoted(self, line: str) -> list[str]:
        """A record with quotes: strictly as CSV, over several lines if it must, else this line alone."""
        fields, taken = self._strict()
        if len(fields) == self.width:
            self.place += taken
            return fields
        self.place += 1
        loose = next(csv.reader([line + "\n"], delimiter=self.separator))
        if loose[-1].endswith("\n"):
            self._report("unclosed_quote", "a closing quotation mark", line, "row skipped; close the quote")
            return []
        if len(loose) == self.width:
            action = "row kept as read; double the quotation marks inside values"
            self._report("loose_quote", "quotation marks around whole values only", line, action)
        return self._checked(loose, line)

    def _strict(self) -> tuple[list[str], int]:
        window = (line + "\n" for line in self.lines[self.place : self.place + _LONGEST])
        reader = csv.reader(window, delimiter=self.separator, strict=True)
        try:
            fields = next(reader)
        except csv.Error:
            return [], 1
        return fields, reader.line_num

    def _checked(self, fields: list[str], line: str) -> list[str]:
        if len(fields) == self.width:
            return fields
        expected = f"{self.width} fields"
        action = "row skipped; quote values that hold separators or line breaks, write empty ones too"
        self._report("wrong_field_count", expected, f"{len(fields)} in {line}", action)
        return []

    def _report(self, kind: str, expected: str, found: str, action: str) -> None:
        self.log.add(
            Issue(
                kind=kind,
                expected=expected,
                found=shorten(found),
                action=action,
                file=self.file,
                row=self.row,
            )
        )
