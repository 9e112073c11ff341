"""Terms as positions, and documents as counts."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from warmstart.core.vocabulary import Vocabulary, count_terms

documents = st.lists(st.lists(st.sampled_from(["usb", "hub", "耳机", "lamp", "x"]), max_size=6), max_size=6)


@given(documents, documents)
def test_counts_are_those_of_counting_by_hand(first: list[list[str]], second: list[list[str]]):
    vocabulary = Vocabulary()
    count_terms(first, vocabulary, grow=True)
    counts = count_terms(second, vocabulary, grow=True)
    names = vocabulary.as_list()
    assert counts.shape == (len(second), len(vocabulary))
    for row, document in enumerate(second):
        found = {names[j]: counts[row, j] for j in range(len(names)) if counts[row, j]}
        assert found == Counter(document)


@given(documents)
def test_without_growth_unknown_terms_are_skipped(found: list[list[str]]):
    vocabulary = Vocabulary(["usb", "耳机"])
    counts = count_terms(found, vocabulary, grow=False)
    assert counts.shape == (len(found), 2)
    assert vocabulary.as_list() == ["usb", "耳机"]
    assert counts.sum() == sum(term in vocabulary for document in found for term in document)


def test_positions_never_move():
    vocabulary = Vocabulary(["a", "b"])
    assert [vocabulary.add(term) for term in ("b", "c", "a", "c")] == [1, 2, 0, 2]
    assert Vocabulary(vocabulary.as_list()).get("c") == vocabulary.get("c") == 2
    assert vocabulary.get("d") is None
    assert len(vocabulary) == 3
