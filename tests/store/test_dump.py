"""A tenant in a file of lines, from any backend into any other."""

from __future__ import annotations

import json
import stat
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import warmstart.store.dump
from tests.store.conftest import Clock
from tests.store.model import STEPS, seen
from warmstart.core.errors import ArtifactError, InputError
from warmstart.roles.store import Entry, Record
from warmstart.store.dump import append_all, dump, restore
from warmstart.store.memory import MemoryStore


@settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow])
@given(steps=st.lists(STEPS, max_size=14))
def test_what_comes_back_from_a_dump_is_what_went_in(backend, tmp_path_factory, steps):
    clock, file = Clock(), tmp_path_factory.mktemp("dump") / "shop.jsonl"
    store, other, again = backend.on(clock), MemoryStore(clock=clock), backend.on(clock)
    for name, args, kwargs in steps:
        if name != "clock":
            getattr(store, name)(*args, **kwargs)
    expected = seen(store)
    with patch.object(warmstart.store.dump, "BATCH", 3):
        assert dump(store, file) == restore(file, other)
        dump(other, file)
        restore(file, again)
    assert seen(other) == seen(again) == expected
    assert again.append([Entry(value="next")]) == store.append([Entry(value="next")])


@pytest.fixture
def dumped(tmp_path):
    store = MemoryStore()
    store.append([Entry(value=i, user_id="ann", key=f"k{i}") for i in range(5)])
    store.append([], log="changes", last=7)
    store.put("items", [Record(key="tea", value={"title": "茶 \ud83d"})])
    file = tmp_path / "shop.jsonl"
    assert dump(store, file) == 6
    return file


def test_a_dump_is_lines_that_anybody_can_read_but_only_its_owner_may(dumped):
    lines = [json.loads(line) for line in dumped.read_text(encoding="utf-8").splitlines()]
    assert lines[0] == {"warmstart_store": 1}
    assert lines[-1] == {"end": len(lines) - 1}
    assert stat.S_IMODE(dumped.stat().st_mode) == 0o600
    assert [path.name for path in dumped.parent.iterdir()] == ["shop.jsonl"]


@pytest.mark.parametrize("kept", range(10))
def test_half_a_dump_is_refused_and_nothing_of_it_is_written(dumped, kept):
    lines = dumped.read_text(encoding="utf-8").splitlines(keepends=True)
    assert len(lines) > kept
    dumped.write_text("".join(lines[:kept]), encoding="utf-8")
    store = MemoryStore()
    with pytest.raises(ArtifactError, match="whole dump"):
        restore(dumped, store)
    assert store.describe() == MemoryStore().describe()


@pytest.mark.parametrize("line", ["{", "[]", '{"warmstart_store": 2}', '{"end": 99}'])
def test_a_line_that_does_not_belong_there_is_refused(dumped, line):
    lines = dumped.read_text(encoding="utf-8").splitlines()
    dumped.write_text("\n".join([line, *lines[1:]]), encoding="utf-8")
    with pytest.raises(ArtifactError):
        restore(dumped, MemoryStore())


def test_a_field_of_a_later_format_is_refused(dumped):
    dumped.write_text(dumped.read_text(encoding="utf-8").replace('"user_id"', '"person"'), encoding="utf-8")
    with pytest.raises(ArtifactError, match="person"):
        restore(dumped, MemoryStore())


def test_a_log_and_a_kind_of_one_name_stay_apart(tmp_path):
    store, again = MemoryStore(), MemoryStore()
    store.append([Entry(value="line")], log="prices")
    store.put("prices", [Record(key="tea", value="record")])
    dump(store, tmp_path / "shop.jsonl")
    assert restore(tmp_path / "shop.jsonl", again) == 2
    assert [entry.value for entry in again.read(log="prices")] == ["line"]
    assert [record.value for record in again.scan("prices")] == ["record"]


def test_what_arrives_during_a_dump_is_left_out(tmp_path):
    class Busy(MemoryStore):
        """Somebody writes as soon as it has been counted."""

        def describe(self):
            contents = super().describe()
            self.append([Entry(value="late")])
            return contents

    store, again = Busy(), MemoryStore()
    store.append([Entry(value="early")])
    assert dump(store, tmp_path / "shop.jsonl") == 1
    restore(tmp_path / "shop.jsonl", again)
    assert [entry.value for entry in again.read()] == ["early"]
    assert again.append([Entry(value="next")]) == [2]


def test_a_dump_is_not_mixed_into_a_tenant_that_has_something(dumped):
    store = MemoryStore()
    store.append([Entry(value=1)])
    with pytest.raises(InputError, match="empty"):
        restore(dumped, store)
    assert restore(dumped, store.tenant("again")) == 6


def test_an_import_that_was_interrupted_can_be_run_again(store):
    def arriving(stop):
        for i in range(stop):
            yield Entry(value=i, key=f"k{i}")
        if stop < 100:
            raise ConnectionError

    with pytest.raises(ConnectionError):
        append_all(store, arriving(57), batch_size=10)
    assert len(list(store.read())) == 50
    assert append_all(store, arriving(100), batch_size=10) == 100
    assert [entry.value for entry in store.read()] == list(range(100))
