"""Words find their items, and a slow and obvious BM25F agrees."""

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmstart.core.analysis import joined_pairs, terms
from warmstart.core.errors import NotFittedError
from warmstart.data.dataset import Dataset
from warmstart.data.query import Query
from warmstart.data.records import Item, items_frame
from warmstart.search.bm25 import Bm25Retriever

WORDS = ["lamp", "red", "desk", "steel", "kettle", "tea", "耳机", "降噪"]
texts = st.lists(st.sampled_from(WORDS), max_size=5).map(" ".join)
some_items = st.lists(st.tuples(texts, texts, texts), min_size=1, max_size=8).map(
    lambda rows: [
        Item(item_id=f"i{k}", title=title, brand=brand, description=description, attributes={"x": title})
        for k, (title, brand, description) in enumerate(rows)
    ]
)
PAIRED = ("title", "brand", "categories", "description")


def fields_of(item: Item) -> dict[str, str]:
    attributes = " ".join(str(value) for value in item.attributes.values())
    return {
        "title": item.title,
        "brand": item.brand,
        "categories": "",
        "description": item.description,
        "attributes": attributes,
    }


def slow_scores(items: Sequence[Item], query: str, retriever: Bm25Retriever) -> list[float]:
    """BM25F as it is written down, one document and one word at a time."""
    documents = [fields_of(item) for item in items]
    lengths = {name: [len(terms(document[name])) for document in documents] for name in PAIRED}
    lengths["attributes"] = [len(terms(document["attributes"])) for document in documents]
    frequencies: list[Counter[str]] = []
    for row, document in enumerate(documents):
        frequency: Counter[str] = Counter()
        for name, weight in retriever.weights.items():
            mean = sum(lengths[name]) / len(documents) or 1.0
            norm = 1 - retriever.b + retriever.b * lengths[name][row] / mean
            for term in terms(document[name]) + (joined_pairs(document[name]) if name in PAIRED else []):
                frequency[term] += weight / norm  # type: ignore[assignment]
        frequencies.append(frequency)
    scores = [0.0] * len(items)
    wanted = [*dict.fromkeys(terms(query)), *dict.fromkeys(joined_pairs(query))]
    for term in wanted:
        holding = sum(term in frequency for frequency in frequencies)
        idf = math.log(1 + (len(items) - holding + 0.5) / (holding + 0.5))
        for row, frequency in enumerate(frequencies):
            tf = frequency[term]
            scores[row] += idf * tf / (retriever.k1 + tf)
    return [score if score > 0 else math.nan for score in scores]


def fitted(items: Sequence[Item], **settings: float) -> Bm25Retriever:
    return Bm25Retriever.from_settings(settings).fit(Dataset.from_records(items))


def shop(*titles: str) -> Bm25Retriever:
    """A retriever over items a, b, c, … with these titles."""
    return fitted([Item(item_id=chr(97 + k), title=title) for k, title in enumerate(titles)])


def found(retriever: Bm25Retriever, query: str, n: int = 10) -> tuple[str, ...]:
    return retriever.retrieve(Query(text=query), n).item_ids


@given(some_items, texts)
def test_scores_are_those_of_a_slow_bm25f(items: list[Item], query: str):
    retriever = fitted(items, coverage_power=0.0, spelling_weight=0.0)
    np.testing.assert_allclose(
        retriever.score(Query(text=query)), slow_scores(items, query, retriever), rtol=1e-3, atol=1e-5
    )


@given(some_items, texts)
def test_covering_less_of_the_query_only_costs(items: list[Item], query: str):
    plain = fitted(items, coverage_power=0.0).score(Query(text=query))
    strict = fitted(items).score(Query(text=query))
    np.testing.assert_array_equal(np.isnan(plain), np.isnan(strict))
    known = ~np.isnan(plain)
    assert np.all(strict[known] <= plain[known] + 1e-5)


@given(some_items, st.data())
def test_items_added_later_score_as_if_fitted_up_to_mean_lengths(items: list[Item], data: st.DataObject):
    cut = data.draw(st.integers(1, len(items)))
    query = Query(text=data.draw(texts))
    late = fitted(items[:cut], spelling_weight=0.0)
    whole = fitted(items, spelling_weight=0.0)
    late.mean_lengths_ = dict(whole.mean_lengths_)
    if cut < len(items):
        late.add(items_frame(items[cut:]))
    assert late.item_ids_ == whole.item_ids_
    np.testing.assert_array_equal(np.isnan(late.score(query)), np.isnan(whole.score(query)))
    np.testing.assert_allclose(late.score(query)[cut:], whole.score(query)[cut:], rtol=1e-4)


def test_items_of_usual_length_added_later_score_exactly_as_if_fitted():
    items = [Item(item_id=f"i{k}", title=f"{WORDS[k % 6]} {WORDS[(k + 1) % 6]}") for k in range(6)]
    late, whole = fitted(items[:3]), fitted(items)
    late.add(items_frame(items[3:]))
    for word in WORDS[:6]:
        query = Query(text=f"{word} red")
        np.testing.assert_allclose(late.score(query), whole.score(query), rtol=1e-5)


@given(some_items, texts)
def test_what_is_saved_answers_the_same(items: list[Item], query: str):
    retriever = fitted(items)
    retriever.add(items_frame([Item(item_id="new", title="red lamp lamp"), Item(item_id="bare")]))
    retriever.add(items_frame([Item(item_id="i0", title="steel teapot")]))
    loaded = Bm25Retriever()
    loaded.set_state(retriever.get_state())
    for text in (query, f"{query} lmap", "teapt"):
        np.testing.assert_allclose(
            loaded.score(Query(text=text)), retriever.score(Query(text=text)), rtol=1e-5
        )


def test_the_words_that_an_item_lost_no_longer_find_it():
    retriever = shop("steel kettle", "red lamp", "desk lamp")
    retriever.add(items_frame([Item(item_id="a", title="glass teapot")]))
    assert found(retriever, "kettle") == ()
    assert found(retriever, "teapot") == ("a",)
    retriever.add(items_frame([Item(item_id="a", title="copper jug")]))
    assert found(retriever, "teapot") == ()
    assert found(retriever, "jug") == ("a",)


def test_editing_an_item_again_and_again_changes_no_score():
    retriever = shop("steel kettle", "red lamp", "desk lamp")
    before = {text: retriever.score(Query(text=text)) for text in ("kettle", "lamp", "steel lamp")}
    for _ in range(5):
        retriever.add(items_frame([Item(item_id="a", title="steel kettle")]))
    for text, scores in before.items():
        np.testing.assert_allclose(retriever.score(Query(text=text)), scores, rtol=1e-5)


def test_an_item_without_text_is_never_found_and_breaks_nothing():
    retriever = shop("steel kettle", "")
    retriever.add(items_frame([Item(item_id="bare")]))
    loaded = Bm25Retriever()
    loaded.set_state(retriever.get_state())
    assert found(retriever, "kettle") == found(loaded, "kettle") == ("a",)


@pytest.mark.parametrize("title", ["Acme MBS-100 speaker", "Acme MBS100 speaker", "Acme MBS 100 speaker"])
@pytest.mark.parametrize("query", ["MBS-100", "mbs 100", "mbs100", "ＭＢＳ－１００"])
def test_a_model_code_is_found_however_it_is_written(title: str, query: str):
    retriever = shop(title, "100 sheets of paper", "speaker stand", "paper clips", "Acme lamp")
    assert found(retriever, query)[0] == "a"


def test_words_written_apart_find_the_word_written_as_one_and_the_other_way_round():
    retriever = shop("gaming notebook", "red book", "blue book", "smart phone case")
    assert "a" in found(retriever, "note book")
    assert found(retriever, "smartphone")[0] == "d"


@pytest.mark.parametrize("typo", ["headphnes", "haedphones", "headfones", "headphonee"])
def test_a_typo_finds_what_was_meant(typo: str):
    retriever = shop("wireless headphones", "wired headphones", "head torch", "telephone", "lamp")
    assert set(found(retriever, typo, 2)) == {"a", "b"}
    assert retriever.correct(f"cheap {typo}").endswith("headphone")


def test_an_unknown_word_is_not_taken_for_one_that_says_nothing():
    machines = ("Bean-to-Cup espresso machine", "Bean-to-Cup coffee maker")
    retriever = shop(*machines, "Dome tent, 2 persons", "Tunnel tent, 4 persons")
    assert set(found(retriever, "a tent for two persons", 2)) == {"c", "d"}
    assert "a" not in found(retriever, "two")


def test_a_word_that_the_catalogue_knows_is_never_corrected():
    retriever = shop("cable", "cables", "table", "table lamp", "table cloth")
    assert retriever.correct("cable tables") == "cable tables"


def test_chinese_is_never_spelled_anew():
    retriever = shop("无线耳机", "有线耳机", "蓝牙音箱")
    assert retriever.correct("耳几 mouse") == "耳几 mouse"
    assert [list(spelling) for spelling in retriever.expand("耳几")] == [["耳"], ["几"], ["耳几"]]
    assert set(found(retriever, "耳机")) == {"a", "b"}
    assert found(retriever, "蓝牙")[0] == "c"


@pytest.mark.parametrize("query", ["", "   ", "!!!", "zzzzqq", "💡"])
def test_a_query_without_a_known_word_gets_no_opinion(query: str):
    retriever = shop("steel kettle", "red lamp")
    assert np.isnan(retriever.score(Query(text=query))).all()
    assert found(retriever, query) == ()


def test_stop_words_count_only_when_there_is_nothing_else():
    retriever = shop("the kettle", "the lamp", "desk")
    assert found(retriever, "the kettle") == found(retriever, "kettle") == ("a",)
    assert found(retriever, "i want something for the desk") == ("c",)
    assert set(found(retriever, "the")) == {"a", "b"}
    assert found(shop("我的茶", "灯"), "的") == ("a",)


def test_a_word_in_the_title_counts_for_more_than_in_the_description():
    items = [
        Item(item_id="body", title="stand", description="lamp"),
        Item(item_id="head", title="lamp", description="stand"),
        Item(item_id="other", title="tea"),
    ]
    assert found(fitted(items), "lamp") == ("head", "body")


def test_asking_before_fit_is_an_error():
    with pytest.raises(NotFittedError):
        Bm25Retriever().score(Query(text="lamp"))


def test_holding_tells_who_has_every_word_of_a_phrase_after_changes_too():
    retriever = shop("steel kettle", "steel cup", "绿茶 cup")
    assert retriever.holding("steel").tolist() == [True, True, False]
    assert retriever.holding("steel cups").tolist() == [False, True, False]
    assert retriever.holding("绿茶").tolist() == [False, False, True]
    assert retriever.holding("plastic").tolist() == retriever.holding("").tolist() == [False] * 3
    retriever.add(items_frame([Item(item_id="a", title="glass kettle"), Item(item_id="d", title="steel")]))
    assert retriever.holding("steel").tolist() == [False, True, False, True]
