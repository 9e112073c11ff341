"""The client that does not wait: for many questions at once, on asyncio."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self, TypeVar, Unpack

from warmstart.client import calls
from warmstart.client.calls import Call, Records
from warmstart.client.results import Answer, Onboarded, Taken
from warmstart.client.sending import Attempts, Sender

if TYPE_CHECKING:
    import httpx

T = TypeVar("T")


class AsyncClient(Sender):
    """`Client` for asyncio: the same arguments and methods, to be awaited.

    `http` is an `httpx.AsyncClient` of your own.
    """

    def __init__(
        self,
        url: str,
        key: str = "",
        *,
        timeout: float = 10.0,
        retries: int = 3,
        http: httpx.AsyncClient | None = None,
    ) -> None:
        super().__init__(url, key, retries=retries)
        self._http = http or self._httpx.AsyncClient(timeout=timeout)
        self._sleep: Callable[[float], Awaitable[None]] = asyncio.sleep

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Let go of the connections."""
        await self._http.aclose()

    async def _send(self, call: Call[T]) -> T:
        attempts = Attempts(self, call)
        while (wait := attempts.wait(*(await self._once(call)))) is not None:
            await self._sleep(wait)
        return attempts.answer()

    async def _once(self, call: Call[T]) -> tuple[Any, Exception | None]:
        try:
            return await self._http.request(**self._parts(call)), None
        except self._httpx.TransportError as error:
            return None, error

    async def pages(
        self, ask: Callable[..., Awaitable[Answer]], *said: Any, **asked: Any
    ) -> AsyncIterator[Answer]:
        """The pages of a list one after the other: `async for page in shop.pages(shop.search, "tea")`."""
        page = await ask(*said, **asked)
        yield page
        while page.next_cursor:
            page = await ask(*said, **{**asked, "cursor": page.next_cursor})
            yield page

    async def search(self, query: str, **asked: Unpack[calls.SearchAsked]) -> Answer:
        """The items that answer a query best, with regard to the searcher's taste when known."""
        return await self._send(calls.search(query, asked))

    async def recommend(self, **asked: Unpack[calls.RecommendAsked]) -> Answer:
        """The items a user may want next; for a stranger, what most people want."""
        return await self._send(calls.recommend(asked))

    async def similar(self, item_id: str, **asked: Unpack[calls.SimilarAsked]) -> Answer:
        """The items most like one item."""
        return await self._send(calls.similar(item_id, asked))

    async def complement(self, item_id: str, **asked: Unpack[calls.ListAsked]) -> Answer:
        """The items that go with one item and are not the same thing again."""
        return await self._send(calls.complement(item_id, asked))

    async def cart(self, item_ids: Sequence[str], **asked: Unpack[calls.ListAsked]) -> Answer:
        """The items that go best with those in a cart."""
        return await self._send(calls.cart(item_ids, asked))

    async def trending(self, **asked: Unpack[calls.ListAsked]) -> Answer:
        """The items that most was done with in the last days."""
        return await self._send(calls.trending(asked))

    async def rank(self, item_ids: Sequence[str], **asked: Unpack[calls.RankAsked]) -> Answer:
        """These items, best first for this user or these words."""
        return await self._send(calls.rank(item_ids, asked))

    async def explain(self, item_id: str, **asked: Unpack[calls.RankAsked]) -> Answer:
        """One item with all reasons, which sum to its score."""
        return await self._send(calls.explain(item_id, asked))

    async def suggest(self, prefix: str, n: int = 8) -> tuple[str, ...]:
        """What the words may become."""
        return await self._send(calls.suggest(prefix, n))

    async def onboard(
        self, answers: Mapping[str, float | None] | None = None, *, n: int = 10, most: int = 5
    ) -> Onboarded:
        """What to ask a stranger next. `answers` by item: 1 for liked, 0 for not, None for unknown."""
        return await self._send(calls.onboard(answers or {}, n, most))

    async def add_items(self, items: Records, *, lenient: bool = False) -> Taken:
        """Write items over those of the same ids; they are live when this returns.

        `lenient` takes what can be used and names the rest in `skipped`. A call may have 16 MB.
        """
        return await self._send(calls.add_items(items, lenient=lenient))

    async def item(self, item_id: str) -> dict[str, Any]:
        """An item as it was written."""
        return await self._send(calls.item(item_id))

    async def change_item(self, item_id: str, **changes: Any) -> dict[str, Any]:
        """Change only these facts of an item, None clears; what it is now."""
        return await self._send(calls.change_item(item_id, changes))

    async def delete_item(self, item_id: str) -> Taken:
        """Show an item no more."""
        return await self._send(calls.delete_item(item_id))

    async def add_users(self, users: Records, *, lenient: bool = False) -> Taken:
        """Write the attributes of users over those that they had."""
        return await self._send(calls.add_users(users, lenient=lenient))

    async def observe(self, events: Records, *, key: str = "", lenient: bool = False) -> Taken:
        """Write what users did; when this returns it is on the disk and counts in the next answer.

        `key` names the call for you to repeat it; without one it has a name of its own, under which it is
        repeated here.
        """
        return await self._send(calls.observe(events, key=key, lenient=lenient))

    async def take_back(self, user_id: str, number: int) -> int:
        """Undo one event of a user, by its number (`Taken.numbers`); how many there were, 1 or 0.

        From the next answer on it is as though it had never been; the user's others stay.
        """
        return await self._send(calls.take_back(user_id, number))

    async def merge(self, visitor_id: str, user_id: str) -> dict[str, int]:
        """Give all that is known of a visitor to the user they turned out to be; what changed hands."""
        return await self._send(calls.merge(visitor_id, user_id))

    async def export(self, user_id: str) -> dict[str, Any]:
        """All that is kept of a user."""
        return await self._send(calls.export(user_id))

    async def forget(self, user_id: str) -> dict[str, int]:
        """Forget a user (scope admin); what was deleted."""
        return await self._send(calls.forget(user_id))
