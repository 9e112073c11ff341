"""Both clients say the same to a service, and understand what comes back."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("fastapi")
pytest.importorskip("httpx")

import httpx

from tests.serve.conftest import ADMIN, ITEMS, serving, shop  # noqa: F401  # fixtures
from warmstart.client import AsyncClient, Client, ProblemError, UnreachableError, calls
from warmstart.core.errors import InputError
from warmstart.serve import asked as q

CLICK = {"event_type": "click", "visitor_id": "v-81", "item_id": "tea"}
URL = "http://testserver"


@pytest.fixture
def client(shop):  # noqa: F811
    return Client(URL, ADMIN, http=shop.client)


def test_a_shop_is_run_through_the_client(client):
    before = client.recommend(visitor_id="v-81", n=3)
    assert "user_without_events" in before.warnings
    assert client.observe(CLICK).accepted == 1
    after = client.recommend(visitor_id="v-81", n=3)
    assert after.item_ids != before.item_ids
    assert after.items[0].reasons[0].item_id == "tea"
    assert client.merge("v-81", "ann") == {"events": 1}
    assert client.recommend(user_id="ann", n=3).item_ids == after.item_ids
    assert client.export("ann")["events"][0]["item_id"] == "tea"
    assert client.forget("ann")["events"] == 1
    assert client.recommend(user_id="ann", n=3).item_ids == before.item_ids


def test_items_come_and_go(client):
    strange = "茶/壶 ?#%"
    assert client.add_items({"item_id": strange, "title": "Bamboo matcha whisk"}).accepted == 1
    assert client.search("matcha whisk", n=1).item_ids == (strange,)
    assert client.change_item(strange, price=4.0)["price"] == client.item(strange)["price"] == 4.0
    assert client.delete_item(strange).accepted == 1
    with pytest.raises(ProblemError, match="send the item first"):
        client.item(strange)


def test_people_of_login_services_have_slashes_in_their_ids(client):
    client.observe({"event_type": "click", "user_id": "login/ann/export", "item_id": "tea"})
    assert len(client.export("login/ann/export")["events"]) == 1
    assert client.forget("login/ann/export")["events"] == 1


def test_every_list_is_asked_for(client):
    client.add_users([{"user_id": "ann", "attributes": {"city": "上海"}}])
    client.observe([CLICK, {**CLICK, "user_id": "ann", "item_id": "pot"}])
    assert "tea" not in client.similar("tea", n=3, diversity=0.2).item_ids
    assert len(client.complement("tea", n=2)) == len(client.cart(["tea", "pot"], n=2)) == 2
    assert set(client.trending(n=2).item_ids) == {"tea", "pot"}
    assert set(client.rank(["rod", "cup"], user_id="ann").item_ids) == {"rod", "cup"}
    why = next(iter(client.explain("cup", user_id="ann")))
    assert why.score == pytest.approx(sum(reason.value for reason in why.reasons), abs=1e-4)
    assert "tea" in client.suggest("te")
    asked = client.onboard()
    assert asked.ask in {item["item_id"] for item in ITEMS}
    assert client.onboard({"rod": 1.0}, n=2, most=1).ask is None


def test_pages_are_read_to_the_end(client):
    found = [item_id for page in client.pages(client.search, "tea", n=2) for item_id in page.item_ids]
    assert len(found) > 2
    assert tuple(found) == client.search("tea", n=100).item_ids


def test_a_problem_has_its_parts(client):
    with pytest.raises(ProblemError) as caught:
        client.add_items([{"item_id": "a"}, {"item_id": "b", "price": "cheap"}])
    assert (caught.value.status, caught.value.title) == (400, "Unusable input")
    assert "record 2" in caught.value.found
    assert caught.value.request_id
    taken = client.add_items([{"item_id": "a"}, {"item_id": 5}], lenient=True)
    assert (taken.accepted, len(taken.skipped)) == (1, 1)
    with pytest.raises(InputError, match="http"):
        Client("shop.example")


def test_the_other_client_does_the_same(shop):  # noqa: F811
    async def story() -> None:
        transport = httpx.ASGITransport(shop.client.app)
        async with AsyncClient(URL, ADMIN, http=httpx.AsyncClient(transport=transport)) as other:
            assert (await other.observe(CLICK)).accepted == 1
            found = await asyncio.gather(*(other.search(word, n=1) for word in ("green tea", "kettle")))
            assert [answer.item_ids for answer in found] == [("tea",), ("kettle",)]
            pages = [page async for page in other.pages(other.search, "tea", n=2)]
            assert len(pages) > 1
            with pytest.raises(ProblemError):
                await other.item("nothing")

    shop.client.portal.call(story)


def public(kind: type) -> dict[str, str]:
    """The methods, and what they take."""
    own = {name: value for name, value in vars(kind).items() if inspect.isfunction(value)}
    return {name: str(inspect.signature(value)) for name, value in own.items() if name[0] != "_"}


def test_both_have_the_same_methods():
    waiting, other = public(Client), public(AsyncClient)
    assert waiting.keys() == other.keys()
    assert {name for name in waiting if waiting[name] != other[name]} == {"pages"}


@pytest.mark.parametrize(
    ("keywords", "question", "own"),
    [
        (calls.SearchAsked, q.SearchIn, {"query"}),
        (calls.RecommendAsked, q.RecommendIn, set()),
        (calls.SimilarAsked, q.SimilarIn, {"item_id"}),
        (calls.ListAsked, q.ItemAsked, {"item_id"}),
        (calls.ListAsked, q.CartIn, {"item_ids"}),
        (calls.RankAsked, q.RankIn, {"item_ids"}),
        (calls.RankAsked, q.ExplainIn, {"item_id"}),
    ],
)
def test_the_keywords_are_the_fields_of_the_service(keywords, question, own):
    assert set(keywords.__annotations__) | own == set(question.model_fields)


class Falling:
    """Answers of a service that is in trouble, one after the other."""

    def __init__(self, *answers: Any) -> None:
        self.answers, self.seen, self.waits = list(answers), list[Any](), list[float]()

    def __call__(self, request: Any) -> Any:
        self.seen.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def wait(self, seconds: float) -> None:
        self.waits.append(seconds)


def observed(falling: Falling, kind: type, retries: int = 3) -> Any:
    """What comes of an event sent to it by either client."""
    transport = httpx.MockTransport(falling)
    if kind is Client:
        client = Client(URL, retries=retries, http=httpx.Client(transport=transport))
        client._sleep = falling.waits.append
        return client.observe(CLICK)
    other = AsyncClient(URL, retries=retries, http=httpx.AsyncClient(transport=transport))
    other._sleep = falling.wait
    return asyncio.run(other.observe(CLICK))


def taken() -> Any:
    return httpx.Response(200, json={"request_id": "w", "accepted": 1, "a_new_field": 2})


both: Callable[..., Any] = pytest.mark.parametrize("kind", [Client, AsyncClient])


@both
def test_a_call_is_repeated_under_the_same_name(kind):
    falling = Falling(
        httpx.Response(429, headers={"Retry-After": "7"}),
        httpx.ConnectError("refused"),
        httpx.Response(503),
        taken(),
    )
    assert observed(falling, kind).accepted == 1
    assert falling.waits == [7.0, 0.4, 0.8]
    assert len({request.headers["idempotency-key"] for request in falling.seen}) == 1


@both
def test_what_is_wrong_is_not_repeated(kind):
    falling = Falling(httpx.Response(400, json={"todo": "Mend it."}))
    with pytest.raises(ProblemError, match="Mend it"):
        observed(falling, kind)
    with pytest.raises(ProblemError, match="200"):
        observed(Falling(httpx.Response(200, text="<html>")), kind)
    assert falling.waits == []


@both
def test_in_the_end_one_gives_up(kind):
    with pytest.raises(UnreachableError, match="readyz"):
        observed(Falling(httpx.ConnectError("refused"), httpx.ReadTimeout("slow")), kind, retries=1)
    with pytest.raises(ProblemError) as caught:
        observed(Falling(httpx.Response(503), httpx.Response(503)), kind, retries=1)
    assert caught.value.status == 503
