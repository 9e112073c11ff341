"""Mend one text: HTML left in it, letters garbled by a wrong encoding, invisible characters.

Each function gives its input back unchanged where there is nothing to mend, and applying it twice is
the same as applying it once.
"""

from __future__ import annotations

import re
from html.entities import html5
from typing import Final

_BLOCK: Final = (
    "address|article|aside|blockquote|body|br|caption|dd|div|dl|dt|figcaption|figure|footer|form|h1|h2|h3|"
    "h4|h5|h6|head|header|hr|html|iframe|img|input|li|link|main|meta|nav|ol|option|p|pre|section|select|"
    "source|table|tbody|td|tfoot|th|thead|title|tr|ul|video|wbr"
)
_INLINE: Final = (
    "a|abbr|b|big|button|cite|code|del|dfn|em|font|i|ins|kbd|label|mark|o:p|q|s|small|span|strike|strong|"
    "sub|sup|tt|u|var"
)
# A known name, then nothing or attributes with '='. "a < b", "x<y>" and "<3" are not tags.
_REST = r"(?:\s+[^<>]*=[^<>]*)?\s*/?>"
_BLOCK_TAG = re.compile(rf"</?(?:{_BLOCK}){_REST}", re.IGNORECASE)
_INLINE_TAG = re.compile(rf"</?(?:{_INLINE}){_REST}", re.IGNORECASE)
_DROPPED = re.compile(r"<!--.*?-->|<!doctype[^<>]*>|<(script|style)\b[^<>]*>.*?</\1\s*>", re.I | re.S)
_ENTITY = re.compile(r"&(?:#(\d{1,7})|#[xX]([0-9a-fA-F]{1,6})|([A-Za-z][A-Za-z0-9]{1,31}));")
_SPACES = re.compile(r"[ \t\u00a0]{2,}|[\t\u00a0]")

HAS_MARKUP: Final = r"[<&]"
"""A quick test that every text with HTML passes."""


def strip_html(text: str) -> str:
    """Remove HTML tags and comments, and decode entities.

    Tags that break a line become a space, the others vanish. Only names that HTML knows count as tags,
    so comparisons and hearts survive. Escaped HTML (`&lt;p&gt;`) is unescaped and removed too.

    >>> strip_html("<p>H<sub>2</sub>O &amp; caf&eacute;</p><br/>size a < b <3")
    'H2O & café size a < b <3'
    """
    if "<" not in text and "&" not in text:
        return text
    previous, mended = "", text
    while mended != previous:  # every change shortens the text, so this ends
        previous = mended
        mended = _DROPPED.sub(" ", mended)
        mended = _INLINE_TAG.sub("", _BLOCK_TAG.sub(" ", mended))
        mended = _ENTITY.sub(_decode_entity, mended)
    return text if mended == text else _SPACES.sub(" ", mended).strip()


def _decode_entity(match: re.Match[str]) -> str:
    decimal, hexadecimal, name = match.groups()
    if name is not None:
        return html5.get(name + ";", match.group())
    number = int(decimal) if decimal is not None else int(hexadecimal, 16)
    if 0x80 <= number <= 0x9F:  # browsers read these as Windows-1252
        return _HIGH[number - 0x80]
    if number == 0 or number > 0x10FFFF or 0xD800 <= number <= 0xDFFF:
        return ""
    return chr(number)


_HIGH: Final = [bytes([b]).decode("cp1252", "ignore") or chr(b) for b in range(0x80, 0x100)]
_BYTE: Final = {char: bytes([0x80 + i]) for i, char in enumerate(_HIGH)} | {
    chr(b): bytes([b]) for b in range(0x80, 0x100)
}
_MISREAD: Final = {b: _HIGH[b - 0x80] for b in range(0x80, 0xA0)}
_RUN = re.compile(f"[{re.escape(''.join(_BYTE))}]{{2,}}")

HAS_GARBLED: Final = (
    "[\u00c2-\u00f4]["
    + "".join(sorted({char for char, byte in _BYTE.items() if 0x80 <= byte[0] <= 0xBF})).replace("[", r"\[")
    + "]"
)
"""A quick test that every garbled text passes."""


def mend_mojibake(text: str) -> str:
    r"""Undo UTF-8 that was read as Windows-1252 or Latin-1, where that is certain.

    A run of letters is mended when its bytes are valid UTF-8 and the result is not a lone letter of
    an alphabet that is rare in shops: `Ã©` becomes `é`, but `MENÜ“` stays as it is. Single characters
    that only Windows-1252 has, read as Latin-1, become what they were.

    >>> mend_mojibake("CafÃ© â€œä¸­æ–‡â€\u009d 5\x96"), mend_mojibake("MENÜ“")
    ('Café “中文” 5–', 'MENÜ“')
    """
    if text.isascii():
        return text
    return _RUN.sub(_mend_run, text).translate(_MISREAD)


def _mend_run(match: re.Match[str]) -> str:
    run = match.group()
    try:
        mended = b"".join(_BYTE[char] for char in run).decode("utf-8")
    except UnicodeDecodeError:
        return run
    lone = len(mended) == 1 and 0xFF < ord(mended) < 0x800
    still_garbled = any(0x80 <= ord(char) <= 0x9F for char in mended)
    return run if lone or still_garbled else mended


CONTROL: Final = "[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u200b\u2060\ufeff\ufffe\uffff]"
"""Characters that are never meant; tab, newline and the joiners that emoji and Persian need stay."""

_CONTROL = re.compile(CONTROL)


def strip_control(text: str) -> str:
    r"""Remove invisible control characters, byte-order marks and zero-width spaces.

    >>> strip_control("a\x00b\ufeff")
    'ab'
    """
    return _CONTROL.sub("", text)


def clean_text(text: str) -> str:
    r"""All three, until nothing changes.

    >>> clean_text("<b>CafÃ©</b>\x07")
    'Café'
    """
    previous = None
    while text != previous:
        previous = text
        text = strip_html(strip_control(mend_mojibake(text)))
    return text.strip()
