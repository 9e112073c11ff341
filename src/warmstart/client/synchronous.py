"""The client that waits."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self, TypeVar, Unpack

from warmstart.client import calls
from warmstart.client.calls import Call, Records
from warmstart.client.results import Answer, Onboarded, Taken
from warmstart.client.sending import Attempts, Sender

if TYPE_CHECKING:
    import httpx

T = TypeVar("T")


class Client(Sender):
    """Asks a service, and waits for the answer.

    `url` is where it runs, `key` what it gave you. Calls are tried again, `retries` times, where the
    service says 429 or 503 or does not answer; nothing is done twice by that. `http` is an `httpx.Client`
    of your own (proxies, certificates); else one is made with `timeout` seconds. Use it as a context, or
    `close` it; for many questions at once use `AsyncClient`. Needs the extra 'client'.

    Keywords are the fields of docs/reference/http.md. Errors: `ProblemError` for what the service refuses,
    `UnreachableError`, `InputError` for an address that is none.

    >>> from warmstart.client import Client
    >>> with Client("http://127.0.0.1:8000", "ws_…") as shop:
    ...     print(shop)
    Client('http://127.0.0.1:8000')
    """

    def __init__(
        self,
        url: str,
        key: str = "",
        *,
        timeout: float = 10.0,
        retries: int = 3,
        http: httpx.Client | None = None,
    ) -> None:
        super().__init__(url, key, retries=retries)
        self._http = http or self._httpx.Client(timeout=timeout)
        self._sleep: Callable[[float], None] = time.sleep

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the connections."""
        self._http.close()

    def _send(self, call: Call[T]) -> T:
        attempts = Attempts(self, call)
        while (wait := attempts.wait(*self._once(call))) is not None:
            self._sleep(wait)
        return attempts.answer()

    def _once(self, call: Call[T]) -> tuple[Any, Exception | None]:
        try:
            return self._http.request(**self._parts(call)), None
        except self._httpx.TransportError as error:
            return None, error

    def pages(self, ask: Callable[..., Answer], *said: Any, **asked: Any) -> Iterator[Answer]:
        """The pages of a list one after the other: `shop.pages(shop.search, "tea", n=50)`."""
        page = ask(*said, **asked)
        yield page
        while page.next_cursor:
            page = ask(*said, **{**asked, "cursor": page.next_cursor})
            yield page

    def search(self, query: str, **asked: Unpack[calls.SearchAsked]) -> Answer:
        """The items that answer a query best, with regard to the searcher's taste when known."""
        return self._send(calls.search(query, asked))

    def recommend(self, **asked: Unpack[calls.RecommendAsked]) -> Answer:
        """The items a user may want next; for a stranger, what most people want."""
        return self._send(calls.recommend(asked))

    def similar(self, item_id: str, **asked: Unpack[calls.SimilarAsked]) -> Answer:
        """The items most like one item."""
        return self._send(calls.similar(item_id, asked))

    def complement(self, item_id: str, **asked: Unpack[calls.ListAsked]) -> Answer:
        """The items that go with one item and are not the same thing again."""
        return self._send(calls.complement(item_id, asked))

    def cart(self, item_ids: Sequence[str], **asked: Unpack[calls.ListAsked]) -> Answer:
        """The items that go best with those in a cart."""
        return self._send(calls.cart(item_ids, asked))

    def trending(self, **asked: Unpack[calls.ListAsked]) -> Answer:
        """The items that most was done with in the last days."""
        return self._send(calls.trending(asked))

    def rank(self, item_ids: Sequence[str], **asked: Unpack[calls.RankAsked]) -> Answer:
        """These items, best first for this user or these words."""
        return self._send(calls.rank(item_ids, asked))

    def explain(self, item_id: str, **asked: Unpack[calls.RankAsked]) -> Answer:
        """One item with all reasons, which sum to its score."""
        return self._send(calls.explain(item_id, asked))

    def suggest(self, prefix: str, n: int = 8) -> tuple[str, ...]:
        """What the words may become."""
        return self._send(calls.suggest(prefix, n))

    def onboard(
        self, answers: Mapping[str, float | None] | None = None, *, n: int = 10, most: int = 5
    ) -> Onboarded:
        """What to ask a stranger next. `answers` by item: 1 for liked, 0 for not, None for unknown."""
        return self._send(calls.onboard(answers or {}, n, most))

    def add_items(self, items: Records, *, lenient: bool = False) -> Taken:
        """Write items over those of the same ids; they are live when this returns.

        `lenient` takes what can be used and names the rest in `skipped`. A call may have 16 MB.
        """
        return self._send(calls.add_items(items, lenient=lenient))

    def item(self, item_id: str) -> dict[str, Any]:
        """An item as it was written."""
        return self._send(calls.item(item_id))

    def change_item(self, item_id: str, **changes: Any) -> dict[str, Any]:
        """Change only these facts of an item, None clears; what it is now."""
        return self._send(calls.change_item(item_id, changes))

    def delete_item(self, item_id: str) -> Taken:
        """Show an item no more."""
        return self._send(calls.delete_item(item_id))

    def add_users(self, users: Records, *, lenient: bool = False) -> Taken:
        """Write the attributes of users over those that they had."""
        return self._send(calls.add_users(users, lenient=lenient))

    def observe(self, events: Records, *, key: str = "", lenient: bool = False) -> Taken:
        """Write what users did; when this returns it is on the disk and counts in the next answer.

        `key` names the call for you to repeat it; without one it has a name of its own, under which it is
        repeated here.
        """
        return self._send(calls.observe(events, key=key, lenient=lenient))

    def take_back(self, user_id: str, number: int) -> int:
        """Undo one event of a user, by its number (`Taken.numbers`); how many there were, 1 or 0.

        From the next answer on it is as though it had never been; the user's others stay.
        """
        return self._send(calls.take_back(user_id, number))

    def merge(self, visitor_id: str, user_id: str) -> dict[str, int]:
        """Give all that is known of a visitor to the user they turned out to be; what changed hands."""
        return self._send(calls.merge(visitor_id, user_id))

    def export(self, user_id: str) -> dict[str, Any]:
        """All that is kept of a user."""
        return self._send(calls.export(user_id))

    def forget(self, user_id: str) -> dict[str, int]:
        """Forget a user (scope admin); what was deleted."""
        return self._send(calls.forget(user_id))
