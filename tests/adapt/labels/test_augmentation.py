"""More examples from few."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmstart.adapt.labels.augmentation import Augmenter
from warmstart.core.errors import ConfigError, NotFittedError
from warmstart.testing import checkerboard

TEXTS = ["red shoes for running in the rain", "blue shoes for walking in the park", "蓝色降噪耳机很好用"]


@pytest.fixture(scope="module")
def shop_texts() -> list[str]:
    """Two colours that stand in the same company, and other things that do not."""
    things, tools = ("dress", "coat", "hat", "scarf"), ("hammer", "saw", "drill", "file")
    clothes = [f"{colour} {thing}" for colour in ("crimson", "scarlet") for thing in things]
    metal = [f"{size} {tool}" for size in ("heavy", "light", "long", "short") for tool in tools]
    return [f"{name}\na {name} of wool and silk" for name in clothes * 3] + [
        f"{name}\na {name} of steel" for name in metal * 3
    ]


def test_words_in_the_same_company_may_stand_for_each_other(shop_texts):
    found = Augmenter(likeness=0.3).fit(shop_texts).synonyms_
    assert found["crimson"][0] == "scarlet"
    assert found["hammer"][0] in {"saw", "drill", "file"}


def test_synonyms_are_mutual(shop_texts):
    found = Augmenter(likeness=0.2).fit(shop_texts).synonyms_
    assert all(word in found[other] for word, others in found.items() for other in others)


def test_a_replaced_word_is_one_of_its_synonyms(shop_texts):
    augmenter = Augmenter(likeness=0.3, replaced=1.0, deleted=0.0, copies=3).fit(shop_texts)
    for place, text in augmenter.augment(["crimson coat", "heavy saw"]):
        for old, new in zip(["crimson coat", "heavy saw"][place].split(), text.split(), strict=True):
            assert new == old or new in augmenter.synonyms_[old]


@given(
    copies=st.integers(1, 3),
    deleted=st.floats(0, 1),
    mixed=st.floats(0, 1),
    seed=st.integers(0, 5),
)
def test_what_is_made_is_new_and_of_the_words_that_were_there(copies, deleted, mixed, seed):
    augmenter = Augmenter(copies=copies, deleted=deleted, mixed=mixed, replaced=0.0, seed=seed)
    augmenter.synonyms_ = {}
    made = augmenter.augment(TEXTS, labels=["a", "a", "b"])
    assert len(made) <= copies * len(TEXTS)
    assert made == augmenter.augment(TEXTS, labels=["a", "a", "b"])
    for place, text in made:
        assert text not in TEXTS
        allowed = TEXTS[0] + " " + TEXTS[1] if place < 2 else TEXTS[2]
        assert set(text.split()) <= set(allowed.split()) if place < 2 else set(text) <= set(allowed)


def test_chinese_is_shortened_without_gaps():
    augmenter = Augmenter(copies=5, deleted=0.4)
    augmenter.synonyms_ = {}
    made = [text for _, text in augmenter.augment([TEXTS[2]])]
    assert made
    assert all(" " not in text and len(text) < len(TEXTS[2]) for text in made)


def test_a_translation_is_added_unless_it_says_the_same():
    augmenter = Augmenter(copies=1, deleted=0.0, replaced=0.0)
    augmenter.synonyms_ = {}
    back = {"red hat": "a hat in red", "hat": "hat"}
    made = augmenter.augment(["red hat", "hat"], translate=lambda texts: [back[text] for text in texts])
    assert made == [(0, "a hat in red")]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_whole_shop_can_be_learned_from(language):
    texts = checkerboard(language).texts
    augmenter = Augmenter().fit(texts)
    assert all(0 <= place < len(texts) for place, _ in augmenter.augment(texts))


def test_what_makes_no_sense_is_refused():
    with pytest.raises(ConfigError, match="deleted"):
        Augmenter(deleted=2.0)
    with pytest.raises(ConfigError, match="copies"):
        Augmenter(copies=0)
    with pytest.raises(NotFittedError):
        Augmenter().augment(["red"])
