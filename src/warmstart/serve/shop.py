"""One tenant's shop, live: questions, writes, and learning anew beside them."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, TypeVar

from warmstart.core.errors import WarmstartError
from warmstart.data.wire.events import EventIn
from warmstart.data.wire.items import ItemIn, ItemPatch
from warmstart.data.wire.records import UserIn
from warmstart.engine.engine import Engine
from warmstart.roles.store import Store
from warmstart.serve.background import Background
from warmstart.serve.changes import Change, tell
from warmstart.serve.derived import Derived
from warmstart.serve.engine_thread import EngineThread
from warmstart.serve.export import all_of
from warmstart.serve.facts import entry_of
from warmstart.serve.history import Numbered, kept_of
from warmstart.serve.keeping import Keeping
from warmstart.serve.learning import learn
from warmstart.serve.leases import Lease
from warmstart.serve.refitting import Task, tidy
from warmstart.serve.relearning import Relearning
from warmstart.serve.replica import LEARNING, Replica
from warmstart.serve.retention import Retention
from warmstart.serve.settings import ServeSettings
from warmstart.serve.tracing import span
from warmstart.serve.writer import GroupWriter
from warmstart.store.errors import StoreError

log = logging.getLogger(__name__)
S = TypeVar("S")
T = TypeVar("T")

_RESTED: Final = 30.0
"""Seconds before what failed in the background is tried again."""


class LiveShop:
    """The engine of a tenant behind questions and writes that come at the same time.

    One thread owns the engine, so nothing in it needs a lock and every answer is of one state; another
    owns the writing to the disk. A write is acknowledged when it is durable and the engine has read it,
    so whoever wrote sees it in the next answer. Models are fitted in a process of their own and then take
    over between two answers.
    """

    def __init__(self, store: Store, settings: ServeSettings) -> None:
        self.store, self.settings = store, settings
        self.folder = settings.models_of(store.name)
        self._replica = Replica(store, self.folder, encoder=settings.encoder)
        self._engine_thread = EngineThread(f"engine-{store.name}")
        self._disk_thread = ThreadPoolExecutor(1, f"disk-{store.name}")
        self._load_thread = ThreadPoolExecutor(1, f"load-{store.name}")
        self._keeping = Keeping(store)
        self.writer = GroupWriter(store.append, self._disk_thread, self.catch_up)
        self._item_writer = GroupWriter(self._put_items, self._disk_thread, self.catch_up)
        self._background = Background()
        self._refitting: asyncio.Task[dict[str, Any]] | None = None
        self._swapping: asyncio.Task[None] | None = None
        self._reading: asyncio.Future[None] | None = None
        self._derived = Derived(lambda: self.version, self.ask, self._background.spawn, self._load_thread)
        self._refitted_at = time.monotonic()
        self._learns = "", False
        self._rest_until = 0.0
        self.last_refit: dict[str, Any] = {}
        self._retention = Retention(store, settings.keep_days)
        self._relearning = Relearning(settings.relearn_minutes)
        self.is_ready = False

    # -- beginning and end ------------------------------------------------------------------------

    async def start(self) -> None:
        """Load or fit the model; returns when the shop can be asked."""
        await self._on_engine(self._replica.start)
        await self.on_disk(lambda: tidy(self.store, self.folder))
        self.is_ready = True
        self._heed()
        self._background.spawn(self._follow())

    async def close(self) -> None:
        """Write what waits, then let go."""
        self.is_ready = False
        await self.writer.close()
        await self._item_writer.close()
        await self._background.close()
        for thread in (self._engine_thread, self._disk_thread, self._load_thread):
            thread.shutdown()

    # -- questions --------------------------------------------------------------------------------

    async def ask(self, question: Callable[[Engine], T], kind: str = "") -> T:
        """The answer of the engine. Errors: `ArtifactError` while there is none, and the engine's own.

        Questions of a `kind` that takes no long may be answered at once (`EngineThread.quickly`).
        """
        if not kind or self.settings.is_shared:  # where others write, the store must be asked first
            return await self._on_engine(lambda: question(self._engine_now()))
        with span("engine"):
            return await self._engine_thread.quickly(kind, lambda: question(self._replica.ready))

    def _engine_now(self) -> Engine:
        if self.settings.is_shared:
            self._look()
        return self._replica.ready

    def _look(self) -> None:
        """See what others wrote; while the store is away, what is known has to do."""
        try:
            self._replica.catch_up()
        except StoreError as error:
            if self._replica.engine is None:
                raise
            log.warning("answering without the store: %s", error)

    async def derived(self, name: str, of: Callable[[Engine], S], make: Callable[[S], T]) -> T:
        """What is made of the whole shop and takes long: made once for each model, beside the answers.

        `of` takes from the engine what `make` needs. See `Derived`.
        """
        return await self._derived.get(name, of, make)

    @property
    def version(self) -> str:
        """The model that answers; empty before there is one."""
        return self._replica.version

    @property
    def has_model(self) -> bool:
        """Whether there is anything to ask."""
        return self._replica.engine is not None

    @property
    def is_learning(self) -> bool:
        """Whether there are items but no model yet."""
        return not self.has_model and self._replica.wants_fit

    async def can_answer(self) -> bool:
        """Whether there is anything to ask, also when another worker has just learned it."""
        if not self.has_model and self.settings.is_shared:
            await self.catch_up()
        return self.has_model

    def is_removed(self, item_id: str) -> bool:
        """Whether an item was deleted, though the model still knows it."""
        return item_id in self._replica.removed

    # -- writes -----------------------------------------------------------------------------------

    async def put_items(self, items: Sequence[ItemIn]) -> None:
        """Write items over those of the same ids; they are live when this returns."""
        if items:
            await self._item_writer.append(items)

    def _put_items(self, items: list[ItemIn]) -> Sequence[None]:
        self._keeping.put_items(items)
        return ()

    async def change_items(self, items: Sequence[ItemIn]) -> None:
        """Change what was sent of these items; those that are new begin with it."""
        await self._write(lambda: self._keeping.change_items(items))

    async def patch_item(self, item_id: str, patch: ItemPatch) -> ItemIn:
        """Change some facts of an item; what it is now. Errors: `UnknownIdError`."""
        return await self._write(lambda: self._keeping.patch_item(item_id, patch))

    async def item(self, item_id: str) -> ItemIn:
        """An item as it was written. Errors: `UnknownIdError`."""
        return await self.on_disk(lambda: self._keeping.item(item_id))

    async def delete_items(self, item_ids: Sequence[str]) -> int:
        """Delete items; they are shown no more when this returns. How many there were."""
        return await self._write(lambda: self._keeping.delete_items(item_ids))

    async def put_users(self, users: Sequence[UserIn]) -> None:
        """Write the attributes of users over those that they had."""
        await self._write(lambda: self._keeping.put_users(users))

    async def _write(self, work: Callable[[], T], names: Mapping[str, str] | None = None) -> T:
        """Write, and let the engine read it."""
        found = await self.on_disk(work)
        await self.catch_up(names)
        return found

    async def write_events(self, events: Sequence[EventIn], key: str = "") -> list[int]:
        """Write events; their numbers. With a `key` the same call again writes nothing."""
        entries = [entry_of(event, key, place) for place, event in enumerate(events)]
        return await self.writer.append(entries) if entries else []

    async def merge(self, visitor_id: str, user_id: str) -> dict[str, int]:
        """Give a visitor's evidence to the user they turned out to be; what changed hands."""
        digest, after = self._replica.digests.of(visitor_id), self._replica.seen.events
        return await self._write(
            lambda: self._keeping.merge(visitor_id, user_id, digest=digest, after=after),
            {digest: visitor_id},
        )

    async def take_back(self, user_id: str, numbers: Sequence[int]) -> int:
        """Undo single events of a user, by their numbers; how many there were.

        The next answer rests on the user's others. What was learned from these events over all users
        follows when the shop is learned anew.
        """
        return await self._write(lambda: self._keeping.take_back(user_id, numbers))

    async def kept_of(self, user_id: str) -> list[Numbered]:
        """A user's events, with the numbers by which they can be taken back."""
        return await self.on_disk(lambda: kept_of(self.store, user_id))

    async def forget(self, user_id: str) -> dict[str, int]:
        """Forget a user in store and engine; what was deleted.

        The tables counted over all users, and the model on the disk, are learned again without them in a
        process of its own: at once, or, where that was done lately, with all who are forgotten until the
        pause is over (`Relearning`).
        """
        digest, after = self._replica.digests.of(user_id), self._replica.seen.events
        return await self._write(
            lambda: self._keeping.forget(user_id, digest=digest, after=after), {digest: user_id}
        )

    async def export(self, user_id: str) -> dict[str, Any]:
        """All that is kept of a user."""
        return await self.on_disk(lambda: all_of(self.store, user_id))

    # -- following and learning anew --------------------------------------------------------------

    async def catch_up(self, names: Mapping[str, str] | None = None) -> None:
        """Let the engine read what the store has; then see what that calls for.

        Those who come while a reading waits for its turn share it.
        """
        if names:
            await self._on_engine(lambda: self._replica.catch_up(names))
        else:
            reading = self._reading = self._reading or asyncio.ensure_future(self._on_engine(self._read))
            await asyncio.shield(reading)
        self._heed()

    def _read(self) -> None:
        self._reading = None  # what is written from now on may be missed by this one
        self._replica.catch_up()

    def _heed(self) -> None:
        replica = self._replica
        if replica.wants_model and not self._is_swapping:
            self._swapping = self._background.spawn(self._swap())
        if self._is_refitting or time.monotonic() < self._rest_until:
            return
        if replica.wants_relearning and replica.version and self._relearning.may_begin:
            replica.wants_relearning = False
            self._learn("relearn")
        elif replica.engine is None and replica.wants_fit:
            self._learn("refit")

    def _learn(self, kind: str, *, force: bool = False) -> None:
        self._learns = kind, force
        self._refitting = self._background.spawn(self._run(kind, force=force))

    @property
    def is_to_relearn(self) -> bool:
        """Whether somebody who was forgotten is still in what was counted over all users."""
        return self._replica.wants_relearning or (self._is_refitting and self._learns[0] == "relearn")

    @property
    def _is_swapping(self) -> bool:
        return self._swapping is not None and not self._swapping.done()

    async def _swapped(self) -> None:
        """Read what is new, and wait until the model that it calls for answers."""
        await self.catch_up()
        if self._swapping is not None:
            await asyncio.shield(self._swapping)

    @property
    def _is_refitting(self) -> bool:
        return self._refitting is not None and not self._refitting.done()

    async def refit(self, *, force: bool = False) -> dict[str, Any]:
        """Learn the shop anew, and let the new model take over unless it is worse; what came of it."""
        while self._is_refitting and self._refitting is not None:
            if self._learns == ("refit", force):
                break
            await asyncio.wait([self._refitting])  # somebody is being forgotten, or it was asked otherwise
        else:
            self._learn("refit", force=force)
        assert self._refitting is not None  # noqa: S101  # for the type checker
        found = await asyncio.shield(self._refitting)
        await self._swapped()
        return found

    async def roll_back(self) -> str:
        """Put the version before in force again; which one that is. Errors: `ArtifactError`."""
        from warmstart.core.artifact import roll_back

        def back() -> str:
            version = roll_back(self.folder).name
            tell(self.store, Change(model=version))
            return version

        version = await self.on_disk(back)
        await self._swapped()
        return version

    async def _run(self, kind: str, *, force: bool = False) -> dict[str, Any]:
        """Have a process learn the shop; one at a time over all workers."""
        lease = Lease(self.store, LEARNING)
        if not await self.on_disk(lease.take):
            self._replica.wants_relearning |= kind == "relearn"
            self._relearning.occupied()
            return {"promoted": False, "why": "the shop is being learned already"}
        self._relearning.begin()
        try:
            found = await learn(self._task(kind, force=force), lease, self.on_disk)
        finally:
            await self.on_disk(lease.release)
        self._relearning.end()
        if found is None:
            self._rest_until = time.monotonic() + _RESTED
            self._replica.wants_relearning |= kind == "relearn"
            found = {"promoted": False, "why": "it failed; the log says why"}
        self.last_refit, self._refitted_at = found, time.monotonic()
        log.info("learned anew: %s", found)
        return found

    def _task(self, kind: str, *, force: bool) -> Task:
        return Task(
            kind="relearn" if kind == "relearn" else "refit",
            store=self.settings.store_url,
            tenant=self.store.name,
            folder=str(self.folder),
            encoder=self.settings.encoder,
            force=force,
        )

    async def _swap(self) -> None:
        """Load the model in force beside the one that answers, then let it take over."""
        loop = asyncio.get_running_loop()
        coming = await loop.run_in_executor(self._load_thread, self._replica.successor)
        await self._on_engine(lambda: self._take(coming))
        self._derived.renew()
        self._heed()

    def _take(self, coming: Replica) -> None:
        if coming.engine is None:  # it cannot be used; the one that answers is better than none
            self._replica.pass_over(coming)
            return
        coming.catch_up()  # who was forgotten after it was made is forgotten here, and wants relearning
        coming.wants_model = ""
        self._replica = coming
        self._relearning.learned()

    async def _follow(self) -> None:
        """Look for what others wrote, and for whether it is time to learn anew, while nobody asks."""
        while True:
            await asyncio.sleep(self.settings.follow_seconds)
            found = await asyncio.gather(self._look_around(), return_exceptions=True)
            if isinstance(found[0], WarmstartError):
                log.warning("could not follow the store: %s", found[0])
            elif isinstance(found[0], Exception):
                log.error("a bug while following the store", exc_info=found[0])

    async def _look_around(self) -> None:
        await self.catch_up()
        if self._retention.is_due:
            await asyncio.get_running_loop().run_in_executor(self._load_thread, self._retention.apply)
        if await self._is_due():
            self._learn("refit")

    async def _is_due(self) -> bool:
        wait = self.settings.refit_minutes * 60
        if not wait or self._is_refitting or time.monotonic() - self._refitted_at < wait:
            return False
        if not self.has_model:
            return False
        facts = await self._on_engine(self._replica.ready.describe)
        fitted = facts["events"] - facts["events_since_fit"]
        return bool(facts["events_since_fit"] > max(50, self.settings.refit_share * fitted))

    # -- threads ----------------------------------------------------------------------------------

    async def _on_engine(self, work: Callable[[], T]) -> T:
        with span("engine"):
            return await self._engine_thread.run(work)

    async def on_disk(self, work: Callable[[], T]) -> T:
        """Do something with the store, after what is being written."""
        with span("store"):
            return await asyncio.get_running_loop().run_in_executor(self._disk_thread, work)
