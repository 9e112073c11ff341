"""Tables of answers: wide characters, missing facts, narrow terminals."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from warmstart.cli.answers import answer_view, items_table, score_text, warning_text, why
from warmstart.cli.output import Clock
from warmstart.data.item_list import ItemList, Reason
from warmstart.data.records import Item

ITEMS = {
    "1": Item(
        item_id="1",
        title="降噪耳机 头戴式 蓝牙 5.3 石墨灰 续航六十小时 主动降噪",
        price=1299.0,
        currency="CNY",
    ),
    "2": Item(item_id="2", title="A very long title of a thing\nwith a line break " * 3, price=9.5),
    "3": Item(item_id="3"),
}
REASONS = (
    (Reason(kind="content", value=1.0, item_id="2", text="like the thing"), Reason(kind="x", value=-2.0)),
    (Reason(kind="popularity", value=0.5),),
    (),
)
FOUND = ItemList(item_ids=("1", "2", "3"), scores=np.array([2.0, 1.0, np.nan]), reasons=REASONS)


def drawn(found: ItemList, width: int) -> list[str]:
    shown = io.StringIO()
    Console(file=shown, width=width, highlight=False).print(items_table(ITEMS.get, found, width=width))
    return shown.getvalue().splitlines()


@given(width=st.integers(min_value=16, max_value=240))
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    lines = drawn(FOUND, width)
    assert len(lines) >= 4
    assert max(map(cell_len, lines)) <= width


@pytest.mark.parametrize("width", [60, 100, 160])
def test_numbers_stand_under_each_other_beside_wide_characters(width: int) -> None:
    lines = [line for line in drawn(FOUND, width) if "00" in line or "score" in line]
    ends = [
        cell_len(line[: line.index(number) + len(number)])
        for line, number in zip(lines[1:3], ("2.000", "1.000"), strict=True)
    ]
    assert ends[0] == ends[1]
    assert cell_len(lines[0][: lines[0].index("score") + 5]) == ends[0]


def test_long_titles_are_shortened_and_ids_are_not() -> None:
    line = next(line for line in drawn(FOUND, 60) if "1.000" in line)
    assert line.split()[:4] == ["2", "2", "A", "very"]
    assert "…" in line


def test_narrow_terminals_show_reasons_below_titles_and_no_prices() -> None:
    assert {"why", "price"} <= set(drawn(FOUND, 120)[0].split())
    assert len(drawn(FOUND, 120)) == 4
    narrow = drawn(FOUND, 40)
    assert narrow[0].split() == ["item", "title", "score"]
    assert narrow[2].strip() == "like the thing"
    assert len(narrow) == 6


def test_columns_that_nobody_fills_are_left_out() -> None:
    assert drawn(ItemList(item_ids=("3",), scores=np.array([1.0])), 120)[0].split() == ["item", "score"]


def test_only_what_speaks_for_an_item_is_given_as_its_reason() -> None:
    assert [why(entry, ITEMS.get) for entry in FOUND] == ["like the thing", "popular", ""]


def test_no_opinion_is_a_dash() -> None:
    assert (score_text(float("nan")), score_text(1.25)) == ("–", "1.250")


def test_every_warning_is_told_in_words_and_an_unknown_one_as_it_is() -> None:
    assert "stranger" in warning_text("no_user")
    assert "item a:b is not" in warning_text("unknown_item:a:b")
    assert warning_text("brand-new warning") == "brand-new warning"


def test_the_foot_counts_and_times_and_shouts_only_what_may_be_a_mistake() -> None:
    found = ItemList(item_ids=("1",), scores=np.array([1.0]), warnings=("no_user", "unknown_item:7"))
    shown = io.StringIO()
    Console(file=shown, width=100, highlight=False).print(answer_view(ITEMS.get, found, Clock(), width=100))
    assert shown.getvalue().splitlines()[-2:] == [
        "! item 7 is not in the catalogue and could not be taken into account",
        "1 item in 0.0 ms",
    ]
