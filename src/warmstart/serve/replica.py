"""One engine that follows a store."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from warmstart.core.artifact import POINTER_FILE, current_version, roll_back
from warmstart.core.errors import ArtifactError
from warmstart.data.records import Event, Item
from warmstart.data.wire.items import ItemIn
from warmstart.engine.engine import Engine
from warmstart.roles.store import EVENTS, ITEMS, USERS, Store
from warmstart.serve.changes import CHANGES, Change, Digests, changes_since, together
from warmstart.serve.facts import Seen, events_of, last_number, read_shop_of
from warmstart.serve.history import aligned, kept_of
from warmstart.serve.leases import Lease

log = logging.getLogger(__name__)

FIT_AT_ONCE: Final = 500
"""So many items are learned while one waits; larger shops are learned beside."""
LEARNING: Final = "refit"
"""The lease of whoever learns a shop; one at a time, over all workers."""
_REMOVED: Final = "removed"
_PATIENCE: Final = 30.0


class Replica:
    """A shop's engine and how far it has read the store's logs.

    The store is the truth, and every engine follows it by `catch_up`: the one whose worker wrote, those of
    other workers, and one that starts again after a crash. So they all do the same, and nothing that was
    written can be missed. Not for several threads: its owner calls it from one.
    """

    def __init__(self, store: Store, folder: Path, *, encoder: str = "auto") -> None:
        self.store, self.folder, self.encoder = store, folder, encoder
        self.digests = Digests(store)
        self.engine: Engine | None = None
        self.version = ""
        self.seen = Seen()
        self.removed: set[str] = set()
        self.wants_fit = False
        self._unusable = ""
        self.wants_relearning = False
        self.wants_model = ""

    # -- beginning --------------------------------------------------------------------------------

    def start(self) -> None:
        """Load the model in force, and read on from where it was made; fit a small shop that has none."""
        self._open()
        self.catch_up()
        if self.engine is not None:
            self.engine.warm_up()

    def resume(self) -> None:
        """The same, but learn nothing where there is no model that can go on."""
        self._open()
        if self.engine is not None:
            self.catch_up()

    def _open(self) -> None:
        tried = self._in_force()
        try:
            self._load()
        except ArtifactError as error:
            if self._in_force() != tried:  # it was replaced, and removed, while we read it
                self._open()
            else:
                self._go_back(error)

    def _in_force(self) -> str:
        try:
            return current_version(self.folder).name
        except ArtifactError:
            return ""

    def _load(self) -> None:
        if not (self.folder / POINTER_FILE).is_file():
            return
        self._unusable = version = current_version(self.folder).name
        engine = Engine.load(self.folder)
        if self._in_force() != version:
            self._load()
            return
        seen = Seen.of(engine.notes)
        last = self.store.describe().last
        if seen.events > last.get(EVENTS, 0) or seen.changes > last.get(CHANGES, 0):
            log.warning("the store is older than the model (a backup was restored); learning it anew")
            return
        self.engine, self.version, self.seen, self._unusable = engine, version, seen, ""
        self.removed = set(engine.notes.get(_REMOVED, ()))

    def _go_back(self, error: ArtifactError) -> None:
        """A damaged model must not keep the shop closed: the version before it serves, or none."""
        log.error("the model cannot be used: %s", error)
        try:
            roll_back(self.folder)
            self._load()
            log.warning("the version before it is in force: %s", self.version)
        except ArtifactError as second:
            log.error("nor can the one before it: %s; learning the shop anew", second)

    def _begin(self) -> bool:
        """Get an engine where there is none: another worker's, or a small shop's in this thread."""
        if not self._is_small():
            return False
        lease = Lease(self.store, LEARNING)
        until = time.monotonic() + _PATIENCE
        while not lease.take():  # nobody asks an engine that is not there, so this thread may wait
            if time.monotonic() > until:
                return False
            time.sleep(0.05)
        try:
            with suppress(ArtifactError):  # `start` has told of it
                self._load()
            if self.engine is None:
                self._fit()
        finally:
            lease.release()
        return True

    def _is_small(self) -> bool:
        """Whether there are items, and so few that they are learned at once."""
        items = sum(1 for _ in self.store.scan(ITEMS, n=FIT_AT_ONCE + 1))
        self.wants_fit = items > FIT_AT_ONCE
        return 0 < items <= FIT_AT_ONCE

    def _fit(self) -> None:
        shop, seen = read_shop_of(self.store, self.store.name)
        self.engine = Engine().fit(shop, encoder=self.encoder)
        self.seen, self.removed = seen, set()
        self.version = self.save().name

    def save(self) -> Path:
        """Save the engine with how far it has read, and what is to be shown no more."""
        return self.ready.save(self.folder, notes=self.notes())

    def notes(self) -> dict[str, Any]:
        """What has to be known to go on from a model."""
        return {**self.seen.as_dict(), _REMOVED: sorted(self.removed)}

    # -- following --------------------------------------------------------------------------------

    def catch_up(self, names: Mapping[str, str] | None = None) -> int:
        """Learn what was written since; returns how many entries that were.

        `names` are ids by their digests, where the caller knows them: it saves the search for who was
        forgotten or merged.
        """
        if self.engine is None and not self._begin():
            self._look_for_model()
            return 0
        count = 0
        for number, changes in together(changes_since(self.store, self.seen.changes)):
            after = changes[0].after
            if after is not None:
                count += self._observe(before=after)
            self._follow(changes, names or {})
            self.seen = replace(self.seen, changes=number)
            count += len(changes)
        return count + self._observe()

    def _look_for_model(self) -> None:
        """Somebody else may have learned the shop; what was of no use at the start is of none now."""
        version = self._in_force()
        self.wants_model = "" if version == self._unusable else version

    def _observe(self, before: int | None = None) -> int:
        """Learn of events not yet seen, up to a number; without one, of all."""
        engine, count, last, found = self.ready, 0, self.seen.events, list[Event]()
        most = None if before is None else max(before - self.seen.events, 0)
        for entry in self.store.read(since=self.seen.events, n=most) if most != 0 else ():
            if before is not None and (entry.number or 0) > before:
                break  # numbers have gaps where somebody was forgotten
            found.extend(events_of(entry))
            last, count = entry.number or last, count + 1
        engine.observe(found)
        self.seen = replace(self.seen, events=last)
        return count

    def _follow(self, changes: list[Change], names: Mapping[str, str]) -> None:
        change = changes[0]
        if change.items:
            self._take_items(item_id for each in changes for item_id in each.items)
        elif change.is_profile and change.user_id:
            self._take_profile(change.user_id)
        elif change.forgotten:
            self._forget(self._who(change.forgotten, names))
        elif change.merged and change.user_id:
            self._merge(self._who(change.merged, names), change.user_id)
        elif change.taken and change.user_id:
            self._agree(change.user_id)
        elif change.model and change.model != self.version:
            self.wants_model = change.model

    def _who(self, digest: str, names: Mapping[str, str]) -> str | None:
        return names.get(digest) or self.digests.find(digest, self.ready.user_ids())

    def _take_items(self, item_ids: Iterable[str]) -> None:
        """The items as the store has them now; one that it has no more is shown no more."""
        there = {item_id: self.store.get(ITEMS, item_id) for item_id in dict.fromkeys(item_ids)}
        present = [ItemIn.from_stored(record.value).to_item() for record in there.values() if record]
        gone = {item_id for item_id, record in there.items() if record is None}
        known = [item_id for item_id in sorted(gone) if self.ready.item(item_id)]
        hidden = [Item(item_id=item_id, available=False) for item_id in known]
        self.removed = (self.removed | gone) - {item.item_id for item in present}
        if present or hidden:
            self.ready.add([*present, *hidden])

    def _take_profile(self, user_id: str) -> None:
        record = self.store.get(USERS, user_id)
        self.ready.know({user_id: record.value if record else {}})

    def _merge(self, visitor_id: str | None, user_id: str) -> None:
        if visitor_id not in (None, user_id):  # the same where the user was merged back after that
            self.ready.merge(str(visitor_id), user_id)
        self._agree(user_id)

    def _agree(self, user_id: str) -> None:
        """Let the engine hold of a user what the store has, as far as it has been read.

        The store may be ahead of the line that is being followed, as when a visitor took something back
        and was merged after that. So every line of either kind ends here, and the last one is right.
        """
        kept = [event for _, event in kept_of(self.store, user_id, self.seen.events)]
        places = aligned(self.ready.events_of(user_id), kept)
        if gone := [place for place, its in enumerate(places) if its is None]:
            self.ready.take_back(user_id, gone)
        held = set(places)
        self.ready.observe(event for place, event in enumerate(kept) if place not in held)

    def _forget(self, user_id: str | None) -> None:
        """Forget who is gone; what they did after that, under the same id, is somebody's who came new.

        Also where this engine never knew them: older versions on the disk may have.
        """
        self.wants_relearning = True
        if user_id is None:
            return
        self.ready.forget(user_id, relearn=False)
        self.ready.observe(event for _, event in kept_of(self.store, user_id, self.seen.events))

    # -- another model ----------------------------------------------------------------------------

    def successor(self) -> Replica:
        """A replica of the model that is in force by now, which has read on to this moment."""
        other = Replica(self.store, self.folder, encoder=self.encoder)
        other.resume()
        if other.engine is not None:
            other.engine.warm_up()
        return other

    def pass_over(self, other: Replica) -> None:
        """Take no more notice of a version that turned out to be of no use."""
        self.wants_model, self._unusable = "", other._unusable

    @property
    def ready(self) -> Engine:
        """The engine. Errors: `ArtifactError` while there is none."""
        if self.engine is None:
            raise ArtifactError(
                expected="a shop that has been learned",
                found="none",
                todo="Send items; a large shop takes a minute.",
            )
        return self.engine

    def behind(self) -> int:
        """How many events the store has that this engine has not."""
        return max(last_number(self.store, EVENTS) - self.seen.events, 0)
