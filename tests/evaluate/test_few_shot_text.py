"""Few-shot text: what is drawn, what is asked, what is measured."""

import warnings
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmstart.core import columns as c
from warmstart.core.errors import ConfigError, InputError
from warmstart.data.dataset import Dataset
from warmstart.data.reader import read_shop
from warmstart.data.schema import empty_table
from warmstart.evaluate.methods import RandomMethod
from warmstart.evaluate.protocols.few_shot_text import FEW_SHOT_TEXT, METHODS, ClassifierMethod
from warmstart.evaluate.protocols.text_exam import StruckWarning, draw, make_exam, make_inner
from warmstart.evaluate.report import render_html
from warmstart.evaluate.run import evaluate
from warmstart.roles.classifier import Classifier
from warmstart.tasks.classify.prior import PriorClassifier
from warmstart.tasks.classify.prototype import PrototypeClassifier

COLOURS = {"red": "rot", "blue": "blau", "green": "gruen"}


def shop(*more: tuple[str, str, str], unlabelled: tuple[str, ...] = ()) -> Dataset:
    """Twelve examples and eight questions of each of three labels, whose first word gives it away."""
    rows = [
        (f"{word} {split} {i}", label, split)
        for label, word in COLOURS.items()
        for split, n in (("train", 12), ("test", 8))
        for i in range(n)
    ]
    labels = pl.DataFrame([*rows, *more], schema=[c.TEXT, c.LABEL, c.SPLIT], orient="row")
    texts = pl.DataFrame({c.TEXT: list(unlabelled)}, schema={c.TEXT: pl.String})
    return Dataset(name="colours", items=empty_table("items"), labels=labels, unlabelled=texts)


def exam(dataset: Dataset, seed: int = 0, sample: int | None = None) -> Any:
    return FEW_SHOT_TEXT.prepare(dataset, seed, sample)


@dataclass(kw_only=True)
class FirstWord(Classifier):
    """Knows the first word of each label; of others it says so."""

    def _fit(self, texts, codes, unlabelled):
        self.words_ = [next(t for t, code in zip(texts, codes, strict=True) if code == i) for i in range(3)]

    def _predict(self, texts):
        words = [word.split()[0] for word in self.words_]
        return np.array([[0.9 if t.startswith(word) else 0.05 for word in words] for t in texts])


def test_every_method_gets_the_same_examples_and_more_shots_add_to_fewer():
    one, two = exam(shop()), exam(shop())
    assert all((one.examples[n] == two.examples[n]).all() for n in one.examples)
    assert list(one.examples) == [1, 2, 4, 8]
    for fewer, more in ((1, 2), (2, 4), (4, 8)):
        assert set(one.examples[fewer]) < set(one.examples[more])
        assert np.bincount(one.labels[one.examples[more]]).tolist() == [more] * 3


def test_another_seed_draws_other_examples_and_asks_the_same_texts():
    one, other = exam(shop(), 0, 10), exam(shop(), 1, 10)
    assert set(one.examples[4]) != set(other.examples[4])
    assert one.questions == other.questions
    assert len(one.questions) == 10


@given(st.lists(st.integers(0, 3), min_size=1, max_size=40), st.integers(0, 5))
def test_no_label_gives_more_than_it_is_asked_for_or_less_than_it_has(codes, seed):
    labels = np.array(codes)
    has = np.bincount(labels, minlength=4)
    for n, chosen in draw(labels, seed, (1, 2, 8)).items():
        got = np.bincount(labels[chosen], minlength=4)
        assert (got == np.minimum(has, n)).all()


@pytest.mark.parametrize(
    "planted",
    [
        shop(("Rot  TEST 3", "red", "train")),
        shop(unlabelled=("ＲＯＴ test 3",)),
    ],
)
def test_a_planted_leak_is_seen_reported_and_not_asked(planted):
    with pytest.warns(StruckWarning, match="1 of 24 texts .* 'rot test 3'"):
        found = exam(planted)
    assert "rot test 3" not in found.questions
    assert len(found.questions) == 23


def test_a_clean_shop_is_asked_in_full_and_in_silence():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(exam(shop()).questions) == 24


def test_a_label_without_examples_is_reported_and_not_asked():
    with pytest.warns(StruckWarning, match="purple"):
        found = exam(shop(("lila test", "purple", "test")))
    assert found.classes == ("blue", "green", "red")


def test_texts_of_no_label_are_asked_and_never_learned():
    strange = [
        ("what is love", "oos", "oos_test"),
        ("never asked", "oos", "oos_val"),
        ("never learned", "oos", "oos_train"),
        ("who am i", "out_of_scope", "test"),
    ]
    found = exam(shop(*strange))
    assert sorted(found.outside) == ["what is love", "who am i"]
    assert "oos" not in found.classes
    assert not {"never asked", "never learned"} & {*found.texts, *found.questions}


def test_without_a_test_split_the_next_best_is_asked_and_without_any_a_share():
    validated = shop().labels.with_columns(pl.col(c.SPLIT).replace("test", "dev"))
    assert len(make_exam(validated, (), 0, None).questions) == 24
    unsplit = shop().labels.with_columns(pl.lit(None, dtype=pl.String).alias(c.SPLIT))
    one, other = (make_exam(unsplit, (), seed, None) for seed in (0, 1))
    assert one.questions == other.questions
    assert np.bincount(one.answers).tolist() == [6, 6, 6]
    assert not set(one.questions) & set(one.texts)


@pytest.mark.parametrize(
    "labels",
    [empty_table("labels"), shop().labels.filter(pl.col(c.SPLIT) == "test"), shop().labels[:20]],
)
def test_too_little_is_a_clear_error(labels):
    with pytest.raises(InputError, match="labels file"):
        make_exam(labels, (), 0, None)


def test_settings_are_compared_on_training_texts_that_are_no_examples():
    outer = exam(shop())
    inner = make_inner(outer, 0, 10)
    learned = {inner.texts[i] for chosen in inner.examples.values() for i in chosen}
    assert len(inner.questions) == 10
    assert not learned & set(inner.questions)
    assert set(inner.questions) <= set(outer.texts)


def test_a_classifier_that_knows_is_right_and_the_prior_is_chance():
    dataset = shop(("hello there", "oos", "oos_test"))
    methods = [FirstWord(), PriorClassifier()]
    done = evaluate(dataset, "few-shot-text", seeds=(0, 1), methods=methods, resamples=100)
    rows = {(r.method, r.metric): r for r in done.select(shots=4)}
    assert rows["FirstWord", "accuracy"].value == rows["FirstWord", "macro-F1"].value == 1
    assert rows["FirstWord", "ECE"].value == pytest.approx(0.1)
    assert rows["PriorClassifier", "accuracy"].value == pytest.approx(1 / 3)
    assert rows["FirstWord", "AUROC"].value == 1
    assert rows["PriorClassifier", "AUROC"].value == 0.5
    assert rows["FirstWord", "AUROC"].candidates == "out-of-scope"
    assert rows["FirstWord", "accuracy"].cases == 48
    told = [point for point in done.reliability if point.method == "FirstWord" and point.shots == 1]
    assert [(round(p.confidence, 3), p.accuracy, p.cases) for p in told] == [(0.9, 1.0, 48)]


def test_single_texts_can_be_read():
    done = evaluate(
        shop(),
        "few-shot-text",
        seeds=(0,),
        methods=[FirstWord(), PriorClassifier()],
        focus="FirstWord",
        resamples=50,
    )
    won = next(story for story in done.stories if story.kind == "win")
    assert won.name in won.asked
    assert [listed.gain for listed in won.lists["FirstWord"]] == [1.0, 0.0, 0.0]
    assert won.lists["FirstWord"][0].title == won.wanted[0]


def test_every_method_of_the_protocol_runs_on_english_and_chinese():
    pytest.importorskip("sklearn", reason="needs the extra 'evaluate'")
    chinese = [
        (f"{word}{'很好吗不错'[i]}{split}", label, split)
        for word, label in (("物流", "delivery"), ("质量", "quality"))
        for split in ("train", "test")
        for i in range(5)
    ]
    dataset = shop(*chinese, unlabelled=("物流 快", "质量 差", "rot", "blau"))
    done = evaluate(dataset, "few-shot-text", seeds=(0,), encoder="catalogue", resamples=20)
    assert done.methods == METHODS
    best = {r.method: r.value for r in done.select(shots=8, metric="accuracy")}
    assert best["tfidf-logistic"] > 0.9
    assert best["prior"] < 0.4
    assert all(cost.query_ms_p50 > 0 for cost in done.cost)


def test_methods_are_named_set_and_copied():
    built = FEW_SHOT_TEXT.build("prototype+names", "catalogue")
    assert isinstance(built, ClassifierMethod)
    assert built.component == PrototypeClassifier(label_names=True)
    assert built.with_component(PriorClassifier()).classifier == PriorClassifier()
    copied = FEW_SHOT_TEXT.build(built)
    assert isinstance(copied, ClassifierMethod)
    assert copied is not built


def test_a_method_that_labels_nothing_is_refused():
    with pytest.raises(ConfigError, match=r"prototype\+names"):
        FEW_SHOT_TEXT.build("popularity")
    with pytest.raises(ConfigError, match="labels texts"):
        FEW_SHOT_TEXT.answer(exam(shop()), RandomMethod(), "")


@pytest.mark.parametrize(
    ("name", "classes", "questions", "outside", "struck"),
    [("banking77", 77, 3073, 0, 7), ("clinc150", 150, 4498, 1000, 2), ("eprstmt_zh", 2, 565, 0, 45)],
)
def test_the_shared_texts_hold_leaks_of_their_own(shared_data, name, classes, questions, outside, struck):
    dataset, _ = read_shop(shared_data(name))
    with pytest.warns(StruckWarning, match=f"^{struck} of "):
        found = exam(dataset)
    assert (len(found.classes), max(found.examples)) == (classes, 64)
    assert (len(found.questions), len(found.outside)) == (questions, outside)


def test_a_text_that_two_methods_place_alike_is_a_tie_though_their_auroc_differs():
    more = [(f"something else {i}", "oos", "test") for i in range(2)]
    asked = replace(exam(shop(*more)), examples={1: np.arange(3)})
    size = len(asked.questions)

    def told(*outside: float) -> dict[str, Any]:
        sure = {"1 labels": asked.answers[:, None], "1 confidence": np.ones(size)}
        return sure | {"1 inside": np.full(size, 0.5), "1 outside": np.array(outside)}

    given = {"right": {0: told(0.9, 0.9)}, "half": {0: told(0.9, 0.1)}}
    block = FEW_SHOT_TEXT.measure({0: asked}, given)[1]
    right, half = (block.by_case((name, "AUROC")) for name in given)
    assert (right.mean(), half.mean()) == (1.0, 0.5)
    assert (right - half).tolist() == [0.5] * size + [0.0, 1.0]


def test_the_page_draws_the_texts_of_no_label_by_their_own_metric():
    more = [(f"something else {i}", "oos", "test") for i in range(2)]
    found = evaluate(shop(*more), "few-shot-text", seeds=(0,), methods=["prior", FirstWord()], resamples=20)
    page = render_html(found)
    assert "AUROC by number of" in page
    assert "accuracy by number of" in page


def test_a_classifier_that_gives_no_number_is_named():
    @dataclass(kw_only=True)
    class Silent(FirstWord):
        def _predict(self, texts):
            return super()._predict(texts) * np.nan

    with pytest.raises(InputError, match=r"from method 'Silent'; found 24 of 24 that are NaN"):
        evaluate(shop(), "few-shot-text", seeds=(0,), methods=[Silent()], resamples=20)
