"""Search, recommend, similar, cart and explain."""

from itertools import pairwise
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from warmstart.data.simulator import SimulatedShop
from warmstart.engine.engine import Engine


def test_search_gives_what_the_engine_gives(run_json: Run, fitted: Path) -> None:
    answer = run_json("search", fitted, "tent", "-n", 5)
    expected = Engine.load(fitted).search("tent", n=5)
    assert [item["item_id"] for item in answer["items"]] == list(expected.item_ids)
    assert answer["asked"] == {"text": "tent"}
    assert all(item["title"] for item in answer["items"])
    assert answer["took_ms"] >= 0


def test_a_table_shows_place_id_title_price_and_score(run: Run, fitted: Path) -> None:
    lines = run("search", fitted, "tent", "-n", 3).stdout.splitlines()
    assert lines[0].split() == ["item", "title", "price", "score", "why"]
    assert [line.split()[0] for line in lines[1:4]] == ["1", "2", "3"]
    assert lines[-1].startswith("3 items in ")


def test_filters_and_exclusions_hold(run_json: Run, fitted: Path) -> None:
    free = run_json("recommend", fitted, "-n", 40)["items"]
    dear = max(item["price"] for item in free)
    kept = run_json("recommend", fitted, "-n", 40, "-f", f"price<{dear}", "-x", free[0]["item_id"])["items"]
    assert kept
    assert all(item["price"] < dear for item in kept)
    assert free[0]["item_id"] not in {item["item_id"] for item in kept}


def test_an_unknown_filter_lists_the_fields_there_are(run: Run, fitted: Path) -> None:
    assert "Known fields" in run("recommend", fitted, "-f", "brnad=x", code=2).stderr


def test_each_event_moves_the_list_and_is_not_kept(run_json: Run, fitted: Path) -> None:
    stranger = run_json("recommend", fitted)
    first = stranger["items"][-1]["item_id"]
    clicked = run_json("recommend", fitted, "--event", f"click:{first}")
    assert [i["item_id"] for i in clicked["items"]] != [i["item_id"] for i in stranger["items"]]
    assert first not in {item["item_id"] for item in clicked["items"]}
    assert run_json("recommend", fitted)["items"] == stranger["items"]


def test_events_come_on_top_of_what_a_known_user_did(
    run_json: Run, fitted: Path, simulated: SimulatedShop
) -> None:
    user = simulated.dataset.events["user_id"][0]
    known = run_json("recommend", fitted, "--user", user)
    more = run_json("recommend", fitted, "--user", user, "--event", known["items"][0]["item_id"])
    assert known["items"] != more["items"]


def test_a_mistyped_event_is_refused_with_a_suggestion(run: Run, fitted: Path) -> None:
    assert "Did you mean click:x?" in run("recommend", fitted, "--event", "clik:x", code=2).stderr
    assert "Types: interaction" in run("recommend", fitted, "--event", "zzz:x", code=2).stderr


def test_an_unknown_item_is_answered_with_a_warning(run: Run, run_json: Run, fitted: Path) -> None:
    assert "! item nope is not in the catalogue" in run("similar", fitted, "nope").stdout
    assert run_json("similar", fitted, "nope")["warnings"] == ["unknown_item:nope"]


def test_a_new_visitor_is_told_to_be_one(run: Run, fitted: Path) -> None:
    assert "what a stranger gets" in run("recommend", fitted, "--user", "never-seen").stdout


def test_similar_and_cart_leave_out_what_they_start_from(run_json: Run, fitted: Path) -> None:
    ids = list(Engine.load(fitted).dataset.item_ids[:2])
    for answer in (run_json("similar", fitted, ids[0], "-n", 5), run_json("cart", fitted, *ids, "-n", 5)):
        assert len(answer["items"]) == 5
        assert not {item["item_id"] for item in answer["items"]} & {ids[0]}
    assert run_json("cart", fitted, *ids)["asked"] == {"item_ids": ids}


def test_complement_tells_what_goes_with_an_item(run: Run, run_json: Run, fitted: Path) -> None:
    engine = Engine.load(fitted)
    bought = engine.dataset.interactions["item_id"][0]
    told = run_json("complement", fitted, bought, "-n", 5)
    assert [item["item_id"] for item in told["items"]] == list(engine.complement(bought, n=5).item_ids)
    assert told["asked"] == {"item_id": bought}
    assert "items in" in run("complement", fitted, bought).stdout


def test_a_search_for_nothing_known_says_so(run: Run, fitted: Path) -> None:
    assert run("search", fitted, "\u2603").stdout.splitlines()[0] == "Nothing found."


def test_diversity_is_asked_for_by_a_share(run: Run, run_json: Run, fitted: Path) -> None:
    answer = run_json("recommend", fitted, "--diversity", 0.7, "-n", 8)
    expected = Engine.load(fitted).recommend(n=8, diversity=0.7)
    assert [item["item_id"] for item in answer["items"]] == list(expected.item_ids)
    assert answer["asked"] == {"diversity": 0.7}
    run("recommend", fitted, "--diversity", 1.5, code=2)


def test_explain_sums_to_the_score(run: Run, run_json: Run, fitted: Path, simulated: SimulatedShop) -> None:
    user = simulated.dataset.events["user_id"][0]
    item = run_json("recommend", fitted, "--user", user)["items"][0]
    told = run_json("explain", fitted, item["item_id"], "--user", user)
    assert sum(reason["value"] for reason in told["reasons"]) == pytest.approx(told["score"], abs=1e-5)
    assert told["score"] == pytest.approx(item["score"], abs=1e-4)
    lines = run("explain", fitted, item["item_id"], "--user", user).stdout.splitlines()
    assert lines[0].startswith(item["item_id"])
    assert lines[-1].split()[1:] == ["=", "score"]
    values = [abs(float(line.split()[0])) for line in lines[2:-1]]
    assert all(one >= other for one, other in pairwise(values))


def test_explaining_what_a_query_does_not_find_says_so(run: Run, run_json: Run, fitted: Path) -> None:
    every = Engine.load(fitted)
    found = set(every.search("tent", n=len(every.dataset.items)).item_ids)
    other = next(item_id for item_id in every.dataset.item_ids if item_id not in found)
    assert "does not find it" in run("explain", fitted, other, "--query", "tent").stdout
    assert run_json("explain", fitted, other, "--query", "tent")["score"] is None


def test_explaining_an_unknown_item_is_an_input_error(run: Run, fitted: Path) -> None:
    run("explain", fitted, "nope", code=2)


@pytest.mark.parametrize("width", [24, 40, 60, 90, 200])
def test_no_line_is_wider_than_the_terminal(
    width: int, run: Run, fitted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    lines = run("recommend", fitted, "-n", 4).stdout.splitlines()
    assert max(map(len, lines)) <= width
    assert len([line for line in lines if line.strip()[:1] in set("1234")]) >= 4


def test_a_sentence_is_a_profile_whose_limits_hold_and_are_told(
    run: Run, run_json: Run, fitted: Path
) -> None:
    answer = run_json("recommend", fitted, "--text", "a tent under 100, not too heavy", "-n", 5)
    assert answer["asked"] == {"text": "a tent under 100, not too heavy"}
    assert answer["items"]
    assert all(item["price"] < 100 for item in answer["items"])
    assert "understood:price below 100" in answer["warnings"]
    shown = run("recommend", fitted, "--text", "a tent under 100, not too heavy").stdout
    assert "understood: price below 100" in shown
    assert "! 'not too heavy' could not be turned into a rule" in shown


def test_search_obeys_a_sentence_when_asked(run_json: Run, fitted: Path) -> None:
    dear = max(item["price"] for item in run_json("search", fitted, "tent", "-n", 40)["items"])
    words = f"tent under {dear}"
    plain = run_json("search", fitted, words, "-n", 40)["items"]
    obeyed = run_json("search", fitted, words, "--sentence", "-n", 40)["items"]
    assert obeyed
    assert max(item["price"] for item in obeyed) < dear <= max(item["price"] for item in plain)
