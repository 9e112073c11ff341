"""Personal data that people type into search boxes and reviews, masked before anything is kept.

Found by form and, where there are any, by check digits; nothing is loaded and nothing is asked of anybody.
Names and addresses have no form and are not found.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date
from ipaddress import AddressValueError, IPv6Address
from typing import Any, Final

from warmstart.data.wire.events import EventIn

_FULL_WIDTH: Final = {0xFF01 + i: 0x21 + i for i in range(94)} | {0x3000: 0x20}
"""Full-width forms, as Chinese and Japanese keyboards write digits and signs, one to one."""

_EMAIL = re.compile(r"[a-z0-9._%+-]{1,64}@(?:[a-z0-9-]{1,63}\.){1,8}[a-z]{2,24}", re.IGNORECASE)
_IBAN_START = re.compile(r"(?<![a-z0-9])[a-z]{2}[0-9]{2}", re.IGNORECASE)
_RESIDENT_ID = re.compile(r"(?<![0-9])[1-8][0-9]{16}[0-9xX](?![0-9])")
_DIGITS = re.compile(r"[0-9]+(?:[ -][0-9]+)*")
_IPV4 = re.compile(
    r"(?<![\w.])(?:(?:25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])(?:\.(?=[0-9])|(?![.0-9]))){4}(?!\w)", re.ASCII
)
_IPV6 = re.compile(r"(?<![\w:.])[0-9a-f:]{7,39}(?![\w:])", re.IGNORECASE | re.ASCII)
_PHONES: Final = tuple(
    re.compile(pattern, re.ASCII)
    for pattern in (
        r"(?<![0-9+])(?:\+?86[ -]?)?1[3-9][0-9][ -]?[0-9]{4}[ -]?[0-9]{4}(?![0-9])",
        r"(?<![\w+])\+[1-9](?:[ ().\-/]{0,2}[0-9]){6,13}(?![0-9])",
        r"(?<![\w+-])00[1-9][0-9]{0,2}[ -](?:[ ()\-/]{0,2}[0-9]){6,12}(?![0-9])",
        r"(?<![\w+.-])(?:\([2-9][0-9]{2}\) ?|[2-9][0-9]{2}[.-])[0-9]{3}[ .-][0-9]{4}(?![\w-])",
        r"(?<![\w+.,-])\(?0[1-9][0-9]{1,3}(?:\) ?|[ /-])[0-9]{3,8}(?:[ -][0-9]{2,4}){0,2}(?![\w-])",
    )
)
_FEWEST_NATIONAL: Final = 9
"""Digits of a national number with its area code."""

_CARD_LENGTHS: Final = range(14, 20)
_RESIDENT_WEIGHTS: Final = tuple(pow(2, 17 - i, 11) for i in range(17))
_IBAN_LENGTHS: Final = {
    country: length
    for length, countries in {
        15: "NO",
        16: "BE",
        18: "DK FI FO GL NL",
        19: "MK SI",
        20: "AT BA EE KZ LT LU XK",
        21: "CH HR LI LV",
        22: "BG BH CR DE GB GE IE ME RS VA",
        23: "AE GI IL IQ",
        24: "AD CZ ES MD PK RO SA SE SK TN VG",
        25: "PT",
        26: "IS TR",
        27: "FR GR IT MC MR SM",
        28: "AL AZ BY CY DO GT HU LB PL",
        29: "BR EG PS QA UA",
        30: "JO KW",
        31: "MT SC",
    }.items()
    for country in countries.split()
}
"""Characters of an IBAN by country (ISO 13616)."""

_Span = tuple[int, int]


def mask(text: str) -> str:
    """The text with personal data replaced by what it was: `[email]`, `[phone]`, `[card]` and so on.

    Masked are e-mail addresses; payment cards of 14 to 19 digits (Luhn); IBANs (ISO 13616, mod 97);
    resident ids of the People's Republic of China (GB 11643: date and check character); IP addresses;
    telephone numbers: Chinese mobile numbers, +49 ..., (555) 123-4567, 030 1234567; all of it in full-width
    digits too. Masking twice changes nothing more.

    Use it on what people type, not on ids and codes of your own: a code of 14 to 19 digits that begins
    with 2 to 6 passes as a card one time in ten, one of eleven digits as a mobile number if it begins
    with 13 to 19.

    >>> mask("联系 zhang@example.cn 或 138-0013-8000")
    '联系 [email] 或 [phone]'
    >>> mask("iPhone 15, 128 GB, EAN 4006381333931")
    'iPhone 15, 128 GB, EAN 4006381333931'
    """
    while (masked := _masked_once(text)) != text:  # what stood beside something masked may show only now
        text = masked
    return text


def mask_value(value: Any) -> Any:
    """The same for all texts in a JSON value; names of members stay.

    >>> mask_value({"note": "ring 13800138000", "n": 3})
    {'note': 'ring [phone]', 'n': 3}
    """
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, dict):
        return {name: mask_value(inner) for name, inner in value.items()}
    return [mask_value(inner) for inner in value] if isinstance(value, list) else value


def masked_event(event: EventIn) -> EventIn:
    """The event with its free text masked: query, context and properties. Its ids stay as they are.

    >>> masked_event(EventIn(user_id="ann", query="order of ann@example.com")).query
    'order of [email]'
    """
    changes = {name: mask_value(getattr(event, name)) for name in ("query", "context", "properties")}
    return event.model_copy(update=changes)


def _masked_once(text: str) -> str:
    plain = text.translate(_FULL_WIDTH)
    if not any(sign.isdigit() or sign in "@:" for sign in plain):
        return text
    taken: list[tuple[int, int, str]] = []
    for label, find in _FINDERS.items():
        for start, end in find(plain):
            if all(end <= other[0] or other[1] <= start for other in taken):
                taken.append((start, end, label))
    parts, position = [], 0
    for start, end, label in sorted(taken):
        parts += [text[position:start], f"[{label}]"]
        position = end
    return "".join([*parts, text[position:]])


def _emails(text: str) -> Iterator[_Span]:
    return (found.span() for found in _EMAIL.finditer(text)) if "@" in text else iter(())


def _ibans(text: str) -> Iterator[_Span]:
    for found in _IBAN_START.finditer(text):
        length = _IBAN_LENGTHS.get(found[0][:2].upper())
        end = None if length is None else _end_of_code(text, found.start(), length)
        if end is not None and _is_iban(text[found.start() : end]):
            yield found.start(), end


def _end_of_code(text: str, start: int, length: int) -> int | None:
    """Where a code of so many letters and digits ends, single spaces and hyphens within it aside."""
    end = start
    while length and end < len(text):
        if text[end].isascii() and text[end].isalnum():
            length -= 1
        elif text[end] not in " -" or text[end - 1] in " -":
            return None
        end += 1
    goes_on = end < len(text) and text[end].isascii() and text[end].isalnum()
    return None if length or goes_on else end


def _is_iban(text: str) -> bool:
    code = "".join(sign for sign in text if sign.isalnum())
    return int("".join(str(int(sign, 36)) for sign in code[4:] + code[:4])) % 97 == 1


def _resident_ids(text: str) -> Iterator[_Span]:
    return (found.span() for found in _RESIDENT_ID.finditer(text) if _is_resident_id(found[0]))


def _is_resident_id(code: str) -> bool:
    try:
        date(int(code[6:10]), int(code[10:12]), int(code[12:14]))
    except ValueError:
        return False
    total = sum(weight * int(digit) for weight, digit in zip(_RESIDENT_WEIGHTS, code[:17], strict=True))
    return "10X98765432"[total % 11] == code[17].upper()


def _cards(text: str) -> Iterator[_Span]:
    """Runs of digits in groups; a card may begin and end at any of the groups."""
    for found in _DIGITS.finditer(text):
        if found.end() - found.start() < _CARD_LENGTHS[0]:
            continue
        groups = [
            (g.start() + found.start(), g.end() + found.start()) for g in re.finditer(r"[0-9]+", found[0])
        ]
        yield from _cards_of(text, groups)


def _cards_of(text: str, groups: list[_Span]) -> Iterator[_Span]:
    for first in range(len(groups)):
        digits = ""
        for start, end in groups[first : first + _CARD_LENGTHS[-1]]:
            digits += text[start:end]
            if len(digits) > _CARD_LENGTHS[-1]:
                break
            if _is_card(digits):
                yield groups[first][0], end


def _is_card(digits: str) -> bool:
    """By length, first digit (ISO/IEC 7812: 2 to 6 are banks and travel) and the Luhn sum."""
    if len(digits) not in _CARD_LENGTHS or digits[0] not in "23456" or len(set(digits)) == 1:
        return False
    doubled = (sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])
    return (sum(doubled) + sum(map(int, digits[-1::-2]))) % 10 == 0


def _addresses(text: str) -> Iterator[_Span]:
    yield from (found.span() for found in _IPV4.finditer(text))
    for found in _IPV6.finditer(text):
        if sum(map(bool, found[0].split(":"))) > 2 and _is_ipv6(found[0]):
            yield found.span()


def _is_ipv6(text: str) -> bool:
    try:
        IPv6Address(text)
    except AddressValueError:
        return False
    return True


def _phones(text: str) -> Iterator[_Span]:
    for pattern in _PHONES:
        for found in pattern.finditer(text):
            if sum(sign.isdigit() for sign in found[0]) >= _FEWEST_NATIONAL:
                yield found.span()


_FINDERS: Final[dict[str, Callable[[str], Iterator[_Span]]]] = {
    "email": _emails,
    "iban": _ibans,
    "id": _resident_ids,
    "card": _cards,
    "ip": _addresses,
    "phone": _phones,
}
"""In this order: what has check digits before what has only a form."""
