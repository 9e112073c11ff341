"""From the bytes of a file to UTF-8 text: decompress as far as possible, find the encoding."""

from __future__ import annotations

import codecs
import itertools
import re
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from warmstart.core.errors import ConfigError
from warmstart.data.issues import Issue, IssueLog

_CHUNK: Final = 1 << 20
_SAMPLE: Final = 100_000
_GZIP: Final = b"\x1f\x8b"
_HIGH_RUN = re.compile(rb"[\x80-\xff]+")
_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True, kw_only=True)
class FileBytes:
    """A file's decompressed bytes; `broken` when its compressed form breaks off or is damaged."""

    data: bytes
    compressed: bool = False
    broken: bool = False


def load(path: Path, limit: int | None = None) -> FileBytes:
    """Read a file, gzip or not: its first bytes decide, not its name. `limit` stops after so many bytes."""
    with path.open("rb") as stream:
        raw = stream.read(limit) if limit else stream.read()
    if not raw.startswith(_GZIP):
        return FileBytes(data=raw, broken=bool(raw) and path.suffix == ".gz" and not _looks_like_text(raw))
    data, broken = _gunzip(raw, limit)
    return FileBytes(data=data, compressed=True, broken=broken)


def _looks_like_text(raw: bytes) -> bool:
    return b"\x00" not in raw[:1000]


def _gunzip(raw: bytes, limit: int | None) -> tuple[bytes, bool]:
    """All that can be decompressed, and whether that is less than the whole."""
    parts: list[bytes] = []
    while raw.startswith(_GZIP):  # a gzip file may hold several members
        decoder = zlib.decompressobj(wbits=31)
        for start in range(0, len(raw), _CHUNK):
            try:
                parts.append(decoder.decompress(raw[start : start + _CHUNK], limit or 0))
            except zlib.error:
                return b"".join(parts), True
            if decoder.eof:
                raw = decoder.unused_data + raw[start + _CHUNK :]
                break
            if limit and sum(map(len, parts)) >= limit:
                return b"".join(parts), False
        if not decoder.eof:
            return b"".join(parts), True
    return b"".join(parts), bool(raw.strip(b"\x00"))


def decode(data: bytes, file: str, encoding: str | None, log: IssueLog) -> tuple[bytes, str]:
    """The text as UTF-8 bytes, and the encoding it was read as.

    UTF-8 is taken when it fits; then GB18030 (Chinese), when the letters beyond ASCII come in runs as
    they do there; else Windows-1252. UTF-8 with a few broken letters stays UTF-8. Anything but clean
    UTF-8 is reported. `encoding`, from shop.toml, overrules all of it.
    """
    if encoding is not None:
        return _decode_as(data, file, encoding, log), encoding
    for mark, name in _BOMS:
        if data.startswith(mark):
            return _decode_as(data, file, name, log), name
    if data.isascii() or _is_utf8(data):
        return data, "utf-8"
    name = guess_encoding(data)
    log.add(
        Issue(
            kind="encoding",
            expected="UTF-8",
            found=f"bytes that are not UTF-8, such as {_first_bad(data)!r}",
            action=f"read as {name}; if that is wrong, set `encoding` for this file in shop.toml",
            file=file,
        )
    )
    return data.decode(name, errors="replace").encode("utf-8"), name


def _decode_as(data: bytes, file: str, encoding: str, log: IssueLog) -> bytes:
    try:
        text = data.decode(encoding, errors="replace")
    except LookupError as error:
        raise ConfigError(
            expected=f"the name of a text encoding for {file}",
            found=repr(encoding),
            todo="Use a name such as 'utf-8', 'gb18030', 'cp1252' or 'shift_jis'.",
        ) from error
    lost = text.count("\ufffd")
    if lost:
        log.add(
            Issue(
                kind="encoding",
                expected=f"text in {encoding}",
                found=f"{lost} places that are not",
                action="each became U+FFFD",
                file=file,
            ),
            lost,
        )
    return text.encode("utf-8", errors="replace")


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _first_bad(data: bytes) -> bytes:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        return data[max(error.start - 8, 0) : error.end + 4]
    return b""


def guess_encoding(data: bytes) -> str:
    """The likeliest encoding of bytes that are not clean UTF-8.

    >>> guess_encoding("降噪耳机，音质很好".encode("gb18030"))
    'gb18030'
    >>> guess_encoding("café à la crème".encode("cp1252"))
    'cp1252'
    """
    runs = [match.group() for match in itertools.islice(_HIGH_RUN.finditer(data), _SAMPLE)]
    high = sum(map(len, runs))
    broken = b" ".join(runs).decode("utf-8", errors="replace").count("\ufffd")
    if broken * 10 <= high:
        return "utf-8"
    paired = sum(len(run) for run in runs if len(run) >= 2)
    if paired >= 0.8 * high:
        try:
            data.decode("gb18030")
        except UnicodeDecodeError:
            return "cp1252"
        return "gb18030"
    return "cp1252"
