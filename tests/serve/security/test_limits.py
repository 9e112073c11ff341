"""Nobody gets more than the rate allows, and nobody is kept out for longer than told."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.serve.security.conftest import Clock
from warmstart.core.errors import ConfigError, InputError
from warmstart.serve.security.limits import RateLimiter

RATES = st.floats(0.1, 1000)
BURSTS = st.floats(1, 50)
STEPS = st.lists(st.tuples(st.floats(0, 2), st.floats(0, 80)), min_size=1, max_size=60)


@given(RATES, BURSTS, STEPS, st.sampled_from([None, 0.5, 300.0]))
def test_no_window_holds_more_than_the_rate_and_one_burst(rate, burst, steps, own):
    clock = Clock(0.0)
    limiter = RateLimiter(rate, burst, clock)
    taken = []
    for pause, cost in steps:
        clock.now += pause
        if limiter.take("k", cost, own) == 0:
            taken.append((clock.now, cost))
    largest = max([limiter.burst_of(own or rate), *(cost for _, cost in taken)])
    for i, (begin, _) in enumerate(taken):
        total = 0.0
        for end, cost in taken[i:]:
            total += cost
            assert total <= (own or rate) * (end - begin) + largest + 1e-6


@given(RATES, BURSTS, st.lists(st.tuples(st.floats(-5, 5), st.floats(0, 5)), max_size=60))
def test_a_clock_that_jumps_gives_no_more_than_its_way_forward(rate, burst, steps):
    clock = Clock(0.0)
    limiter = RateLimiter(rate, burst, clock)
    forward = total = 0.0
    for step, cost in steps:
        clock.now += step
        forward += max(0.0, step)
        if limiter.take("k", cost) == 0:
            total += cost
    assert total <= rate * forward + max(burst, 5) + 1e-6


@given(RATES, BURSTS, st.lists(st.floats(0, 80), min_size=1, max_size=30))
def test_whoever_waits_as_long_as_told_is_let_in(rate, burst, costs):
    clock = Clock(0.0)
    limiter = RateLimiter(rate, burst, clock)
    for cost in costs:
        wait = limiter.take("k", cost)
        clock.now += wait
        assert wait == 0 or limiter.take("k", cost) == 0


@given(RATES, st.integers(1, 50))
def test_after_a_rest_the_whole_burst_is_there_and_not_one_more(rate, burst):
    clock = Clock(0.0)
    limiter = RateLimiter(rate, burst, clock)
    for _ in range(2):
        assert [limiter.take("k") for _ in range(burst)] == [0.0] * burst
        assert limiter.take("k") == pytest.approx(1 / rate)
        clock.now += 2 * burst / rate


def test_after_the_clock_was_set_back_nobody_waits_longer_than_before():
    clock = Clock(10_000.0)
    limiter = RateLimiter(1, 1, clock)
    limiter.take("k")
    clock.now = 0.0
    assert limiter.take("k") == pytest.approx(1)
    clock.now = 1.0
    assert limiter.take("k") == 0


def test_keys_do_not_share_a_bucket():
    limiter = RateLimiter(1, 1, Clock())
    assert [limiter.take(name) for name in ("a", "b", "a")] == [0, 0, 1]


def test_a_rate_of_ones_own_brings_a_burst_of_as_many_seconds():
    limiter = RateLimiter(10, 20, Clock())
    assert sum(limiter.take("vip", rate=100) == 0 for _ in range(500)) == 200
    assert sum(limiter.take("slow", rate=0.01) == 0 for _ in range(500)) == 1


def test_what_costs_more_than_the_burst_is_paid_for_afterwards():
    clock = Clock(0.0)
    limiter = RateLimiter(10, 20, clock)
    assert limiter.take("k", 100) == 0
    assert limiter.take("k", 1) == pytest.approx(8.1)


def test_what_is_refused_costs_nothing():
    clock = Clock(0.0)
    limiter = RateLimiter(1, 1, clock)
    assert [limiter.take("k") for _ in range(4)] == [0, 1, 1, 1]


def test_memory_is_bounded_and_those_who_asked_last_are_remembered():
    limiter = RateLimiter(1, 1, Clock(), size=10)
    for i in range(100):
        limiter.take(f"k{i}")
        assert limiter.take("busy") == (0 if i == 0 else 1)
    assert len(limiter) == 10
    assert [limiter.take("k99"), limiter.take("k1")] == [1, 0]


def test_without_a_limit_only_keys_with_their_own_are_limited():
    limiter = RateLimiter(math.inf, 5, Clock())
    assert [limiter.take("k", 1000) for _ in range(3)] == [0, 0, 0]
    assert sum(limiter.take("slow", rate=1) == 0 for _ in range(50)) == 5
    assert len(limiter) == 1


@pytest.mark.parametrize("settings", [(0, 1), (-1, 1), (1, 0.5), (1, math.inf), (math.nan, 1)])
def test_a_limit_that_makes_no_sense_is_refused(settings):
    with pytest.raises(ConfigError, match="rate above 0"):
        RateLimiter(*settings)


@pytest.mark.parametrize("cost", [-1, math.nan, math.inf])
def test_a_cost_that_makes_no_sense_is_refused(cost):
    with pytest.raises(InputError, match="cost of 0 or more"):
        RateLimiter(1, 1).take("k", cost)
