"""Take the pictures of storefront and console for the read-mes, docs/how-to/pages.md and console.md.

    python scripts/make_screenshots.py            # needs the extras 'serve' and 'browser', and a chromium
    python scripts/make_screenshots.py console    # only those whose names begin so

The shop is that of `warmstart demo`; what is done before each picture stands in `PICTURES`.
"""

from __future__ import annotations

import os
import shutil
import socket
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "images"
LARGEST = 200_000
DESKTOP, PHONE = (1280, 860), (390, 780)
Language = Literal["en", "zh"]


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A name, how the browser is set, where it goes, and what is done there."""

    name: str
    language: Language = "en"
    size: tuple[int, int] = DESKTOP
    scheme: Literal["light", "dark"] = "light"
    path: str = "/shop"
    do: Callable[[Any], None] | None = None


def like(page: Any, place: int) -> None:
    """Press the heart of an item of the first shelf, and wait for what comes of it."""
    page.locator("[data-row=for_you] .like").nth(place).click()
    page.locator(".arrived").first.wait_for()
    page.mouse.move(1, 1)


def know(page: Any) -> None:
    """Like something, then open the drawer."""
    like(page, 3)
    page.locator(".know").click()
    page.locator(".leanings li").first.wait_for()
    page.locator(".toast").wait_for(state="detached")


def search_lab(page: Any) -> None:
    """Grade the first three of a search."""
    for place, grade in enumerate((3, 2, 0)):
        row = page.locator(".leg.final ol li").nth(place)
        row.locator(".grades button").nth(grade).click()
        row.locator(".grades button[aria-pressed=true]").wait_for()
    page.mouse.move(1, 1)
    page.evaluate("() => scrollTo(0, 0)")


def user_lab(page: Any) -> None:
    """Pick the busiest user, and wait for how much of their taste is open."""
    page.locator(".people button.link").first.click()
    page.locator(".course .line2").first.wait_for()
    page.evaluate("() => scrollTo(0, document.body.scrollHeight)")


def learned(page: Any) -> None:
    """Learn anew, so that there is a candidate to look at."""
    page.get_by_role("button", name="Learn anew", exact=True).click()
    page.locator(".big .interval").wait_for(timeout=180_000)


def why(page: Any) -> None:
    """Like something, then ask why an item came of it."""
    like(page, 3)
    page.locator("[data-row=for_you] .because").nth(1).click()
    page.locator("dialog .score").wait_for()


PICTURES = (
    Picture(name="storefront", do=know),
    Picture(name="storefront-dark", do=know, scheme="dark"),
    Picture(name="storefront.zh", do=know, language="zh"),
    Picture(name="storefront-why", do=why),
    Picture(name="storefront-why.zh", do=why, language="zh"),
    Picture(name="storefront-search", path="/shop/search?q=ketle"),
    Picture(name="storefront-phone", size=PHONE, do=lambda page: like(page, 3)),
    Picture(name="storefront-phone.zh", size=PHONE, scheme="dark", language="zh", do=know),
    Picture(name="console", path="/console"),
    Picture(name="console.zh", path="/console", language="zh", scheme="dark"),
    Picture(name="console-search", path="/console/search?q=steel+kettle", size=(1200, 820), do=search_lab),
    Picture(name="console-users", path="/console/users", size=(1200, 900), do=user_lab),
    Picture(name="console-whom", path="/console/whom", size=(1200, 900)),
    Picture(name="console-reports", path="/console/reports", size=(1200, 1060)),
    Picture(name="console-models", path="/console/models", do=learned),
    Picture(name="console-audit", path="/console/audit", size=(1200, 420)),
    Picture(name="console-phone", path="/console/search?q=steel+kettle", size=PHONE),
)


@contextmanager
def shop(language: Language) -> Iterator[tuple[str, Any]]:
    """The address of the demo shop in this language, in a thread."""
    import uvicorn

    from warmstart.data.simulator import SimulatorSettings, simulate
    from warmstart.engine.engine import Engine
    from warmstart.serve.run import take_model
    from warmstart.serve.settings import ServeSettings
    from warmstart.web.app import create_app

    made = simulate(SimulatorSettings(language=language, seed=0, n_items=600, n_users=800))
    with tempfile.TemporaryDirectory() as home, socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        settings = ServeSettings(home=Path(home), open_to_all=True, refit_minutes=0.0)
        take_model(settings, Engine().fit(made.dataset))
        report(settings.home, made.dataset)
        server = uvicorn.Server(uvicorn.Config(create_app(settings), log_config=None, ws="none"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            address = f"http://127.0.0.1:{listening.getsockname()[1]}"
            yield address, made
        finally:
            server.should_exit = True
            thread.join()


def report(home: Path, dataset: Any) -> None:
    """Measure new users, for the console to show."""
    from warmstart.evaluate.run import evaluate

    methods = ("popularity", "content", "item-knn", "engine")
    done = evaluate(dataset, "new-users", seeds=(0,), methods=methods, sample=100)
    folder = home / "reports" / "default"
    folder.mkdir(parents=True)
    done.to_json(folder / "new-users.json")


def visit(address: str, made: Any, visitors: int = 120) -> None:
    """Shoppers who see lists, click what they like best, buy some, and find one thing by themselves."""
    import httpx

    with httpx.Client(base_url=address, timeout=120, transport=httpx.HTTPTransport(retries=5)) as client:
        counts = (
            made.dataset.interactions["user_id"].value_counts().sort("count", "user_id", descending=True)
        )
        for place, user in enumerate(counts["user_id"][:visitors]):
            answer = client.post("/v1/recommend", json={"user_id": user, "n": 10}).json()
            seen = [item["item_id"] for item in answer["items"]]
            best = seen[int(made.truth.utility(user, seen).argmax())]
            common = {"user_id": user, "request_id": answer["request_id"]}
            acts = [
                {"event_type": "impression", "items": [{"item_id": one} for one in seen], **common},
                {"event_type": "click", "item_id": best, **common},
            ]
            acts += [{"event_type": "purchase", "item_id": best, **common}] if place % 3 == 0 else []
            known = {*seen, *made.dataset.events.filter(user_id=user)["item_id"].drop_nulls()}
            found = made.truth.ideal_items(user, 1, exclude=known)
            acts += [{"event_type": "view", "user_id": user, "item_id": one} for one in found]
            client.post("/v1/events", json=acts).raise_for_status()


def take(browser: Any, picture: Picture, address: str) -> Path:
    """One picture, by a visitor who was never there."""
    width, height = picture.size
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme=picture.scheme,
        reduced_motion="reduce",
        locale={"en": "en-US", "zh": "zh-CN"}[picture.language],
    )
    page = context.new_page()
    page.goto(address + picture.path)
    page.locator("html[data-ready]").wait_for(state="attached")
    if picture.do is not None:
        picture.do(page)
    file = FOLDER / f"{picture.name}.png"
    page.screenshot(path=file)
    context.close()
    return file


def main() -> None:
    """Take all of them, and stop at one that is too large for a repository."""
    from playwright.sync_api import sync_playwright

    found = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        visited: set[str] = set()
        wanted = [one for one in PICTURES if one.name.startswith(sys.argv[1] if sys.argv[1:] else "")]
        for language in ("en", "zh"):
            with shop(language) as (address, made):
                for picture in (one for one in wanted if one.language == language):
                    if picture.name.startswith("console") and language not in visited:
                        visit(address, made)
                        visited.add(language)
                    file = take(browser, picture, address)
                    size = file.stat().st_size
                    print(f"{file.relative_to(FOLDER.parent.parent)}  {size // 1000} kB")
                    if size > LARGEST:
                        raise SystemExit(f"{file.name} is larger than {LARGEST // 1000} kB")
        browser.close()


if __name__ == "__main__":
    main()
