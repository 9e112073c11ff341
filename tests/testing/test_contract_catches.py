"""Each law of the contract catches a component that breaks it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import pytest

from warmstart.core.linear import FloatArray, unit_rows
from warmstart.data.item_list import ItemList
from warmstart.data.text import item_texts
from warmstart.roles.encoder import Encoder, Side
from warmstart.roles.scorer import Retriever, Scorer
from warmstart.search.dense import DenseRetriever
from warmstart.testing import WordEncoder, encoder_checks, retriever_checks, scorer_checks


@dataclass(kw_only=True)
class GoodScorer(Scorer):
    """Cosine of the mean of the history.

    The smallest scorer that keeps the contract; the others here break it in one way each.
    """

    serves_items: ClassVar[frozenset[str]] = frozenset({"hot", "warm"})
    needs_encoder: ClassVar[bool] = True
    sharpness: float = 1.0

    def _fit(self, dataset, encoder):
        self.vectors_ = np.array(self._encoder_in_use().encode_items(item_texts(dataset.items)))

    def _add(self, items, positions):
        self.vectors_ = self._grown(self.vectors_)
        self.vectors_[positions] = self._encoder_in_use().encode_items(item_texts(items))

    def _score(self, query):
        known = self.positions([event.item_id for event in query.events])
        if not len(known):
            return np.full(len(self.item_ids_), np.nan, dtype=np.float32)
        return self.sharpness * (self.vectors_ @ unit_rows(self.vectors_[known].sum(axis=0)))


def failing(checks: Sequence[tuple[str, Any]]) -> set[str]:
    """The names of the checks that fail."""
    failed = set()
    for name, check in checks:
        try:
            check()
        except (AssertionError, TypeError, ValueError, KeyError, IndexError, RuntimeError, AttributeError):
            failed.add(name.partition("[")[0])
    return failed


def test_the_smallest_good_ones_keep_every_law():
    assert failing(scorer_checks(GoodScorer)) == set()
    assert failing(encoder_checks(WordEncoder)) == set()
    assert failing(retriever_checks(DenseRetriever)) == set()


class Random(GoodScorer):
    def _fit(self, dataset, encoder):
        super()._fit(dataset, encoder)
        noise = np.random.default_rng().normal(size=self.vectors_.shape, scale=1e-3)
        self.vectors_ = self.vectors_ + noise.astype(np.float32)


class Backwards(GoodScorer):
    def _score(self, query):
        return -super()._score(query)


class ByPosition(GoodScorer):
    def _score(self, query):
        return super()._score(query) + 1e-2 * np.arange(len(self.item_ids_))


class Learning(GoodScorer):
    def _score(self, query):
        self.vectors_ = self.vectors_ * 1.01
        return super()._score(query)


class Hoarding(GoodScorer):
    def _fit(self, dataset, encoder):
        before = getattr(self, "_before", 0.0)
        super()._fit(dataset, encoder)
        self._before = before + 1.0
        self.vectors_ = self.vectors_ + np.float32(before)


class Forgetful(GoodScorer):
    def get_state(self):
        return super().get_state() | {"vectors_": np.zeros_like(self.vectors_)}


class Unwritable(GoodScorer):
    def get_state(self):
        return super().get_state() | {"odd_": {1, 2}}


class Guessing(GoodScorer):
    def score(self, query, item_ids=None):
        return np.nan_to_num(super().score(query, item_ids))


class Strict(GoodScorer):
    def _score(self, query):
        if any(event.item_id not in self._place for event in query.events):
            raise KeyError("an unknown item")
        return super()._score(query)


class Lending(GoodScorer):
    def score(self, query, item_ids=None):
        if item_ids is not None:
            return super().score(query, item_ids)
        kept = self.__dict__.setdefault("_kept", {})
        return kept.setdefault((query.text, query.events), super().score(query))


class Halving(GoodScorer):
    def score(self, query, item_ids=None):
        scores = super().score(query, item_ids)
        return scores if item_ids is None else scores / 2


class Eager(GoodScorer):
    def score(self, query, item_ids=None):
        return super().score(query, item_ids) if self.is_fitted else np.zeros(1, dtype=np.float32)


class Deaf(GoodScorer):
    def _add(self, items, positions):
        self.vectors_ = self._grown(self.vectors_)
        self.vectors_[positions] = np.nan


@dataclass(kw_only=True)
class Demanding(GoodScorer):
    """Has a setting.

    It has no default.
    """

    rate: float


@dataclass(kw_only=True)
class Lossy(GoodScorer):
    """Loses a setting.

    On the way out.
    """

    rates: list[float] = field(default_factory=list)

    def settings(self):
        return super().settings() | {"sharpness": 2.0}


@dataclass(kw_only=True)
class Lax(GoodScorer):
    """Takes anything.

    Even what it does not know.
    """

    __pydantic_config__: ClassVar[Any] = {"extra": "ignore"}


class Silent(GoodScorer):
    pass


@pytest.mark.parametrize(
    ("broken", "law"),
    [
        (Random, "same_seed_same_answer"),
        (Backwards, "taste_follows_the_checkerboard"),
        (Backwards, "new_items_follow_the_checkerboard"),
        (ByPosition, "renaming_and_shuffling_change_nothing"),
        (Learning, "asking_changes_nothing"),
        (Hoarding, "a_new_fit_forgets_the_old_one"),
        (Forgetful, "state_carries_all_that_was_learned"),
        (Unwritable, "loaded_equals_saved"),
        (Guessing, "unknown_items_get_nan"),
        (Strict, "unknown_users_and_evidence_are_legal"),
        (Lending, "the_answer_belongs_to_the_asker"),
        (Halving, "some_items_equal_all_items"),
        (Eager, "asking_before_fit_is_an_error"),
        (Deaf, "an_added_item_is_live"),
        (Demanding, "every_setting_has_a_default"),
        (Lossy, "settings_round_trip"),
        (Lax, "unknown_settings_are_refused"),
        (Lax, "the_schema_names_every_setting"),
        (Silent, "the_docstring_says_what_it_gives"),
    ],
)
def test_a_scorer_that_breaks_a_law_is_caught(broken, law):
    make = (lambda: broken(rate=1.0)) if broken is Demanding else broken
    checks = scorer_checks(make)
    assert law in {name.partition("[")[0] for name, _ in checks}
    assert law in failing([(name, check) for name, check in checks if name.startswith(law)])


def test_a_scorer_that_does_not_follow_the_crowd_is_caught():
    checks = scorer_checks(GoodScorer, personal=False)
    assert failing(checks) == {"the_crowd_is_followed"}


class Constant(WordEncoder):
    def _encode(self, texts: Sequence[str], side: Side) -> FloatArray:
        return np.ones((len(texts), self.dim), dtype=np.float32)


class Centring(WordEncoder):
    def _encode(self, texts: Sequence[str], side: Side) -> FloatArray:
        vectors = super()._encode(texts, side)
        return vectors - 0.5 * vectors.mean(axis=0)


class Long(WordEncoder):
    def encode(self, texts: Sequence[str], side: Side = "item") -> FloatArray:
        return 2 * super().encode(texts, side)


class Unaveraged(WordEncoder):
    average_heading: ClassVar[bool] = True

    def encode_items(self, texts: Sequence[str]) -> FloatArray:
        return self.encode(texts)


class LendingVectors(WordEncoder):
    def encode_items(self, texts: Sequence[str]) -> FloatArray:
        if "_mine" not in self.__dict__:
            self._mine = self.encode(texts)
        return self._mine


class Spelling(WordEncoder):
    def encode(self, texts: Sequence[str], side: Side = "item") -> FloatArray:
        return super().encode(list(texts), side)


class Unready(WordEncoder):
    needs_fit: ClassVar[bool] = False


@pytest.mark.parametrize(
    ("broken", "law"),
    [
        (Constant, "likeness_follows_the_checkerboard"),
        (Centring, "one_by_one_equals_batch"),
        (Long, "vectors_have_length_one_or_zero"),
        (Unaveraged, "headings_are_averaged_in_when_promised"),
        (LendingVectors, "the_vectors_belong_to_the_asker"),
        (Spelling, "a_bare_string_is_refused"),
        (Unready, "an_encoder_that_must_be_fitted_says_so"),
    ],
)
def test_an_encoder_that_breaks_a_law_is_caught(broken: type[Encoder], law: str):
    assert law in failing([(name, check) for name, check in encoder_checks(broken) if name.startswith(law)])


class WorstFirst(DenseRetriever):
    def _score(self, query):
        return -super()._score(query)


class Unsorted(DenseRetriever):
    def retrieve(self, query, n, allowed=None):
        found = super().retrieve(query, n, allowed)
        return found.take(range(len(found) - 1, -1, -1))


class Everything(DenseRetriever):
    def retrieve(self, query, n, allowed=None) -> ItemList:
        return super().retrieve(query, n + 1)


@pytest.mark.parametrize(
    ("broken", "law"),
    [
        (WorstFirst, "words_find_their_item"),
        (Unsorted, "lists_are_cut_and_sorted"),
        (Everything, "exclusions_and_filters_hold"),
    ],
)
def test_a_retriever_that_breaks_a_law_is_caught(broken: type[Retriever], law: str):
    assert law in failing(
        [(name, check) for name, check in retriever_checks(broken) if name.startswith(law)]
    )
