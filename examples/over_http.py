"""The first minute again, over HTTP: a service, and the Python client that asks it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import uvicorn

from warmstart.client import Answer, Client, ProblemError
from warmstart.serve.app import create_app
from warmstart.serve.settings import ServeSettings

SHOP = [
    {"item_id": "tea-1", "title": "Sencha green tea 100 g", "price": 12.5},
    {"item_id": "tea-2", "title": "Earl Grey black tea 100 g", "price": 9.9},
    {"item_id": "tea-3", "title": "龙井绿茶 100 克", "price": 28.0},
    {"item_id": "pot-1", "title": "Glass teapot 1 L, for loose leaf tea", "price": 29.0},
    {"item_id": "kettle-1", "title": "Gooseneck kettle for pour-over coffee", "price": 39.0},
    {"item_id": "coffee-1", "title": "Filter coffee beans 250 g", "price": 11.0},
]


@contextmanager
def service(home: Path) -> Iterator[str]:
    """What 'warmstart serve --open' starts, at a free port of this machine; its address."""
    settings = ServeSettings(home=home, open_to_all=True, encoder="catalogue", refit_minutes=0)
    server = uvicorn.Server(uvicorn.Config(create_app(settings), log_level="error", ws="none"))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


def show(heading: str, answer: Answer) -> None:
    """One list with the first reason of each item."""
    print(heading)
    for item in answer:
        print(f"  {item.item_id:10} {item.reasons[0].text if item.reasons else ''}")


def main() -> None:
    """Tell the story."""
    with TemporaryDirectory() as home, service(Path(home)) as url, Client(url, timeout=60) as shop:
        print(f"{shop.add_items(SHOP).accepted} items are live.")
        show("A stranger sees the catalogue laid out:", shop.recommend(visitor_id="v-1", n=3))
        shop.observe({"event_type": "click", "visitor_id": "v-1", "item_id": "pot-1"})
        show("One click later:", shop.recommend(visitor_id="v-1", n=3))
        show("绿茶, under 30:", shop.search("绿茶", n=1, filter={"price": {"lte": 30}}))

        print(f"She logs in: {shop.merge('v-1', 'ann')} came along, and leaves: {shop.forget('ann')}.")
        try:
            shop.item("tea-0")
        except ProblemError as problem:
            print(f"What goes wrong says what to do: {problem.todo}")


if __name__ == "__main__":
    main()
