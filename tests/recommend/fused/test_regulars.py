"""Whose events the tables were learned from."""

from hypothesis import given
from hypothesis import strategies as st

from warmstart.recommend.fused.regulars import Regulars


@given(st.dictionaries(st.text(max_size=8), st.integers(1, 70_000), max_size=30), st.integers(1, 500))
def test_everybody_is_found_again_and_nobody_else(items, n_items):
    regulars = Regulars.counting(items)
    for user_id, count in items.items():
        assert regulars.share(user_id, n_items) == min(1.0, min(count, 65_535) / n_items)
    assert regulars.share("nobody of this name", n_items) == 0.0
    assert regulars.share(None, n_items) == 0.0


def test_the_order_of_the_users_does_not_matter():
    one, other = Regulars.counting({"ann": 1, "bob": 2}), Regulars.counting({"bob": 2, "ann": 1})
    assert one.get_state()["keys"].tolist() == other.get_state()["keys"].tolist()
    assert one.get_state()["counts"].tolist() == other.get_state()["counts"].tolist()


def test_without_a_history_nothing_was_seen():
    assert Regulars.counting({"ann": 3}).share("ann", 0) == 0.0
