"""Take the pictures of the storefront for the read-mes and docs/how-to/pages.md.

    python scripts/make_screenshots.py            # needs the extras 'serve' and 'browser', and a chromium

The shop is that of `warmstart demo`; what is done before each picture stands in `PICTURES`.
"""

from __future__ import annotations

import os
import shutil
import socket
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
    path: str = ""
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
    Picture(name="storefront-search", path="/search?q=ketle"),
    Picture(name="storefront-phone", size=PHONE, do=lambda page: like(page, 3)),
    Picture(name="storefront-phone.zh", size=PHONE, scheme="dark", language="zh", do=know),
)


@contextmanager
def shop(language: Language) -> Iterator[str]:
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
        server = uvicorn.Server(uvicorn.Config(create_app(settings), log_config=None, ws="none"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}/shop"
        finally:
            server.should_exit = True
            thread.join()


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
        for language in ("en", "zh"):
            with shop(language) as address:
                for picture in (one for one in PICTURES if one.language == language):
                    file = take(browser, picture, address)
                    size = file.stat().st_size
                    print(f"{file.relative_to(FOLDER.parent.parent)}  {size // 1000} kB")
                    if size > LARGEST:
                        raise SystemExit(f"{file.name} is larger than {LARGEST // 1000} kB")
        browser.close()


if __name__ == "__main__":
    main()
