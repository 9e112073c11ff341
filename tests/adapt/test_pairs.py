"""Pairs of texts from a shop's own tables."""

from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.adapt.shops import small_shop
from warmstart.adapt.pairs import KINDS, TextPair, TextPairs, shop_pairs, text_pairs
from warmstart.adapt.probe import PairProbe
from warmstart.core import columns as c
from warmstart.data.dataset import Dataset
from warmstart.data.records import Item

SHOP = small_shop()


def test_a_shop_gives_pairs_of_every_kind_in_both_languages():
    pairs = shop_pairs(SHOP)
    assert set(pairs.counts) == set(KINDS)
    assert (
        TextPair("red 降噪 耳机", "听音乐 安静 通勤 in red", "description", "red 降噪 耳机") in pairs.pairs
    )
    queries = {pair.left: pair.right for pair in pairs.pairs if pair.kind == "query"}
    assert queries["耳机"].startswith("red 降噪 耳机\nacme")


def test_judgments_are_learned_from_only_when_asked_for():
    judged = pl.DataFrame({"query": ["jog", "jog"], "item_id": ["0-red", "1-red"], "grade": [3.0, 0.0]})
    shop = replace(SHOP, judgments=judged)
    assert shop_pairs(shop) == shop_pairs(SHOP)
    (pair,) = shop_pairs(shop, ["judged"]).pairs
    assert pair.left == "jog"
    assert pair.right.startswith("red running shoes")


def test_spans_are_words_of_the_title_which_the_other_text_leaves_out():
    titles = set(SHOP.texts[c.TITLE])
    for pair in shop_pairs(SHOP, ["span"]).pairs:
        assert pair.left in pair.group
        assert pair.group in titles
        assert pair.group not in pair.right


def test_a_text_that_too_many_items_share_is_left_out():
    items = [Item(item_id=str(i), title=f"shoe {i}", description="a shoe") for i in range(60)]
    assert not len(shop_pairs(Dataset.from_records(items)))


def test_a_shop_without_text_gives_none_and_pairs_come_once():
    assert not len(shop_pairs(Dataset.from_records([Item(item_id="a")])))
    pairs = shop_pairs(SHOP).pairs
    assert len(set(pairs)) == len(pairs)
    assert shop_pairs(SHOP) == shop_pairs(SHOP)
    assert shop_pairs(SHOP, seed=1) != shop_pairs(SHOP)


@given(share=st.floats(0.0, 1.0), seed=st.integers(0, 5))
def test_no_item_is_on_both_sides_of_a_split(share, seed):
    pairs = shop_pairs(SHOP)
    learned, held = pairs.split(share, most=5, seed=seed)
    assert not {pair.group for pair in learned.pairs} & {pair.group for pair in held.pairs}
    assert all(count <= 5 for count in held.counts.values())
    assert set(learned.pairs) | set(held.pairs) <= set(pairs.pairs)


def test_plain_texts_give_their_lines_or_their_halves():
    found = text_pairs(["title\nlong story", "the quick brown fox", "这个商品的质量非常好", "short", ""])
    assert [(pair.left, pair.right, pair.kind) for pair in found.pairs] == [
        ("title", "long story", "description"),
        ("the quick", "brown fox", "halves"),
        ("这个商品的", "质量非常好", "halves"),
    ]


class Told:
    """Stands for a backbone: texts are their own first letter."""

    def prefix(self, side):
        return ""

    def encode(self, texts):
        return np.eye(26, dtype=np.float32)[[ord(text[0]) - 97 for text in texts]]


TOLD: Any = Told()


def pairs_of(*pairs):
    return TextPairs(tuple(TextPair(left, right, "description", left) for left, right in pairs))


def test_the_probe_ranks_the_right_text_and_ties_count_half():
    found = PairProbe(pairs_of(("a1", "a2"), ("b1", "b2"), ("c1", "z2")))
    expected = (1 + 1 + 1 / (1 + (3 - 1) / 2)) / 3
    assert found.measure(TOLD)["description"]["MRR"] == pytest.approx(expected)
    assert found.quality(TOLD) == pytest.approx(expected)


def test_of_several_right_texts_the_best_placed_counts():
    found = PairProbe(pairs_of(("a1", "z2"), ("a1", "a3"), ("b1", "b2"))).measure(TOLD)
    assert found["description"]["MRR"] == 1.0
