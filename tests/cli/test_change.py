"""Add, observe and forget: saved at once, and forgotten without a trace."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from warmstart.data.simulator import SimulatedShop
from warmstart.engine.engine import Engine

KAYAK = {"item_id": "kayak", "title": "Folding kayak of oak and canvas", "price": 499}


def versions(model: Path) -> list[str]:
    return sorted(path.name for path in model.glob("v*"))


def test_a_new_item_is_found_at_once(run: Run, run_json: Run, model: Path) -> None:
    done = run_json("add", model, "-", stdin=json.dumps(KAYAK) + "\n")
    assert (done["added"], done["replaced"], done["troubles"]) == (1, 0, {})
    assert run_json("search", model, "folding kayak", "-n", 1)["items"][0]["title"] == KAYAK["title"]
    assert "0 items added, 1 replaced." in run("add", model, "-", stdin=json.dumps(KAYAK)).stdout


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("new.csv", "product_id,name,cost\nkayak,Folding kayak,499\n"),
        ("新品.tsv", "item_id\ttitle\nkayak\t折叠皮划艇\n"),
        ("new.jsonl", '{"asin": "kayak", "title": "Folding kayak", "colour": "red"}\n'),
    ],
)
def test_items_are_read_as_in_a_shop(name: str, text: str, run: Run, model: Path, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    assert "1 item added" in run("add", model, tmp_path / name).stdout
    item = Engine.load(model).item("kayak")
    assert item is not None
    assert item.title in {"Folding kayak", "折叠皮划艇"}


def test_a_bad_row_never_costs_the_others(run: Run, run_json: Run, model: Path) -> None:
    lines = [json.dumps(KAYAK), "{broken", json.dumps({"title": "no id"})]
    done = run_json("add", model, "-", stdin="\n".join(lines))
    assert done["added"] == 1
    assert done["troubles"] == {"bad_json": 1, "missing_value": 1}
    assert "! 1 × bad_json in the file" in run("add", model, "-", stdin="\n".join(lines)).stdout


def test_a_missing_file_is_said_so(run: Run, model: Path, tmp_path: Path) -> None:
    assert "nothing at" in run("add", model, tmp_path / "no.csv", code=2).stderr
    assert "a folder" in run("add", model, tmp_path, code=2).stderr


def test_one_observed_event_changes_the_next_answer(run: Run, run_json: Run, model: Path) -> None:
    stranger = run_json("recommend", model, "--user", "ann")["items"]
    clicked = stranger[0]["item_id"]
    assert run("observe", model, "--user", "ann", "--item", clicked).stdout == "1 event observed.\n"
    now = run_json("recommend", model, "--user", "ann")["items"]
    assert clicked not in {item["item_id"] for item in now}
    assert Engine.load(model).events_of("ann")[0].event_type == "click"


def test_many_events_come_from_a_file(run: Run, run_json: Run, model: Path, tmp_path: Path) -> None:
    file = tmp_path / "events.csv"
    file.write_text("user,item,type\nann,p00001,view\nann,p00002,buy\nbob,zzz,click\n")
    done = run_json("observe", model, file)
    assert (done["observed"], done["unknown_items"]) == (3, ["zzz"])
    assert [event.event_type for event in Engine.load(model).events_of("ann")] == ["view", "purchase"]
    assert "Not in the catalogue" in run("observe", model, file).stdout


def test_a_search_is_an_event_too(run: Run, model: Path) -> None:
    run("observe", model, "--user", "ann", "--query", "帐篷", "--type", "search")
    assert Engine.load(model).events_of("ann")[0].query == "帐篷"


@pytest.mark.parametrize("words", [[], ["-", "--user", "ann"]])
def test_observe_wants_a_file_or_an_event(words: list[str], run: Run, model: Path) -> None:
    assert "neither" in (text := run("observe", model, *words, code=2).stderr) or "both" in text


def test_an_unknown_event_type_lists_those_there_are(run: Run, model: Path) -> None:
    shown = run("observe", model, "-u", "ann", "-i", "p00001", "-t", "clik", code=2).stderr
    assert "add_to_cart" in shown


def test_forgetting_gives_the_strangers_list_to_the_last_digit(
    run_json: Run, run: Run, model: Path
) -> None:
    stranger = run_json("recommend", model, "--user", "ann")["items"]
    for item in stranger[:3]:
        run("observe", model, "--user", "ann", "--item", item["item_id"], "--type", "purchase")
    assert run_json("recommend", model, "--user", "ann")["items"] != stranger
    assert run_json("forget", model, "--user", "ann")["removed"]["events"] == 3
    assert run_json("recommend", model, "--user", "ann")["items"] == stranger


def test_forgetting_leaves_nothing_of_a_fitted_user_on_disk(
    run: Run, model: Path, simulated: SimulatedShop
) -> None:
    user = simulated.dataset.events["user_id"][0]
    run("observe", model, "--user", user, "--item", "p00001")
    assert len(versions(model)) == 2
    shown = run("forget", model, "--user", user).stdout
    assert shown.startswith(f"Forgot user {user}: ")
    assert "1 profile" in shown
    assert len(versions(model)) == 1
    assert not Engine.load(model).events_of(user)
    kept = [file for file in model.rglob("*") if file.is_file() and user.encode() in file.read_bytes()]
    assert kept == []


def test_forgetting_a_stranger_changes_nothing(run: Run, model: Path) -> None:
    before = versions(model)
    assert run("forget", model, "--user", "nobody").stdout == "Nothing is known of user nobody.\n"
    assert versions(model) == before


def test_a_visitor_who_logs_in_is_the_user(run: Run, run_json: Run, model: Path) -> None:
    item = Engine.load(model).dataset.item_ids[0]
    run("observe", model, "--user", "visitor-7", "--item", item)
    assert "Nothing is known" in run("merge", model, "visitor-8", "ann").stdout
    assert run_json("merge", model, "visitor-7", "ann")["merged"] == 1
    merged = Engine.load(model)
    assert [event.item_id for event in merged.events_of("ann")] == [item]
    assert merged.events_of("visitor-7") == ()
    assert run("merge", model, "visitor-7", "ann").stdout == "Nothing is known that visitor-7 did.\n"
    assert "different ids" in run("merge", model, "ann", "ann", code=2).stderr
