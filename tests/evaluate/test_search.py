"""The search protocol on a catalogue small enough to compute by hand."""

import math
from dataclasses import replace

import pytest

from tests.evaluate.toys import InOrder, two_tastes
from warmstart.core.errors import InputError
from warmstart.data.dataset import Dataset
from warmstart.data.query import Query
from warmstart.data.schema import empty_table
from warmstart.evaluate.evaluation import Evaluation
from warmstart.evaluate.methods import ScorerMethod
from warmstart.evaluate.run import evaluate

SHOP = two_tastes()


def values(start: int) -> dict[str, float]:
    evaluation = evaluate(
        SHOP,
        "search",
        methods=[ScorerMethod(name="in order", scorer=InOrder(start=start))],
        focus="in order",
        resamples=100,
    )
    return {row.metric: row.value for row in evaluation.select()}


def test_grades_in_catalogue_order_give_the_values_computed_by_hand():
    # "even": i0 (3) and i2 (1) at places 1 and 3; "odd": i1 (2) at place 2; "nothing" has no answer
    found = values(start=0)
    even = (7 + 1 / 2) / (7 + 1 / math.log2(3))
    assert found["nDCG@10 e"] == pytest.approx((even + 1 / math.log2(3)) / 2, abs=1e-6)
    assert found["nDCG@10 c"] == pytest.approx(1)
    assert found["Judged@10"] == pytest.approx((0.2 + 0.1) / 2)
    assert found["Recall@100"] == 1
    assert found["MRR"] == pytest.approx((1 + 1 / 2) / 2)


def test_products_that_are_not_retrieved_count_as_missed():
    # without i0 and i1: "even" finds only i2, now first; "odd" finds nothing
    found = values(start=2)
    assert found["nDCG@10 e"] == pytest.approx((1 / (7 + 1 / math.log2(3))) / 2, abs=1e-6)
    assert found["Recall@100"] == pytest.approx(0.25)
    assert found["MRR"] == pytest.approx(0.5)


def test_the_judgments_reach_no_method():
    class Curious(InOrder):
        def _fit(self, dataset, encoder):
            super()._fit(dataset, encoder)
            assert len(dataset.judgments) == 0

    evaluate(SHOP, "search", methods=[Curious()], resamples=50)


@pytest.mark.parametrize(
    "judgments", [empty_table("judgments"), SHOP.judgments.filter(SHOP.judgments["grade"] == 0)]
)
def test_a_shop_without_relevant_judgments_is_told_so(judgments):
    with pytest.raises(InputError, match="judged queries"):
        evaluate(replace(SHOP, judgments=judgments), "search", methods=[InOrder()])


def test_a_scorer_that_cannot_retrieve_is_ranked_by_its_scores():
    method = ScorerMethod(name="scores", scorer=InOrder(start=3))
    method.fit(Dataset(items=SHOP.items))
    assert method.retrieve(Query(text="x"), 2).item_ids == ("i3", "i4")


def test_products_without_a_title_are_told_by_their_id():
    shop = replace(SHOP, items=SHOP.items.select("item_id"))
    methods = [ScorerMethod(name=f"from {i}", scorer=InOrder(start=i)) for i in (0, 2)]
    found = evaluate(shop, "search", methods=methods, focus="from 0", resamples=50)
    assert found.stories
    assert found.stories[0].lists["from 0"][0].title == "i0"
    assert Evaluation.from_dict(found.to_dict()) == found
