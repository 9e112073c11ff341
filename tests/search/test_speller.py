"""Spellings that the catalogue knows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.distance import OSA

from warmstart.search.speller import Speller

catalogue = st.dictionaries(st.text("abcde", min_size=1, max_size=7), st.floats(0.1, 50), max_size=15)


@given(catalogue, st.text("abcde", max_size=8))
def test_suggestions_are_known_close_and_sorted_by_certainty(masses: dict[str, float], word: str):
    found = Speller(masses).suggest(word)
    certainties = [certainty for _, certainty in found]
    assert certainties == sorted(certainties, reverse=True)
    assert all(0 <= certainty <= 1 for certainty in certainties)
    for close, _ in found:
        limit = 1 if len(word) <= 4 else 2
        assert close in masses
        assert OSA.distance(word, close) <= limit or close in word


@given(catalogue, st.text("abcde", min_size=3, max_size=8))
def test_something_is_suggested_whenever_something_is_close(masses: dict[str, float], word: str):
    limit = 1 if len(word) <= 4 else 2
    close = [known for known in masses if OSA.distance(word, known) <= limit]
    found = Speller(masses).suggest(word)
    if close:
        assert len(found) == min(3, len(close))


def test_of_equally_close_words_the_frequent_one_and_the_same_first_letter_win():
    speller = Speller({"mouse": 50.0, "moose": 1.0, "house": 2.0})
    assert [word for word, _ in speller.suggest("mouze")] == ["mouse", "moose", "house"]


def test_two_words_written_as_one_give_both():
    assert Speller({"gaming": 4.0, "keyboard": 3.0}).suggest("gamingkeyboard") == [
        ("gaming", 1.0),
        ("keyboard", 1.0),
    ]


@pytest.mark.parametrize("word", ["", "ab", "rtx4090", "4090"])
def test_short_words_and_codes_are_left_alone(word: str):
    assert Speller({"abc": 1.0, "rtx": 1.0}).suggest(word) == []


def test_an_empty_catalogue_suggests_nothing():
    assert Speller({}).suggest("headphone") == []
