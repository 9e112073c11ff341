"""The laws of scorers, and those that retrievers keep on top."""

from __future__ import annotations

import copy
import dataclasses
import itertools
from functools import partial

import numpy as np

from warmstart.core.errors import NotFittedError
from warmstart.core.linear import BoolArray, FloatArray
from warmstart.data.query import Query
from warmstart.data.records import Event
from warmstart.testing.component_checks import same
from warmstart.testing.toys import Checkerboard, checkerboard, new_items, without_new
from warmstart.testing.trials import AnyScorer, AnyScorerTrial, RetrieverTrial, ScorerTrial

GHOST = "an item that nobody has"


def taste_follows_the_checkerboard(trial: ScorerTrial) -> None:
    """From one event on, every item of the user's group stands above every item of the other."""
    toy, old = trial.toy, trial.toy.new == 0
    for group, n in itertools.product((0, 1), (1, 3, None)):
        query = toy.user_query(group, n)
        scores = trial.fitted.score(query)
        touched = [str(event.item_id) for event in query.events]
        fresh = old & ~np.isin(toy.dataset.item_ids, touched)
        _all_above(scores, fresh & (toy.groups == group), fresh & (toy.groups != group))


def new_items_follow_the_checkerboard(trial: ScorerTrial) -> None:
    """Of items without events the one of the user's group comes first; NaN where warm is not served."""
    toy, new = trial.toy, trial.toy.new == 1
    for group in (0, 1):
        scores = trial.fitted.score(toy.user_query(group))
        if "warm" in trial.fitted.serves_items:
            _all_above(scores, new & (toy.groups == group), new & (toy.groups != group))
        elif not np.isnan(scores[new]).all():
            raise AssertionError(f"no opinion was promised for items without events; found {scores[new]}")


def the_crowd_is_followed(trial: ScorerTrial) -> None:
    """For a scorer that asks nobody's history: more users, more score, the same for everyone."""
    toy = checkerboard(trial.toy.language, crowd=True)
    scorer = trial.fit_on(trial.factory(), toy.dataset)
    scores = scorer.score(Query())
    same(scorer.score(toy.user_query(0)), scores, exactly=True)
    known = dict(zip(toy.dataset.item_ids, scores, strict=True))
    for group in (0, 1):
        falling = [known[toy.item_id(group, position)] for position in range(12)]
        if not all(more > less for more, less in itertools.pairwise(falling)):
            raise AssertionError(f"scores do not fall with the number of users: {falling}")


def _all_above(scores: FloatArray, own: BoolArray, other: BoolArray) -> None:
    """Fail unless each of `own` has a score above each of `other`; NaN stands below everything."""
    lowest = np.where(np.isnan(scores[own]), -np.inf, scores[own]).min()
    highest = np.where(np.isnan(scores[other]), -np.inf, scores[other]).max()
    if not lowest > highest:
        raise AssertionError(f"the right items score {scores[own]}, the wrong ones {scores[other]}")


def some_items_equal_all_items(trial: AnyScorerTrial[AnyScorer]) -> None:
    """`score(query, ids)` is the part of `score(query)` that belongs to the ids, in their order."""
    scorer, item_ids = trial.fitted, trial.toy.dataset.item_ids
    for query in trial.queries:
        whole = scorer.score(query)
        if whole.shape != (len(item_ids),) or whole.dtype != np.float32:
            raise AssertionError(
                f"expected one float32 per item, found {whole.dtype} of shape {whole.shape}"
            )
        same(scorer.score(query, item_ids[::-2]), whole[::-2], exactly=True)
        same(np.hstack([scorer.score(query, [item_id]) for item_id in item_ids]), whole, exactly=True)
        if len(scorer.score(query, [])):
            raise AssertionError("no item must give no score")


def unknown_items_get_nan(trial: AnyScorerTrial[AnyScorer]) -> None:
    """An id that is not in the catalogue has no score, and takes none from its neighbours."""
    known = trial.toy.dataset.item_ids[0]
    for query in trial.queries:
        scores = trial.fitted.score(query, [GHOST, known, GHOST])
        if not np.isnan(scores[[0, 2]]).all():
            raise AssertionError(f"an unknown item scored {scores}")
        same(scores[1:2], trial.fitted.score(query, [known]), exactly=True)


def unknown_users_and_evidence_are_legal(trial: AnyScorerTrial[AnyScorer]) -> None:
    """A stranger is answered like one without a name, and events on unknown items count for nothing."""
    for query in trial.queries:
        nameless = dataclasses.replace(query, user_id=None)
        ghost = Event(user_id="nobody", item_id=GHOST)
        other = dataclasses.replace(
            query, user_id="nobody", events=(ghost, *query.events), anchors=(GHOST,)
        )
        same(trial.fitted.score(other), trial.fitted.score(nameless))


def the_answer_belongs_to_the_asker(trial: AnyScorerTrial[AnyScorer]) -> None:
    """Writing into the scores that were given changes no later answer."""
    scorer = trial.fit(trial.factory())
    for query in trial.queries:
        scores = scorer.score(query)
        kept = scores.copy()
        scores[:] = 7
        same(scorer.score(query), kept, exactly=True)


def asking_before_fit_is_an_error(trial: AnyScorerTrial[AnyScorer]) -> None:
    """`score` and `add` before `fit` are `NotFittedError`s."""
    scorer = trial.factory()
    for ask in (partial(scorer.score, Query()), partial(scorer.add, new_items(trial.toy))):
        try:
            ask()
        except NotFittedError:
            continue
        raise AssertionError("use before fit must be a NotFittedError")


def an_added_item_is_live(trial: AnyScorerTrial[AnyScorer]) -> None:
    """What is added after `fit` is scored at once, also by a loaded one, and in its right place."""
    if "warm" not in trial.fitted.serves_items:
        return
    fitted = trial.fit_on(trial.factory(), without_new(trial.toy).dataset)
    loaded = trial.factory()
    loaded.set_state(copy.deepcopy(fitted.get_state()))
    trial.loaded(loaded)
    for scorer in (fitted, loaded):
        scorer.add(new_items(trial.toy))
        if set(scorer.item_ids_) != set(trial.toy.dataset.item_ids):
            raise AssertionError(f"the catalogue after add is {scorer.item_ids_}")
        _added_items_are_right(trial.toy, scorer)


def _added_items_are_right(toy: Checkerboard, scorer: AnyScorer) -> None:
    """Asked with words and with a taste, the new item of the right group is not below the other one."""
    for group in (0, 1):
        query = dataclasses.replace(toy.user_query(group), text=toy.word_query(group, 12, 0).text)
        right, wrong = scorer.score(query, [toy.item_id(group, 12), toy.item_id(1 - group, 12)])
        if np.isnan(right) or right < wrong:
            raise AssertionError(f"the added item of the right group scores {right}, the other one {wrong}")


def words_find_their_item(trial: RetrieverTrial) -> None:
    """Two words find first the only item that holds both, then others that hold one, then the rest."""
    toy = trial.toy
    for group, position in itertools.product((0, 1), range(13)):
        query = toy.word_query(group, position, (position + 1) % 13)
        found = trial.fitted.retrieve(query, 7).item_ids
        if not found or found[0] != toy.item_id(group, position):
            raise AssertionError(
                f"{query.text!r} should find {toy.item_id(group, position)} first: {found}"
            )
        if any(item_id[0] != "ab"[group] for item_id in found):
            raise AssertionError(f"{query.text!r} finds items of the other group: {found}")


def lists_are_cut_and_sorted(trial: RetrieverTrial) -> None:
    """At most n known items, each once, best first, all with a score; asking for none gives none."""
    for query, n in itertools.product(trial.queries, (0, 1, 5, 1_000)):
        found = trial.fitted.retrieve(query, n)
        scores = found.scores
        if len(found) > n or len(set(found.item_ids)) != len(found) or np.isnan(scores).any():
            raise AssertionError(f"asked for {n}: {found}")
        if np.any(np.diff(scores) > 0):
            raise AssertionError(f"not best first: {scores}")
        same(trial.fitted.score(query, found.item_ids), scores, exactly=True)


def exclusions_and_filters_hold(trial: RetrieverTrial) -> None:
    """What is excluded or not allowed never appears, and the list is filled from the rest."""
    query = trial.toy.word_query(0, 0)
    best = trial.fitted.retrieve(query, 4).item_ids
    without = trial.fitted.retrieve(dataclasses.replace(query, exclude=frozenset({best[0], GHOST})), 3)
    if without.item_ids != best[1:4]:
        raise AssertionError(f"without {best[0]} the list should be {best[1:4]}: {without.item_ids}")
    allowed = ~np.isin(trial.fitted.item_ids_, best[:2])
    filtered = trial.fitted.retrieve(query, 2, allowed)
    if filtered.item_ids != best[2:4]:
        raise AssertionError(f"with {best[:2]} filtered out it should be {best[2:4]}: {filtered.item_ids}")
