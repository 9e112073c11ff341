"""The laws of policies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from warmstart.core.errors import InputError, NotFittedError
from warmstart.core.linear import FloatArray, IntArray
from warmstart.data.dataset import Dataset
from warmstart.data.item_list import ItemList
from warmstart.data.query import Query
from warmstart.data.records import Event, Item, items_frame
from warmstart.roles.encoder import Encoder
from warmstart.roles.policy import Policy
from warmstart.testing.component_checks import same
from warmstart.testing.toys import LANGUAGES, Language, WordEncoder, checkerboard
from warmstart.testing.trials import Trial

_LENGTHS = (0, 1, 2, 5, 11, 1000)
_USERS = 6


@dataclass(kw_only=True)
class PolicyTrial(Trial[Policy]):
    """A policy over the toy shop, asked to cut rankings of all its items."""

    def fit(self, component: Policy) -> Policy:
        """Fit on the toy shop."""
        return component.fit(self.toy.dataset, self.encoder)

    def fit_elsewhere(self, component: Policy) -> Policy:
        """Fit on half of the items, with all events."""
        dataset = self.toy.dataset
        return component.fit(Dataset(items=dataset.items[::2], events=dataset.events), self.encoder)

    @cached_property
    def encoder(self) -> Encoder:
        """The stand-in for a language model."""
        return WordEncoder().fit(self.toy.texts)

    @property
    def questions(self) -> list[tuple[Query, FloatArray]]:
        """Who asks, and the scores of the catalogue for them; some items must not be shown (NaN)."""
        rng = np.random.default_rng(0)
        found = []
        for user in range(_USERS):
            scores = rng.normal(size=len(self.toy.dataset.item_ids)).astype(np.float32)
            scores[rng.integers(0, len(scores), 3)] = np.nan
            found.append((Query(user_id=f"user {user}"), scores))
        return found

    def ranked(self, scores: FloatArray, positions: IntArray) -> ItemList:
        """The items at these catalogue positions as a list."""
        ids = self.toy.dataset.item_ids
        return ItemList(item_ids=tuple(ids[i] for i in positions), scores=scores[positions])

    def everything(self, scores: FloatArray) -> ItemList:
        """All items that may be shown, best first."""
        order = np.argsort(-scores, kind="stable")
        return self.ranked(scores, order[np.isfinite(scores[order])].astype(np.int64))

    def lists(self, policy: Policy) -> list[tuple[ItemList, ItemList, int]]:
        """Each list shown, with the candidates and the length asked for."""
        return [
            (policy.rerank(query, self.everything(scores), n), self.everything(scores), n)
            for query, scores in self.questions
            for n in _LENGTHS
        ]

    def answer(self, component: Policy) -> FloatArray:
        """Which item stands in each place, and with which propensity; all lists on end."""
        place = {item_id: i for i, item_id in enumerate(self.toy.dataset.item_ids)}
        rows = [
            (place[item.item_id], item.propensity)
            for shown, _, _ in self.lists(component)
            for item in shown
        ]
        return np.array(rows, dtype=np.float32)

    def answer_renamed(self) -> FloatArray:
        """Not asked: what is drawn for a user may depend on their name."""
        return self.answer(self.fit(self.factory()))

    def loaded(self, component: Policy) -> None:
        """Give back the encoder."""
        component.use_encoder(self.encoder)


def policy_trials(factory: Callable[[], Policy]) -> dict[Language, PolicyTrial]:
    """One trial per language."""
    return {language: PolicyTrial(factory=factory, toy=checkerboard(language)) for language in LANGUAGES}


def only_candidates_are_shown_and_each_once(trial: PolicyTrial) -> None:
    """A list holds `n` of the candidates, or all of them, none twice."""
    for shown, candidates, n in trial.lists(trial.fitted):
        if len(set(shown.item_ids)) != len(shown) or not set(shown.item_ids) <= set(candidates.item_ids):
            raise AssertionError(f"repeated or invented items: {shown.item_ids}")
        if len(shown) != min(n, len(candidates)):
            raise AssertionError(f"{len(shown)} items shown where {n} of {len(candidates)} were asked for")


def items_keep_their_scores(trial: PolicyTrial) -> None:
    """A policy moves items; what they score is the ranking's to say."""
    for shown, candidates, _ in trial.lists(trial.fitted):
        scores = dict(zip(candidates.item_ids, candidates.scores, strict=True))
        same(shown.scores, [scores[item_id] for item_id in shown.item_ids], exactly=True)


def propensities_are_probabilities(trial: PolicyTrial) -> None:
    """Each shown item has one, above 0 and at most 1."""
    for shown, _, _ in trial.lists(trial.fitted):
        found = shown.propensities
        if found is None or not ((found > 0) & (found <= 1)).all():
            raise AssertionError(f"expected propensities above 0 and at most 1, found {found}")


def the_shortlist_is_enough(trial: PolicyTrial) -> None:
    """Cutting from the shortlist gives the list that all candidates would have given."""
    for query, scores in trial.questions:
        for n in _LENGTHS:
            short = trial.ranked(scores, trial.fitted.shortlist(scores, n))
            left = trial.fitted.rerank(query, short, n)
            right = trial.fitted.rerank(query, trial.everything(scores), n)
            if left.item_ids != right.item_ids:
                raise AssertionError(
                    f"n={n}: {left.item_ids} from the shortlist, {right.item_ids} from all"
                )


def added_items_and_new_events_are_taken_in(trial: PolicyTrial) -> None:
    """After `add` and `update`, an item that came later is ranked like any other."""
    policy = trial.fit(trial.factory())
    policy.add(items_frame([Item(item_id="late", title=trial.toy.texts[0])]))
    policy.update([Event(user_id="u", item_id="late"), Event(user_id="u", item_id="unheard of")])
    scores = np.arange(len(trial.toy.dataset.item_ids) + 1, dtype=np.float32)
    if len(scores) - 1 not in policy.shortlist(scores, 3):
        raise AssertionError("the best item was added late and is not on the shortlist")
    candidates = ItemList(item_ids=("late", *trial.toy.dataset.item_ids[:4]), scores=scores[:5][::-1])
    if "late" not in policy.rerank(Query(), candidates).item_ids:
        raise AssertionError("an added item is lost")


def a_call_that_makes_no_sense_is_refused(trial: PolicyTrial) -> None:
    """A negative length is an `InputError`; asking before `fit` a `NotFittedError`."""
    try:
        trial.fitted.rerank(Query(), ItemList(item_ids=("a",), scores=np.zeros(1, np.float32)), -1)
    except InputError:
        pass
    else:
        raise AssertionError("a list of -1 items was given")
    try:
        trial.factory().shortlist(np.zeros(3, dtype=np.float32), 2)
    except NotFittedError:
        return
    raise AssertionError("a shortlist was given before fit")
