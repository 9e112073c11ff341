"""What another encoder changes in search."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from tests.search.test_weights import QUERIES, Numbers
from warmstart.data.dataset import Dataset
from warmstart.data.records import Item
from warmstart.evaluate.encoder_change import EncoderChange, compare_encoders
from warmstart.search.weights import Change
from warmstart.testing.toys import WordEncoder

GRADES = {"p": 2.0, "x": 0.0}


class Blind(WordEncoder):
    """Finds every text alike."""

    def _encode(self, texts, side):
        return np.ones((len(texts), self.dim), dtype=np.float32)


@pytest.fixture(scope="module")
def shop() -> Dataset:
    items = [Item(item_id=f"p{k}", title=f"p{k} 灯") for k in range(QUERIES)]
    items += [Item(item_id=f"x{k}", title=f"x{k} a{k}") for k in range(QUERIES)]
    judged = [(f"q{k} a{k}", f"{kind}{k}", grade) for k in range(QUERIES) for kind, grade in GRADES.items()]
    columns = dict(zip(("query", "item_id", "grade"), zip(*judged, strict=True), strict=True))
    table = pl.DataFrame(columns)
    whole = Dataset.from_records(items)
    return replace(whole, judgments=pl.concat([whole.judgments, table], how="diagonal_relaxed"))


def test_an_encoder_that_knows_more_is_better_and_back_it_is_worse(shop):
    found, back = compare_encoders(Blind(), Numbers(), shop), compare_encoders(Numbers(), Blind(), shop)
    assert found is not None
    assert back is not None
    assert (found.verdict, back.verdict) == ("better", "worse")
    assert (found.queries, found.items) == (QUERIES, 2 * QUERIES)
    assert found.changes["e"].before == back.changes["e"].after
    same = compare_encoders(Blind(), Blind(), shop)
    assert same is not None
    assert same.verdict == "not certainly better"


def test_of_many_items_the_judged_ones_stay(shop):
    found = compare_encoders(Blind(), Numbers(), shop, most=10)
    assert found is not None
    assert found.items == 2 * QUERIES


def test_a_shop_without_judged_queries_cannot_say(shop):
    assert compare_encoders(Blind(), Numbers(), replace(shop, judgments=shop.judgments.clear())) is None
    assert compare_encoders(Blind(), Numbers(), replace(shop, judgments=shop.judgments.head(5))) is None


@pytest.mark.parametrize(
    ("e", "c", "expected"),
    [
        ((0.01, 0.1), (-0.1, 0.1), "better"),
        ((-0.1, 0.1), (0.01, 0.1), "better"),
        ((0.01, 0.1), (-0.1, -0.01), "worse"),
        ((-0.1, 0.1), (-0.1, 0.1), "not certainly better"),
    ],
)
def test_it_is_better_where_one_gains_and_none_loses(e, c, expected):
    changes = {
        name: Change(before=0.5, after=0.5, low=low, high=high)
        for name, (low, high) in {"e": e, "c": c}.items()
    }
    assert EncoderChange(queries=1, items=1, changes=changes).verdict == expected
