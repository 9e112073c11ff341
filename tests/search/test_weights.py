"""What meaning weighs beside words, learned from a shop's own queries."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from warmstart.data.dataset import Dataset
from warmstart.data.query import Query
from warmstart.data.records import Event, Item
from warmstart.search import weights as learning
from warmstart.search.hybrid import HybridRetriever
from warmstart.search.weights import WeightTable, learn_dense_weight, shop_evidence, weight_table
from warmstart.testing.toys import WordEncoder, checkerboard

QUERIES = 30


def table(**gains: float) -> WeightTable:
    """Forty queries at three weights, of which the middle one is the default; e and c gain at the last."""
    rng = np.random.default_rng(0)
    base = rng.uniform(0.3, 0.6, size=(40, 1))
    noise = rng.normal(0, 0.01, size=(40, 3))
    steps = np.array([-1.0, 0.0, 1.0])
    e, c = (base + noise * (steps != 0) + gains.get(name, 0.0) * steps for name in ("e", "c"))
    return WeightTable(weights=(0.1, 0.4, 0.7), default=1, e=e, c=c if "c" in gains else None)


def chosen(found: WeightTable) -> float:
    return found.weights[found.choose(np.arange(len(found)))]


def test_what_gains_is_chosen_unless_the_other_certainly_loses():
    assert chosen(table(e=0.0, c=0.1)) == 0.7
    assert chosen(table(e=0.1, c=0.1)) == 0.7
    assert chosen(table(e=-0.1, c=0.1)) == 0.4
    assert chosen(table(e=0.1, c=-0.1)) == 0.4  # the largest c is at .1, where e certainly falls


def test_clicks_choose_by_e_alone():
    assert chosen(table(e=0.1)) == 0.7
    assert chosen(table(e=-0.1)) == 0.1


def test_few_queries_move_little_from_the_default():
    weights = (0.4, 0.5, 0.6, 0.8)
    values = np.tile(np.array([0.1, 0.2, 0.3, 0.9]), (100, 1))
    found = WeightTable(weights=weights, default=0, e=values, c=None)
    moved = [weights[found.choose(np.arange(size))] for size in (5, 20, 100)]
    assert moved == [0.5, 0.6, 0.8]


def test_a_query_is_answered_with_what_the_others_chose():
    found = table(e=0.1)
    places = found.cross_validated()
    assert set(places.tolist()) == {2}
    lucky = replace(found, e=found.e.copy())
    lucky.e[0, 0] += 1000.0  # a query that would choose another weight has no say in its own
    assert lucky.cross_validated()[0] == 2


@settings(max_examples=10)
@given(st.integers(0, 2**16))
def test_chance_alone_is_never_sold_as_a_certain_gain_of_both(seed):
    rng = np.random.default_rng(seed)
    found = WeightTable(weights=(0.2, 0.4, 0.6), default=1, e=rng.random((20, 3)), c=rng.random((20, 3)))
    changes = found.changes(found.cross_validated())
    for change in changes.values():
        assert change.low <= change.after - change.before <= change.high


@pytest.fixture(scope="module", params=["en", "zh"])
def retriever(request: pytest.FixtureRequest) -> HybridRetriever:
    toy = checkerboard(request.param)
    return HybridRetriever().fit(toy.dataset, WordEncoder().fit(toy.texts))


def test_the_table_measures_what_the_retriever_shows(retriever: HybridRetriever):
    shown = retriever.retrieve(Query(text=checkerboard("en").texts[3]), 10).item_ids
    text = checkerboard("en").texts[3]
    if not shown:
        text = checkerboard("zh").texts[3]
        shown = retriever.retrieve(Query(text=text), 10).item_ids
    found = weight_table(retriever, {text: {shown[0]: 3.0, shown[-1]: 0.0}}, kind="judgments")
    assert found.weights[found.default] == retriever.weight_in_use
    assert found.e[0, found.default] == pytest.approx(1.0)
    assert found.c is not None
    missing = weight_table(retriever, {text: {"nowhere": 3.0, shown[0]: 1.0}}, kind="clicks")
    assert missing.e[0, missing.default] == pytest.approx(1.0)
    assert missing.c is None


def test_too_few_queries_leave_the_default(retriever: HybridRetriever):
    found = learn_dense_weight(retriever, {"a": {"i": 1.0}}, kind="judgments")
    assert (found.weight, found.queries) == (retriever.weight_in_use, 1)
    assert "fewer" in found.reason


class Numbers(WordEncoder):
    """Knows that p7 and q7 belong together, and nothing of other words."""

    def _encode(self, texts, side):
        first = [text.split()[0] for text in texts]
        kinds = [int(word[1:]) if word[0] in "pq" else QUERIES for word in first]
        return np.eye(self.dim, dtype=np.float32)[kinds]


def shop_where(right: str) -> tuple[HybridRetriever, dict[str, dict[str, float]]]:
    """Each query has an item of its meaning, and others that hold ever more of its words."""
    items = [Item(item_id=f"meaning{k}", title=f"p{k} product") for k in range(QUERIES)]
    for k in range(QUERIES):
        held = [f"a{k}", f"a{k} b{k}", f"a{k} b{k} c{k}"]
        items += [Item(item_id=f"words{k}-{i}", title=f"x{k} {words}") for i, words in enumerate(held)]
    found = HybridRetriever().fit(
        Dataset.from_records(items), Numbers().fit([item.title for item in items])
    )
    wanted = "meaning{}" if right == "meaning" else "words{}-2"
    return found, {f"q{k} a{k} b{k} c{k}": {wanted.format(k): 1.0} for k in range(QUERIES)}


def test_a_shop_whose_shoppers_choose_by_meaning_gets_more_of_it():
    retriever, grades = shop_where("meaning")
    found = learn_dense_weight(retriever, grades, kind="clicks")
    assert found.reason == ""
    assert found.weight > found.default + 0.1
    assert found.changes["e"].low > 0.05
    assert found.as_dict()["weight"] == found.weight
    before = retriever.retrieve(Query(text="q3 a3 b3 c3"), 4).item_ids.index("meaning3")
    retriever.dense_weight = found.weight
    assert retriever.retrieve(Query(text="q3 a3 b3 c3"), 4).item_ids.index("meaning3") < before


def test_a_shop_whose_default_is_right_keeps_it():
    retriever, grades = shop_where("words")
    found = learn_dense_weight(retriever, grades, kind="clicks")
    assert found.weight == found.default == retriever.weight_in_use
    assert "no other weight" in found.reason


def test_evidence_is_judgments_first_and_clicks_else():
    items = [Item(item_id=name, title=name) for name in "ab"]
    told = [
        ("click", "lamp", "a"),
        ("impression", "lamp", "b"),
        ("purchase", "灯", "b"),
        ("click", "", "b"),
    ]
    events = [Event(user_id="u", item_id=item, event_type=kind, query=text) for kind, text, item in told]
    shop = Dataset.from_records(items, events)
    assert shop_evidence(shop) == ({"lamp": {"a": 1.0}, "灯": {"b": 1.0}}, "clicks")


def test_a_weight_that_does_not_hold_up_is_refused():
    rise = learning.Change(before=0.5, after=0.6, low=0.0, high=0.2)
    fall = learning.Change(before=0.5, after=0.4, low=-0.2, high=-0.01)
    flat = learning.Change(before=0.5, after=0.49, low=-0.1, high=0.1)
    assert learning._refusal({"e": rise, "c": rise}, False) == ""
    assert learning._refusal({"e": flat, "c": rise}, False) == ""
    assert "e certainly falls" in learning._refusal({"e": fall, "c": rise}, False)
    assert "nothing rises" in learning._refusal({"e": rise, "c": flat}, False)
    assert learning._refusal({"e": rise}, True)
