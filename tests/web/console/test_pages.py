"""The shell of the console and its files."""

from __future__ import annotations

import json
import re
from importlib.resources import files

import pytest

pytest.importorskip("fastapi")


ASSETS = files("warmstart.web") / "console" / "assets"


def asset(name: str) -> str:
    return (ASSETS / name).read_text("utf-8")


@pytest.mark.parametrize(
    "view", ["", "/search", "/users", "/whom", "/reports", "/data", "/models", "/keys", "/audit"]
)
def test_every_view_is_a_page_with_a_strict_policy(stranger, view):
    page = stranger.client.get(f"/console{view}")
    assert page.status_code == 200
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "<script>" not in page.text
    assert "style=" not in page.text


def test_an_address_that_is_none_gets_a_page_and_a_door_that_is_none_does_not(stranger):
    page = stranger.client.get("/console/nothing")
    assert (page.status_code, page.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert page.text == stranger.client.get("/console").text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    door = stranger.client.get("/console/api/nothing")
    assert (door.status_code, door.headers["content-type"]) == (404, "application/problem+json")


def test_a_page_speaks_the_language_that_is_asked_for(stranger):
    assert 'lang="zh-CN"' in stranger.client.get("/console?lang=zh").text
    assert 'lang="zh-CN"' in stranger.client.get("/console").text
    assert 'lang="en"' in stranger.client.get("/console?lang=en").text


def test_every_file_that_a_page_names_is_there(stranger):
    page = stranger.client.get("/console").text
    names = re.findall(r'(?:href|src)="(/console/assets/[^"]+)"', page)
    assert len(names) > 10
    for name in names:
        found = stranger.client.get(name)
        assert found.status_code == 200, name
        for other in re.findall(r'from "\./([^"]+)"', found.text):
            beside = name.rpartition("/")[0] + f"/{other}"
            assert stranger.client.get(beside).status_code == 200, other


@pytest.mark.parametrize("name", ["storefront.js", "..%2fapp.py", "app.py", "nothing.js"])
def test_no_other_file_is_given(stranger, name):
    assert stranger.client.get(f"/console/assets/0123456789ab/{name}").status_code == 404


def test_both_languages_say_the_same_things():
    english, chinese = (json.loads(asset(f"console-words.{language}.json")) for language in ("en", "zh"))
    assert english.keys() == chinese.keys()
    for key, text in english.items():
        assert set(re.findall(r"\{\w+\}", text)) == set(re.findall(r"\{\w+\}", chinese[key])), key


def test_every_sentence_that_a_script_says_has_words():
    words = json.loads(asset("console-words.en.json"))
    scripts = [file.read_text("utf-8") for file in ASSETS.iterdir() if file.name.endswith(".js")]
    said = {key for script in scripts for key in re.findall(r'\bt\("([^"]+)"', script)}
    assert len(said) > 100
    assert said - words.keys() == set()


def test_no_script_writes_html():
    for file in ASSETS.iterdir():
        if file.name.endswith(".js"):
            text = file.read_text("utf-8")
            assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(", text)


def test_the_storefront_loads_nothing_of_the_console(stranger):
    assert "/assets/console" not in stranger.client.get("/shop").text
