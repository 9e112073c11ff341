"""Which item to ask about next: expected gain in knowledge, and the rules of thumb beside it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from warmstart.core.component import Component
from warmstart.core.errors import InputError
from warmstart.core.linear import IntArray, top_positions
from warmstart.core.tunable import tunable
from warmstart.roles.few_shot_head import Values
from warmstart.tasks.onboarding.belief import after, gains, spread
from warmstart.tasks.onboarding.tastes import Answer, Tastes


@dataclass(kw_only=True)
class QuestionChooser(Component, ABC):
    """Gives every item a worth as the next question to a stranger; the best not yet asked is asked.

    A new one writes `_worth`. The order of the answers never matters.
    """

    def fit(self, tastes: Tastes) -> QuestionChooser:
        """Get ready to ask about the items of a shop."""
        self._tastes = tastes
        return self

    def worth(self, answers: Sequence[Answer] = ()) -> Values:
        """The worth of each item as the next question, -inf for what was or cannot be asked."""
        asked = self._tastes.positions(answers)
        found = np.array(self._worth(answers), dtype=np.float64)
        found[asked] = -np.inf
        found[~self._tastes.askable] = -np.inf
        return found

    def next(self, answers: Sequence[Answer] = ()) -> str | None:
        """The item to ask about after these answers; None when all were asked."""
        return next(iter(self.choose(1, answers)), None)

    def ranked(self, answers: Sequence[Answer] = ()) -> Iterator[tuple[str, float]]:
        """What can be asked after these answers with its worth, the best first."""
        worth = self.worth(answers)
        while len(worth) and np.isfinite(most := worth.max()):
            best = int(worth.argmax())
            yield self._tastes.item_ids[best], float(most)
            worth[best] = -np.inf

    def choose(self, n: int, answers: Sequence[Answer] = ()) -> list[str]:
        """The `n` items to ask about at once, the most telling first. Errors: `InputError` for n < 0."""
        if n < 0:
            raise InputError(expected="n of at least 0", found=str(n), todo="Ask for how many questions.")
        return [self._tastes.item_ids[i] for i in self._choose(n, answers)]

    def _choose(self, n: int, answers: Sequence[Answer]) -> IntArray:
        return top_positions(self.worth(answers), n)

    @abstractmethod
    def _worth(self, answers: Sequence[Answer]) -> Values: ...


@dataclass(kw_only=True)
class VarianceChooser(QuestionChooser):
    """Asks what is expected to make the predictions for all items surest, popular ones counting most.

    worth(j) = P(the stranger can answer about j) * reduction of the importance-weighted sum of predictive
    variances by an answer about j (`belief.gains`). Answers given so far narrow the belief; what was not
    known tells, with `neighbours`, what else will not be known: P is the share of those users who know j
    among all users, each weighed by how well they match what the stranger knew and did not know, a
    mismatch costing a factor of `mismatch`.

    *Use it* wherever tastes have a common structure. *Not* in a shop without events: there it spreads over
    the text. *Cost*: items x dim² multiplications per question; with `neighbours` a pass over all events.
    """

    neighbours: bool = True
    mismatch: float = tunable(0.3, low=0.05, high=0.9, log=True)
    smoothing: float = 5.0

    def fit(self, tastes: Tastes) -> QuestionChooser:
        """Get ready to ask about the items of a shop."""
        self._target = spread(tastes.vectors, tastes.importance)
        return super().fit(tastes)

    def covariance(self, answers: Sequence[Answer] = ()) -> Values:
        """What is left to know of the stranger's tastes after these answers."""
        told = self._tastes.positions(answer for answer in answers if answer.value is not None)
        return after(self._tastes.covariance, self._tastes.vectors[told], self._tastes.noise)

    def uncertainty(self, answers: Sequence[Answer] = ()) -> float:
        """The mean variance of the predictions for all items, weighed by their importance."""
        return float(np.sum(self._target * self.covariance(answers)))

    def _worth(self, answers: Sequence[Answer]) -> Values:
        return self._gains(self.covariance(answers)) * self.can_answer(answers)

    def _gains(self, covariance: Values) -> Values:
        return gains(covariance, self._tastes.vectors, self._tastes.noise, self._target)

    def can_answer(self, answers: Sequence[Answer] = ()) -> Values:
        """The probability that the stranger can say something about each item."""
        tastes = self._tastes
        if tastes.everyone:
            return np.ones(len(tastes.item_ids))
        n_users = tastes.known.shape[0]
        base = (tastes.counts + 0.5) / (n_users + 1.0)
        if not (self.neighbours and answers and n_users):
            return np.asarray(base)
        weights = self._matching(answers)
        expected = np.asarray(weights @ tastes.known).ravel() + self.smoothing * base
        return np.asarray(expected / (weights.sum() + self.smoothing))

    def _matching(self, answers: Sequence[Answer]) -> Values:
        """How well users' knowledge matches the stranger's: `mismatch` to the number of differences."""
        tastes = self._tastes
        asked = tastes.positions(answers)
        said = {
            tastes.place[a.item_id] for a in answers if a.value is not None and a.item_id in tastes.place
        }
        knows = np.array([position in said for position in asked.tolist()])
        theirs = tastes.known[:, asked].toarray() > 0
        different = (theirs != knows).sum(axis=1)
        weights = self.mismatch ** (different - different.min()).astype(np.float64)
        return np.asarray(weights)

    def _choose(self, n: int, answers: Sequence[Answer]) -> IntArray:
        """One after the other, each time as if the questions before had been answered by as many as can."""
        covariance, known = self.covariance(answers), self.can_answer(answers)
        open_ = np.isfinite(self.worth(answers))
        chosen: list[int] = []
        for _ in range(min(n, int(open_.sum()))):
            worth = np.where(open_, self._gains(covariance) * known, -np.inf)
            best = int(worth.argmax())
            open_[best] = False
            chosen.append(best)
            weight = np.array([max(float(known[best]), 1e-6)])
            covariance = after(covariance, self._tastes.vectors[[best]], self._tastes.noise, weight)
        return np.array(chosen, dtype=np.int64)


@dataclass(kw_only=True)
class PopularityChooser(QuestionChooser):
    """Asks about what most users know: answers come, but say little, since everybody likes it."""

    def _worth(self, answers: Sequence[Answer]) -> Values:
        return self._tastes.counts


@dataclass(kw_only=True)
class EntropyChooser(QuestionChooser):
    """Asks where opinions differ most: the entropy of an item's answers (Rashid et al., 2002).

    With `unknown_weight` "don't know" is one more answer with that weight, which is Entropy0 (Rashid,
    Karypis and Riedl, 2008); without it the rule prefers what nobody knows. In a shop without ratings
    the answers are "chose it" and "did not".
    """

    unknown_weight: float | None = tunable(0.5, choices=(None, 0.25, 0.5, 1.0))

    def _worth(self, answers: Sequence[Answer]) -> Values:
        levels = self._tastes.levels
        if not levels.shape[1]:
            return entropy(_chosen_or_not(self._tastes), np.ones(2))
        weights = np.ones(levels.shape[1])
        if self.unknown_weight is None:
            return entropy(levels, weights)
        unknown = _chosen_or_not(self._tastes)[:, 1:]
        return entropy(np.hstack([levels, unknown]), np.append(weights, self.unknown_weight))


@dataclass(kw_only=True)
class HelfChooser(QuestionChooser):
    """Asks what is both known and disputed: the harmonic mean of entropy and logarithm of frequency.

    HELF = 2 LF H' / (LF + H') with LF = log count / log users and H' the entropy of the answers over its
    largest value (Rashid, Karypis and Riedl, "Learning preferences of new users in recommender
    systems", 2008, section 3.1.5).
    """

    def _worth(self, answers: Sequence[Answer]) -> Values:
        tastes = self._tastes
        n_users = max(tastes.known.shape[0], 2)
        frequency = np.log(np.maximum(tastes.counts, 1.0)) / np.log(n_users)
        answers_of = tastes.levels if tastes.levels.shape[1] > 1 else _chosen_or_not(tastes)
        n_levels = answers_of.shape[1]
        disputed = n_levels * entropy(answers_of, np.ones(n_levels)) / np.log(n_levels)
        total = frequency + disputed
        return np.asarray(
            np.divide(2 * frequency * disputed, total, out=np.zeros_like(total), where=total > 0)
        )


@dataclass(kw_only=True)
class RandomChooser(QuestionChooser):
    """Asks anything: the floor."""

    seed: int = 0

    def _worth(self, answers: Sequence[Answer]) -> Values:
        return np.random.default_rng(self.seed).random(len(self._tastes.item_ids))


def _chosen_or_not(tastes: Tastes) -> Values:
    """How many users have to do with each item, and how many do not."""
    rest = np.maximum(tastes.known.shape[0] - tastes.counts, 0.0)
    return np.column_stack([tastes.counts, rest])


def entropy(counts: Values, weights: Values) -> Values:
    """Weighted entropy of each row of counts: - sum w p log p / sum w, 0 for an empty row.

    >>> entropy(np.array([[1.0, 1.0], [3.0, 0.0]]), np.ones(2)).round(3).tolist()
    [0.347, 0.0]
    """
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1.0)
    logs = np.log(share, out=np.zeros_like(share), where=share > 0)
    return np.asarray(-(share * logs) @ weights / weights.sum())
