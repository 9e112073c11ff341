"""What a shopper does not want, said in English."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from warmstart.search.sentence_shop import ShopWords, word_set

Found = tuple[str, list[str], list[str]]
"""What is left (with commas where something was taken out), what is refused, what was not read."""


def read_english_refusals(text: str, shop: ShopWords) -> Found:
    """Split a normalised sentence into what is wanted and what is not.

    A refusal begins with a word such as "no", "without" or "except" and ends at a comma, at "and", "but"
    and other words that begin something new, or after four words; "or" goes on with the next thing. What
    only says how much ("not too big") is neither wanted nor refused: it comes back as not read.

    >>> read_english_refusals("rod without plastic or cork, sugar-free", ShopWords())
    ('rod  ,, sugar-free', ['plastic', 'cork'], [])
    """
    return _Reader(text, shop).read()


_CJK: Final = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uac00-\ud7af"
_TOKEN: Final = re.compile(rf"[{_CJK}]+|[^\W_{_CJK}]+(?:[-.'’+&][^\W_{_CJK}]+)*|\S")
_COMPOUNDS: Final = (
    "show iron name drill slip sew pull spill rinse bake tie tear tears frill frills nonsense brainer poo"
    " doubt matter problem idea one longer limit clue rush thanks other kill crease heat"
)
_VERBS: Final = (
    r"(?:want|like|need|require|have|has|contain|use|include|eat|drink|wear|come (?:with|from)|consist of"
    r"|(?:look|smell|taste) (?:of|like)|be|get|buy|show|recommend|give|bring)(?: (?:me|us|him|her|them))?"
)
_TRAP: Final = re.compile(
    rf"no\.?\s*\d|no[ -](?:{_COMPOUNDS.replace(' ', '|')})(?![a-z])|no (?:more|less) than"
    r"|not (?:only|just|merely|necessarily|sure|least|sorry|bad|without)(?![a-z])"
    r"|without (?:a doubt|fail|question)|nothing (?:but|else)|(?:if|why|or|whether) not(?![a-z])"
    r"|(?:can't|cant|cannot|can not|couldn't|could not|won't|never)\s(?:[a-z]+\s){0,3}without"
    r"|(?:he|she|they|i|we|you) (?:don't|dont|do not|doesn't|doesnt|does not) (?:have|own)(?![a-z])"
    rf"|(?:do|does|did|can|could|will|would|should|must) not(?! {_VERBS}(?![a-z]))"
)
"""What looks like a refusal and is none."""
_VAGUE: Final = re.compile(
    r"(?:not(?: be)?|nothing|isn't|aren't)"
    r" (?:too|very|so|that|overly|super|really|as|quite)(?![a-z])(?: much)?"
)
_CUE: Final = re.compile(
    r"(?:neither|without|excepting|except for|except|excluding|excludes?|avoid(?:ing)?|other than"
    r"|anything but|apart from|aside from|rather than|instead of|free (?:of|from)|none of"
    r"|nothing(?= (?:with|from|made|in|by|of)(?![a-z]))|(?:is )?allergic to|hates?|dislikes?|isn't|aren't"
    r"|is not|are not|(?:i |he |she |they |we )?(?:do not|don't|dont|does not|doesn't|doesnt"
    rf"|can't|cannot|can not|mustn't|must not|shouldn't|should not|won't|never) {_VERBS}|not|no)(?![\w'’-])"
)
_FILLERS: Final = word_set(
    "a an the any some made of from by with in for to like be is it want wants need needs require "
    "requires use uses using more other kind type sort my your his her such contain contains "
    "containing have has having include includes including come comes coming added anything "
    "something"
)
_ENDS: Final = word_set(
    "and but with for that which who whom whose please also only just if because since as while so "
    "when then although though in on at to from by under over below above up about around between "
    "less more instead it he she they i we you is are has have had should must would could can will "
    "he's she's that's i'm something anything ideally preferably maybe"
)
_OR: Final = frozenset({"or", "nor", "/"})
_EMPTY_TAIL: Final = word_set(
    "required needed necessary included inside please allowed involved thanks either whatsoever "
    "things thing ones one stuff items item products product materials material parts part brand "
    "brands"
)
_LONGEST: Final = 4
_FREE: Final = re.compile(r"([^\W\d_]+)-free")


class _Reader:
    """Walks over the words of a text and takes out what is refused."""

    def __init__(self, text: str, shop: ShopWords) -> None:
        self.text = text
        self.shop = shop
        self.names = dict(shop.names_in(text))
        self.tokens = [(match.group(), match.start(), match.end()) for match in _TOKEN.finditer(text)]
        self.kept: list[str] = []
        self.end = 0
        self.without: list[str] = []
        self.unread: list[str] = []

    def read(self) -> Found:
        i = 0
        while i < len(self.tokens):
            i = self._step(i)
        return " ,".join([*self.kept, self.text[self.end :]]), self.without, self.unread

    def _step(self, i: int) -> int:
        """Read what begins at token `i`; gives the token to go on with."""
        word, start, stop = self.tokens[i]
        passed = max(self.names.get(start, 0), _end(_TRAP, self.text, start))
        if passed:
            return self._token_at(passed, i + 1)
        free = _FREE.fullmatch(word)
        if free and not self.shop.offers_without(free[1]):
            self._take(start, stop)
            self.without.append(free[1])
            return i + 1
        vague = _end(_VAGUE, self.text, start)
        if vague:
            last = min(self._token_at(vague, i) + 1, len(self.tokens))
            self.unread.append(self._take(start, self.tokens[last - 1][2]))
            return last
        return self._refusal(i, _end(_CUE, self.text, start))

    def _refusal(self, i: int, cue: int) -> int:
        if not cue:
            return i + 1
        phrases, last = self._scope(self._token_at(cue, i))
        if phrases:
            self.without += phrases
            self._take(self.tokens[i][1], self.tokens[last - 1][2])
        return max(last, i + 1)

    def _token_at(self, position: int, i: int) -> int:
        """The first token from `i` on that begins at or after a position of the text."""
        while i < len(self.tokens) and self.tokens[i][1] < position:
            i += 1
        return i

    def _take(self, start: int, stop: int) -> str:
        self.kept.append(self.text[self.end : start])
        self.end = stop
        return self.text[start:stop]

    def _scope(self, i: int) -> tuple[list[str], int]:
        """What is refused from token `i` on, and the first token beyond it."""
        phrases: list[str] = []
        while True:
            while i < len(self.tokens) and self.tokens[i][0] in _FILLERS:
                i += 1
            first = i
            while i < len(self.tokens) and i - first < _LONGEST and self._goes_on(i, first):
                i += 1
            phrases += _phrase([word for word, _, _ in self.tokens[first:i]])
            if not (first < i < len(self.tokens) and self.tokens[i][0] in _OR):
                return phrases, i
            i += 1

    def _goes_on(self, i: int, first: int) -> bool:
        word, start, _ = self.tokens[i]
        if word in _OR or word in _ENDS or not word[0].isalnum():
            return False
        return i == first or not (_end(_CUE, self.text, start) or _end(_TRAP, self.text, start))


def _end(pattern: re.Pattern[str], text: str, start: int) -> int:
    """Where a match that begins at `start` ends; 0 where there is none."""
    match = pattern.match(text, start)
    return match.end() if match else 0


def _phrase(words: Sequence[str]) -> list[str]:
    while len(words) > 1 and words[-1] in _EMPTY_TAIL:
        words = words[:-1]
    return [" ".join(words)] if words else []
