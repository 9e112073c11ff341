"""Read one file of any kind into a table of strings, keeping every row that can be read."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import polars as pl

from warmstart.core.errors import InputError
from warmstart.data.issues import ROW, Issue, IssueLog
from warmstart.data.reader import csv_text, json_text
from warmstart.data.reader.text_bytes import FileBytes, decode, load

FORMATS: Final[dict[str, str]] = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".parquet": "parquet",
    ".inter": "recbole",
    ".item": "recbole",
    ".user": "recbole",
    ".kg": "recbole",
    ".link": "recbole",
}
"""Suffixes that are read, each also with `.gz`; RecBole's are tab-separated and know no quotes."""

_PEEK: Final = 1 << 18


@dataclass(frozen=True, kw_only=True)
class RawTable:
    """A file as it lies: `frame` holds its columns as strings and `issues.ROW`; empty values are null."""

    frame: pl.DataFrame
    format: str
    encoding: str
    rows_read: int

    @property
    def names(self) -> list[str]:
        """The file's own column names."""
        return [name for name in self.frame.columns if name != ROW]


def format_of(path: Path) -> str | None:
    """The format that the suffix names, or None when it is not a data file."""
    return FORMATS.get(plain_suffix(path))


def plain_suffix(path: Path) -> str:
    """The suffix without a trailing `.gz`, in lower case.

    >>> plain_suffix(Path("Items.CSV.gz"))
    '.csv'
    """
    name = path.name.lower().removesuffix(".gz")
    return Path(name).suffix


def stem_of(path: Path) -> str:
    """The file name without its suffixes, in lower case."""
    name = path.name.lower().removesuffix(".gz")
    return name.removesuffix(plain_suffix(path))


def peek(path: Path, *, encoding: str | None = None, separator: str | None = None) -> list[str]:
    """The column names of a file, from its first part; empty when it has none."""
    kind = format_of(path)
    if kind == "parquet":
        return list(_parquet(load(path), path.name).collect_schema())
    loaded = load(path, _PEEK)
    if kind == "jsonl":
        return json_text.first_names(decode(loaded.data, path.name, encoding, IssueLog())[0])
    whole = len(loaded.data) < _PEEK and not loaded.broken
    data, _ = decode(_newlines(_cut(loaded.data, cut=not whole)), path.name, encoding, IssueLog())
    if not data.strip():
        return []
    cut = separator or _separator(kind, data)
    return csv_text.split_header(data, cut, quoting=kind != "recbole")[0]


def read_table(
    path: Path, file: str, log: IssueLog, *, encoding: str | None = None, separator: str | None = None
) -> RawTable:
    """Read a whole file; `file` is what the log calls it."""
    kind = format_of(path)
    loaded = load(path)
    shown = f"{kind}.gz" if loaded.compressed else str(kind)
    if kind == "parquet":
        frame = _read_parquet(loaded, file)
        return RawTable(frame=frame, format=shown, encoding="", rows_read=len(frame))
    if loaded.broken:
        _report_broken(file, log)
    raw = _cut(loaded.data, cut=loaded.broken)
    data, used = decode(raw, file, encoding, log)
    if kind == "jsonl":
        frame, met = json_text.read_json(data, file, log)
        return RawTable(frame=frame, format=shown, encoding=used, rows_read=met)
    frame, met = _read_csv(_newlines(data), separator or _separator(kind, data), kind, file, log)
    return RawTable(frame=frame, format=shown, encoding=used, rows_read=met)


def _separator(kind: str | None, data: bytes) -> str:
    return csv_text.sniff_separator(data) if kind == "csv" else "\t"


def _newlines(data: bytes) -> bytes:
    """Lines that end in a lone carriage return, as old Macs wrote them, become ordinary ones."""
    return data.replace(b"\r", b"\n") if b"\n" not in data else data


def _cut(data: bytes, *, cut: bool) -> bytes:
    """Without the last line when that may be incomplete."""
    return data[: data.rfind(b"\n") + 1] if cut else data


def _read_csv(
    data: bytes, separator: str, kind: str | None, file: str, log: IssueLog
) -> tuple[pl.DataFrame, int]:
    if not data.strip():
        return pl.DataFrame(schema={ROW: pl.Int64()}), 0
    quoting = kind != "recbole"
    header, body = csv_text.split_header(data, separator, quoting=quoting)
    names = _unique(header, file, log)
    rows = csv_text.is_regular(body, len(names), separator, quoting=quoting)
    if rows is not None:
        frame = csv_text.read_fast(body, names, separator, quoting=quoting)
        if len(frame) == rows:
            return frame, rows
    return csv_text.read_rows(body, names, separator, quoting=quoting, file=file, log=log)


def _unique(header: list[str], file: str, log: IssueLog) -> list[str]:
    """Column names, stripped; a repeated one gets a number."""
    names: list[str] = []
    for raw in header:
        plain = raw.strip().lstrip("\ufeff") or "unnamed"
        name, again = plain, 2
        while name in names or name == ROW:
            name, again = f"{plain}.{again}", again + 1
        if plain not in (name, "unnamed"):
            log.add(
                Issue(
                    kind="repeated_column",
                    column=plain,
                    expected="each column name once",
                    found=f"'{plain}' again",
                    action=f"the later one is called '{name}'",
                    file=file,
                )
            )
        names.append(name)
    return names


def _report_broken(file: str, log: IssueLog) -> None:
    log.add(
        Issue(
            kind="damaged_file",
            expected="a complete gzip file",
            found="one that breaks off or is damaged",
            action="the rows before the break are kept; copy the file again",
            file=file,
        )
    )


def _parquet(loaded: FileBytes, file: str) -> pl.LazyFrame:
    frame = pl.scan_parquet(io.BytesIO(loaded.data))
    try:
        frame.collect_schema()
    except (pl.exceptions.PolarsError, OSError) as error:
        raise _broken_parquet(file, error) from error
    return frame


def _broken_parquet(file: str, error: Exception) -> InputError:
    return InputError(
        expected=f"a Parquet file in {file}",
        found=f"one that cannot be read ({error})",
        todo="Write the file again; a damaged Parquet file cannot be read in part.",
    )


def _read_parquet(loaded: FileBytes, file: str) -> pl.DataFrame:
    try:
        frame = _parquet(loaded, file).collect()
    except (pl.exceptions.PolarsError, OSError) as error:
        raise _broken_parquet(file, error) from error
    texts = [_as_strings(frame[name]) for name in frame.columns]
    numbers = pl.Series(ROW, range(1, len(frame) + 1), pl.Int64())
    return pl.DataFrame([numbers, *texts]).with_columns(pl.col(pl.String).replace("", None))


def _as_strings(values: pl.Series) -> pl.Series:
    """A typed column as the strings a CSV file would hold; times in seconds, nested values as JSON."""
    dtype = values.dtype
    if isinstance(dtype, pl.String):
        return values
    if isinstance(dtype, pl.Datetime | pl.Date):
        micros = values.cast(pl.Datetime("us")).dt.timestamp("us")
        return (micros / 1_000_000).cast(pl.String).str.strip_suffix(".0")
    if isinstance(dtype, pl.Binary):
        return pl.Series(values.name, [v and v.decode("utf-8", "replace") for v in values], pl.String())
    if not dtype.is_nested() and not dtype.is_float():
        return values.cast(pl.String)
    texts = [json_text.as_text(value) for value in values.to_list()]
    return pl.Series(values.name, texts, pl.String())
