"""One contract for every backend."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import chain

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.store.conftest import Clock
from tests.store.model import STEPS, Model, seen
from warmstart.core.errors import InputError
from warmstart.roles.store import AUDIT, EVENTS, ITEMS, PAGE, USERS, Entry, Record
from warmstart.store.errors import StoreError

FEW = settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])


@FEW
@given(steps=st.lists(st.tuples(st.booleans(), STEPS), max_size=14))
def test_it_does_what_plain_dicts_do_and_no_tenant_sees_another(backend, steps):
    clock = Clock()
    stores = [backend.on(clock), backend.on(clock)]
    models = [Model(clock), Model(clock)]
    for second, (name, args, kwargs) in steps:
        if name == "clock":
            clock.now += args[0]
            continue
        expected = getattr(models[second], name)(*args, **kwargs)
        assert getattr(stores[second], name)(*args, **kwargs) == expected
    assert [seen(store) for store in stores] == [model.seen() for model in models]


ANY_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@FEW
@given(values=st.lists(ANY_JSON, min_size=1, max_size=30))
def test_every_json_value_comes_back_as_it_went_in(backend, values):
    store = backend.fresh()
    values += ["\ud83d half of an emoji", "\x00", "茶", 10**30]
    store.put("settings", [Record(key=f"{i:03}", value=value) for i, value in enumerate(values)])
    store.append([Entry(value=value) for value in values])
    expected = json.dumps(values)
    assert json.dumps([record.value for record in store.scan("settings")]) == expected
    assert json.dumps([entry.value for entry in store.read()]) == expected


@FEW
@given(keys=st.sets(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1)))
def test_keys_are_ordered_by_code_point_and_pages_neither_repeat_nor_skip(backend, keys):
    store = backend.fresh()
    store.put(ITEMS, [Record(key=key, value=1) for key in keys])
    assert [record.key for record in store.scan(ITEMS)] == sorted(keys)
    paged, after = [], ""
    while page := list(store.scan(ITEMS, after=after, n=2)):
        paged += page
        after = page[-1].key
    assert [record.key for record in paged] == sorted(keys)


def test_long_logs_and_long_lists_are_read_to_their_end(store):
    size = 2 * PAGE + 1
    assert store.append([Entry(value=i, key=f"k{i}") for i in range(size)]) == list(range(1, size + 1))
    store.put(ITEMS, [Record(key=f"{i:05}", value=i) for i in range(size)])
    assert [entry.value for entry in store.read()] == list(range(size))
    assert [record.value for record in store.scan(ITEMS)] == list(range(size))
    assert [entry.value for entry in store.read(since=size - 2)] == [size - 2, size - 1]
    assert len(list(store.read(n=PAGE + 5))) == PAGE + 5
    assert list(store.read(n=0)) == []


def test_an_event_sent_twice_is_kept_once_also_within_one_call(store):
    first, again = Entry(value="first", key="k"), Entry(value="again", key="k")
    assert store.append([first, Entry(value="other"), again]) == [1, 2, 1]
    assert store.append([Entry(value="more"), again]) == [3, 1]
    assert [entry.value for entry in store.read()] == ["first", "other", "more"]
    assert store.append([again], log="changes") == [1]


def test_numbers_are_never_used_twice(backend, clock):
    store = backend.on(clock)
    store.append([Entry(value=i, user_id="ann", at=0.0) for i in range(3)])
    store.forget("ann")
    assert store.append([Entry(value=3, at=0.0)]) == [4]
    store.compact(before=10.0)
    assert store.append([Entry(value=4)]) == [5]


def test_a_clock_that_goes_backwards_does_not_reorder(backend, clock):
    store = backend.on(clock)
    for i in range(5):
        clock.now = 1000.0 - 100 * i
        store.append([Entry(value=i)])
    found = list(store.read())
    assert [(entry.number, entry.value) for entry in found] == [(i + 1, i) for i in range(5)]
    assert [entry.at for entry in found] == [1000.0, 900.0, 800.0, 700.0, 600.0]


def test_retention_goes_by_when_it_happened_and_keeps_the_moment_itself(backend, clock):
    store = backend.on(clock)
    store.append([Entry(value=at, at=at, key=f"k{at}") for at in (30.0, 10.0, 20.0, 19.9)])
    store.append([Entry(value=0, at=1.0)], log="changes")
    store.put("answers", [Record(key=f"{at}", value=0, expires_at=at) for at in (999.0, 1000.0, 1001.0)])
    assert store.compact(before=20.0) == {"entries": 2, "records": 2}
    assert [entry.value for entry in store.read()] == [30.0, 20.0]
    assert store.append([Entry(value=5, at=10.0, key="k10.0")]) == [5]
    assert store.describe().entries == {"events": 3, "changes": 1}


def test_of_many_that_claim_a_key_one_gets_it(store):
    def claim(i):
        return store.put("answers", [Record(key="request", value=i)], only_new=True)

    with ThreadPoolExecutor(8) as threads:
        won = list(threads.map(claim, range(24)))
    assert sorted(won) == [0] * 23 + [1]
    assert store.get("answers", "request").value == won.index(1)


def test_an_expired_key_can_be_claimed_again(backend, clock):
    store = backend.on(clock)
    claim = [Record(key="request", value="old", expires_at=1500.0)]
    assert store.put("answers", claim, only_new=True) == 1
    clock.now = 1499.0
    assert store.put("answers", claim, only_new=True) == 0
    clock.now = 1500.0
    assert store.get("answers", "request") is None
    assert store.put("answers", [Record(key="request", value="new")], only_new=True) == 1
    assert store.get("answers", "request").value == "new"


def test_threads_that_write_at_once_get_numbers_without_gaps_and_readers_miss_none(store):
    followed: list[Entry] = []
    ready = threading.Event()

    def write(user):
        return [store.append([Entry(value=i, user_id=user, key=f"{user}-{i}")])[0] for i in range(15)]

    def own(user):
        return [entry.number for entry in store.read(user_id=user)]

    def follow():
        while len(followed) < 90:
            followed.extend(store.read(since=followed[-1].number if followed else 0))
            if ready.is_set() and len(followed) < 90:
                followed.extend(store.read(since=followed[-1].number))
                return

    reader = threading.Thread(target=follow)
    reader.start()
    with ThreadPoolExecutor(6) as threads:
        numbers = list(threads.map(write, [f"user-{i}" for i in range(6)]))
    ready.set()
    reader.join()
    assert sorted(chain(*numbers)) == list(range(1, 91))
    assert [entry.number for entry in followed] == list(range(1, 91))
    assert [own(f"user-{i}") for i in range(6)] == numbers
    assert [[e.value for e in store.read(user_id=f"user-{i}")] for i in range(6)] == [list(range(15))] * 6


def test_one_bad_entry_stops_the_call_and_nothing_of_it_is_written(store):
    for bad in (Entry(value={1, 2}), Entry(value=float("nan")), Entry(value=1, at=float("inf"))):
        with pytest.raises(InputError):
            store.append([Entry(value="good"), bad])
    store.append([Entry(value="kept")])
    with pytest.raises(InputError, match="numbers above 1"):
        store.append([Entry(value="good", number=1)])
    with pytest.raises(InputError, match="rise"):
        store.append([Entry(value="good", number=9), Entry(value="bad", number=8)])
    with pytest.raises(InputError, match="JSON"):
        store.put(ITEMS, [Record(key="a", value=1), Record(key="b", value=object())])
    assert [entry.value for entry in store.read()] == ["kept"]
    assert list(store.scan(ITEMS)) == []


def test_what_one_caller_did_wrong_does_not_touch_those_who_wrote_with_them(store):
    store.append([Entry(value=0)])

    def write(i):
        try:
            return store.append([Entry(value=i, number=1 if i % 3 == 0 else None)])
        except InputError:
            return "refused"

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(write, range(24)))
    assert [i for i, answer in enumerate(answers) if answer == "refused"] == list(range(0, 24, 3))
    assert sorted(entry.value for entry in store.read()) == [0, *(i for i in range(24) if i % 3)]


@pytest.mark.parametrize("key", ["", "a\0b", "\ud83d", "x" * 513, 7, None, b"a"])
def test_keys_that_some_backend_could_not_keep_are_refused_by_all(store, key):
    for call in (
        lambda: store.get(ITEMS, key),
        lambda: store.put(ITEMS, [Record(key=key, value=1)]),
        lambda: store.delete(ITEMS, [key]),
        lambda: store.forget(key),
        lambda: store.merge(key, "ann"),
    ):
        with pytest.raises(InputError, match="expected a string"):
            call()


@pytest.mark.parametrize("name", ["", "Upper", "a b", "x" * 65, "a'; DROP TABLE entries; --", "..", 7])
def test_names_are_plain(store, name):
    for call in (
        lambda: store.tenant(name),
        lambda: store.append([], log=name),
        lambda: list(store.scan(name)),
        lambda: store.compact(log=name),
    ):
        with pytest.raises(InputError):
            call()


@pytest.mark.parametrize("hostile", ["' OR 1=1 --", "%s", "?", "%", "_", "\\", "{key}", "a\nb", " "])
def test_hostile_ids_are_only_ids(store, hostile):
    store.append([Entry(value=1, user_id="ann", key="k"), Entry(value=2, user_id=hostile, key=hostile)])
    store.put(USERS, [Record(key="ann", value={}), Record(key=hostile, value={"x": hostile})])
    assert store.get(USERS, hostile).value == {"x": hostile}
    assert [entry.value for entry in store.read(user_id=hostile)] == [2]
    assert store.forget(hostile) == {EVENTS: 1, USERS: 1}
    assert [entry.value for entry in store.read()] == [1]
    assert [record.key for record in store.scan(USERS)] == ["ann"]


def test_the_audit_log_names_no_user_and_outlives_a_forgetting(store):
    with pytest.raises(InputError, match="audit"):
        store.append([Entry(value="forgot", user_id="ann")], log=AUDIT)
    store.append([Entry(value={"by": "key-1", "did": "forget"})], log=AUDIT)
    store.append([Entry(value=1, user_id="ann")])
    assert store.forget("ann") == {EVENTS: 1}
    assert [entry.value["did"] for entry in store.read(log=AUDIT)] == ["forget"]


def test_forgetting_removes_what_tells_of_a_user_and_no_item(store):
    store.put(ITEMS, [Record(key="tea", value={"title": "Green tea"})])
    store.put(USERS, [Record(key="ann", value={"city": "Berlin"})])
    store.put("answers", [Record(key="r1", value=[], user_id="ann"), Record(key="r2", value=[])])
    store.append([Entry(value={"item_id": "tea"}, user_id="ann", key="k")])
    assert store.forget("ann") == {EVENTS: 1, USERS: 1, "answers": 1}
    assert store.forget("ann") == {}
    assert store.describe().records == {ITEMS: 1, "answers": 1}
    assert store.append([Entry(value={"item_id": "tea"}, user_id="ann", key="k")]) == [2]


def test_one_entry_is_removed_and_the_others_stay_as_they_were(store):
    entries = [Entry(value=i, user_id="ann", key=f"k{i}", at=float(i)) for i in range(3)]
    store.append([*entries, Entry(value=3, user_id="bo")])
    others = [entry for entry in store.read() if entry.number != 2]
    note = Entry(value={"taken": [2]}, user_id="ann")
    assert store.remove([2, 4, 99], user_id="ann", noted=note, noted_in="changes") == [2]
    assert list(store.read()) == others
    assert [entry.value for entry in store.read(log="changes")] == [{"taken": [2]}]
    assert store.remove([2], noted=note, noted_in="changes") == []
    assert store.remove([]) == []
    assert store.describe().last == {EVENTS: 4, "changes": 1}
    assert store.append([entries[1]]) == [5]


def test_where_the_note_cannot_be_written_nothing_is_removed(store):
    store.append([Entry(value=0, user_id="ann")])
    for noted, log in ((Entry(value={1, 2}), "changes"), (Entry(value=0, user_id="ann"), AUDIT)):
        with pytest.raises(InputError):
            store.remove([1], noted=noted, noted_in=log)
    with pytest.raises(InputError, match="numbers"):
        store.remove([1], noted=Entry(value=0, number=0), noted_in="changes")
    assert [entry.number for entry in store.read()] == [1]
    assert list(store.read(log="changes")) == []


@pytest.mark.parametrize("number", [-1, 2**62, "1", None, 1.0])
def test_what_is_no_number_of_an_entry_is_refused(store, number):
    with pytest.raises(InputError, match="whole number"):
        store.remove([number])


def test_of_many_that_remove_an_entry_one_does_and_one_note_says_so(store):
    store.append([Entry(value=0)])
    note = Entry(value="removed")
    with ThreadPoolExecutor(8) as threads:
        gone = list(threads.map(lambda _: store.remove([1], noted=note, noted_in="changes"), range(16)))
    assert sorted(gone) == [[]] * 15 + [[1]]
    assert len(list(store.read(log="changes"))) == 1


def test_a_merge_with_oneself_is_refused(store):
    with pytest.raises(InputError, match="different ids"):
        store.merge("ann", "ann")


def test_attributes_that_are_no_object_are_not_joined(store):
    store.put(USERS, [Record(key="visitor", value={"x": 1}), Record(key="ann", value="text")])
    assert store.merge("visitor", "ann") == {USERS: 1}
    assert [record.value for record in store.scan(USERS)] == ["text"]


def test_a_number_once_promised_is_kept(store):
    assert store.append([Entry(value="a", number=5), Entry(value="b", number=9)]) == [5, 9]
    assert store.append([], last=20) == []
    assert store.append([Entry(value="c")]) == [21]
    assert store.append([Entry(value="d")], last=3) == [22]


def test_what_was_written_is_there_after_opening_again(backend):
    if backend.reopen is None:
        pytest.skip("memory keeps nothing")
    store = backend.fresh()
    store.append([Entry(value={"喝": "茶"}, user_id="李雷", key="k")])
    store.put(ITEMS, [Record(key="tea", value={"price": 3.5})])
    before = seen(store)
    with backend.reopen() as again:
        assert seen(again.tenant(store.name)) == before


def test_a_closed_store_says_so(backend):
    if backend.reopen is None:
        pytest.skip("closing it would take the memory of the other tests")
    store = backend.reopen()
    sister = store.tenant("sister")
    store.close()
    store.close()
    for call in (lambda: sister.append([Entry(value=1)]), lambda: list(sister.read())):
        with pytest.raises(StoreError, match="closed"):
            call()
