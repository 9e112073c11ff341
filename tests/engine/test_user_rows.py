"""Where each user's events stand, as a dict of lists would have it."""

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from warmstart.core import columns as c
from warmstart.engine.user_rows import UserRows

PEOPLE = ["ann", "bo", "李雷"]
users = st.lists(st.sampled_from(PEOPLE), max_size=12)


def places(people: list[str]) -> dict[str, list[int]]:
    return {user: [row for row, other in enumerate(people) if other == user] for user in PEOPLE}


def seen(rows: UserRows) -> dict[str, list[int]]:
    return {user: rows.of(user).tolist() for user in PEOPLE}


@given(people=users, data=st.data())
def test_rows_leave_and_change_hands_as_in_a_list_of_names(people, data):
    rows = UserRows(pl.DataFrame({c.USER_ID: people}, schema={c.USER_ID: pl.String}))
    assert seen(rows) == places(people)
    for _ in range(3):
        if data.draw(st.booleans()):
            old, new = data.draw(st.permutations(PEOPLE))[:2]
            both = np.sort(np.concatenate([rows.of(old), rows.of(new)]))
            rows.put(old, both[:0])
            rows.put(new, both)
            people = [new if user == old else user for user in people]
        else:
            gone = data.draw(st.sets(st.integers(0, len(people) - 1))) if people else set()
            stays = rows.drop(np.array(sorted(gone), dtype=np.int64))
            assert stays.tolist() == [row not in gone for row in range(len(people))]
            people = [user for row, user in enumerate(people) if row not in gone]
        assert seen(rows) == places(people)
        assert rows.user_ids() == set(people)
        assert rows.of("nobody").tolist() == []
