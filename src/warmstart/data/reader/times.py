"""Times as people and programs write them, into seconds since 1970, UTC."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import polars as pl

from warmstart.data.reader.values import blank_to_null

DAY: Final = 86_400.0
EARLIEST_EVENT: Final = 631_152_000.0
"""1990-01-01: no shop logged an event before."""

EARLIEST_ITEM: Final = -2_208_988_800.0
"""1900-01-01: books and films may be old."""

_NUMBER = r"^[+-]?\d+(\.\d+)?([eE][+]?\d+)?$"
_COMPACT = r"^(19|20)\d{2}((0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])(\d{6})?)?$"
_PLAIN: Final = "%Y-%m-%d %H:%M:%S%.f"
_ISO: Final = "%Y-%m-%d %H:%M:%S%.f%:z"
_FORMATS: Final = (
    "%Y/%m/%d %H:%M:%S",
    "%Y/%m/%d %H:%M",
    "%Y/%m/%d",
    "%Y.%m.%d",
    "%d %b %Y",
    "%d %B %Y",
    "%b %d, %Y",
    "%B %d, %Y",
    "%m %d, %Y",
    "%a %b %d %H:%M:%S %Y",
    "%Y年%m月%d日 %H:%M:%S",
    "%Y年%m月%d日",
)
_ZONED_FORMATS: Final = ("%a, %d %b %Y %H:%M:%S %z", "%a %b %d %H:%M:%S %z %Y", "%d/%b/%Y:%H:%M:%S %z")


def to_seconds(values: pl.Series, earliest: float, latest: float) -> pl.Series:
    """Seconds since 1970 between `earliest` and `latest`; null for all else.

    Read: numbers of seconds, milliseconds, microseconds or nanoseconds (their size tells), `YYYYMMDD`,
    a year, ISO 8601 with or without a zone (UTC when without), and unambiguous written dates. Dates
    such as 03/04/2020, of which nobody knows the month, are not read.

    >>> times = pl.Series(["1600000000", "1600000000123", "2020-09-13T12:26:40Z", "03/04/2020"])
    >>> to_seconds(times, EARLIEST_EVENT, 2e9).to_list()
    [1600000000.0, 1600000000.123, 1600000000.0, None]
    """
    texts = blank_to_null(values)
    numeric = texts.str.contains(_NUMBER).fill_null(value=False)
    seconds = _from_numbers(texts.set(~numeric, None), earliest)
    if int((~numeric & texts.is_not_null()).sum()):
        seconds = seconds.fill_null(_from_dates(texts.set(numeric, None)))
    outside = (seconds < earliest) | (seconds > latest) | seconds.is_nan()
    return seconds.set(outside.fill_null(value=False), None).alias(values.name)


def _from_numbers(texts: pl.Series, earliest: float) -> pl.Series:
    digits = texts.filter(texts.is_not_null())
    if not len(digits):
        return pl.Series([None] * len(texts), dtype=pl.Float64)
    numbers = texts.cast(pl.Float64, strict=False).fill_null(math.nan).to_numpy()
    size = np.abs(numbers)
    unit = np.select([size < 1e11, size < 1e14, size < 1e17], [1.0, 1e3, 1e6], 1e9)
    scaled = numbers / unit
    dates = texts.set(~texts.str.contains(_COMPACT), None).str.pad_end(8, "0")
    dates = dates.str.replace(r"^(\d{4})0000$", "${1}0101").str.pad_end(14, "0")
    parsed = _seconds(dates, "%Y%m%d%H%M%S").fill_null(math.nan).to_numpy()
    implausible = (scaled < max(earliest, 0.0)) | (numbers >= 1e13) | (numbers < 2100)
    chosen = np.where(implausible & ~np.isnan(parsed), parsed, scaled)
    return pl.Series(chosen).fill_nan(None)


def _from_dates(texts: pl.Series) -> pl.Series:
    """The common forms on the whole column, the rarer ones only on what is left."""
    seconds = _seconds(texts, "%+")
    for form in (_PLAIN, _PLAIN.replace(" ", "T")):
        if _left(texts, seconds).any():
            seconds = seconds.fill_null(_seconds(texts, form))
    left = _left(texts, seconds)
    if not left.any():
        return seconds
    rare = texts.filter(left)
    parsed = _seconds(_iso(rare), _ISO)
    for form in (*_FORMATS, *_ZONED_FORMATS):
        if not _left(rare, parsed).any():
            break
        parsed = parsed.fill_null(_seconds(rare.str.replace(r" (GMT|UTC)\b", " +0000"), form))
    return seconds.scatter(left.arg_true(), parsed)


def _left(texts: pl.Series, seconds: pl.Series) -> pl.Series:
    return texts.is_not_null() & seconds.is_null()


def _seconds(texts: pl.Series, form: str) -> pl.Series:
    zone = "UTC" if "z" in form else None
    parsed = texts.str.to_datetime(form, strict=False, time_zone=zone, time_unit="us", ambiguous="null")
    return parsed.dt.timestamp("us") / 1e6


def _iso(texts: pl.Series) -> pl.Series:
    """ISO 8601 in one form: a space between date and time, seconds, and a zone."""
    return (
        texts.str.replace(r"^(\d{4}-\d{2}-\d{2})[Tt ]+", "${1} ")
        .str.replace(r" ?([Zz]|UTC|GMT)$", "+00:00")
        .str.replace(r"^(\d{4}-\d{2})$", "${1}-01")
        .str.replace(r"^(\d{4}-\d{2}-\d{2})$", "${1} 00:00:00")
        .str.replace(r"^(\d{4}-\d{2}-\d{2} \d{2}:\d{2})($| ?[+-])", "${1}:00${2}")
        .str.replace(r"^(\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2})(?:[.,](\d+))?$", "${1}.${2}+00:00")
        .str.replace(
            r"^(\S+ \d{2}:\d{2}:\d{2})(?:[.,](\d+))? ?([+-]\d{2}):?(\d{2})?$", "${1}.${2}${3}:${4}"
        )
        .str.replace(r"\.([+-])", "${1}")
        .str.replace(r"([+-]\d{2}):$", "${1}:00")
    )
