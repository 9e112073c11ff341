"""The demo: its story as values, on a terminal, as a picture, and the play after it."""

import io
import json
import re
import string
from pathlib import Path
from typing import Literal
from xml.etree import ElementTree

import pytest
from rich.cells import cell_len
from rich.console import Console

from tests.cli.conftest import Run
from warmstart.cli.demo.cast import ROLES, Visitor
from warmstart.cli.demo.play import Play
from warmstart.cli.demo.show import show_scene
from warmstart.cli.demo.story import USER, Scene, Teller
from warmstart.cli.demo.words import SENTENCES, say
from warmstart.data.simulator import SimulatorSettings, simulate
from warmstart.engine.engine import Engine

SMALL = ("--items", "100")
Language = Literal["en", "zh", "mixed"]
KEYS = ["built", "search", "stranger", "click", "click", "click", "personal", "newcomer", "forget", "next"]


def teller(language: Language = "en", seed: int = 0, n_items: int = 200) -> Teller:
    n_users = n_items * 4 // 3  # as in the demo
    shop = simulate(
        SimulatorSettings(n_items=n_items, n_users=n_users, n_days=20, seed=seed, language=language)
    )
    engine = Engine().fit(shop.dataset, encoder="catalogue")
    return Teller(engine=engine, visitor=Visitor.of(shop, seed))


@pytest.fixture(scope="module", params=["en", "zh", "mixed"])
def scenes(request: pytest.FixtureRequest) -> list[Scene]:
    return list(teller(request.param).tell())


def only(scenes: list[Scene], key: str) -> Scene:
    return next(scene for scene in scenes if scene.key == key)


def test_the_story_has_its_scenes_in_order(scenes: list[Scene]) -> None:
    assert [scene.key for scene in scenes] == KEYS
    assert all(scene.heading for scene in scenes)


def test_every_click_changes_the_list_and_is_named_as_a_reason(scenes: list[Scene]) -> None:
    clicks = [scene for scene in scenes if scene.key == "click"]
    before = only(scenes, "stranger")
    for scene in clicks:
        assert [line.item_id for line in scene.lines] != [line.item_id for line in before.lines]
        assert scene.facts["item_id"] not in {line.item_id for line in scene.lines}
        assert any(scene.facts["mark"] in line.why for line in scene.lines)
        before = scene


def test_marks_tell_how_the_list_moved(scenes: list[Scene]) -> None:
    before = {line.item_id: line.place for line in only(scenes, "stranger").lines}
    for line in next(scene for scene in scenes if scene.key == "click").lines:
        moved = before[line.item_id] - line.place if line.item_id in before else None
        assert line.moved == moved


def test_the_same_search_becomes_personal(scenes: list[Scene]) -> None:
    anyone, personal = only(scenes, "search"), only(scenes, "personal")
    assert [line.item_id for line in anyone.lines] != [line.item_id for line in personal.lines]


def test_the_new_item_is_found_at_once(scenes: list[Scene]) -> None:
    scene = only(scenes, "newcomer")
    assert scene.facts["found"] <= 10
    assert scene.facts["recommended"] is not None
    assert all(line.arrived == (line.item_id == scene.facts["item_id"]) for line in scene.lines)


def test_forgetting_gives_back_the_strangers_list(scenes: list[Scene]) -> None:
    forgotten, stranger = only(scenes, "forget"), only(scenes, "stranger")
    assert forgotten.facts["like_before"]
    assert forgotten.facts["like_nobody"]
    assert [(line.item_id, line.score) for line in forgotten.lines] == [
        (line.item_id, line.score) for line in stranger.lines
    ]


@pytest.mark.parametrize("seed", range(len(ROLES)))
def test_every_role_has_a_newcomer_made_for_it(seed: int) -> None:
    visitor = Visitor.of(simulate(SimulatorSettings(n_items=60, n_users=5, n_days=5)), seed)
    assert visitor.pull(visitor.newcomer.item_id) > 0.5
    assert visitor.newcomer.available


def test_a_visitor_clicks_nothing_that_does_not_speak_to_them() -> None:
    told = teller()
    pull = {item_id: told.visitor.pull(item_id) for item_id in told.engine.dataset.item_ids}
    assert told.visitor.choose([item_id for item_id, value in pull.items() if value == 0.0]) is None
    assert told.visitor.choose([]) is None
    loved = [item_id for item_id, value in pull.items() if value > 0.8]
    assert told.visitor.choose(loved) in loved


def test_every_sentence_exists_in_both_languages_with_the_same_facts() -> None:
    def facts(text: str) -> set[str | None]:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}

    for key, (english, chinese) in SENTENCES.items():
        assert facts(english) == facts(chinese), key
        assert not re.search("[\u4e00-\u9fff]", english), key
        assert re.search("[\u4e00-\u9fff]", chinese), key


@pytest.mark.parametrize("width", [40, 60, 80, 108])
def test_no_line_is_wider_than_the_terminal(width: int, scenes: list[Scene]) -> None:
    shown = io.StringIO()
    console = Console(file=shown, width=width, highlight=False)
    for number, scene in enumerate(scenes, start=1):
        show_scene(console, scene, number, "en")
    assert max(cell_len(line) for line in shown.getvalue().splitlines()) <= width


def test_once_tells_the_story_and_ends(run: Run) -> None:
    shown = run("demo", "--once", *SMALL).stdout
    assert "Somebody new walks in" in shown
    assert "“Forget me”" in shown
    assert "equal to the last digit" in shown


def test_without_a_terminal_the_demo_ends_by_itself(run: Run) -> None:
    assert run("demo", *SMALL, "-l", "zh", stdin="1\n2\n").stdout.count("点击") >= 3


def test_json_is_the_same_story(run_json: Run) -> None:
    told = run_json("demo", "--once", *SMALL, "--seed", "1")
    assert (told["language"], told["seed"]) == ("en", 1)
    assert [scene["key"] for scene in told["scenes"]] == KEYS
    line = told["scenes"][3]["lines"][0]
    assert set(line) >= {"place", "item_id", "title", "score", "why", "reasons", "moved"}


def test_equal_seeds_tell_equal_stories() -> None:
    one, other = ([scene.lines for scene in teller(n_items=80).tell()] for _ in range(2))
    assert one == other


def test_the_picture_is_whole_and_asks_nobody_for_fonts(run_json: Run, tmp_path: Path) -> None:
    path = tmp_path / "deep" / "demo.svg"
    told = run_json("demo", *SMALL, "-l", "zh", "--svg", path)
    assert [scene["key"] for scene in told["scenes"]] == KEYS
    svg = path.read_text(encoding="utf-8")
    ElementTree.fromstring(svg)
    assert set(re.findall(r"https?://[^\"\s<]+", svg)) == {"http://www.w3.org/2000/svg"}
    assert "url(http" not in svg
    assert "@font-face" not in svg
    lengths = {
        text: float(length) for length, text in re.findall(r'textLength="([\d.]+)"[^>]*>([^<]*)<', svg)
    }
    assert lengths["一家店的第一分钟"] == pytest.approx(16 * 12.2), "a Chinese character is two cells wide"


@pytest.fixture
def play() -> tuple[Play, io.StringIO]:
    shown = io.StringIO()
    return Play(teller(), Console(file=shown, width=100, highlight=False)), shown


def test_play_clicks_searches_explains_and_forgets(play: tuple[Play, io.StringIO]) -> None:
    game, shown = play
    game.answer("1")
    assert "Click ①" in shown.getvalue()
    assert "goes with ①" in shown.getvalue() or "like ①" in shown.getvalue()
    game.answer("kettle")
    assert "words" in shown.getvalue()
    before = len(shown.getvalue())
    game.answer("")
    assert "↑" not in shown.getvalue()[before:], "recommendations are compared with recommendations"
    game.answer("kettle")
    game.answer("why 1")
    assert "= score" in shown.getvalue()
    game.answer("99")
    assert say("en", "play.no_such", number=99) in shown.getvalue()
    game.answer("\u2603")
    assert "Nothing found" in shown.getvalue()
    game.answer("forget")
    assert say("en", "play.forgotten", removed=1) in shown.getvalue()


def test_play_goes_on_until_q_or_the_end_of_input(
    play: tuple[Play, io.StringIO], monkeypatch: pytest.MonkeyPatch
) -> None:
    game, shown = play
    monkeypatch.setattr("sys.stdin", io.StringIO("\n2\nq\nnever read\n"))
    game.run()
    assert shown.getvalue().rstrip().endswith("Goodbye.")
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    game.run()
    assert shown.getvalue().rstrip().endswith("Goodbye.")
    assert game._teller.engine.events_of(USER)


def test_scenes_are_plain_values(scenes: list[Scene]) -> None:
    assert json.loads(json.dumps([scene.to_dict() for scene in scenes]))
