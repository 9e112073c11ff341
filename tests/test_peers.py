"""The peers of the benchmarks, on the toy shop; each test needs the environment of `make peers`."""

import pickle
import sys

import numpy as np
import pytest

from tests.conftest import ROOT
from warmstart.core.errors import MissingExtraError
from warmstart.data.query import Query
from warmstart.data.records import Event
from warmstart.testing.toys import NEW_ITEMS, checkerboard


@pytest.fixture(scope="module", autouse=True)
def _benchmarks_on_the_path():
    sys.path.insert(0, str(ROOT / "benchmarks"))
    yield
    sys.path.remove(str(ROOT / "benchmarks"))


def _peer(name):
    from peers import PEERS

    (kind,) = [kind for kind in PEERS if kind().name == name]
    pytest.importorskip(kind.library)
    toy = checkerboard()
    peer = kind()
    peer.fit(toy.dataset)
    return peer, toy


NAMES = ("lenskit-knn", "lenskit-als", "rectools-ease", "rectools-knn", "lightfm")
pytestmark = pytest.mark.filterwarnings("default")  # the peers warn of their own libraries


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("group", [0, 1])
def test_a_newcomer_with_two_events_gets_the_items_of_the_same_group(name, group):
    peer, toy = _peer(name)
    listed = peer.retrieve(toy.user_query(group, 2), 8).item_ids
    assert len(listed) == 8
    assert all(item_id.startswith("ab"[group]) for item_id in listed)


@pytest.mark.parametrize("name", NAMES)
def test_a_stranger_gets_the_same_scores_as_somebody_with_items_without_events(name):
    peer, _ = _peer(name)
    events = [Event(user_id="x", item_id=item_id) for item_id in (*sorted(NEW_ITEMS), "nowhere")]
    scores = peer.score(Query())
    np.testing.assert_array_equal(scores, peer.score(Query(events=tuple(events))))
    assert np.isfinite(scores).sum() >= 24


@pytest.mark.parametrize("name", NAMES)
def test_only_the_hybrid_says_anything_about_new_items(name):
    peer, toy = _peer(name)
    scores = dict(zip(toy.dataset.item_ids, peer.score(toy.user_query(0)), strict=True))
    assert {bool(np.isfinite(scores[item_id])) for item_id in NEW_ITEMS} == {name == "lightfm"}


def test_the_hybrid_knows_new_items_by_their_words():
    peer, toy = _peer("lightfm")
    scores = dict(zip(toy.dataset.item_ids, peer.score(toy.user_query(0)), strict=True))
    assert scores["a-item-12"] > scores["b-item-12"]


def test_unfitted_peers_travel_to_another_process():
    from peers import PEERS

    for kind in PEERS:
        peer = kind(seed=7)
        assert pickle.loads(pickle.dumps(peer)) == peer


def test_a_missing_library_says_how_to_get_it():
    from peers.base import load

    with pytest.raises(MissingExtraError, match="make peers"):
        load("a_library_that_nobody_wrote")
