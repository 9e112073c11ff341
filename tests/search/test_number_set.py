"""A set of numbers that lies in arrays."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from warmstart.search.number_set import NumberSet

numbers = st.lists(st.integers(-(2**63), 2**63 - 1) | st.integers(0, 20), max_size=8)
changes = st.lists(st.tuples(st.booleans(), numbers), max_size=12)


@given(changes, st.sampled_from([0, 3, 4_096]))
def test_it_holds_what_a_python_set_holds(changed: list[tuple[bool, list[int]]], few: int):
    some, expected = NumberSet(few), set[int]()
    for is_added, these in changed:
        (some.add if is_added else some.discard)(np.array(these, dtype=np.int64))
        expected = expected | set(these) if is_added else expected - set(these)
        asked = sorted({*expected, *these, 0, 5})
        assert some.holds(np.array(asked, dtype=np.int64)).tolist() == [n in expected for n in asked]
        assert len(some) == len(expected)


def test_many_numbers_take_eight_bytes_each():
    some = NumberSet()
    for start in range(0, 100_000, 10_000):
        some.add(np.arange(start, start + 10_000))
    assert len(some) == 100_000
    held = sum(getattr(some, name).nbytes for name in ("_sorted", "_late", "_gone"))
    assert held == 8 * 100_000
