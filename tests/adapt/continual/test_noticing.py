"""Drift, schedules, what is kept and what is forgotten."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmstart.adapt.continual.buffer import ReplayBuffer
from warmstart.adapt.continual.drift import Drift, RefitSchedule, measure_drift, novelty
from warmstart.adapt.continual.forgetting import Forgetting
from warmstart.core.errors import ConfigError, InputError

TEXTS = (["red shoes"], ["red shoes"])


def rows(seed: int, shift: float = 0.0, n: int = 60) -> np.ndarray:
    return (np.random.default_rng(seed).normal(size=(n, 5)) + shift).astype(np.float32)


def test_texts_of_the_same_kind_do_not_drift():
    p_values = [measure_drift(rows(seed), rows(seed + 100), texts=TEXTS).p_value for seed in range(20)]
    assert sum(p < 0.05 for p in p_values) <= 4  # about one in twenty
    assert min(p_values) > 0.001


def test_texts_of_another_kind_do():
    found = measure_drift(rows(0), rows(1, shift=1.0), texts=(["red shoes"], ["garden hose"]))
    assert found.p_value < 0.01
    assert found.distance > 0.05
    assert found.novelty == 1.0


def test_old_and_new_may_change_places():
    one = measure_drift(rows(0), rows(1, 0.5), texts=TEXTS)
    other = measure_drift(rows(1, 0.5), rows(0), texts=TEXTS)
    assert one.distance == pytest.approx(other.distance)


def test_too_few_texts_are_an_error():
    with pytest.raises(InputError, match="two"):
        measure_drift(rows(0, n=1), rows(1), texts=TEXTS)


def test_words_in_chinese_are_counted():
    assert novelty(["蓝色 降噪 耳机"], ["蓝色 降噪 耳机"]) == 0.0
    assert novelty(["蓝色 降噪 耳机"], ["花园 水管"]) == 1.0
    assert novelty(["red"], []) == 0.0


@pytest.mark.parametrize(
    ("days", "drift", "due"),
    [
        (6.9, None, False),
        (7.0, None, True),
        (1.0, Drift(distance=0.1, p_value=0.001, novelty=0.2), True),
        (1.0, Drift(distance=0.1, p_value=0.001, novelty=0.01), False),
        (1.0, Drift(distance=0.1, p_value=0.2, novelty=0.5), False),
    ],
)
def test_a_refit_is_due_in_time_or_when_the_words_change(days, drift, due):
    assert bool(RefitSchedule().due(days, drift)) == due


def test_a_schedule_that_makes_no_sense_is_refused():
    with pytest.raises(ConfigError, match="every_days"):
        RefitSchedule(every_days=0)


@given(st.integers(1, 10), st.integers(0, 30), st.integers(0, 5))
def test_a_buffer_holds_what_it_may_and_only_what_came(capacity, count, seed):
    buffer = ReplayBuffer(capacity, seed=seed)
    buffer.add(range(count))
    assert len(buffer.examples) == min(capacity, count) == len(set(buffer.examples))
    assert set(buffer.examples) <= set(range(count))
    again = ReplayBuffer.from_state(buffer.get_state())
    again.add([99])
    buffer.add([99])
    assert again.get_state() == buffer.get_state()


def test_every_example_has_the_same_chance_to_stay():
    kept: Counter[int] = Counter()
    for seed in range(600):
        buffer = ReplayBuffer(5, seed=seed)
        buffer.add(range(20))
        kept.update(buffer.examples)
    assert all(110 < kept[example] < 190 for example in range(20))  # 150 expected, sd about 11


def test_what_was_forgotten_is_gone():
    buffer = ReplayBuffer(10)
    buffer.add([{"user": "ann"}, {"user": "bob"}])
    assert buffer.forget(lambda example: example["user"] == "ann") == 1
    assert buffer.examples == [{"user": "bob"}]


def test_one_task_cannot_be_forgotten():
    told = Forgetting(qualities=[[0.5]], before=[0.1])
    assert (told.average, told.forgotten, told.backward, told.forward) == (0.5, 0.0, 0.0, 0.0)


def test_a_table_that_is_not_square_is_refused():
    with pytest.raises(InputError, match="square"):
        Forgetting(qualities=[[0.5, 0.2]], before=[0.1])
