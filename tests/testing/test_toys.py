"""The toy shop is what it says it is."""

from itertools import combinations

import numpy as np
import polars as pl
import pytest

from warmstart.core import columns as c
from warmstart.core.analysis import terms
from warmstart.testing import WordEncoder, checkerboard
from warmstart.testing.toys import LANGUAGES, WORDS, new_items, rename_query, renamed, without_new

in_both_languages = pytest.mark.parametrize("language", LANGUAGES)


@in_both_languages
def test_no_two_words_share_a_term(language):
    found = [term for group in WORDS[language] for word in group for term in terms(word)]
    assert len(found) == len(set(found))


@in_both_languages
def test_two_items_share_one_word_within_a_group_and_none_across(language):
    toy = checkerboard(language)
    held = [{word for group in WORDS[language] for word in group if word in text} for text in toy.texts]
    shared = {(i, j): len(held[i] & held[j]) for i, j in combinations(range(len(held)), 2)}
    assert all(count == (toy.groups[i] == toy.groups[j]) for (i, j), count in shared.items())


def test_users_touch_all_old_items_of_their_group_but_one():
    toy = checkerboard()
    touched = toy.dataset.events.group_by(c.USER_ID).agg(
        pl.col(c.ITEM_ID).str.head(1).unique(), pl.len().alias("n")
    )
    assert touched["n"].unique().to_list() == [11]
    assert all(
        user[0] == group for user, (group,) in zip(touched[c.USER_ID], touched[c.ITEM_ID], strict=True)
    )


def test_a_crowd_makes_each_item_less_popular_than_the_one_before():
    counts = checkerboard(crowd=True).dataset.events[c.ITEM_ID].value_counts().sort(c.ITEM_ID)
    assert counts["count"].to_list() == [*range(12, 0, -1)] * 2


def test_new_items_have_no_events():
    toy = checkerboard()
    new = new_items(toy)[c.ITEM_ID].to_list()
    assert set(new).isdisjoint(toy.dataset.events[c.ITEM_ID])
    assert set(without_new(toy).dataset.item_ids) == set(toy.dataset.item_ids) - set(new)


def test_renaming_keeps_texts_and_evidence():
    toy = checkerboard()
    other, names = renamed(toy, seed=3)
    old, new = toy.dataset.items, other.items
    titles = dict(zip(new[c.ITEM_ID], new[c.TITLE], strict=True))
    assert [titles[names[item_id]] for item_id in old[c.ITEM_ID]] == old[c.TITLE].to_list()
    assert other.item_ids != tuple(names.values())
    events = [names[event.item_id or ""] for event in toy.user_query(0).events]
    assert [event.item_id for event in rename_query(toy.user_query(0), names).events] == events
    lengths = other.events.group_by(c.USER_ID, maintain_order=True).len()["len"].to_list()
    assert lengths == [11] * 24


def test_cosines_of_the_word_encoder_are_shares_of_common_words():
    toy = checkerboard()
    vectors = WordEncoder().fit(toy.texts).encode(toy.texts)
    expected = np.where(toy.groups[:, None] == toy.groups, 0.25, 0.0)
    np.fill_diagonal(expected, 1.0)
    np.testing.assert_allclose(vectors @ vectors.T, expected, atol=1e-6)
