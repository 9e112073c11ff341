"""Classifiers on texts whose labels are known, and beside scikit-learn's own."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmstart.core.errors import ConfigError, MissingExtraError, NotFittedError
from warmstart.tasks.classify import linear
from warmstart.tasks.classify.encoder_logistic import EncoderLogisticClassifier
from warmstart.tasks.classify.labels import readable, with_names
from warmstart.tasks.classify.latent import LatentLogisticClassifier
from warmstart.tasks.classify.linear import fit_logistic, softmax
from warmstart.tasks.classify.ngrams import TfIdf, word_ngrams
from warmstart.tasks.classify.prior import PriorClassifier
from warmstart.tasks.classify.prototype import PrototypeClassifier
from warmstart.tasks.classify.tfidf import TfIdfLogisticClassifier
from warmstart.testing import WordEncoder

TEXTS = ["where is my card", "card not here yet", "money back please", "give my money back"]
LABELS = ["card_arrival", "card_arrival", "refund", "refund"]
REVIEWS = ["物流很快", "发货很快很满意", "质量太差", "太差了退货"]
OPINIONS = ["好评", "好评", "差评", "差评"]


def words_of(*texts: str) -> WordEncoder:
    return WordEncoder().fit(texts)


@pytest.fixture
def sklearn() -> Any:
    return pytest.importorskip("sklearn", reason="needs the extra 'evaluate'")


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("strength", [0.1, 10.0])
def test_the_two_arrays_give_the_probabilities_of_scikit_learn(sklearn, n_classes, strength):
    from sklearn.linear_model import LogisticRegression

    rng = np.random.default_rng(0)
    x = rng.standard_normal((60, 5)).astype(np.float32)
    y = rng.integers(n_classes, size=60)
    model = LogisticRegression(C=strength, max_iter=2000, tol=linear.TOLERANCE).fit(x, y)
    weights, biases = fit_logistic(x, y, strength)
    np.testing.assert_allclose(softmax(x @ weights + biases), model.predict_proba(x), atol=1e-5)


def test_tf_idf_is_that_of_scikit_learn(sklearn):
    from sklearn.feature_extraction.text import TfidfVectorizer

    theirs = TfidfVectorizer(analyzer=word_ngrams, sublinear_tf=True)
    expected = theirs.fit_transform(TEXTS).toarray()
    ours = TfIdf.learn(TEXTS, word_ngrams)
    assert ours.terms == theirs.get_feature_names_out().tolist()
    np.testing.assert_allclose(ours.weigh(TEXTS).toarray(), expected, rtol=1e-5)


@pytest.mark.parametrize("classifier", [TfIdfLogisticClassifier(), LatentLogisticClassifier(size=3)])
def test_english_and_chinese_texts_are_told_apart(sklearn, classifier):
    english = classifier.unfitted().fit(TEXTS, LABELS)
    assert english.predict(["my card", "my money"]) == ["card_arrival", "refund"]
    chinese = classifier.unfitted().fit(REVIEWS, OPINIONS)
    assert chinese.predict(["很快", "太差"]) == ["好评", "差评"]


def test_texts_that_nobody_labelled_reach_words_that_no_example_holds(sklearn):
    company = ["快递 神速", "快递 极速", "神速 极速", "做工 粗糙", "做工 掉漆", "粗糙 掉漆"] * 20
    alone = LatentLogisticClassifier(size=2).fit(["快递", "做工"], ["好", "差"])
    helped = LatentLogisticClassifier(size=2).fit(["快递", "做工"], ["好", "差"], unlabelled=company)
    asked = ["神速", "极速", "粗糙", "掉漆"]
    assert helped.predict(asked) == ["好", "好", "差", "差"]
    np.testing.assert_allclose(alone.predict_proba(asked), 0.5, atol=1e-3)


def test_a_label_says_something_by_its_name(sklearn):
    encoder = words_of(*TEXTS, "lost card arrival", "refund")
    asked = ["arrival", "refund"]
    for kind in (EncoderLogisticClassifier, PrototypeClassifier):
        plain = kind().fit(TEXTS, LABELS, encoder=encoder).predict_proba(asked)
        named = kind(label_names=True).fit(TEXTS, LABELS, encoder=encoder).predict_proba(asked)
        assert (named.diagonal() > plain.diagonal() + 0.05).all()
        many = kind(label_names=True, label_names_up_to=1).fit(TEXTS, LABELS, encoder=encoder)
        np.testing.assert_allclose(many.predict_proba(asked), plain)


@given(st.text(max_size=40))
def test_a_readable_label_is_never_empty_and_reading_it_again_changes_nothing(label):
    assert readable(label) == readable(readable(label))
    assert bool(readable(label)) == bool(label)


def test_only_labels_with_few_examples_get_their_name_as_one():
    texts, codes = with_names(["a", "b", "c"], np.array([0, 0, 1]), ["x_y", "z"], up_to=1)
    assert texts == ["a", "b", "c", "z"]
    assert codes.tolist() == [0, 0, 1, 1]


def test_what_is_far_from_every_label_is_known_as_such():
    encoder = words_of(*TEXTS, "play some music")
    prototypes = PrototypeClassifier().fit(TEXTS, LABELS, encoder=encoder)
    inside, outside = prototypes.outlierness(["where is my card", "play some music"])
    assert outside > inside + 0.5
    share = PriorClassifier().fit(TEXTS, LABELS).outlierness(["card"])
    np.testing.assert_allclose(share, 0.5)


def test_a_text_equal_to_a_prototype_is_sure_of_it():
    encoder = words_of("a", "b")
    found = PrototypeClassifier(temperature=0.01).fit(["a", "b"], ["x", "y"], encoder=encoder)
    np.testing.assert_allclose(found.predict_proba(["a", "b"]), np.eye(2), atol=1e-6)


def test_an_encoder_is_asked_for_where_one_is_needed():
    with pytest.raises(ConfigError, match="encoder"):
        PrototypeClassifier().fit(TEXTS, LABELS)
    fitted = PrototypeClassifier().fit(TEXTS, LABELS, encoder=words_of(*TEXTS))
    loaded = PrototypeClassifier()
    loaded.set_state(fitted.get_state())
    with pytest.raises(NotFittedError, match="encoder"):
        loaded.predict(["card"])


def test_a_missing_library_is_named_with_its_extra(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "sklearn.linear_model", None)
    with pytest.raises(MissingExtraError, match="evaluate"):
        TfIdfLogisticClassifier().fit(TEXTS, LABELS)


def test_directions_are_learned_anew_after_another_state_was_taken(sklearn):
    first, other = (
        LatentLogisticClassifier(size=2).fit(texts, labels)
        for texts, labels in ((TEXTS, LABELS), (REVIEWS, OPINIONS))
    )
    expected = first.predict_proba(TEXTS)
    first.set_state(other.get_state())
    np.testing.assert_allclose(first.fit(TEXTS, LABELS).predict_proba(TEXTS), expected, atol=1e-5)
