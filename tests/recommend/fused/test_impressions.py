"""What was shown and left alone stands lower itself, and is evidence of nothing else."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmstart.core.linear import FloatArray
from warmstart.data.query import Query
from warmstart.data.records import Event
from warmstart.recommend.evidence import SHOWN
from warmstart.recommend.fused.scorer import IMPRESSION, FusedScorer
from warmstart.testing.toys import WordEncoder, checkerboard

TOY = checkerboard("zh", crowd=True)
IDS = TOY.dataset.item_ids
MONTH = 30 * 86_400.0


@pytest.fixture(scope="module")
def fused() -> FusedScorer:
    return FusedScorer().fit(TOY.dataset, WordEncoder().fit(TOY.texts))


def did(item_id: str, kind: str = "impression", at: float | None = None) -> Event:
    return Event(user_id="u", item_id=item_id, event_type=kind, timestamp=at)


def scores(scorer: FusedScorer, *events: Event) -> FloatArray:
    return scorer.score(Query(events=events))


EVENTS = st.lists(
    st.builds(
        did, st.sampled_from([*IDS, "ghost"]), st.sampled_from([*SHOWN, "view", "purchase", "dislike"])
    ),
    max_size=12,
)


@given(EVENTS)
def test_only_what_was_shown_in_vain_sinks(fused: FusedScorer, events: list[Event]):
    unseen = scores(fused, *(event for event in events if event.event_type not in SHOWN))
    touched = {event.item_id for event in events if event.event_type not in SHOWN}
    in_vain = {event.item_id for event in events} - touched
    lower = scores(fused, *events) < unseen
    assert {IDS[i] for i in np.flatnonzero(lower)} == in_vain - {"ghost"}
    assert (scores(fused, *events) == unseen)[~lower].all()


def test_it_sinks_more_with_each_showing_and_less_with_time(fused: FusedScorer):
    place, bought = IDS.index(IDS[3]), did(IDS[0], "purchase", at=10 * MONTH)
    plain = scores(fused, bought)[place]
    lost = [
        plain - scores(fused, *(did(IDS[3], at=at) for at in shown), bought)[place]
        for shown in ([9 * MONTH], [10 * MONTH], [10 * MONTH] * 2, [10 * MONTH] * 9)
    ]
    assert lost == sorted(lost)
    assert lost[0] > 0
    assert lost[1] == pytest.approx(lost[2] / 1.5, abs=1e-4)
    assert lost[3] < 2 * lost[1]


def test_the_reason_is_told_with_what_it_takes(fused: FusedScorer):
    query = Query(events=(did(IDS[3]), did(IDS[0], "purchase")))
    told, other = fused.contributions(query, [IDS[3], IDS[5]])
    taken = [reason.value for reason in told if reason.kind == IMPRESSION]
    assert len(taken) == 1
    assert taken[0] < 0
    assert not [reason for reason in other if reason.kind == IMPRESSION]


def test_without_the_discount_impressions_are_ignored(fused: FusedScorer):
    deaf = FusedScorer(impression_discount=0.0).fit(TOY.dataset, WordEncoder().fit(TOY.texts))
    shown = [did(item_id) for item_id in IDS[:6]]
    assert (scores(deaf, *shown) == scores(deaf)).all()
    assert (scores(fused) == scores(deaf)).all()
