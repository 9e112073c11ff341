"""The page around everything, and who may come through its door."""

from __future__ import annotations

import json
import re
from importlib.resources import files

import pytest

ASSETS = files("warmstart.web") / "assets"
TEXTS = {
    file.name: file.read_text("utf-8") for file in ASSETS.iterdir() if not file.name.startswith("console")
}


def test_the_page_lets_nothing_run_but_what_the_package_brought(bare):
    page = bare.client.get("/shop")
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert re.findall(r"<script(?![^>]* src=)", page.text) == []
    assert " style=" not in page.text
    assert re.findall(r'(?:src|href)="(?!/shop|#)', page.text) == []


@pytest.mark.parametrize("view", ["", "/search?q=x", "/item?id=x", "/cart", "/welcome"])
def test_every_view_has_the_same_shell(bare, view):
    assert 'id="main"' in bare.client.get(f"/shop{view}").text


@pytest.mark.parametrize("view", ["/nothing", "/nothing/deeper", "/搜索"])
def test_an_address_without_a_page_gets_the_shell_too_which_says_so(bare, view):
    page = bare.client.get(f"/shop{view}")
    assert page.status_code == 404
    assert 'id="main"' in page.text


@pytest.mark.parametrize("path", ["/shop/api/nothing", "/shop/assets/nothing"])
def test_what_scripts_ask_for_in_vain_is_a_problem_and_no_page(bare, path):
    answer = bare.client.get(path)
    assert answer.status_code == 404
    assert answer.json()["title"]


def test_a_slash_too_many_leads_to_the_page(bare):
    for asked, meant in (("/shop/", "/shop"), ("/shop/search/?q=茶", "/shop/search?q=%E8%8C%B6")):
        answer = bare.client.get(asked, follow_redirects=False)
        assert (answer.status_code, answer.headers["location"]) == (307, meant)


def test_the_front_leads_to_the_shop(bare):
    assert bare.client.get("/", follow_redirects=False).headers["location"] == "/shop"


def test_all_that_the_page_asks_for_is_in_the_package(bare):
    page = bare.client.get("/shop").text
    version = the_version(page)
    wanted = set(re.findall(r"/shop/assets/\w+/([\w.-]+)", page))
    for text in TEXTS.values():
        wanted |= set(re.findall(r'from "\./([\w.]+)"', text))
    assert "storefront.css" in wanted
    assert not any(name.startswith("console") for name in wanted)
    for name in wanted:
        assert bare.client.get(f"/shop/assets/{version}/{name}").status_code == 200, name
    for name in ("nothing.js", "..%2fapp.py", "__init__.py"):
        assert bare.client.get(f"/shop/assets/{version}/{name}").status_code == 404


def the_version(page: str) -> str:
    """The digest that stands in every address of a file; there is one."""
    (found,) = set(re.findall(r"/shop/assets/(\w+)/", page))
    return found


def test_a_file_is_kept_for_good_under_the_address_of_its_contents(bare):
    version = the_version(bare.client.get("/shop").text)
    now = bare.client.get(f"/shop/assets/{version}/dom.js")
    assert now.headers["cache-control"] == "public, max-age=31536000, immutable"
    other = bare.client.get("/shop/assets/0123456789ab/dom.js")
    assert other.headers["cache-control"] == "no-store"
    assert other.text == now.text == TEXTS["dom.js"]
    assert bare.client.get("/shop").headers["cache-control"] == "no-store"


def test_a_file_is_packed_for_whoever_can_unpack_it(bare):
    version = the_version(bare.client.get("/shop").text)
    answers = [
        bare.client.get(f"/shop/assets/{version}/dom.js", headers={"accept-encoding": accepted})
        for accepted in ("gzip, br", "identity")
    ]
    assert [answer.headers.get("content-encoding") for answer in answers] == ["gzip", None]
    assert {answer.text for answer in answers} == {TEXTS["dom.js"]}
    assert {answer.headers["vary"] for answer in answers} == {"Accept-Encoding"}


def test_files_with_other_contents_have_another_address(tmp_path):
    pytest.importorskip("fastapi")
    from warmstart.web.page import Assets

    versions = []
    for text in ("one", "two", "two"):
        (tmp_path / "a.js").write_text(text)
        versions.append(Assets.of(tmp_path.iterdir()).version)
    assert versions[0] != versions[1] == versions[2]


def test_both_languages_say_the_same_things_and_all_that_is_asked_for():
    english, chinese = (json.loads(TEXTS[f"words.{language}.json"]) for language in ("en", "zh"))
    assert english.keys() == chinese.keys()
    for key in english:
        assert re.findall(r"\{\w+\}", english[key]).sort() == re.findall(r"\{\w+\}", chinese[key]).sort()
        assert chinese[key] != english[key], key
    code = "".join(text for name, text in TEXTS.items() if name.endswith(".js"))
    for key in re.findall(r'\bt\("([\w.]+)"', code):
        assert key in english, key


def test_no_script_writes_html():
    for name, text in TEXTS.items():
        if name.endswith(".js"):
            assert not re.search(
                r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(", text
            ), name


@pytest.mark.parametrize(
    ("asked", "accepts", "language"),
    [("", "de, zh-TW;q=0.9", "zh"), ("", "fr", "en"), ("?lang=zh", "en", "zh"), ("?lang=xx", "en", "en")],
)
def test_the_page_speaks_what_is_asked_for_or_preferred(bare, asked, accepts, language):
    page = bare.client.get(f"/shop{asked}", headers={"accept-language": accepts})
    assert f'data-language="{language}"' in page.text


def test_a_chosen_language_is_remembered(bare):
    bare.client.get("/shop?lang=zh")
    assert 'data-language="zh"' in bare.client.get("/shop", headers={"accept-language": "en"}).text


def test_the_visitor_is_a_cookie_that_scripts_cannot_read(opening):
    with opening() as browser:
        said = browser.client.get("/shop").headers.get_list("set-cookie")
        cookie = next(line for line in said if line.startswith("warmstart_visitors"))
        assert "HttpOnly" in cookie
        assert "SameSite=lax" in cookie
        assert re.search(r"web-[\w-]{22}", cookie)


def test_a_made_up_cookie_names_nobody(opening):
    with opening() as browser:
        browser.client.cookies.set("warmstart_visitors", "0:ann", path="/shop")
        assert "warmstart_visitors" in browser.client.get("/shop/api/me").headers["set-cookie"]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"origin": "https://evil.example"}, 403),
        ({"content-type": "text/plain"}, 415),
        ({"host": "evil.example"}, 421),
        ({"sec-fetch-site": "same-origin"}, 200),
        ({"origin": "http://127.0.0.1"}, 200),
    ],
)
def test_no_other_site_can_act_through_a_browser(browser, headers, status):
    body = json.dumps({"act": "like", "item_id": "tea-0"})
    headers = {"content-type": "application/json", **headers}
    answer = browser.client.post("/shop/api/act", content=body, headers=headers)
    assert answer.status_code == status


def test_too_many_requests_are_put_off(bare, monkeypatch):
    from warmstart.serve.security.limits import RateLimiter
    from warmstart.web import visitors

    monkeypatch.setattr(visitors, "limiter", RateLimiter(0.001, 2))
    bare.get("me")
    answers = [bare.client.get("/shop/api/me") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert int(answers[2].headers["retry-after"]) > 0


def test_the_service_still_asks_for_keys(opening):
    with opening() as browser:
        assert browser.client.post("/v1/search", json={"query": "x"}).status_code == 401
        assert browser.client.get("/v1/admin/status").status_code == 401
