"""What texts agree on with themselves, and the few labels that say which end is which."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from warmstart.tasks.classify.agreeing import AgreementClassifier
from warmstart.tasks.classify.agreement import clauses, learn_axes
from warmstart.tasks.classify.labels import name_in
from warmstart.tasks.classify.ngrams import TfIdf, character_pieces
from warmstart.tasks.classify.shrunk import fit_shrunk

PRAISE = ("很好", "满意", "喜欢", "舒服", "值得")
BLAME = ("太差", "失望", "退货", "垃圾", "破损")
TOPICS = ("屏幕", "耳机", "电池", "快递", "包装", "客服")


def reviews(n: int, seed: int = 0) -> tuple[list[str], list[str]]:
    """Each of three clauses has its own topic; all of them praise or all of them blame."""
    rng = np.random.default_rng(seed)
    texts, labels = [], []
    for _ in range(n):
        good = bool(rng.integers(2))
        said = PRAISE if good else BLAME
        texts.append("，".join(rng.choice(TOPICS) + rng.choice(said) for _ in range(3)))
        labels.append("Positive" if good else "Negative")
    return texts, labels


UNLABELLED = reviews(600)[0]
ASKED, ANSWERS = reviews(100, seed=1)


def share_right(classifier: AgreementClassifier) -> float:
    return float(np.mean([a == b for a, b in zip(classifier.predict(ASKED), ANSWERS, strict=True)]))


def test_the_first_axis_is_the_opinion_and_not_the_topic():
    tfidf = TfIdf.learn(UNLABELLED, character_pieces)
    axes = learn_axes(UNLABELLED, tfidf, 20, seed=0)
    first = axes.place(tfidf.weigh(ASKED))[:, 0]
    good = np.array([answer == "Positive" for answer in ANSWERS])
    assert abs(np.mean((first > 0) == good) - 0.5) > 0.48
    assert axes.agreement[0] == 1.0
    assert (np.diff(axes.agreement) <= 0).all()


def test_one_example_of_each_label_is_enough_where_texts_agree_with_themselves():
    few = AgreementClassifier(size=20).fit(
        ["屏幕很好", "电池太差"], ["Positive", "Negative"], unlabelled=UNLABELLED
    )
    assert share_right(few) > 0.95


def test_misleading_topics_are_outvoted_by_the_names_of_labels():
    shop = ["商品好评", "商品差评", "好评，满意", "差评，失望"] * 20 + UNLABELLED
    texts, labels = ["快递一般", "客服一般"], ["Positive", "Negative"]
    named = AgreementClassifier(size=20, label_names=True).fit(texts, labels, unlabelled=shop)
    plain = AgreementClassifier(size=20).fit(texts, labels, unlabelled=shop)
    assert share_right(named) > 0.95 > share_right(plain)


def test_neither_the_order_of_the_examples_nor_that_of_the_unlabelled_texts_matters():
    texts, labels = reviews(12, seed=2)
    one = AgreementClassifier(size=20).fit(texts, labels, unlabelled=UNLABELLED)
    other = AgreementClassifier(size=20).fit(texts[::-1], labels[::-1], unlabelled=UNLABELLED[::-1])
    np.testing.assert_allclose(one.predict_proba(ASKED), other.predict_proba(ASKED), atol=1e-4)


def test_without_clauses_to_compare_all_directions_count_alike():
    tfidf = TfIdf.learn(["too slow", "very fast"], character_pieces)
    assert (learn_axes(["too slow", "very fast"], tfidf, 5, seed=0).agreement == 1.0).all()


@pytest.mark.parametrize("size", [5, 20])
def test_directions_are_mixed_only_with_ten_neighbours_for_each(size):
    enough = UNLABELLED[: 5 * size]  # two pairs in a text
    tfidf = TfIdf.learn(enough, character_pieces)
    assert (learn_axes(enough, tfidf, size, seed=0).agreement < 1.0).any()
    assert (learn_axes(enough[1:], tfidf, size, seed=0).agreement == 1.0).all()


def test_a_text_without_a_known_word_lies_in_the_middle():
    tfidf = TfIdf.learn(UNLABELLED, character_pieces)
    axes = learn_axes(UNLABELLED, tfidf, 5, seed=0)
    assert (axes.place(tfidf.weigh(["", "unheard of"])) == 0).all()


@given(st.text(max_size=60))
def test_clauses_are_parts_of_the_text_in_order_and_never_empty(text):
    rest = text
    for clause in clauses(text):
        assert clause
        _, found, rest = rest.partition(clause)
        assert found


@pytest.mark.parametrize(
    ("label", "texts", "name"),
    [
        ("Positive", ["很好", "太差了"], "好评"),
        ("Positive", ["very good"], "Positive"),
        ("card_arrival", ["卡在哪"], "card arrival"),
        ("差评", ["太差了"], "差评"),
    ],
)
def test_names_of_opinions_are_read_in_the_language_of_the_texts(label, texts, name):
    assert name_in(label, texts) == name


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 4))
def test_the_shrunk_weights_are_where_the_gradient_vanishes(seed, n_classes):
    rng = np.random.default_rng(seed)
    features = rng.standard_normal((12, 3))
    codes = np.append(np.arange(n_classes), rng.integers(n_classes, size=12 - n_classes))
    scale = np.array([1.0, 0.5, 2.0])
    weights, biases = fit_shrunk(features, codes, scale)
    scores = features @ weights + biases
    shares = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    pull = features.T @ (shares - np.eye(n_classes)[codes])
    np.testing.assert_allclose(pull, -weights / scale[:, None] ** 2, atol=1e-3)


def test_a_scale_of_nothing_leaves_a_feature_unused():
    features = np.array([[1.0, 1.0], [-1.0, -1.0]])
    weights, _ = fit_shrunk(features, np.array([0, 1]), [1.0, 0.0])
    assert (weights[1] == 0).all()
    assert weights[0, 0] > 0.1 > weights[0, 1]
