"""One tenant's shop, live: questions, writes, and learning anew beside them."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, TypeVar

from warmstart.core.errors import UnknownIdError, WarmstartError
from warmstart.data.dataset import Dataset
from warmstart.data.wire.events import EventIn
from warmstart.data.wire.items import ItemIn, ItemPatch
from warmstart.data.wire.records import UserIn
from warmstart.engine.engine import Engine
from warmstart.roles.store import ITEMS, USERS, Record, Store
from warmstart.serve.changes import Change, tell
from warmstart.serve.export import all_of
from warmstart.serve.facts import entry_of
from warmstart.serve.refitting import Task
from warmstart.serve.replica import Replica
from warmstart.serve.settings import ServeSettings
from warmstart.serve.tracing import span
from warmstart.serve.writer import EventWriter

log = logging.getLogger(__name__)
T = TypeVar("T")

_REST: Final = 30.0
"""Seconds to wait after somebody else was learning the shop, or it failed."""
_LEASE: Final = 1_800.0
"""Seconds after which somebody who said that they learn the shop anew is taken for dead."""


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
        self._engine_thread = ThreadPoolExecutor(1, f"engine-{store.name}")
        self._disk_thread = ThreadPoolExecutor(1, f"disk-{store.name}")
        self._load_thread = ThreadPoolExecutor(1, f"load-{store.name}")
        self.writer = EventWriter(store, self._disk_thread, self.catch_up)
        self._background: set[asyncio.Task[Any]] = set()
        self._refitting: asyncio.Task[dict[str, Any]] | None = None
        self._swapping: asyncio.Task[None] | None = None
        self._derived: dict[str, tuple[str, Any]] = {}
        self._deriving = asyncio.Lock()
        self._refitted_at = time.monotonic()
        self._rest_until = 0.0
        self.last_refit: dict[str, Any] = {}
        self.is_ready = False

    # -- beginning and end ------------------------------------------------------------------------

    async def start(self) -> None:
        """Load or fit the model; returns when the shop can be asked."""
        await self._on_engine(self._replica.start)
        self.is_ready = True
        self._spawn(self._follow())

    async def close(self) -> None:
        """Write what waits, then let go."""
        self.is_ready = False
        await self.writer.close()
        for task in self._background:
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)
        for thread in (self._engine_thread, self._disk_thread, self._load_thread):
            thread.shutdown(wait=True)

    # -- questions --------------------------------------------------------------------------------

    async def ask(self, question: Callable[[Engine], T]) -> T:
        """The answer of the engine. Errors: `ArtifactError` while there is none, and the engine's own."""
        return await self._on_engine(lambda: question(self._engine_now()))

    def _engine_now(self) -> Engine:
        if self.settings.is_shared:
            self._replica.catch_up()
        return self._replica.ready

    async def derived(self, name: str, make: Callable[[Dataset], T]) -> T:
        """What is made of the whole shop and takes long: made once for each model, beside the answers."""
        version = self.version
        async with self._deriving:
            if self._derived.get(name, ("", None))[0] != version:
                shop = await self.ask(lambda engine: engine.dataset)
                loop = asyncio.get_running_loop()
                made = await loop.run_in_executor(self._load_thread, lambda: make(shop))
                self._derived[name] = (version, made)
        found: T = self._derived[name][1]
        return found

    @property
    def version(self) -> str:
        """The model that answers; empty before there is one."""
        return self._replica.version

    @property
    def has_model(self) -> bool:
        """Whether there is anything to ask."""
        return self._replica.engine is not None

    def is_removed(self, item_id: str) -> bool:
        """Whether an item was deleted, though the model still knows it."""
        return item_id in self._replica.removed

    # -- writes -----------------------------------------------------------------------------------

    async def put_items(self, items: Sequence[ItemIn]) -> None:
        """Write items over those of the same ids; they are live when this returns."""
        records = [Record(key=item.item_id, value=item.stored()) for item in items]
        await self.on_disk(lambda: self._put_and_tell(records))
        await self.catch_up()

    def _put_and_tell(self, records: Sequence[Record]) -> None:
        self.store.put(ITEMS, records)
        tell(self.store, Change(items=tuple(record.key for record in records)))

    async def change_items(self, items: Sequence[ItemIn]) -> None:
        """Change what was sent of these items; those that are new begin with it."""

        def change() -> None:
            now: dict[str, ItemIn] = {}
            for item in items:
                record = None if item.item_id in now else self.store.get(ITEMS, item.item_id)
                old = ItemIn.from_stored(record.value) if record else now.get(item.item_id)
                now[item.item_id] = ItemPatch.of(item).applied_to(old) if old else item
            self._put_and_tell([Record(key=item.item_id, value=item.stored()) for item in now.values()])

        await self.on_disk(change)
        await self.catch_up()

    async def patch_item(self, item_id: str, patch: ItemPatch) -> ItemIn:
        """Change some facts of an item; what it is now. Errors: `UnknownIdError`."""

        def change() -> ItemIn:
            now = patch.applied_to(self._stored_item(item_id))
            self._put_and_tell([Record(key=item_id, value=now.stored())])
            return now

        changed = await self.on_disk(change)
        await self.catch_up()
        return changed

    async def item(self, item_id: str) -> ItemIn:
        """An item as it was written. Errors: `UnknownIdError`."""
        return await self.on_disk(lambda: self._stored_item(item_id))

    def _stored_item(self, item_id: str) -> ItemIn:
        record = self.store.get(ITEMS, item_id)
        if record is None:
            raise UnknownIdError(
                expected="an item of the shop",
                found=repr(item_id),
                todo="Check the id, or send the item first.",
            )
        return ItemIn.from_stored(record.value)

    async def delete_items(self, item_ids: Sequence[str]) -> int:
        """Delete items; they are shown no more when this returns. How many there were."""

        def delete() -> int:
            count = self.store.delete(ITEMS, item_ids)
            tell(self.store, Change(items=tuple(item_ids)))
            return count

        count = await self.on_disk(delete)
        await self.catch_up()
        return count

    async def put_users(self, users: Sequence[UserIn]) -> None:
        """Write the attributes of users over those that they had."""

        def put() -> None:
            self.store.put(USERS, [Record(key=user.user_id, value=user.stored()) for user in users])
            for user in users:
                tell(self.store, Change(user_id=user.user_id))

        await self.on_disk(put)
        await self.catch_up()

    async def write_events(self, events: Sequence[EventIn], key: str = "") -> list[int]:
        """Write events; their numbers. With a `key` the same call again writes nothing."""
        entries = [entry_of(event, key, place) for place, event in enumerate(events)]
        return await self.writer.append(entries) if entries else []

    async def merge(self, visitor_id: str, user_id: str) -> dict[str, int]:
        """Give a visitor's evidence to the user they turned out to be; what changed hands."""
        digest = self._replica.digests.of(visitor_id)

        def merge() -> dict[str, int]:
            moved = self.store.merge(visitor_id, user_id)
            tell(self.store, Change(user_id=user_id, merged=digest))
            return moved

        moved = await self.on_disk(merge)
        await self.catch_up({digest: visitor_id})
        return moved

    async def forget(self, user_id: str) -> dict[str, int]:
        """Forget a user in store and engine; what was deleted.

        The tables counted over all users, and the model on the disk, are learned again without them at
        once, in a process of its own.
        """
        digest = self._replica.digests.of(user_id)

        def forget() -> dict[str, int]:
            gone = self.store.forget(user_id)
            tell(self.store, Change(forgotten=digest))
            return gone

        gone = await self.on_disk(forget)
        await self.catch_up({digest: user_id})
        return gone

    async def export(self, user_id: str) -> dict[str, Any]:
        """All that is kept of a user."""
        return await self.on_disk(lambda: all_of(self.store, user_id))

    # -- following and learning anew --------------------------------------------------------------

    async def catch_up(self, names: Mapping[str, str] | None = None) -> None:
        """Let the engine read what the store has; then see what that calls for."""
        await self._on_engine(lambda: self._replica.catch_up(names))
        self._heed()

    def _heed(self) -> None:
        replica = self._replica
        if replica.wants_model and not self._is_swapping:
            self._swapping = self._spawn(self._swap())
        if self._is_refitting or time.monotonic() < self._rest_until:
            return
        if replica.wants_relearning and replica.version:
            replica.wants_relearning = False
            self._refitting = self._spawn(self._run("relearn"))
        elif replica.engine is None and replica.wants_fit:
            self._refitting = self._spawn(self._run("refit"))

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
        if not self._is_refitting:
            self._refitting = self._spawn(self._run("refit", force=force))
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
        lease = Record(key="refit", value=kind, expires_at=time.time() + _LEASE)
        if not await self.on_disk(lambda: self.store.put("leases", [lease], only_new=True)):
            self._put_off(kind)
            return {"promoted": False, "why": "the shop is being learned already"}
        try:
            self.last_refit = await self._in_process(kind, force=force)
        finally:
            await self.on_disk(lambda: self.store.delete("leases", ["refit"]))
        self._refitted_at = time.monotonic()
        log.info("learned anew: %s", self.last_refit)
        return self.last_refit

    def _put_off(self, kind: str) -> None:
        """Try again later, not at once for ever."""
        self._replica.wants_relearning |= kind == "relearn"
        self._rest_until = time.monotonic() + _REST

    async def _in_process(self, kind: str, *, force: bool) -> dict[str, Any]:
        task = Task(
            kind="relearn" if kind == "relearn" else "refit",
            store=self.settings.store_url,
            tenant=self.store.name,
            folder=str(self.folder),
            encoder=self.settings.encoder,
            force=force,
        )
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "warmstart.serve.refitting",
            task.as_json(),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            out, said = await process.communicate()
        except asyncio.CancelledError:
            process.kill()
            await process.wait()
            raise
        if process.returncode:
            self._put_off(kind)
            log.error("learning anew failed: %s", said.decode(errors="replace")[-2000:])
            return {"promoted": False, "why": "it failed; the log says why"}
        return dict(json.loads(out.splitlines()[-1]))

    async def _swap(self) -> None:
        """Load the model in force beside the one that answers, then let it take over."""
        loop = asyncio.get_running_loop()
        coming = await loop.run_in_executor(self._load_thread, self._replica.successor)
        await self._on_engine(lambda: self._take(coming))

    def _take(self, coming: Replica) -> None:
        coming.catch_up()
        coming.wants_model = ""
        coming.wants_relearning |= self._replica.wants_relearning
        self._replica = coming

    async def _follow(self) -> None:
        """Look for what others wrote, and for whether it is time to learn anew, while nobody asks."""
        while True:
            await asyncio.sleep(self.settings.follow_seconds)
            try:
                await self.catch_up()
                if await self._is_due():
                    self._refitting = self._spawn(self._run("refit"))
            except WarmstartError as error:
                log.warning("could not follow the store: %s", error)

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
            return await asyncio.get_running_loop().run_in_executor(self._engine_thread, work)

    async def on_disk(self, work: Callable[[], T]) -> T:
        """Do something with the store, after what is being written."""
        with span("store"):
            return await asyncio.get_running_loop().run_in_executor(self._disk_thread, work)

    def _spawn(self, work: Any) -> asyncio.Task[Any]:
        task: asyncio.Task[Any] = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._background.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("work in the background failed", exc_info=error)
