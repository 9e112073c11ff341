"""The console in a real browser: what one sees, presses and exports."""

from __future__ import annotations

import shutil
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.web.conftest import EVIL, events, items
from tests.web.console.conftest import ADMIN
from tests.web.console.test_reports import put as put_report

playwright = pytest.importorskip("playwright.sync_api", reason="needs the extra 'browser'")
pytest.importorskip("fastapi")
httpx = pytest.importorskip("httpx")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs a chromium on the PATH")
expect = playwright.expect
VIEWS = [
    "",
    "/search?q=tea&user=u0",
    "/users?user=u0",
    "/whom",
    "/reports",
    "/data",
    "/models",
    "/keys",
    "/audit",
]


@pytest.fixture(scope="module")
def address(tmp_path_factory) -> Iterator[str]:
    """A service with pages that asks for keys, in a thread, with a shop that saw some traffic."""
    import uvicorn

    from warmstart.serve.settings import ServeSettings
    from warmstart.web.app import create_app

    settings = ServeSettings(home=tmp_path_factory.mktemp("home"), encoder="catalogue", refit_minutes=0.0)
    put_report(settings.home)
    with pytest.MonkeyPatch.context() as patch, socket.socket() as listening:
        patch.setenv("WARMSTART_ADMIN_KEY", ADMIN)
        listening.bind(("127.0.0.1", 0))
        config = uvicorn.Config(create_app(settings), log_config=None, ws="none", lifespan="on")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        base = f"http://127.0.0.1:{listening.getsockname()[1]}"
        bring(base)
        yield base
        server.should_exit = True
        thread.join()


def bring(base: str) -> None:
    """Items, events, and questions."""
    headers = {"Authorization": f"Bearer {ADMIN}"}
    transport = httpx.HTTPTransport(retries=5)
    with httpx.Client(base_url=base, transport=transport, timeout=60, headers=headers) as client:
        for path, body in (("items", items()), ("events", events()), ("search", {"query": "tea"})):
            assert client.post(f"/v1/{path}", json=body).status_code == 200


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """One browser for all tests here."""
    options = ["--no-sandbox", "--disable-background-networking", "--disable-component-update"]
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=CHROMIUM, args=options)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def session(chromium, address) -> Any:
    """The cookies of somebody who logged in."""
    context = chromium.new_context(base_url=address, locale="en-US")
    page = context.new_page()
    page.goto("/console")
    page.get_by_label("Admin key").fill(ADMIN)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="Overview", level=1)).to_be_visible()
    kept = context.storage_state()
    context.close()
    return kept


@pytest.fixture
def visit(chromium, address, session):
    """Opens a view for an administrator; in the end it must have been quiet and have asked nobody else."""

    @contextmanager
    def visiting(path: str = "", **options: Any) -> Iterator[Any]:
        options = {"locale": "en-US", "reduced_motion": "reduce", "storage_state": session, **options}
        context = chromium.new_context(base_url=address, **options)
        page = context.new_page()
        page.set_default_timeout(15_000)
        complaints: list[str] = []
        strangers: list[str] = []
        page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda asked: strangers.append(asked.url))
        page.goto(f"/console{path}")
        expect(page.locator("html[data-ready]")).to_have_count(1)
        yield page
        context.close()
        assert complaints == []
        assert [url for url in strangers if not url.startswith((address, "data:", "blob:"))] == []

    return visiting


def test_a_wrong_key_is_told_and_a_right_one_opens(chromium, address):
    context = chromium.new_context(base_url=address, locale="en-US")
    page = context.new_page()
    page.goto("/console/models")
    page.get_by_label("Admin key").fill("ws_guess")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_have_text("This key is unknown or has ended.")
    page.get_by_label("Admin key").fill(ADMIN)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Models", level=1)).to_be_visible()
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_label("Admin key")).to_be_visible()
    context.close()


def test_who_is_not_logged_in_makes_no_error(chromium, address):
    context = chromium.new_context(base_url=address, locale="en-US")
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.goto("/console")
    expect(page.get_by_label("Admin key")).to_be_visible()
    context.close()
    assert complaints == []


def test_an_address_that_is_none_leads_back(chromium, address, session):
    context = chromium.new_context(base_url=address, locale="en-US", storage_state=session)
    page = context.new_page()
    page.goto("/console/nothing")
    expect(page.get_by_role("heading", name="There is no such page", level=1)).to_be_visible()
    page.get_by_role("link", name="To the overview").click()
    expect(page.get_by_role("heading", name="Overview", level=1)).to_be_visible()
    context.close()


def test_a_search_is_looked_into_and_judged(visit):
    with visit("/search") as page:
        page.get_by_label("Query").fill("black tea")
        page.keyboard.press("Enter")
        expect(page.locator(".leg")).to_have_count(4)
        first = page.locator(".leg.final ol li").first
        expect(first).to_contain_text(EVIL)
        assert page.title() == "Search lab · warmstart console"
        first.get_by_role("button", name="Why").click()
        box = page.get_by_role("dialog")
        expect(box).to_contain_text("has the words")
        expect(box).to_contain_text("All reasons sum to")
        page.keyboard.press("Escape")
        first.get_by_role("button", name="3: exactly").click()
        expect(first.get_by_role("button", name="3: exactly")).to_have_attribute("aria-pressed", "true")
        page.get_by_role("button", name="Measure").click()
        expect(page.locator(".measured strong")).to_have_text("1.000")


def test_a_users_events_are_played_again_step_by_step(visit):
    with visit("/users?user=u0") as page:
        slider = page.get_by_role("slider")
        steps = int(slider.get_attribute("max"))
        expect(page.locator(".open")).to_contain_text("is still open")
        expect(page.locator(".course .legend")).to_contain_text("Taste still open")
        after = page.locator(".stepped li").all_inner_texts()
        for _ in range(steps):
            page.get_by_role("button", name="Back").click()
        expect(page.locator(".told")).to_contain_text("this is what a stranger sees")
        assert page.locator(".stepped li").all_inner_texts() != after
        slider.focus()
        page.keyboard.press("ArrowRight")
        expect(page.locator(".did strong")).to_have_text("Purchase")
        page.locator(".stepped").get_by_role("button").first.click()
        expect(page.get_by_role("dialog")).to_contain_text("All reasons sum to")


def test_somebody_is_invented_and_taken_back(visit):
    with visit("/users") as page:
        before = page.locator(".stepped .title").all_inner_texts()
        page.get_by_label("To which item").fill("fishing")
        page.get_by_role("button", name="Add: Fishing line").click()
        expect(page.locator(".invented li")).to_have_text("Click · Fishing lineTake back")
        expect(page.get_by_role("slider")).to_have_value("1")
        assert page.locator(".stepped .title").all_inner_texts() != before
        page.get_by_role("button", name="Take back: Fishing line").click()
        expect(page.get_by_role("slider")).to_have_count(0)
        assert page.locator(".stepped .title").all_inner_texts() == before


def test_a_table_sorts_filters_and_exports(visit, tmp_path: Path):
    with visit("/data") as page:
        table = page.get_by_role("region", name="What is missing")
        table.get_by_role("button", name="Items without").click()
        expect(table.locator("th[aria-sort]")).to_have_attribute("aria-sort", "descending")
        assert table.locator("tbody tr").first.inner_text().split()[0] in ("Description", "Picture")
        page.get_by_label("Filter: What is missing").fill("pri")
        expect(table.locator("tbody tr")).to_have_count(1)
        with page.expect_download() as waiting:
            page.locator(".tabled", has=table).get_by_role("button", name="Export CSV").click()
        waiting.value.save_as(tmp_path / "missing.csv")
        assert (tmp_path / "missing.csv").read_text("utf-8-sig").splitlines() == [
            '"Field","Items without","Share"',
            '"Price","0","0"',
        ]


def test_a_report_is_drawn_with_its_numbers(visit):
    with visit("/reports") as page:
        expect(page.get_by_role("heading", name="new-users · a shop")).to_be_visible()
        expect(page.locator(".legend li")).to_have_text(["engine", "popularity"])
        page.get_by_text("The numbers").click()
        table = page.get_by_role("region", name="nDCG@20")
        expect(table.locator("tbody tr").first).to_contain_text("0.2000")
        expect(page.get_by_role("region", name="Is the difference more than chance?")).to_contain_text(
            "better"
        )
        with page.expect_download() as waiting:
            page.get_by_role("link", name="Save the whole report").click()
        assert waiting.value.suggested_filename == "first.html"


def test_the_catalogue_is_filtered_and_sorted_by_the_service(visit):
    with visit("/data") as page:
        table = page.get_by_role("region", name="The catalogue")
        expect(table.locator("tbody tr")).to_have_count(15)
        table.get_by_role("button", name="Price").click()
        expect(table.locator("tbody tr").first).to_contain_text("34.00")
        page.get_by_label("Filter: The catalogue").fill("kettle steel")
        expect(table.locator("tbody tr")).to_have_count(1)
        expect(table.locator("tbody tr")).to_contain_text("Steel kettle")


def test_a_key_is_made_shown_once_and_revoked(visit):
    with visit("/keys") as page:
        page.get_by_label("Name").fill("=web shop")
        page.get_by_role("button", name="Create").click()
        secret = page.locator(".secret").inner_text()
        assert secret.startswith("ws_")
        row = page.get_by_role("row", name="=web shop")
        row.get_by_role("button", name="Revoke").click()
        page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
        expect(row).to_have_count(0)
        page.goto("/console/audit")
        expect(page.get_by_role("cell", name="revoke_key").first).to_be_visible()
        assert secret not in page.content()


@pytest.mark.parametrize("view", VIEWS)
def test_no_view_is_wider_than_a_phone_in_chinese(visit, view):
    with visit(view, locale="zh-CN", viewport={"width": 360, "height": 740}) as page:
        assert page.locator("html").get_attribute("lang") == "zh-CN"
        assert page.evaluate("document.documentElement.scrollWidth") <= 360


@pytest.mark.parametrize("view", VIEWS)
def test_no_view_has_a_fault_that_axe_knows_light_or_dark(visit, view):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    with visit(view) as page:
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            found = axe.Axe().run(page).response["violations"]
            assert [(fault["id"], [node["target"] for node in fault["nodes"]][:4]) for fault in found] == []


@pytest.mark.parametrize("view", ["search", "users", "whom"])
def test_a_view_that_asks_a_model_says_so_once_where_there_is_none(visit, view):
    with visit() as page:
        me = {"tenant": "default", "learned": False}
        page.route("**/console/api/session", lambda route: route.fulfill(json={"me": me}))
        page.goto(f"/console/{view}")
        expect(page.locator("main .notice")).to_have_count(1)
        expect(page.locator("main .notice")).to_contain_text("There is no model yet")
