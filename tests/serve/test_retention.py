"""Events are kept for as long as a shop wants to."""

from __future__ import annotations

from warmstart.roles.store import Entry
from warmstart.serve.leases import Lease
from warmstart.serve.retention import DAY, EVERY, Retention
from warmstart.store import open_store

NOW = 100 * DAY


def entries(days_ago: float) -> list[Entry]:
    return [Entry(value={"event_type": "view"}, user_id="ann", at=NOW - days_ago * DAY)]


def test_what_is_too_old_goes_and_the_rest_stays():
    with open_store("memory://", clock=lambda: NOW) as store:
        store.append([*entries(31), *entries(29)])
        assert Retention(store, 30, clock=lambda: NOW).apply() == {"entries": 1, "records": 0}
        assert [entry.at for entry in store.read()] == [NOW - 29 * DAY]


def test_without_days_everything_stays():
    with open_store("memory://", clock=lambda: NOW) as store:
        store.append(entries(9999))
        assert not Retention(store, 0, clock=lambda: NOW).is_due


def test_it_looks_at_the_start_and_then_every_hour():
    moments = [NOW]
    with open_store("memory://", clock=lambda: moments[0]) as store:
        kept = Retention(store, 30, clock=lambda: moments[0])
        assert kept.is_due
        kept.apply()
        assert not kept.is_due
        moments[0] += EVERY
        assert kept.is_due


def test_one_worker_at_a_time():
    with open_store("memory://", clock=lambda: NOW) as store:
        store.append(entries(31))
        other = Lease(store, "retention", clock=lambda: NOW)
        assert other.take()
        kept = Retention(store, 30, clock=lambda: NOW)
        assert kept.apply() == {}
        other.release()
        assert kept.apply() == {"entries": 1, "records": 0}


def test_a_service_deletes_what_is_too_old(serving):
    with serving() as shop:
        shop.ask("/v1/items", {"item_id": "tea", "title": "Green tea"})
        store = shop.client.app.state.service.shops["default"].store
        store.append([Entry(value={"event_type": "view", "item_id": "tea"}, user_id="ann", at=DAY)])
        shop.ask("/v1/events", {"event_type": "view", "item_id": "tea", "user_id": "ann"})
    with serving(keep_days=30, follow_seconds=0.01) as shop:
        live = shop.client.app.state.service.shops["default"]
        shop.client.portal.call(live._look_around)
        kept = shop.client.get("/v1/users/ann/export", headers=shop.headers).json()
        assert len(kept["events"]) == 1
