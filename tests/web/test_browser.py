"""The storefront in a real browser: what one sees, presses and hears of it."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.web.conftest import ARABIC, EVIL, events, items
from tests.web.served import served

playwright = pytest.importorskip("playwright.sync_api", reason="needs the extra 'browser'")
pytest.importorskip("fastapi")
httpx = pytest.importorskip("httpx")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs a chromium on the PATH")
expect = playwright.expect
VIEWS = ["", "/search?q=kettle", "/item?id=kettles-3", "/cart", "/welcome"]


@pytest.fixture(scope="module")
def address(tmp_path_factory) -> Iterator[str]:
    """A service with pages and a small shop, in a thread."""
    from warmstart.serve.settings import ServeSettings

    settings = ServeSettings(
        home=tmp_path_factory.mktemp("home"), encoder="catalogue", refit_minutes=0.0, open_to_all=True
    )
    with served(settings) as base:
        with httpx.Client(base_url=base, timeout=60) as client:
            assert client.post("/v1/items", json=items()).status_code == 200
            assert client.post("/v1/events", json=events()).status_code == 200
        yield base


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """One browser for all tests here."""
    options = ["--no-sandbox", "--disable-background-networking", "--disable-component-update"]
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=CHROMIUM, args=options)
        yield browser
        browser.close()


class Seen:
    """What a page asked for and complained about."""

    def __init__(self, page: Any, address: str) -> None:
        self.complaints: list[str] = []
        self.strangers: list[str] = []
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda asked: self._look(asked.url, address))

    def _hear(self, said: Any) -> None:
        if said.type in ("error", "warning"):
            self.complaints.append(said.text)

    def _look(self, url: str, address: str) -> None:
        if not url.startswith((address, "data:")):
            self.strangers.append(url)


@pytest.fixture
def visit(chromium, address):
    """Opens a page for a new visitor; in the end it must have been quiet and have asked nobody else."""
    opened = []

    @contextmanager
    def visiting(path: str = "", *, quiet: bool = True, **options: Any) -> Iterator[Any]:
        options = {"locale": "en-US", "reduced_motion": "reduce", **options}
        context = chromium.new_context(base_url=address, **options)
        page = context.new_page()
        page.set_default_timeout(15_000)
        seen = Seen(page, address)
        opened.append(seen)
        page.goto(f"/shop{path}")
        yield page
        context.close()
        assert seen.strangers == []
        assert not quiet or seen.complaints == []

    return visiting


def ids(page: Any, row: str = "for_you") -> list[str]:
    found: list[str] = page.locator(f"[data-row={row}] .card").evaluate_all(
        "all => all.map(e => e.dataset.id)"
    )
    return found


def like(page: Any, item_id: str) -> None:
    page.locator(f"[data-row] .card[data-id='{item_id}'] .like").first.click()


def test_one_click_moves_the_first_shelf_and_a_second_says_why(visit):
    with visit() as page:
        expect(page.get_by_role("heading", name="Welcome, stranger.")).to_be_visible()
        before = ids(page)
        like(page, before[0])
        expect(page.get_by_role("heading", name="Your shop.")).to_be_visible()
        expect(page.locator(f"[data-row=for_you] .card[data-id='{before[0]}']")).to_have_count(0)
        assert ids(page) != before
        because = page.locator("[data-row=for_you] .because", has_text="Because you liked").first
        because.click()
        dialog = page.get_by_role("dialog")
        expect(dialog.locator(".score")).to_be_visible()
        values = [_number(text) for text in dialog.locator(".bar-value").all_inner_texts()]
        assert abs(sum(values) - _number(dialog.locator(".score").inner_text())) < 0.01 * (len(values) + 1)
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)
        expect(because).to_be_focused()


def _number(text: str) -> float:
    return float(text.replace("−", "-").replace("+", "").replace(",", ""))


def test_what_is_misspelt_is_found_and_can_be_mended(visit):
    with visit() as page:
        page.get_by_role("combobox").fill("ketle")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Results for “ketle”")).to_be_visible()
        expect(page.locator(".found .card").first).to_contain_text("kettle", ignore_case=True)
        page.get_by_role("link", name="Did you mean “kettle”?").click()
        expect(page.get_by_role("heading", name="Results for “kettle”")).to_be_visible()
        page.go_back()
        expect(page.get_by_role("heading", name="Results for “ketle”")).to_be_visible()


def test_suggestions_can_be_taken_with_the_keyboard_alone(visit):
    with visit() as page:
        expect(page.locator("[data-row=for_you] .card").first).to_be_visible()
        page.keyboard.press("/")
        page.keyboard.type("fish")
        expect(page.get_by_role("option").first).to_be_visible()
        page.keyboard.press("ArrowDown")
        chosen = page.locator("[role=option][aria-selected=true]").inner_text()
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name=f"Results for “{chosen}”")).to_be_visible()


def test_choices_narrow_a_search_and_can_be_cleared(visit):
    with visit("/search?q=kettle") as page:
        page.get_by_label("Stahl").check()
        expect(page).to_have_url(re.compile("brand=Stahl"))
        expect(page.get_by_label("Stahl")).to_be_checked()
        expect(page.locator(".found .card .brand").filter(has_not_text="Stahl")).to_have_count(0)
        assert page.locator(".found .card").count() > 0
        page.get_by_label("to", exact=True).fill("1")
        page.get_by_role("button", name="Apply").click()
        expect(page.get_by_text("Nothing found for “kettle”.")).to_be_visible()
        page.get_by_role("link", name="Clear all").click()
        expect(page.locator(".found .card .brand").filter(has_not_text="Stahl")).not_to_have_count(0)


def test_a_cart_shows_what_goes_with_it_and_is_bought(visit):
    with visit("/item?id=tea-0") as page:
        page.get_by_role("button", name="Add to cart").click()
        expect(page.get_by_role("button", name="In the cart", exact=True)).to_be_visible()
        page.get_by_role("link", name="Cart, 1 items").click()
        expect(page.locator(".lines li")).to_have_count(1)
        expect(page.get_by_role("heading", name="Goes with your cart")).to_be_visible()
        assert any(item_id.startswith("kettles") for item_id in ids(page, "cart"))
        page.get_by_role("button", name="Buy").click()
        expect(page.get_by_role("heading", name="Your cart is empty.")).to_be_visible()


def test_a_few_answers_make_a_shop(visit):
    with visit() as page:
        page.get_by_role("link", name="Introduce yourself").click()
        expect(page.get_by_text("Question 1 of 6")).to_be_visible()
        page.get_by_role("button", name="Interesting").click()
        expect(page.get_by_text("Question 2 of 6")).to_be_visible()
        page.get_by_role("button", name="Show me my shop").click()
        expect(page.get_by_role("heading", name="For you", exact=True)).to_be_visible()
        expect(page.locator(".because", has_text="Because you liked").first).to_be_visible()


def test_a_sentence_is_answered_on_the_first_page(visit):
    with visit() as page:
        page.get_by_label("Say what you are looking for").fill("tea, under 12")
        page.get_by_role("button", name="Find it").click()
        expect(page.get_by_role("heading", name="For “tea, under 12”")).to_be_visible()
        assert page.locator("[data-row=wish] .card").count() > 0
        expect(page.locator("[data-row=wish]")).to_contain_text("Understood: price below 12")


def wish(page: Any, words: str, said: str = "Say what you are looking for", go: str = "Find it") -> Any:
    """Send a sentence off; the row that answers it."""
    page.get_by_label(said).fill(words)
    page.get_by_role("button", name=go).click()
    expect(page.locator("[data-row=wish] h2")).to_contain_text(words)
    return page.locator("[data-row=wish]")


def sums_up(dialog: Any) -> bool:
    values = [_number(text) for text in dialog.locator(".bar-value").all_inner_texts()]
    return abs(sum(values) - _number(dialog.locator(".score").inner_text())) < 0.01 * (len(values) + 1)


def test_a_sentence_explains_its_cards_by_its_words(visit):
    with visit() as page:
        row = wish(page, "tea, under 12")
        row.locator(".because", has_text="Has your words").first.click()
        dialog = page.get_by_role("dialog")
        expect(dialog.locator(".bar-text", has_text="Has your words")).to_have_count(1)
        assert sums_up(dialog)


def test_what_is_wanted_lately_explains_itself_by_that_alone(visit):
    with visit() as page:
        page.locator("[data-row=trending] .because").first.click()
        dialog = page.get_by_role("dialog")
        expect(dialog.locator(".bar-text")).to_have_text(["Wanted lately"])
        assert sums_up(dialog)


def test_what_goes_with_a_cart_explains_itself_by_the_cart_and_promises_no_sum(visit):
    with visit("/item?id=tea-0") as page:
        page.get_by_role("button", name="Add to cart").click()
        page.get_by_role("link", name="Cart, 1 items").click()
        page.locator("[data-row=cart] .because", has_text="Green tea").first.click()
        dialog = page.get_by_role("dialog")
        expect(dialog.locator(".bar-text").first).to_contain_text("Green tea")
        expect(dialog).to_contain_text("the strongest, not all")
        expect(dialog.locator(".score")).to_have_count(0)


def test_a_product_is_no_reason_for_itself(visit):
    with visit("/item?id=tea-2") as page:
        expect(page.get_by_role("button", name="What the shop knows, 1 things")).to_be_visible()
        page.get_by_role("button", name="Why this?").click()
        dialog = page.get_by_role("dialog")
        expect(dialog.locator(".skeleton")).to_have_count(0)
        expect(dialog.locator(".bar-text", has_text="White tea")).to_have_count(0)


def test_limits_that_leave_nothing_say_so_and_can_be_lifted(visit):
    with visit() as page:
        row = wish(page, "tea, under 1")
        expect(row).to_contain_text("With these limits nothing is left.")
        page.get_by_role("button", name="Without limits: “tea”").click()
        expect(page.get_by_role("heading", name="For “tea”")).to_be_visible()
        expect(row.locator(".card").first).to_be_visible()
    with visit("/search?q=tea%20under%201", locale="zh-CN") as page:
        page.get_by_role("link", name="不加条件：“tea”").click()
        expect(page.locator(".found .card").first).to_be_visible()


def test_words_that_nobody_knows_are_said_to_be_such(visit):
    with visit() as page:
        row = wish(page, "asdkjh qwoeiu")
        expect(row).to_contain_text("Nothing in the shop answers to these words.")
        expect(row.locator(".card").first).to_be_visible()
        assert "Nothing in the shop" not in wish(page, "green tea").inner_text()
    with visit(locale="zh-CN") as page:
        expect(wish(page, "asdkjh", "说说你想找什么", "找一找")).to_contain_text(
            "店里没有与这些字词相符的商品。"
        )


@pytest.mark.parametrize(
    ("locale", "texts"),
    [
        ("en-US", ["too much to search for", "not here any more", "There is no such page."]),
        ("zh-CN", ["搜索内容太长了", "这件商品已经不在了", "没有这个页面。"]),
    ],
)
def test_an_address_that_says_nothing_gets_a_sentence_and_a_way_back(visit, locale, texts):
    views = [f"/search?q={'tea+' * 100}", "/item", "/nothing/at/all"]
    for view, text in zip(views, texts, strict=True):
        with visit(view, quiet=False, locale=locale) as page:
            expect(page.get_by_role("heading", level=1)).to_contain_text(text)
            page.locator("main .button").click()
            expect(page.locator("[data-row=for_you] .card").first).to_be_visible()


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
def test_what_a_box_is_for_can_be_read_on_a_phone(visit, locale):
    with visit(viewport={"width": 340, "height": 700}, locale=locale) as page:
        expect(page.locator("#wish")).to_be_visible()
        page.locator("#wish").scroll_into_view_if_needed()
        fits = page.locator("#wish").evaluate(
            """box => {
              const style = getComputedStyle(box, "::placeholder");
              const pen = document.createElement("canvas").getContext("2d");
              pen.font = `${style.fontSize} ${style.fontFamily}`;
              const own = getComputedStyle(box);
              const room = box.clientWidth - parseFloat(own.paddingLeft) - parseFloat(own.paddingRight);
              return [pen.measureText(box.placeholder).width, room];
            }"""
        )
        assert fits[0] <= fits[1]


def test_what_one_opens_and_buys_counts_for_the_row_it_stood_in(visit, address):
    def counted(event_type: str) -> float:
        label = f'warmstart_outcomes_total{{event_type="{event_type}",scenario="recommend"}}'
        lines = httpx.get(f"{address}/metrics").text.splitlines()
        return sum(float(line.split()[1]) for line in lines if line.startswith(label))

    before = {kind: counted(kind) for kind in ("impression", "click", "add_to_cart", "purchase")}
    with visit() as page:
        page.locator("[data-row=for_you] .card h3 a").first.click()
        expect(page.get_by_role("button", name="What the shop knows, 1 things")).to_be_visible()
        page.go_back()
        expect(page.locator("[data-row=for_you] .card").first).to_be_visible()
        page.go_forward()
        expect(page.get_by_role("button", name="What the shop knows, 2 things")).to_be_visible()
        page.get_by_role("button", name="Add to cart").click()
        page.get_by_role("link", name="Cart, 1 items").click()
        page.get_by_role("button", name="Buy").click()
        expect(page.get_by_role("heading", name="Your cart is empty.")).to_be_visible()
    assert counted("impression") > before["impression"]
    for kind in ("click", "add_to_cart", "purchase"):
        assert counted(kind) == before[kind] + 1


def test_what_the_shop_knows_moves_and_each_piece_can_be_taken_away(visit):
    with visit() as page:
        page.get_by_role("button", name="What the shop knows").click()
        drawer = page.get_by_role("complementary")
        expect(drawer).to_contain_text("You are a stranger here.")
        like(page, "fishing-0")
        expect(drawer.locator(".events li")).to_have_count(1)
        expect(drawer.get_by_role("heading", name="Categories that rose for you")).to_be_visible()
        expect(drawer.locator(".leanings").first).to_contain_text("Fishing")
        once = ids(page)
        like(page, "tea-0")
        expect(drawer.locator(".events li")).to_have_count(2)
        expect(page.locator("[data-row=because] h2")).to_contain_text("Green tea")
        drawer.get_by_role("button", name="Take this away: Green tea").press("Enter")
        expect(drawer.locator(".events li")).to_have_count(1)
        expect(drawer.get_by_role("button", name="Take this away: Carbon fishing rod")).to_be_focused()
        expect(page.locator("[data-row=because] h2")).to_contain_text("Carbon fishing rod")
        expect(page.locator("[data-row=for_you] .card").first).to_have_attribute("data-id", once[0])
        page.keyboard.press("Escape")
        expect(drawer).to_have_count(0)


def test_forget_me_asks_once_and_leaves_a_stranger(visit):
    with visit() as page:
        before = ids_when_there(page)
        like(page, "fishing-0")
        page.get_by_role("button", name="What the shop knows, 1 things").click()
        page.get_by_role("button", name="Forget me").click()
        page.get_by_role("button", name="Yes, forget everything").click()
        expect(page.get_by_role("heading", name="Welcome, stranger.")).to_be_visible()
        expect(page.locator("[data-row=because]")).to_have_count(0)
        expect(page.locator("[data-row=for_you] .card").first).to_have_attribute("data-id", before[0])


def ids_when_there(page: Any) -> list[str]:
    expect(page.locator("[data-row=for_you] .card").first).to_be_visible()
    return ids(page)


def test_one_can_become_a_stranger_and_come_back(visit):
    with visit() as page:
        like(page, "fishing-0")
        page.get_by_role("button", name="What the shop knows, 1 things").click()
        page.get_by_role("button", name="A stranger").click()
        expect(page.get_by_role("heading", name="Welcome, stranger.")).to_be_visible()
        expect(page.get_by_role("button", name="Visitor 2")).to_have_attribute("aria-pressed", "true")
        page.get_by_role("button", name="Visitor 1").click()
        expect(page.get_by_role("heading", name="Your shop.")).to_be_visible()


def test_the_language_is_switched_and_stays(visit):
    with visit("/search?q=kettle") as page:
        page.get_by_role("link", name="Read in Chinese").click()
        expect(page.get_by_role("heading", name="“kettle”的搜索结果")).to_be_visible()
        assert page.locator("html").get_attribute("lang") == "zh-CN"
        page.goto("/shop")
        expect(page.get_by_role("heading", name="欢迎，陌生的朋友。")).to_be_visible()


def test_the_theme_is_switched_and_stays(visit):
    with visit(color_scheme="light") as page:
        page.get_by_role("button", name="Light or dark").click()
        expect(page.locator("html")).to_have_attribute("data-theme", "dark")
        page.reload()
        expect(page.locator("html")).to_have_attribute("data-theme", "dark")


def test_a_title_that_tries_to_run_is_only_read(visit):
    with visit("/item?id=tea-1") as page:
        expect(page.get_by_role("heading", level=1)).to_have_text(f"Black tea {EVIL}")
        assert page.locator("main img[src=x]").count() == 0
        assert "stolen" not in page.evaluate("document.title.replace(/<.*>/s, '')")
        page.goto("/shop/search?q=%3Cscript%3Ealert(1)%3C/script%3E")
        expect(page.get_by_role("heading", level=1)).to_contain_text("<script>alert(1)</script>")


def test_an_arabic_title_reads_from_the_right(visit):
    with visit("/item?id=kettles-3") as page:
        heading = page.get_by_role("heading", name=ARABIC)
        expect(heading).to_be_visible()
        assert heading.evaluate("e => getComputedStyle(e).direction") == "rtl"


def test_a_new_product_is_on_the_shelf_at_once(visit):
    with visit() as page:
        page.get_by_text("Add a product").click()
        page.get_by_label("Title", exact=True).fill("Bamboo matcha whisk")
        page.get_by_role("button", name="Put it on the shelf").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Bamboo matcha whisk")
        page.goto("/shop/search?q=matcha")
        expect(page.locator(".found .card").first).to_contain_text("Bamboo matcha whisk")


def test_while_the_shop_is_slow_the_page_says_where_things_will_be(visit):
    with visit("/cart") as page:
        held = []

        def hold(route: Any) -> None:
            held.append(route)

        page.route("**/shop/api/home", hold)
        page.locator(".logo").click()
        expect(page.locator(".skeleton").first).to_be_visible()
        expect(page.get_by_role("main")).to_have_attribute("aria-busy", "true")
        held[0].continue_()
        expect(page.locator("[data-row=for_you] .card").first).to_be_visible()
        expect(page.locator(".skeleton")).to_have_count(0)


def test_what_failed_can_be_tried_again(visit):
    with visit("/cart", quiet=False) as page:
        page.route("**/shop/api/home", lambda route: route.abort())
        page.locator(".logo").click()
        expect(page.get_by_role("alert")).to_contain_text("The shop does not answer.")
        page.unroute("**/shop/api/home")
        page.get_by_role("button", name="Try again").click()
        expect(page.locator("[data-row=for_you] .card").first).to_be_visible()


def test_an_empty_shop_says_so_and_an_unlearned_one_goes_on_by_itself(visit):
    with visit("/cart") as page:
        answers = ['{"rows": [], "learning": true}', '{"rows": [], "learning": false}']
        page.route(
            "**/shop/api/home",
            lambda route: route.fulfill(body=answers.pop(0), content_type="application/json"),
        )
        page.locator(".logo").click()
        expect(page.get_by_role("heading", name="The shop is being learned.")).to_be_visible()
        expect(page.get_by_role("heading", name="The shelves are empty.")).to_be_visible()


def test_what_is_gone_says_so(visit):
    with visit("/item?id=nothing", quiet=False) as page:
        expect(page.get_by_role("heading", name="This product is not here any more.")).to_be_visible()


@pytest.mark.parametrize("view", VIEWS)
def test_a_phone_never_scrolls_sideways(visit, view):
    with visit(view, viewport={"width": 340, "height": 700}, locale="zh-CN") as page:
        expect(page.locator("html[data-ready]")).to_have_count(1)
        assert page.evaluate("document.documentElement.scrollWidth") <= 340


@pytest.mark.parametrize("view", VIEWS)
def test_no_view_has_a_fault_that_axe_knows_light_or_dark(visit, view):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    with visit(view) as page:
        expect(page.locator("html[data-ready]")).to_have_count(1)
        if not view:
            like(page, "fishing-0")
            page.get_by_role("button", name="What the shop knows, 1 things").click()
            expect(page.locator(".leanings li").first).to_be_visible()
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            found = axe.Axe().run(page).response["violations"]
            assert [(fault["id"], [node["target"] for node in fault["nodes"]][:4]) for fault in found] == []


def test_one_becomes_a_shopper_that_the_shop_knows(visit):
    with visit() as page:
        before = ids(page)
        page.locator(".know").click()
        page.get_by_text("Or be one of the shop's shoppers").click()
        page.locator(".shoppers button", has_text="mostly Tea").click()
        expect(page.get_by_role("button", name="Visitor 2")).to_have_attribute("aria-pressed", "true")
        expect(page.get_by_role("heading", name="Your shop.")).to_be_visible()
        expect(page.locator(".leanings").first).to_contain_text("Tea")
        assert ids(page) != before
        page.get_by_role("button", name="Visitor 1").click()
        expect(page.get_by_role("heading", name="Welcome, stranger.")).to_be_visible()
