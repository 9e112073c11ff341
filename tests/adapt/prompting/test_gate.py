"""The language model is asked only where it was seen to be better, beyond chance."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from tests.adapt.prompting.test_classifier import Said
from warmstart.adapt.prompting.gate import Gate, Verdict, gain_interval
from warmstart.adapt.prompting.gated import GatedClassifier, PromptingWarning
from warmstart.core.artifact import read_state, write_state
from warmstart.core.errors import ConfigError
from warmstart.roles.language_model import BudgetError
from warmstart.testing import WordEncoder

TEXTS = [f"{word} number {i}" for word in ("card", "money", "卡片") for i in range(12)]
LABELS = [label for label in ("arrival", "refund", "到货") for _ in range(12)]


def answer_by(right):
    """A classifier that is right on the texts for which the function says so."""
    truth = dict(zip(TEXTS, LABELS, strict=True))
    other = {"arrival": "refund", "refund": "到货", "到货": "arrival"}

    def teach(texts, labels):
        def answer(asked):
            assert not set(asked) & set(texts), "asked about what it has learned from"
            return [truth[t] if right(t) else other[truth[t]] for t in asked]

        return answer

    return teach


def number(text):
    return int(text.rsplit(" ", 1)[1])


@given(st.integers(0, 40), st.integers(0, 40), st.integers(0, 40))
def test_the_interval_is_that_of_the_exact_binomial_test(wins, losses, ties):
    cases = wins + losses + ties
    if wins + losses == 0:
        return
    low, high = gain_interval(wins, losses, cases)
    exact = binomtest(wins, wins + losses).proportion_ci(0.95, "exact")
    scale = (wins + losses) / cases
    np.testing.assert_allclose([low, high], [(2 * exact.low - 1) * scale, (2 * exact.high - 1) * scale])
    assert low - 1e-9 <= (wins - losses) / cases <= high + 1e-9
    np.testing.assert_allclose(gain_interval(losses, wins, cases), (-high, -low), atol=1e-9)


def test_the_gate_opens_by_chance_in_few_of_a_hundred_shops():
    rng = np.random.default_rng(0)
    opened = 0
    for _ in range(2000):
        right = rng.random((2, 60)) < 0.7
        wins, losses = (right[1] & ~right[0]).sum(), (right[0] & ~right[1]).sum()
        opened += gain_interval(int(wins), int(losses), 60)[0] > 0
    assert opened / 2000 <= 0.025


def test_a_clear_gain_opens_the_gate_and_says_so():
    found = Gate().judge(TEXTS, LABELS, answer_by(lambda t: number(t) % 2), answer_by(lambda t: True))
    assert found.use
    assert found.levels[-1].gain == 0.5
    assert found.levels[-1].cases == 36
    assert found.why.startswith(
        "The language model answers: on 36 held-out texts, with 9 examples per label"
    )
    assert "right in 1.00 and the cheap classifier in 0.50" in found.why


@pytest.mark.parametrize(
    ("cheap", "prompted"),
    [
        (lambda t: True, lambda t: True),
        (lambda t: True, lambda t: number(t) > 6),
        (lambda t: number(t) != 5 or "c" not in t, lambda t: True),
    ],
    ids=["equal", "worse", "a little better"],
)
def test_less_than_a_clear_gain_leaves_it_closed(cheap, prompted):
    found = Gate().judge(TEXTS, LABELS, answer_by(cheap), answer_by(prompted))
    assert not found.use
    assert found.why.startswith("The cheap classifier answers")


def test_a_gain_must_be_above_what_it_costs():
    pair = answer_by(lambda t: number(t) % 2), answer_by(lambda t: True)
    assert Gate(worth=0.2).judge(TEXTS, LABELS, *pair, levels=(1,)).levels[0].use
    assert not Gate(worth=0.45).judge(TEXTS, LABELS, *pair).use


def test_each_level_learns_from_so_many_examples_and_asks_the_same_texts():
    learned = []

    def teach(texts, labels):
        learned.append({label: labels.count(label) for label in set(labels)})
        return lambda asked: ["refund"] * len(asked)

    found = Gate(folds=3, max_cases=15).judge(TEXTS, LABELS, teach, teach, levels=(1, 4, 999))
    assert [(level.shots, level.cases) for level in found.levels] == [(1, 15), (4, 15), (8, 15)]
    assert all(set(counts.values()) <= {1, 4, 8} and len(counts) == 3 for counts in learned)


def test_the_only_example_of_a_label_is_always_learned_from():
    seen = []

    def teach(texts, labels):
        seen.append("once" in labels)
        return lambda asked: ["refund"] * len(asked)

    found = Gate().judge([*TEXTS, "rare"], [*LABELS, "once"], teach, teach)
    assert all(seen)
    assert found.levels[-1].cases == 36
    alone = Gate().judge(["a", "b"], ["x", "y"], teach, teach)
    assert (alone.use, alone.levels) == (False, ())
    assert "none can be held out" in alone.why


def test_order_of_examples_and_names_of_labels_mean_nothing():
    def teach(texts, labels):
        by_word = {text.split()[0]: label for text, label in zip(texts, labels, strict=True)}
        return lambda asked: [by_word[t.split()[0]] if number(t) % 3 else "?" for t in asked]

    order = np.random.default_rng(0).permutation(len(TEXTS))
    names = {"arrival": "z", "refund": "y", "到货": "x"}
    one = Gate(max_cases=20).judge(TEXTS, LABELS, teach, teach)
    other = Gate(max_cases=20).judge(
        [TEXTS[i] for i in order], [names[LABELS[i]] for i in order], teach, teach
    )
    assert one == other


def test_a_verdict_survives_json():
    found = Gate().judge(
        TEXTS, LABELS, answer_by(lambda t: number(t) % 2), answer_by(lambda t: True), levels=(2,)
    )
    assert Verdict.from_json(found.to_json()) == found


def encoder():
    return WordEncoder().fit([*TEXTS, "card money 卡片"])


def knowing(prompt):
    return next(label for word, label in WORDS.items() if word in prompt.question)


WORDS = {"card": "arrival", "money": "refund", "卡片": "到货"}


def gated(model, **settings):
    classifier = GatedClassifier(**{"cheap": "prior", "cheap_settings": {}} | settings)
    classifier.use_language_model(model)
    return classifier


def test_a_knowing_model_gets_past_a_cheap_one_that_knows_nothing():
    model = Said(knowing)
    classifier = gated(model).fit(TEXTS, LABELS, encoder=encoder())
    assert classifier.verdict.use
    assert classifier.predict(["my money", "我的卡片"]) == ["refund", "到货"]
    assert "gain of +0.67" in classifier.explain()


def test_a_model_that_adds_nothing_is_never_asked_again():
    model = Said(knowing)
    classifier = gated(model, cheap="prototype").fit(TEXTS, LABELS, encoder=encoder())
    asked = len(model.seen)
    assert not classifier.verdict.use
    assert asked == 36
    assert classifier.predict(["my money"]) == ["refund"]
    assert len(model.seen) == asked
    assert "number 3" not in str(classifier.get_state())  # nor are the examples kept


def test_the_verdict_is_saved_and_holds_for_that_model_alone(tmp_path):
    classifier = gated(Said(knowing)).fit(TEXTS, LABELS, encoder=encoder())
    write_state(tmp_path, classifier.get_state())

    def loaded(model):
        other = gated(model)
        other.set_state(read_state(tmp_path))
        other.use_encoder(encoder())
        return other

    same = loaded(Said(knowing))
    assert same.verdict == classifier.verdict
    assert same.predict(["my money"]) == ["refund"]

    class Other(Said):
        @property
        def identity(self):
            return "another"

    with pytest.warns(PromptingWarning, match="measured was said"):
        assert loaded(Other(knowing)).predict(["my money"]) == ["arrival"]


def out_of_money(prompt):
    raise BudgetError(expected="at most 3 calls", found="a fourth", todo="Raise it.")


def test_a_model_that_gives_up_leaves_the_answer_to_the_cheap_one():
    never = gated(Said(out_of_money)).fit(TEXTS, LABELS, encoder=encoder())
    assert "gave up (a fourth)" in never.explain()
    assert never.predict(["my money"]) == ["arrival"]
    model = Said(knowing)
    later = gated(model).fit(TEXTS, LABELS, encoder=encoder())
    model.answer = out_of_money
    with pytest.warns(PromptingWarning, match="at most 3 calls"):
        assert later.predict(["my money"]) == ["arrival"]


def test_the_gate_keeps_no_gate():
    with pytest.raises(ConfigError, match="cheap"):
        gated(Said("a"), cheap="gated").fit(TEXTS, LABELS, encoder=encoder())
