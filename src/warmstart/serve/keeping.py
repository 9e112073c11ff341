"""Facts of a shop on their way into its store, each with the line that tells the engines of it."""

from __future__ import annotations

from collections.abc import Sequence

from warmstart.core.errors import UnknownIdError
from warmstart.data.wire.items import ItemIn, ItemPatch
from warmstart.data.wire.records import UserIn
from warmstart.roles.store import ITEMS, USERS, Record, Store
from warmstart.serve.changes import CHANGES, Change, line_of, tell


class Keeping:
    """Writes to the store of one shop. Waits for the disk: not for the thread that answers."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def item(self, item_id: str) -> ItemIn:
        """An item as it was written. Errors: `UnknownIdError`."""
        record = self._store.get(ITEMS, item_id)
        if record is None:
            raise UnknownIdError(
                expected="an item of the shop",
                found=repr(item_id),
                todo="Check the id, or send the item first.",
            )
        return ItemIn.from_stored(record.value)

    def put_items(self, items: Sequence[ItemIn]) -> None:
        """Write items over those of the same ids."""
        records = [Record(key=item.item_id, value=item.stored()) for item in items]
        self._store.put(ITEMS, records)
        tell(self._store, Change(items=tuple(record.key for record in records)))

    def change_items(self, items: Sequence[ItemIn]) -> None:
        """Change what was sent of these items; those that are new begin with it."""
        now: dict[str, ItemIn] = {}
        for item in items:
            record = None if item.item_id in now else self._store.get(ITEMS, item.item_id)
            old = ItemIn.from_stored(record.value) if record else now.get(item.item_id)
            now[item.item_id] = ItemPatch.of(item).applied_to(old) if old else item
        self.put_items(tuple(now.values()))

    def patch_item(self, item_id: str, patch: ItemPatch) -> ItemIn:
        """Change some facts of an item; what it is now. Errors: `UnknownIdError`."""
        now = patch.applied_to(self.item(item_id))
        self._store.put(ITEMS, [Record(key=item_id, value=now.stored())])
        tell(self._store, Change(items=(item_id,)))
        return now

    def delete_items(self, item_ids: Sequence[str]) -> int:
        """Delete items; how many there were."""
        count = self._store.delete(ITEMS, item_ids)
        tell(self._store, Change(items=tuple(item_ids)))
        return count

    def put_users(self, users: Sequence[UserIn]) -> None:
        """Write the attributes of users over those that they had."""
        self._store.put(USERS, [Record(key=user.user_id, value=user.stored()) for user in users])
        tell(self._store, *(Change(user_id=user.user_id) for user in users))

    def merge(self, visitor_id: str, user_id: str, *, digest: str, after: int) -> dict[str, int]:
        """Give a visitor's evidence to a user, up to the event `after` and whatever came since then."""
        moved = self._store.merge(visitor_id, user_id)
        tell(self._store, Change(user_id=user_id, merged=digest, after=after))
        return moved

    def take_back(self, user_id: str, numbers: Sequence[int]) -> int:
        """Delete single events of a user; how many there were.

        The line that tells of it comes in the same transaction: after a crash there is neither or both.
        """
        line = line_of(Change(user_id=user_id, taken=tuple(numbers)))
        return len(self._store.remove(numbers, user_id=user_id, noted=line, noted_in=CHANGES))

    def forget(self, user_id: str, *, digest: str, after: int) -> dict[str, int]:
        """Delete all that is kept of a user; what that was.

        The lines that tell who they were before the merges go, too, so those ids are told as forgotten:
        a model that was saved earlier still knows that part of the past by that name.
        """
        past = self._store.read(log=CHANGES, user_id=user_id)
        been = [entry.value["merged"] for entry in past if "merged" in entry.value]
        gone = self._store.forget(user_id)
        tell(self._store, *(Change(forgotten=one, after=after) for one in (*been, digest)))
        return gone
