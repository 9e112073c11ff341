"""From labelled texts to a tuned model and back from its arrays."""

from typing import Any, get_args

import numpy as np
import pytest

from tests.adapt.supervised.models import COLOURS, TEXTS, small_backbone
from warmstart.adapt.supervised.examples import Examples
from warmstart.adapt.supervised.fine_tuner import RATES, FineTuner
from warmstart.adapt.supervised.targets import Classes, one_hot
from warmstart.adapt.supervised.text_models import MultiLabelTagger, TextRegressor
from warmstart.core.artifact import read_state, write_state
from warmstart.core.errors import ArtifactError, ConfigError, InputError
from warmstart.encoders.tuning import Method
from warmstart.tasks.classify.fine_tuned import FineTunedClassifier
from warmstart.tasks.classify.setfit import SetFitClassifier

pytest.importorskip("torch", reason="needs the extra 'lm'")
pytest.importorskip("transformers", reason="needs the extra 'lm'")
pytest.importorskip("peft", reason="needs the extra 'adapt'")

LABELS = [text.split()[0] for text in TEXTS]
MANY = [text for text in TEXTS for _ in range(6)]
FAST: dict[str, Any] = {"epochs": 2, "learning_rate": 1e-3, "max_length": 32}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return str(small_backbone().save(tmp_path_factory.mktemp("backbone")))


def test_every_way_of_tuning_has_a_learning_rate():
    assert set(RATES) == set(get_args(Method))


@pytest.mark.parametrize("method", get_args(Method))
def test_a_tuned_model_comes_back_from_its_arrays(folder, tmp_path, method):
    settings = FAST | {"tuning": {"rank": 4, "layers": 1, "prompt_tokens": 3}, "learning_rate": 0.01}
    tuner = FineTuner(model=folder, method=method, **settings)
    wanted = one_hot(np.array([COLOURS.index(label) for label in LABELS]), 4)
    tuned = tuner.tune(Examples.of(TEXTS, wanted), Classes(width=4))
    write_state(tmp_path, tuned.get_state())
    again = tuner.revive(read_state(tmp_path))
    assert np.array_equal(again.told(TEXTS), tuned.told(TEXTS))
    untouched = small_backbone().encode(TEXTS)
    assert not np.allclose(tuned.backbone.encode(TEXTS), untouched, atol=1e-4)
    assert tuned.run["trained_parameters"] >= sum(value.size for value in tuned.tensors.values())


def test_arrays_on_another_base_are_refused(folder, tmp_path):
    classifier = FineTunedClassifier(model=folder, method="top", **FAST).fit(TEXTS, LABELS)
    other = small_backbone()
    next(iter(other.model.parameters())).data.add_(1.0)
    moved = FineTunedClassifier(model=str(other.save(tmp_path)), method="top", **FAST)
    moved.set_state(classifier.get_state())
    with pytest.raises(ArtifactError, match="fingerprint"):
        moved.predict(["red shoe"])


def test_what_is_held_back_never_gets_worse(folder):
    tuner = FineTunedClassifier(model=folder, method="full", **FAST | {"learning_rate": 1.0})
    tuner.fit(MANY, [label for label in LABELS for _ in range(6)])
    run = tuner.tuned[0].run
    assert run["best_quality"] >= run["first_quality"]


def test_a_training_that_helped_nothing_is_logistic_regression_on_all_texts(folder):
    labels = [label for label in LABELS for _ in range(6)]
    nothing = FineTunedClassifier(model=folder, method="top", **FAST | {"learning_rate": 1e-12})
    frozen = FineTunedClassifier(
        model=folder, method="top", held_out=0.0, **FAST | {"learning_rate": 1e-12}
    )
    found = [one.fit(MANY, labels).predict_proba(TEXTS) for one in (nothing, frozen)]
    assert np.allclose(found[0], found[1], atol=1e-3)


def test_label_names_are_examples_of_their_labels(folder):
    settings = FAST | {"held_out": 0.0}
    named = FineTunedClassifier(model=folder, method="top", label_names=True, **settings)
    plain = FineTunedClassifier(model=folder, method="top", **settings)
    one = [TEXTS[0], TEXTS[5]]
    for classifier, examples in ((named, 4), (plain, 2)):
        fitted = classifier.fit(one, ["red", "blue"])
        assert fitted.tuned[0].run["epochs"] * -(-examples // 16) == fitted.tuned[0].run["steps"]
    assert named.predict_proba(["red"])[0, 1] > plain.predict_proba(["red"])[0, 1]


def test_an_ensemble_is_the_mean_of_its_members(folder):
    settings = FAST | {"method": "lora", "learning_rate": 0.01}
    two = FineTunedClassifier(model=folder, members=2, **settings).fit(TEXTS, LABELS)
    alone = [
        FineTunedClassifier(model=folder, seed=seed, **settings).fit(TEXTS, LABELS).predict_proba(TEXTS)
        for seed in (0, 1000)
    ]
    assert np.allclose(two.predict_proba(TEXTS), np.mean(alone, axis=0), atol=1e-5)
    assert not np.allclose(alone[0], alone[1], atol=1e-3)


def test_a_rare_label_is_heard_when_classes_are_balanced(folder):
    texts, labels = [*TEXTS[:5], TEXTS[5]], ["red"] * 5 + ["blue"]
    said = [
        FineTunedClassifier(model=folder, method="top", balance=balance, **FAST)
        .fit(texts, labels)
        .predict_proba(["green tent", "绿色 耳机"])[:, 0]
        .mean()
        for balance in (0.0, 1.0)
    ]
    assert said[1] > said[0]


@pytest.mark.parametrize("likeness", ["pairs", "batch"])
def test_setfit_learns_from_two_examples_of_each_label(folder, likeness):
    classifier = SetFitClassifier(
        model=folder, method="full", likeness=likeness, max_length=32, epochs=6, learning_rate=1e-3
    )
    chosen = [0, 1, 5, 6, 10, 11, 15, 16]
    classifier.fit([TEXTS[i] for i in chosen], [LABELS[i] for i in chosen])
    others = [i for i in range(len(TEXTS)) if i not in chosen]
    found = classifier.predict([TEXTS[i] for i in others])
    assert np.mean([a == LABELS[i] for a, i in zip(found, others, strict=True)]) > 0.6


def test_a_tagger_tells_several_labels(folder, tmp_path):
    labels = [tuple(text.split()) for text in MANY] + [()]
    tagger = MultiLabelTagger(model=folder, method="top", strength=1000.0, **FAST).fit(
        [*MANY, "is"], labels
    )
    assert tagger.classes_ == tuple(sorted({word for text in TEXTS for word in text.split()}))
    right = [
        set(found) == set(text.split()) for found, text in zip(tagger.predict(TEXTS), TEXTS, strict=True)
    ]
    assert np.mean(right) > 0.8
    write_state(tmp_path, tagger.get_state())
    again = MultiLabelTagger.from_settings(tagger.settings())
    again.set_state(read_state(tmp_path))
    assert again.predict(TEXTS) == tagger.predict(TEXTS)
    with pytest.raises(InputError, match="labels"):
        MultiLabelTagger(model=folder).fit(["a"], [()])


def test_a_regressor_tells_numbers_on_their_own_scale(folder):
    values = [100.0 + 10 * COLOURS.index(label) for label in LABELS]
    settings = FAST | {"epochs": 10, "learning_rate": 3e-3}
    regressor = TextRegressor(model=folder, method="full", strength=1000.0, **settings).fit(TEXTS, values)
    assert np.abs(regressor.predict(TEXTS) - values).mean() < 8.5  # 10 for whoever tells the mean
    with pytest.raises(InputError, match="finite"):
        regressor.fit(["a"], [float("nan")])


def test_no_model_is_an_error_that_says_what_to_set(monkeypatch):
    monkeypatch.delenv("WARMSTART_MODEL", raising=False)
    with pytest.raises(ConfigError, match="model"):
        FineTunedClassifier().fit(["a", "b"], ["x", "y"])


def test_a_setting_of_the_trainer_that_does_not_exist_is_refused(folder):
    with pytest.raises(ConfigError, match="dropout"):
        FineTunedClassifier(model=folder, trainer={"dropout": 0.1}).fit(TEXTS, LABELS)


def test_the_time_limit_is_kept(folder):
    limit = FAST | {"max_seconds": 1e-9, "epochs": 50}
    run = FineTunedClassifier(model=folder, method="top", **limit).fit(TEXTS, LABELS).tuned[0].run
    assert (run["steps"], run["stopped"]) == (1, "budget")
