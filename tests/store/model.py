"""What a store has to do, in plain lists and dicts, and the steps that are tried on both."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any

from hypothesis import strategies as st

from tests.store.conftest import Clock
from warmstart.roles.store import USERS, Contents, Entry, Record, Store

PEOPLE = ["ann", "visitor-7", "李雷"]
KINDS = ["items", USERS, "answers"]
LOGS = ["events", "changes"]
KEYS = ["", "a", "B", "ключ", "茶", "😀"]


@dataclass
class Model:
    """The plainest store there could be."""

    clock: Clock
    records: dict[tuple[str, str], Record] = field(default_factory=dict)
    entries: list[tuple[str, Entry]] = field(default_factory=list)
    last: Counter[str] = field(default_factory=Counter)

    def live(self, kind: str) -> dict[str, Record]:
        return {
            key: record
            for (of, key), record in self.records.items()
            if of == kind and (record.expires_at is None or record.expires_at > self.clock.now)
        }

    def put(self, kind: str, records: list[Record], *, only_new: bool) -> int:
        taken = set(self.live(kind)) if only_new else set()
        written = {}
        for record in records:
            if record.key not in taken and not (only_new and record.key in written):
                written[record.key] = replace(
                    record, user_id=record.key if kind == USERS else record.user_id
                )
        self.records |= {(kind, key): record for key, record in written.items()}
        return len(written)

    def delete(self, kind: str, keys: list[str]) -> int:
        return sum(
            self.records.pop((kind, key), None) is not None for key in keys if key in self.live(kind)
        )

    def append(self, entries: list[Entry], *, log: str) -> list[int]:
        numbers: list[int] = []
        for entry in entries:
            known = [e.number for of, e in self.entries if of == log and entry.key and e.key == entry.key]
            if known:
                numbers += [n for n in known if n]
                continue
            self.last[log] += 1
            at = self.clock.now if entry.at is None else entry.at
            self.entries.append((log, replace(entry, number=self.last[log], at=at)))
            numbers.append(self.last[log])
        return numbers

    def remove(
        self, numbers: list[int], *, log: str, user_id: str | None, noted: Entry | None, noted_in: str
    ) -> list[int]:
        gone = [
            entry.number or 0
            for of, entry in self.entries
            if of == log and entry.number in numbers and user_id in (None, entry.user_id)
        ]
        self.entries = [(of, e) for of, e in self.entries if of != log or e.number not in gone]
        if gone and noted is not None:
            self.append([noted], log=noted_in)
        return gone

    def merge(self, visitor_id: str, user_id: str) -> dict[str, int]:
        moved: Counter[str] = Counter()
        for i, (log, entry) in enumerate(self.entries):
            if entry.user_id == visitor_id:
                self.entries[i] = (log, replace(entry, user_id=user_id))
                moved[log] += 1
        for (kind, key), record in self.records.items():
            if kind != USERS and record.user_id == visitor_id:
                self.records[kind, key] = replace(record, user_id=user_id)
                moved[kind] += 1
        theirs, own = self.live(USERS).get(visitor_id), self.live(USERS).get(user_id)
        self.records.pop((USERS, visitor_id), None)
        if theirs is not None:
            both = theirs.value | own.value if own else theirs.value
            kept = replace(own or theirs, key=user_id, user_id=user_id, value=both)
            self.records[USERS, user_id] = kept
            moved[USERS] += 1
        return dict(moved)

    def forget(self, user_id: str) -> dict[str, int]:
        gone = [log for log, entry in self.entries if entry.user_id == user_id]
        theirs = [place for place, record in self.records.items() if record.user_id == user_id]
        self.entries = [pair for pair in self.entries if pair[1].user_id != user_id]
        for place in theirs:
            del self.records[place]
        return dict(Counter([*gone, *(kind for kind, _ in theirs)]))

    def compact(self, *, before: float | None, log: str) -> dict[str, int]:
        kept = [(of, e) for of, e in self.entries if before is None or of != log or (e.at or 0.0) >= before]
        live = {(kind, key): record for kind in KINDS for key, record in self.live(kind).items()}
        gone = {
            "entries": len(self.entries) - len(kept),
            "records": len(self.records) - len(live),
        }
        self.entries, self.records = kept, live
        return gone

    def seen(self) -> dict[str, Any]:
        """All that can be read."""
        return {
            **{kind: [record for _, record in sorted(self.live(kind).items())] for kind in KINDS},
            **{log: [entry for of, entry in self.entries if of == log] for log in LOGS},
            "ann": [entry for log, entry in self.entries if log == LOGS[0] and entry.user_id == "ann"],
            "contents": Contents(
                records={kind: len(self.live(kind)) for kind in KINDS if self.live(kind)},
                entries=dict(Counter(log for log, _ in self.entries)),
                last={log: n for log, n in self.last.items() if n},
            ),
        }


def seen(store: Store) -> dict[str, Any]:
    """The same, read from a store."""
    return {
        **{kind: list(store.scan(kind)) for kind in KINDS},
        **{log: list(store.read(log=log)) for log in LOGS},
        "ann": list(store.read(user_id="ann")),
        "contents": store.describe(),
    }


_person = st.sampled_from(PEOPLE)
_time = st.sampled_from([900.0, 1000.0, 1100.0])
_value = st.dictionaries(st.sampled_from(["x", "y"]), st.integers(0, 3), max_size=2)
_record = st.builds(
    Record,
    key=st.sampled_from(PEOPLE),
    value=_value,
    user_id=st.none() | _person,
    expires_at=st.none() | _time,
)
_entry = st.builds(
    Entry,
    value=_value,
    user_id=st.none() | _person,
    key=st.none() | st.sampled_from(KEYS[1:]),
    at=st.none() | _time,
)
_kind, _log = st.sampled_from(KINDS), st.sampled_from(LOGS)


def _step(name: str, *args: Any, **kwargs: Any) -> st.SearchStrategy[tuple[str, tuple[Any, ...], Any]]:
    return st.tuples(st.just(name), st.tuples(*args), st.fixed_dictionaries(kwargs))


STEPS = st.one_of(
    _step("put", _kind, st.lists(_record, max_size=4), only_new=st.booleans()),
    _step("append", st.lists(_entry, max_size=5), log=_log),
    _step("append", st.lists(_entry, max_size=5), log=_log),
    _step(
        "remove",
        st.lists(st.integers(0, 12), max_size=4),
        log=_log,
        user_id=st.none() | _person,
        noted=st.none() | _entry,
        noted_in=_log,
    ),
    _step("delete", _kind, st.lists(_person, max_size=2)),
    st.permutations(PEOPLE).map(lambda two: ("merge", tuple(two[:2]), {})),
    _step("forget", _person),
    _step("compact", before=st.none() | _time, log=_log),
    st.sampled_from([-150.0, 50.0, 100.0]).map(lambda seconds: ("clock", (seconds,), {})),
)
