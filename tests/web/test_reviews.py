"""What buyers said of an imported shop stands on its pages, and goes with whoever is forgotten."""

from __future__ import annotations

import shutil
from dataclasses import replace
from typing import Any

import polars as pl
import pytest

pytest.importorskip("fastapi")
pytest.importorskip("httpx")

from tests.serve.conftest import Shop
from tests.serve.learning_here import files_with, learn_here, settle
from tests.web.conftest import EVIL, events, items
from tests.web.served import served
from warmstart.data.dataset import Dataset
from warmstart.data.wire.events import EventIn
from warmstart.data.wire.items import ItemIn
from warmstart.engine.engine import Engine
from warmstart.serve.run import fit_model, take_shop
from warmstart.serve.settings import ServeSettings
from warmstart.web.storefront.said import said_of

WORDS = [
    ("tea-0", "ann", "Fresh and sweet, the best I ever had", 5.0),
    ("tea-0", "李雷", "香气清新，回甘持久，会再买。", 4.0),
    ("tea-0", "bea", f"Too bitter {EVIL}", 2.0),
    ("tea-0", None, "It came late", 1.0),
    ("tea-2", "bea", "Nice tin", None),
]


def reviews(scale: float = 1.0) -> pl.DataFrame:
    rows = [
        (item, user, text, None if grade is None else grade * scale) for item, user, text, grade in WORDS
    ]
    return pl.DataFrame(rows, schema=["item_id", "user_id", "text", "rating"], orient="row")


def shop() -> Dataset:
    did = [EventIn.read(event).to_events(1.7e9)[0] for event in events()]
    bare = Dataset.from_records([ItemIn.read(item).to_item() for item in items()], did)
    return replace(bare, reviews=reviews())


@pytest.fixture
def imported(tmp_path) -> ServeSettings:
    """A home into which a shop with reviews was brought, as `warmstart serve SHOP` does."""
    settings = ServeSettings(
        home=tmp_path / "home", encoder="catalogue", refit_minutes=0.0, open_to_all=True
    )
    assert take_shop(settings, shop())
    assert fit_model(settings)
    return settings


def said(browser: Any, item_id: str = "tea-0") -> Any:
    return browser.get("item", id=item_id)["said"]


def test_the_reviews_of_an_imported_shop_stay_when_it_is_learned_anew(imported, opening, monkeypatch):
    learn_here(monkeypatch)
    with opening(open_to_all=True) as browser:
        first = said(browser)
        assert (first["count"], first["mean"]) == (4, 3.0)
        assert first["stars"] == {"5": 1, "4": 1, "3": 0, "2": 1, "1": 1}
        assert [quote["text"] for quote in first["quotes"]] == [WORDS[0][2], WORDS[1][2], WORDS[3][2]]
        found = browser.client.post("/v1/admin/refit", json={"force": True}).json()
        settle(Shop(browser.client))
        assert browser.client.get("/v1/admin/status").json()["model"]["version"] == found["version"]
        assert said(browser) == first
    shutil.rmtree(imported.models_of("default"))
    with opening(open_to_all=True) as browser:
        assert said(browser) == first


def test_a_review_without_a_grade_is_told_without_one(imported, opening):
    with opening(open_to_all=True) as browser:
        found = said(browser, "tea-2")
        assert (found["count"], found["mean"]) == (1, None)
        assert found["quotes"] == [{"text": "Nice tin", "rating": None}]
        assert said(browser, "tea-3") is None


def test_who_is_forgotten_has_said_nothing(imported, opening, monkeypatch):
    learn_here(monkeypatch)
    with opening(open_to_all=True) as browser:
        told = browser.client.get("/v1/users/李雷/export").json()
        assert [row["text"] for row in told["reviews"]] == [WORDS[1][2]]
        gone = browser.client.delete("/v1/users/李雷").json()["deleted"]
        assert gone == {"reviews": 1}
        assert (said(browser)["count"], said(browser)["mean"]) == (3, 2.67)
        settle(Shop(browser.client))
        browser.client.post("/v1/admin/refit", json={"force": True})
        settle(Shop(browser.client))
        assert said(browser)["count"] == 3
    assert not files_with(imported.home, WORDS[1][2])


@pytest.mark.parametrize("scale", [1.0, 2.0, 20.0])
def test_grades_of_any_scale_are_told_in_stars(scale):
    engine = Engine().fit(replace(shop(), reviews=reviews(scale)), encoder="catalogue")
    found = said_of(engine, "tea-0")
    assert found is not None
    assert (found["mean"], found["quotes"][0]["rating"]) == (3.0, 5.0)
    assert sum(found["stars"].values()) == 4


def test_a_long_review_is_cut_and_says_so():
    table = pl.DataFrame({"item_id": ["tea-0"], "text": ["好" * 400], "rating": [5.0]})
    found = said_of(Engine().fit(replace(shop(), reviews=table), encoder="catalogue"), "tea-0")
    assert found is not None
    assert found["quotes"][0]["text"] == f"{'好' * 300} …"


CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.mark.skipif(CHROMIUM is None, reason="needs a chromium on the PATH")
def test_a_browser_shows_them(imported):
    playwright = pytest.importorskip("playwright.sync_api", reason="needs the extra 'browser'")
    pytest.importorskip("uvicorn")
    with served(imported) as address, playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(base_url=address, locale="en-US", reduced_motion="reduce")
        page.goto("/shop/item?id=tea-0")
        box = page.locator(".said")
        playwright.expect(box.locator(".mean strong")).to_have_text("3.0")
        playwright.expect(box.locator(".said-sum .quiet")).to_have_text("4 reviews")
        playwright.expect(box.locator("blockquote")).to_have_count(3)
        playwright.expect(box.locator("blockquote").nth(1)).to_contain_text(WORDS[1][2])
        playwright.expect(box.locator("blockquote .stars").first).to_have_attribute(
            "aria-label", "5 of 5 stars"
        )
        page.goto("/shop/item?id=tea-2")
        playwright.expect(page.locator(".said blockquote")).to_have_text("Nice tin")
        playwright.expect(page.locator(".said .grades")).to_have_count(0)
        browser.close()
