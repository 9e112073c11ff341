"""A storefront, in process: what its door answers to a browser that keeps cookies."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from starlette.testclient import TestClient

EVIL = "<script>document.title='stolen'</script><img src=x onerror=\"document.title='stolen'\">"
ARABIC = "غلاية ماء كهربائية من الفولاذ المقاوم للصدأ"
KINDS = {
    "Tea": ["Green tea", "Black tea", "White tea", "Oolong tea", "绿茶 明前龙井"],
    "Kettles": ["Steel kettle", "Glass kettle", "Enamel kettle", "Travel kettle", "紫砂茶壶 手工"],
    "Fishing": ["Carbon fishing rod", "Fishing reel", "Fishing line", "Tackle box", "钓鱼竿 碳素"],
}


def items() -> list[dict[str, Any]]:
    """Three kinds of things, with a title that tries to run and one in Arabic among them."""
    found = []
    for kind, (category, titles) in enumerate(KINDS.items()):
        for place, title in enumerate(titles):
            found.append(
                {
                    "item_id": f"{category.lower()}-{place}",
                    "title": title,
                    "brand": ["Leaf", "Stahl", "Angel"][kind] if place % 2 else "Glas",
                    "categories": ["Home" if kind < 2 else "Outdoors", category],
                    "price": 10.0 * (kind + 1) + place,
                    "currency": "EUR",
                    "created_at": 1.7e9 + 86_400 * place,
                }
            )
    found[1]["title"] = f"Black tea {EVIL}"
    found[8]["title"] = ARABIC
    return found


def events() -> list[dict[str, Any]]:
    """People who like one kind of thing each, and tea drinkers who buy kettles."""
    found = []
    for n in range(24):
        kind = ["Tea", "Fishing"][n % 2]
        for place in range(3):
            item_id = f"{kind.lower()}-{(n + place) % 5}"
            found.append({"event_type": "purchase", "user_id": f"u{n}", "item_id": item_id})
        if kind == "Tea":
            item_id = f"kettles-{n % 5}"
            found.append({"event_type": "purchase", "user_id": f"u{n}", "item_id": item_id})
    return found


class Browser:
    """A client with cookies that does as a page of the shop does."""

    def __init__(self, client: TestClient) -> None:
        self.client = client

    def get(self, path: str, **params: Any) -> Any:
        answer = self.client.get(f"/shop/api/{path}", params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, body: Any = None) -> Any:
        answer = self.client.post(f"/shop/api/{path}", json=body or {})
        assert answer.status_code == 200, answer.text
        return answer.json()

    def row(self, key: str) -> list[str]:
        rows = {row["key"]: [card["id"] for card in row["items"]] for row in self.get("home")["rows"]}
        return rows.get(key, [])


@pytest.fixture
def opening(tmp_path: Path):
    """Opens a service with pages on a folder."""
    pytest.importorskip("fastapi")
    pytest.importorskip("httpx")
    from starlette.testclient import TestClient

    from warmstart.serve.settings import ServeSettings
    from warmstart.web.app import create_app

    @contextmanager
    def opened(**settings: Any) -> Iterator[Browser]:
        chosen = ServeSettings(
            **{"home": tmp_path / "home", "encoder": "catalogue", "refit_minutes": 0.0, **settings}
        )
        with TestClient(create_app(chosen), base_url="http://127.0.0.1") as client:
            yield Browser(client)

    return opened


@pytest.fixture
def bare(opening) -> Iterator[Browser]:
    """A browser in front of a shop without products."""
    with opening(open_to_all=True) as found:
        yield found


@pytest.fixture
def browser(opening) -> Iterator[Browser]:
    """A browser in front of a small shop, before its first page."""
    with opening(open_to_all=True) as found:
        found.client.post("/v1/items", json=items())
        found.client.post("/v1/events", json=events())
        found.get("me")
        yield found
