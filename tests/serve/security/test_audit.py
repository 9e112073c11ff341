import pytest

from warmstart.core.errors import InputError
from warmstart.roles.store import AUDIT, Store
from warmstart.serve.security.audit import Audit
from warmstart.serve.security.callers import Caller

ADMIN = Caller("k1", "shop", frozenset({"admin"}))


def test_what_was_done_is_kept_in_order_with_who_and_when(store: Store, clock) -> None:
    audit = Audit(store)
    audit.record(ADMIN, "key.create", made="k2", 名="值")
    clock.now += 5
    audit.record(ADMIN, "user.forget", deleted={"events": 3})
    first, second = audit.entries()
    assert (first.number, first.at, first.action, first.key_id, first.tenant) == (
        1,
        1000.0,
        "key.create",
        "k1",
        "shop",
    )
    assert (first.facts, second.facts) == ({"made": "k2", "名": "值"}, {"deleted": {"events": 3}})
    assert second.as_dict()["at"] == 1005.0


def test_reading_goes_on_where_it_ended(store: Store) -> None:
    audit = Audit(store)
    for i in range(5):
        audit.record(ADMIN, "refit", run=i)
    assert [act.facts["run"] for act in audit.entries(since=1, n=2)] == [1, 2]
    assert [act.number for act in audit.entries(since=3)] == [4, 5]
    assert list(audit.entries(since=5)) == []


def test_facts_may_have_any_name(store: Store) -> None:
    Audit(store).record(ADMIN, "x", action="a", caller="b", key_id="c", self="d")
    assert next(Audit(store).entries()).facts == {"action": "a", "caller": "b", "key_id": "c", "self": "d"}


@pytest.mark.parametrize("name", ["user_id", "visitor_id", "email"])
def test_facts_that_name_a_person_are_refused_and_nothing_is_written(store: Store, name: str) -> None:
    with pytest.raises(InputError, match=name):
        Audit(store).record(ADMIN, "user.forget", **{name: "ann"})
    assert list(store.read(log=AUDIT)) == []


def test_people_and_secrets_deeper_down_are_masked(store: Store) -> None:
    key = "ws_abcdefghij_" + "x" * 43
    Audit(store).record(ADMIN, "call", path="/v1/users/ann", body={"user_id": "ann", "note": key})
    facts = next(Audit(store).entries()).facts
    assert facts == {
        "path": "/v1/users/[user]",
        "body": {"user_id": "[user]", "note": "ws_abcdefghij_[redacted]"},
    }
