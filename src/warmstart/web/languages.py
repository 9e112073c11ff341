"""Which language a page speaks."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Final

from fastapi import Request

LANGUAGES: Final = {"en": "en", "zh": "zh-CN"}
"""What is spoken, and how HTML calls it."""
LANGUAGE_COOKIE: Final = "warmstart_language"


def language_of(request: Request) -> str:
    """What the address asks for, else what was chosen before, else what the browser prefers; or English."""
    for chosen in (request.query_params.get("lang"), request.cookies.get(LANGUAGE_COOKIE)):
        if chosen in LANGUAGES:
            return chosen
    return preferred(request.headers.get("accept-language", ""))


def preferred(header: str) -> str:
    """The language that a header Accept-Language likes best.

    >>> preferred("de, zh-TW;q=0.8, en;q=0.5"), preferred("fr"), preferred("en;q=0.1, zh;q=x")
    ('zh', 'en', 'en')
    """
    ranked = []
    for place, part in enumerate(header.split(",")[:20]):
        name, _, quality = part.partition(";q=")
        language = name.strip().lower().partition("-")[0]
        if language in LANGUAGES:
            ranked.append((-_number(quality), place, language))
    return min(ranked)[2] if ranked else "en"


def _number(quality: str) -> float:
    try:
        return float(quality) if quality else 1.0
    except ValueError:
        return 0.0


@cache
def words_of(language: str) -> dict[str, str]:
    """Every sentence of the pages in one language."""
    text = (files("warmstart.web") / "assets" / f"words.{language}.json").read_text("utf-8")
    words: dict[str, str] = json.loads(text)
    return words
