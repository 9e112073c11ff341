"""More examples from few: the same thing said with a shop's other words, with gaps, or mixed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import sparse

from warmstart.core.analysis import is_cjk, words
from warmstart.core.component import Component
from warmstart.core.errors import ConfigError
from warmstart.core.linear import FloatArray, randomised_svd, unit_rows
from warmstart.roles.encoder import Encoder

Translate = Callable[[Sequence[str]], Sequence[str]]
"""There and back through another language, by a model that the caller brings."""

_MOST_WORDS: Final = 20_000
_DIM: Final = 64


@dataclass(kw_only=True)
class Augmenter(Component):
    """Makes `copies` new texts of each, in which some words are others and some are gone.

    A word is replaced, with chance `replaced`, by one that stands in the same places in the shop's texts:
    at least `likeness` alike, each among the other's `neighbours` nearest, so that no word swallows all.
    A run of words is left out, `deleted` of them on average; Chinese goes by characters and is only ever
    shortened. With `mixed` as its chance a text gets the second half of another of its label.

    *Source*: EDA (Wei and Zou 2019, arXiv 1901.11196), with the synonyms learned instead of looked up.
    What it is worth is measured in docs/how-to/labels.md.
    """

    copies: int = 2
    replaced: float = 0.15
    deleted: float = 0.15
    mixed: float = 0.0
    likeness: float = 0.6
    neighbours: int = 5
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("replaced", "deleted", "mixed", "likeness"):
            if not 0 <= getattr(self, name) <= 1:
                raise _unfit(name, "from 0 to 1", getattr(self, name))
        for name in ("copies", "neighbours"):
            if getattr(self, name) < 1:
                raise _unfit(name, "at least 1", getattr(self, name))

    def fit(self, texts: Sequence[str], encoder: Encoder | None = None) -> Augmenter:
        """Learn from the shop's texts which words may stand for which.

        With an `encoder` its vectors say which are alike, otherwise the company that words keep.
        """
        read = [[word for word in words(text) if not is_cjk(word)] for text in texts]
        counts = Counter(word for found in read for word in set(found))
        known = [word for word, count in counts.most_common(_MOST_WORDS) if count > 1]
        rows = company(read, known, self.seed) if encoder is None else encoder.encode(known)
        self.synonyms_ = self._synonyms(known, unit_rows(rows))
        return self

    def _synonyms(self, known: Sequence[str], rows: FloatArray) -> dict[str, list[str]]:
        near = _nearest(rows, min(self.neighbours, max(len(known) - 1, 0)), self.likeness)
        return {
            known[word]: [known[other] for other in found if word in near[other]]
            for word, found in near.items()
            if any(word in near[other] for other in found)
        }

    def augment(
        self, texts: Sequence[str], labels: Sequence[str] | None = None, translate: Translate | None = None
    ) -> list[tuple[int, str]]:
        """New texts, each with the place of the one that it was made of; the old ones are not among them.

        `labels` allow mixing. `translate` adds what comes back from another language. What comes out
        as its own source, or empty, is left out.
        """
        self._check_fitted()
        rng = np.random.default_rng(self.seed)
        groups = _by_label(labels) if labels is not None and self.mixed else {}
        made: list[tuple[int, str]] = []
        for place, text in enumerate(texts):
            for _ in range(self.copies):
                partner = self._partner(place, labels, groups, rng)
                source = text if partner is None else _halves(text, texts[partner])
                made.append((place, self._change(source, rng)))
        made += list(enumerate(translate(texts))) if translate is not None else []
        seen = set(texts)
        return [(place, text) for place, text in dict.fromkeys(made) if text.strip() and text not in seen]

    def _partner(
        self,
        place: int,
        labels: Sequence[str] | None,
        groups: Mapping[str, Sequence[int]],
        rng: np.random.Generator,
    ) -> int | None:
        if labels is None or rng.random() >= self.mixed:
            return None
        others = [other for other in groups.get(labels[place], ()) if other != place]
        return int(rng.choice(others)) if others else None

    def _change(self, text: str, rng: np.random.Generator) -> str:
        """One text, changed."""
        pieces = _pieces(text)
        changed = [self._replace(piece, rng) for piece in pieces]
        length = int(rng.binomial(len(changed), self.deleted)) if len(changed) > 1 else 0
        start = int(rng.integers(len(changed) - length + 1))
        kept = changed[:start] + changed[start + length :]
        return _joined(kept or changed)

    def _replace(self, piece: str, rng: np.random.Generator) -> str:
        known = self.synonyms_.get(piece.lower())
        if not known or rng.random() >= self.replaced:
            return piece
        return str(rng.choice(known))


def company(read: Sequence[Sequence[str]], known: Sequence[str], seed: int) -> FloatArray:
    """Vectors of words by the words that stand right before and after them, shape (words, dim).

    The truncated singular value decomposition of positive pointwise mutual information with them (Levy and
    Goldberg 2014); before and after count apart, so that words of the same place in a phrase are alike.
    """
    place = {word: i for i, word in enumerate(known)}
    codes = np.array([place.get(word, -1) for text in read for word in [*text, ""]], dtype=np.int64)
    first, second = codes[:-1], codes[1:]
    met = (first >= 0) & (second >= 0)
    rows = np.concatenate([first[met], second[met]])
    columns = np.concatenate([second[met], first[met] + len(known)])
    shape = (len(known), 2 * len(known))
    counts = sparse.coo_matrix((np.ones(len(rows)), (rows, columns)), shape=shape).tocsr().tocoo()
    if not counts.nnz:
        return np.zeros((len(known), 1), dtype=np.float32)
    by_row, by_column = (np.asarray(counts.sum(axis=axis)).ravel() for axis in (1, 0))
    chance = by_row[counts.row] * (by_column[counts.col] / by_column.sum())
    information = np.maximum(np.log(counts.data / chance), 0.0).astype(np.float32)
    table = sparse.csr_matrix((information, (counts.row, counts.col)), shape=shape)
    left, strength, _ = randomised_svd(table, min(_DIM, len(known)), seed=seed)
    return np.asarray(left * np.sqrt(strength), dtype=np.float32)


def _nearest(rows: FloatArray, width: int, likeness: float, block: int = 1000) -> dict[int, list[int]]:
    """The nearest other rows of each that are alike enough, the nearest first."""
    found: dict[int, list[int]] = {}
    for start in range(0, len(rows) if width else 0, block):
        near = rows[start : start + block] @ rows.T
        near[np.arange(len(near)), np.arange(start, start + len(near))] = -np.inf
        best = np.argsort(-near, axis=1, kind="stable")[:, :width]
        for row, others in enumerate(best):
            found[start + row] = [int(other) for other in others if near[row, other] >= likeness]
    return found


def _pieces(text: str) -> list[str]:
    """Words by spaces; runs of Chinese as single characters."""
    return [
        piece
        for word in text.split()
        for piece in (list(word) if any(is_cjk(letter) for letter in word) else [word])
    ]


def _joined(pieces: Sequence[str]) -> str:
    """Pieces as a text: Chinese characters stand side by side, words apart."""
    text = ""
    for piece in pieces:
        apart = text and not (is_cjk(piece[0]) or is_cjk(text[-1]))
        text += f" {piece}" if apart else piece
    return text


def _halves(one: str, other: str) -> str:
    """The first half of one and the second half of the other."""
    first, second = _pieces(one), _pieces(other)
    return _joined(first[: (len(first) + 1) // 2] + second[len(second) // 2 :])


def _by_label(labels: Sequence[str]) -> dict[str, list[int]]:
    groups: dict[str, list[int]] = {}
    for place, label in enumerate(labels):
        groups.setdefault(label, []).append(place)
    return groups


def _unfit(name: str, wanted: str, found: object) -> ConfigError:
    return ConfigError(
        expected=f"'{name}' of Augmenter {wanted}", found=str(found), todo="Leave it out for the default."
    )
