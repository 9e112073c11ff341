"""Which of a shop's texts to label next."""

import pytest

from warmstart.core.errors import InputError
from warmstart.encoders.catalogue import CatalogueEncoder
from warmstart.tasks.classify.next_labels import next_to_label
from warmstart.tasks.classify.prototype import PrototypeClassifier

KINDS = {
    "refund": ["where is my refund", "refund of my money please", "my refund did not come"],
    "delivery": ["parcel arrived late", "when will the parcel arrive", "the parcel is lost"],
    "物流": ["物流 很 慢", "物流 太 慢 了", "快递 物流 慢"],
}
TEXTS = [text for texts in KINDS.values() for text in texts]


@pytest.fixture(scope="module")
def encoder() -> CatalogueEncoder:
    return CatalogueEncoder().fit(TEXTS * 3)


def kind_of(text: str) -> str:
    return next(kind for kind, texts in KINDS.items() if text in texts)


def test_the_first_labels_come_from_every_kind(encoder):
    found = next_to_label(TEXTS * 2, 3, encoder=encoder)
    assert found.strategy == "typical"
    assert {kind_of(text) for text in found.texts} == set(KINDS)
    assert "nothing is labelled yet" in found.why


def test_what_is_labelled_is_not_named_again(encoder):
    known = [KINDS["refund"][0], KINDS["delivery"][0]]
    found = next_to_label(TEXTS, 20, encoder=encoder, texts=known, labels=["refund", "delivery"])
    assert sorted(found.texts) == sorted(set(TEXTS) - set(known))


def test_with_many_labels_the_classifier_says_where_it_doubts(encoder):
    pytest.importorskip("sklearn", reason="needs the extra 'evaluate'")
    known = [f"{text} {i}" for i in range(4) for text in TEXTS[:6]]
    labels = [kind_of(text) for _ in range(4) for text in TEXTS[:6]]
    found = next_to_label(
        TEXTS, 2, encoder=encoder, texts=known, labels=labels, classifier=PrototypeClassifier()
    )
    assert found.strategy == "margin"


def test_nothing_left_is_an_error(encoder):
    with pytest.raises(InputError, match="without a label"):
        next_to_label(["a", " "], encoder=encoder, texts=["a"], labels=["x"])
