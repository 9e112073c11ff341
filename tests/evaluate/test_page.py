"""What the page says and draws, on evaluations whose truth is known."""

import re
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.evaluate.made_up import comparison, cost, crowd, full, row, story
from warmstart.core.page.curves import spread
from warmstart.core.page.slots import CHANCE, FOCUS, REST
from warmstart.core.page.svg import Point, shortened, text_width
from warmstart.evaluate.evaluation import Evaluation, Listed
from warmstart.evaluate.report import render_html, render_text
from warmstart.evaluate.report.conclusion import conclusion
from warmstart.evaluate.report.figures import main_place, other_cases
from warmstart.evaluate.report.look import COLOURED, look_of
from warmstart.evaluate.report.scatter import Dot, frontier, scatter
from warmstart.evaluate.wording import shots_of, tables

TITLES = st.text(st.sampled_from("ab Ⅳ茶叶<&"), max_size=60)


def read(page: str) -> str:
    """The page without its style sheet."""
    return re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL)


def test_of_many_methods_the_strongest_have_colours_and_the_rest_keep_their_names():
    evaluation = crowd(18)
    look = look_of(evaluation)
    slots = sorted(look.slots.values())
    assert look.slots["engine"] == FOCUS
    assert look.slots["random"] == CHANCE
    assert [slot for slot in slots if slot > FOCUS] == list(range(1, COLOURED + 1))
    assert look.rival == "method 0"
    assert slots.count(REST) == 18 - 2 - COLOURED
    page = render_html(evaluation)
    chart = page[page.index("<figure>") : page.index("</figure>")]
    assert all(f">{method}</text>" in chart for method in evaluation.methods)


def test_a_method_that_was_the_strongest_somewhere_has_a_colour():
    evaluation = replace(crowd(18), comparisons=(comparison("tie", against="method 15"),))
    assert look_of(evaluation).rival == "method 15"


@given(st.lists(st.floats(34, 400), min_size=1, max_size=20))
def test_labels_keep_their_order_and_their_distance(heights: list[float]):
    placed = spread(sorted(heights), bottom=34.0 + 16 * 20)
    assert all(after - before >= 16 - 1e-9 for before, after in pairwise(placed))
    assert placed[-1] <= 34.0 + 16 * 20


@given(TITLES, st.floats(20, 300))
def test_a_shortened_text_fits_and_a_fitting_text_stays(text: str, room: float):
    shown = shortened(text, room)
    assert text_width(shown) <= room or shown == "…"
    assert (shown == text) == (text_width(text) <= room)


dots = st.lists(
    st.tuples(st.floats(0.001, 1e3), st.floats(0, 1)).map(
        lambda at: Dot(name="m", slot=REST, point=Point(x=at[0], y=at[1], low=None, high=None))
    ),
    min_size=1,
    max_size=20,
)


@given(dots, st.booleans())
def test_nothing_beats_a_method_on_the_frontier_in_both(found: list[Dot], lower: bool):
    sign = -1 if lower else 1
    best = frontier(found, lower=lower)
    for dot in best:
        assert not any(
            other.point.x < dot.point.x and sign * other.point.y >= sign * dot.point.y for other in found
        )
    assert max(sign * dot.point.y for dot in found) == sign * best[-1].point.y


@pytest.mark.parametrize("width", [760.0, 372.0])
def test_names_in_a_scatter_do_not_overlap(width: float):
    many = [
        Dot(name=f"method {i}", slot=REST, point=Point(x=1 + i / 50, y=0.5 + i / 99, low=None, high=None))
        for i in range(18)
    ]
    drawn = scatter(many, axis="ms", title="t", floor=0.01, width=width)
    found = re.findall(r'<text class="label[^"]*" x="([\d.]+)" y="([\d.]+)"[^>]*>(method \d+)<', drawn)
    boxes = [(float(x), float(y), float(x) + text_width(name, 12)) for x, y, name in found]
    assert len(boxes) >= 6
    for i, one in enumerate(boxes):
        for other in boxes[:i]:
            apart = one[2] <= other[0] or other[2] <= one[0]
            assert apart or abs(one[1] - other[1]) >= 13


def test_texts_of_the_shop_are_escaped_everywhere():
    page = read(render_html(full()))
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "Acme &amp; Söhne" in page
    assert "红色连衣裙 夏季新款" in page


def test_cases_are_told_worst_first_with_hits_marked():
    page = render_html(full())
    assert page.index("user 1") < page.index("user 2") < page.index("user 3")
    assert page.index("Lost: engine did worse than rp3") < page.index("Neither found anything")
    assert "<li class='hit'><span>✓</span> blue shoe</li>" in page
    assert "<li class='miss'>red hat</li>" in page
    assert "grey shoe <small>not judged</small>" in page
    lists = re.findall(r"<div class='list'[^>]*><h4>(\w+)</h4>", page)
    assert lists == ["engine", "rp3"] * 3


def test_predicted_ratings_are_neither_hits_nor_misses():
    told = Listed(title="Heat: 4.0 predicted", gain=5.0)
    rated = story("loss", "user 1", metric="MAE", lists={"engine": (told,), "rp3": (told,)})
    page = render_html(replace(full(), stories=(rated,)))
    assert "<li>Heat: 4.0 predicted <small>in truth 5</small></li>" in page
    assert "<li class='hit'>" not in page


def test_everything_that_was_measured_has_its_part():
    page = render_html(full())
    for part in (
        "Read this first",
        "The attribute &#x27;rank&#x27; tells &amp; tells.",
        "Accuracy against cost",
        "engine against each other method",
        "Cases to read, the worst first",
        "Who gets shown",
        "Does it mean what it says?",
        "Tuned settings",
        "beta = 0.4",
        "0.0614",
        "at random: new users",
        "6 / 3 / 5",
    ):
        assert part in page, part


def test_the_calibration_error_is_the_weighted_distance():
    assert ">0.1500<" in render_html(full())  # (30 x .2 + 10 x 0) / 40


def test_an_empty_evaluation_still_has_a_page():
    page = render_html(Evaluation(protocol="warm", dataset="shop", rows=()))
    assert "warm on shop" in page
    assert "<svg" not in page


def ratings() -> Evaluation:
    rows = [
        row(method, value, shots=k, metric="MAE", candidates="new users")
        for method, value in (("engine", 0.7), ("item-mean", 0.8), ("melu", 0.69))
        for k in (1, 5, None)
    ]
    return Evaluation(protocol="ratings", dataset="shop", rows=tuple(rows))


def test_all_events_come_last_as_a_number_of_shots():
    evaluation = ratings()
    assert shots_of(evaluation) == (1, 5, None)
    assert tables(evaluation, ["MAE"])[0].columns == ("k=1", "k=5", "k=all")
    assert "k=all" in render_text(evaluation)
    page = render_html(evaluation)
    assert ">all</text>" in page
    assert "other users" not in page
    assert "ratings revealed" in page


def test_of_errors_the_least_is_best():
    evaluation = ratings()
    assert conclusion(evaluation, look_of(evaluation))[0] == (
        "New users: melu first at k = 1, 5, all (MAE 0.6900)."
    )
    assert "MAE (less is better)" in render_html(evaluation)
    table = tables(evaluation, ["MAE"])[0]
    assert [m for m, cells in table.rows if table.is_best(0, cells[0])] == ["melu"]


def test_a_tie_of_all_who_found_nothing_has_no_winner():
    evaluation = Evaluation(protocol="warm", dataset="s", rows=(row("a", 0.0), row("b", 0.0)))
    assert conclusion(evaluation, look_of(evaluation)) == [
        "Among everything: nobody finds anything (nDCG@20 0.0000)."
    ]


ADVICE = {
    ("better", "tie"): "Take engine: ahead in part of the places, and certainly behind in none.",
    ("worse", "tie"): "Take rp3 where engine is worse; nowhere is engine certainly ahead.",
    ("worse", "better"): "No method serves all: engine where it is better, rp3 where it is worse.",
}


@pytest.mark.parametrize("verdicts", ADVICE)
def test_the_advice_follows_the_verdicts(verdicts: tuple[str, str]):
    found = tuple(comparison(verdict, k) for k, verdict in enumerate(verdicts, start=1))
    evaluation = replace(full(), comparisons=found)
    assert conclusion(evaluation, look_of(evaluation))[-1] == ADVICE[verdicts]


def test_where_nothing_is_certain_the_cheapest_that_is_not_beaten_is_named():
    dear = comparison("better", against="content", strongest=False)
    evaluation = replace(
        full(), comparisons=(*full().comparisons, dear), cost=(*full().cost, cost("content", 0, 0))
    )
    assert conclusion(evaluation, look_of(evaluation))[-1].endswith(
        "Ask more cases, or take rp3: it costs less, and engine is nowhere certainly better."
    )


def test_points_of_other_users_do_not_continue_the_curve():
    shots = (0, 1, 10)
    rows = [row("engine", 0.1, shots=k) for k in shots]
    users = Evaluation(protocol="new-users", dataset="s", rows=tuple(rows))
    assert other_cases(users, rows, shots) == [10]
    assert other_cases(replace(users, protocol="ratings"), rows, shots) == []
    fewer = [*rows[:2], replace(rows[2], cases=50)]
    assert other_cases(replace(users, protocol="ratings"), fewer, shots) == [10]


def test_costs_are_drawn_at_the_least_evidence_that_is_any():
    assert main_place(full()) == ("all", 1)
