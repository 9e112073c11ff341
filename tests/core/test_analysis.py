"""Text becomes the same terms whatever its dress."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmstart.core.analysis import (
    STOP_WORDS,
    character_ngrams,
    is_cjk,
    joined_pairs,
    letters_and_digits,
    normalise,
    stem,
    terms,
    words,
)

shop_text = st.text(st.sampled_from("abcXYZ019 -./'’+é降噪耳机あア가ＡＢ１２　℃㎒ﬁß!,，。"), max_size=24)


@given(st.text(max_size=24) | shop_text)
def test_normalising_twice_changes_nothing(text: str):
    assert normalise(normalise(text)) == normalise(text)


@given(shop_text)
def test_terms_know_no_case(text: str):
    assert terms(text.upper()) == terms(text.lower()) == terms(text)


@given(st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), max_size=20))
def test_terms_know_no_width(text: str):
    wide = "".join(chr(ord(letter) + 0xFEE0) for letter in text)
    assert terms(wide) == terms(text)


@given(shop_text)
def test_no_term_is_empty_or_holds_a_space(text: str):
    for term in terms(text) + joined_pairs(text) + words(text):
        assert term
        assert not any(letter.isspace() for letter in term)


@given(shop_text, shop_text)
def test_a_space_keeps_texts_apart(left: str, right: str):
    assert terms(f"{left} {right}") == terms(left) + terms(right)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Noise-cancelling HEADPHONES", ["noise", "cancelling", "headphone"]),
        ("Café crème", ["cafe", "creme"]),
        ("Rock 'n' Roll's", ["rock", "n", "roll"]),
        ("don't", ["don"]),
        ("C++ 3.5mm AC/DC", ["c", "3", "5mm", "ac", "dc"]),
        ("耳机", ["耳", "机", "耳机"]),
        (
            "Sony降噪耳机WH-1000XM5",
            ["sony", "降", "噪", "耳", "机", "降噪", "噪耳", "耳机", "wh", "1000xm5"],
        ),
        ("快充,充电器", ["快", "充", "快充", "充", "电", "器", "充电", "电器"]),
        ("㎒ 5℃", ["mhz", "5", "c"]),
        ("イヤホン", ["イ", "ヤ", "ホ", "ン", "イヤ", "ヤホ", "ホン"]),
        ("🎧 !?", []),
        ("", []),
    ],
)
def test_english_chinese_and_mixed_text_becomes_terms(text: str, expected: list[str]):
    assert terms(text) == expected


def test_half_width_katakana_is_katakana():
    assert terms("ｶﾞｲﾄﾞ") == terms("ガイド")


@pytest.mark.parametrize(
    ("plural", "singular"), [("cables", "cable"), ("batteries", "battery"), ("boxes", "box")]
)
def test_a_plural_meets_its_singular(plural: str, singular: str):
    assert stem(plural) == stem(singular) == singular


@pytest.mark.parametrize("word", ["glass", "ps", "bus", "tennis", "128gbs", "ties"[:3], "是s"])
def test_what_is_no_plural_stays(word: str):
    assert stem(word) in {word, word.removesuffix("s")}
    assert stem("glass") == "glass"


@given(st.text("abcdeioshxy", min_size=1, max_size=10))
def test_a_stem_is_never_empty_and_begins_like_its_word(word: str):
    assert stem(word)
    assert word.startswith(stem(word)[:-1])


@pytest.mark.parametrize("text", ["MBS-100", "mbs 100", "MBS 100", "mbs/100", "ＭＢＳ－１００"])
def test_a_model_code_written_apart_has_the_joined_form_among_its_pairs(text: str):
    assert joined_pairs(text) == terms("mbs100")


def test_pairs_do_not_reach_across_chinese():
    assert joined_pairs("note 电脑 book") == []


def test_a_code_falls_into_letters_and_digits():
    assert letters_and_digits("rtx4090ti") == ["rtx", "4090", "ti"]
    assert letters_and_digits("laptop") == letters_and_digits("4090") == []


def test_stop_words_are_terms_as_they_stand():
    assert all(terms(word) == [word] for word in STOP_WORDS)


def test_runs_of_cjk_are_told_from_other_words():
    assert [is_cjk(word) for word in words("Sony 耳机 가방 ガ 42")] == [False, True, True, True, False]


def test_ngrams_of_chinese_are_its_characters_and_their_neighbours():
    assert list(character_ngrams("耳机")) == ["耳", "机", "耳机"]
    assert list(character_ngrams("ab", 3, 3)) == ["<ab", "ab>"]
