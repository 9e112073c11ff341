"""Turn text into terms, for English, Chinese and anything in between.

One analysis serves lexical search, the catalogue encoder and TF-IDF, so that a term means the same
everywhere. Latin-script words are lower-cased, stripped of accents and of a plural ending; CJK runs
become single characters and adjacent pairs, which needs no dictionary; model codes such as `MBS-100`
are cut at their hyphens, and neighbours are joined where that helps.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

_CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uac00-\ud7af"
_TOKEN = re.compile(rf"[{_CJK}]+|[^\W_{_CJK}]+(?:[-./'’+][^\W_{_CJK}]+)*")
_PARTS = re.compile(r"[-./'’+]")
_IS_CJK = re.compile(rf"[{_CJK}]")
_LETTERS_DIGITS = re.compile(r"[^\W\d_]+|\d+")
_COMBINING = re.compile("[\u0300-\u036f]")


_STOP_WORDS = (
    "a an and any are as at be by can for from have i in is it me my of on or some something that the this"
    " to want what which with you your buy find get give look looking make need show"
    " 的 了 和 与 我 要 想 个 一 是 有 在 给"
)
STOP_WORDS = frozenset(_STOP_WORDS.split())
"""Words that say how something is asked, not what is asked for."""


def normalise(text: str) -> str:
    """Lower-case, full-width to half-width, accents removed.

    >>> normalise("Ｃafé ＡＢＣ 5℃")
    'cafe abc 5°c'
    """
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.casefold()).casefold()  # ℃ decomposes to a capital
    return unicodedata.normalize("NFC", _COMBINING.sub("", decomposed))


def stem(word: str) -> str:
    """Strip an English plural ending, and nothing else (Harman's S-stemmer, 1991).

    >>> [stem(word) for word in ("batteries", "cables", "glass", "ps", "boxes")]
    ['battery', 'cable', 'glass', 'ps', 'box']
    """
    if len(word) < 4 or not word.endswith("s") or not word.isalpha():
        return word
    if word.endswith("ies") and not word.endswith(("eies", "aies")) and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("ches", "shes", "sses", "xes")):
        return word[:-2]
    if word.endswith(("us", "ss", "is")):
        return word
    return word[:-1]


def words(text: str) -> list[str]:
    """The surface words of `text`, in order; a CJK run is one word.

    >>> words("Kingston DT-100 快充 charger's")
    ['kingston', 'dt-100', '快充', "charger's"]
    """
    return _TOKEN.findall(normalise(text))


def is_cjk(word: str) -> bool:
    """Whether a word from `words` is a run of Chinese, Japanese or Korean characters."""
    return _IS_CJK.match(word) is not None


def terms(text: str) -> list[str]:
    """The terms that index and query share.

    >>> terms("USB-cables 128GB")
    ['usb', 'cable', '128gb']
    >>> terms("降噪耳机")
    ['降', '噪', '耳', '机', '降噪', '噪耳', '耳机']
    """
    return [term for word in words(text) for term in _word_terms(word)]


@lru_cache(maxsize=1 << 17)
def _word_terms(word: str) -> tuple[str, ...]:
    if is_cjk(word):
        return (*word, *(word[i : i + 2] for i in range(len(word) - 1)))
    return tuple(stem(part) for part in _parts(word))


def joined_pairs(text: str) -> list[str]:
    """Neighbouring words written as one, so that "note book", "MBS-100" and "MBS100" can meet.

    CJK runs have their pairs among `terms` already.

    >>> joined_pairs("MBS-100 note book 电脑 bag")
    ['mbs100', '100note', 'notebook']
    """
    return [stem(first + second) for first, second in neighbours(text)]


def neighbours(text: str) -> list[tuple[str, str]]:
    """Words that stand beside each other, before stemming; none in CJK runs, and none across them.

    >>> neighbours("MBS-100 cables")
    [('mbs', '100'), ('100', 'cables')]
    """
    pairs: list[tuple[str, str]] = []
    previous = ""
    for word in words(text):
        parts = _joinable_parts(word)
        if parts is None:
            previous = ""
            continue
        for part in parts:
            if previous:
                pairs.append((previous, part))
            previous = part
    return pairs


@lru_cache(maxsize=1 << 17)
def _joinable_parts(word: str) -> tuple[str, ...] | None:
    """The parts of a word; None for a CJK run."""
    return None if is_cjk(word) else tuple(_parts(word))


def letters_and_digits(term: str) -> list[str]:
    """A term cut where letters meet digits; empty when there is nothing to cut.

    >>> letters_and_digits("mbs100"), letters_and_digits("usb")
    (['mbs', '100'], [])
    """
    pieces = _LETTERS_DIGITS.findall(term)
    return pieces if len(pieces) > 1 else []


def _parts(word: str) -> list[str]:
    parts = [part for part in _PARTS.split(word) if part]
    if len(parts) == 2 and parts[1] in {"s", "t"}:  # possessive and n't
        return parts[:1]
    return parts


def character_ngrams(word: str, low: int = 3, high: int = 4) -> Iterator[str]:
    """Character n-grams of a word with its edges marked; for CJK runs, of 1 to 3 characters unmarked.

    >>> list(character_ngrams("usb", 3, 3))
    ['<us', 'usb', 'sb>']
    """
    if is_cjk(word):
        marked, low, high = word, 1, 3
    else:
        marked = f"<{word}>"
    for size in range(low, high + 1):
        yield from (marked[i : i + size] for i in range(len(marked) - size + 1))
