"""Whether a language model is worth asking: measured on held-out examples, against the cheap classifier."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from warmstart.core.errors import ConfigError
from warmstart.core.linear import IntArray

Teach = Callable[[list[str], list[str]], Callable[[list[str]], list[str]]]
"""From examples and their labels to a function from texts to labels."""


@dataclass(frozen=True, kw_only=True)
class Judged:
    """A comparison on the same held-out texts."""

    shots: float
    """Examples per label, on average."""
    cases: int
    cheap: float
    """Accuracy of the cheap classifier."""
    prompted: float
    """Accuracy of the language model; no answer counts as wrong."""
    low: float
    high: float
    """The interval of the gain, prompted minus cheap."""
    use: bool
    """Whether the interval lies above what the gain must be worth."""

    @property
    def gain(self) -> float:
        """How much more often the language model is right."""
        return self.prompted - self.cheap


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Who answers, and why. `levels` are the comparisons, fewest examples first."""

    use: bool
    why: str
    levels: tuple[Judged, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return asdict(self)

    @classmethod
    def from_json(cls, found: dict[str, Any]) -> Self:
        """From what `to_json` gave."""
        levels = tuple(Judged(**level) for level in found["levels"])
        return cls(use=found["use"], why=found["why"], levels=levels)


def gain_interval(wins: int, losses: int, cases: int, level: float = 0.95) -> tuple[float, float]:
    """An interval of (wins - losses) / cases that holds for few cases too.

    Only texts on which exactly one of the two is right say which is better (McNemar 1947). Given how
    many those are, the wins are binomial, and the interval of Clopper and Pearson (1934) is exact: with
    five wins out of five, chance is not ruled out.

    >>> [round(end, 3) for end in gain_interval(5, 0, 10)], gain_interval(0, 0, 10)
    ([-0.022, 0.5], (0.0, 0.0))
    """
    from scipy.stats import beta

    split, tail = wins + losses, (1 - level) / 2
    if not split:
        return 0.0, 0.0
    low = float(beta.ppf(tail, wins, losses + 1)) if wins else 0.0
    high = float(beta.ppf(1 - tail, wins + 1, losses)) if losses else 1.0
    return (2 * low - 1) * split / cases, (2 * high - 1) * split / cases


@dataclass(frozen=True)
class _Examples:
    """Texts, labels, the place of each among those of its label, and its fold (-1: in none)."""

    texts: Sequence[str]
    labels: Sequence[str]
    places: IntArray
    fold_of: IntArray

    def at(self, chosen: Sequence[int]) -> tuple[list[str], list[str]]:
        return [self.texts[i] for i in chosen], [self.labels[i] for i in chosen]

    def learned(self, fold: int, shots: int) -> list[int]:
        """The first so many examples of each label that are outside of a fold."""
        outside = np.flatnonzero(self.fold_of != fold)
        met: Counter[str] = Counter()
        chosen = []
        for i in outside[np.argsort(self.places[outside], kind="stable")].tolist():
            met[self.labels[i]] += 1
            if met[self.labels[i]] <= shots:
                chosen.append(i)
        return sorted(chosen)


@dataclass(frozen=True, kw_only=True)
class Gate:
    """Compares two classifiers by cross-validation, with as many examples as a shop has, and with fewer.

    Each held-out text is asked once per number of examples; at most `max_cases` of them, spread over the
    labels. The language model passes when the lower end of the interval of its gain is above `worth`.
    """

    folds: int = 4
    max_cases: int = 200
    worth: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        if self.folds < 2 or self.max_cases < 1:
            raise ConfigError(
                expected="at least two folds and one held-out case",
                found=f"folds={self.folds}, max_cases={self.max_cases}",
                todo="Leave them out for the defaults.",
            )

    def judge(
        self,
        texts: Sequence[str],
        labels: Sequence[str],
        cheap: Teach,
        prompted: Teach,
        *,
        levels: Sequence[int] = (),
    ) -> Verdict:
        """Who should answer. `levels` are further numbers of examples per label to measure at.

        The verdict is about the most examples that can be measured: all that are outside of a fold.
        """
        order = sorted(range(len(texts)), key=lambda i: (texts[i], labels[i]))
        texts, labels = [texts[i] for i in order], [labels[i] for i in order]
        examples = _Examples(texts, labels, *self._folds(labels))
        if not (examples.fold_of >= 0).any():
            return Verdict(
                use=False,
                why="The cheap classifier answers: with one example of each label none can be held out.",
            )
        most = len(texts)
        shots = [*sorted({n for n in levels if 0 < n < most / len(set(labels))}), most]
        found = [self._compare(examples, (cheap, prompted), n) for n in shots]
        return self._verdict(tuple(found))

    def _folds(self, labels: Sequence[str]) -> tuple[IntArray, IntArray]:
        """The place of each example among those of its label, at random, and its fold.

        The only example of a label is in no fold (-1): it is always learned from.
        """
        given = np.array(labels)
        places, fold_of = np.empty(len(labels), dtype=np.int64), np.full(len(labels), -1)
        for label in dict.fromkeys(labels):
            own = np.flatnonzero(given == label)
            places[own] = np.random.default_rng(self.seed).permutation(len(own))
            if len(own) > 1:
                fold_of[own] = places[own] % self.folds
        return places, fold_of

    def _compare(self, known: _Examples, pair: tuple[Teach, Teach], shots: int) -> Judged:
        """Both on the same held-out texts, with at most so many examples of each label."""
        held = np.flatnonzero(known.fold_of >= 0)
        cases = held[np.argsort(known.places[held], kind="stable")[: self.max_cases]]
        right: list[list[bool]] = [[], []]
        sizes = []
        for fold in np.unique(known.fold_of[cases]).tolist():
            learned = known.learned(fold, shots)
            asked = cases[known.fold_of[cases] == fold].tolist()
            sizes.append(len(learned))
            for side, teach in enumerate(pair):
                said = teach(*known.at(learned))(known.at(asked)[0])
                right[side] += [one == label for one, label in zip(said, known.at(asked)[1], strict=True)]
        return self._judged(np.array(right), float(np.mean(sizes)) / len(set(known.labels)))

    def _judged(self, right: npt.NDArray[np.bool_], shots: float) -> Judged:
        """From who was right on each case, shape (2, cases)."""
        wins, losses = int((right[1] & ~right[0]).sum()), int((right[0] & ~right[1]).sum())
        cases = right.shape[1]
        low, high = gain_interval(wins, losses, cases)
        return Judged(
            shots=shots,
            cases=cases,
            cheap=float(right[0].mean()),
            prompted=float(right[1].mean()),
            low=low,
            high=high,
            use=low > self.worth,
        )

    def _verdict(self, levels: tuple[Judged, ...]) -> Verdict:
        last = levels[-1]
        who = "The language model answers" if last.use else "The cheap classifier answers"
        beyond = "beyond" if last.use else "not beyond"
        return Verdict(
            use=last.use,
            why=f"{who}: on {last.cases} held-out texts, with {last.shots:.3g} examples per label, the "
            f"language model was right in {last.prompted:.2f} and the cheap classifier in {last.cheap:.2f} "
            f"of them, a gain of {last.gain:+.2f} [{last.low:+.2f}, {last.high:+.2f}], {beyond} "
            f"{self.worth:g}.",
            levels=levels,
        )
