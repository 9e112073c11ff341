"""The value, the text and the page."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.evaluate.made_up import comparison
from tests.evaluate.toys import InOrder, SameTaste, two_tastes
from warmstart.core.errors import InputError
from warmstart.core.page.svg import Point, nice_ticks
from warmstart.evaluate.evaluation import Evaluation
from warmstart.evaluate.methods import ScorerMethod
from warmstart.evaluate.protocols.base import AnyMethod
from warmstart.evaluate.report import render_html, render_text, write_html
from warmstart.evaluate.report.bars import Bar, bar_chart
from warmstart.evaluate.run import evaluate
from warmstart.evaluate.wording import sentence, tables, verdict

SHOP = replace(two_tastes(), name="Tee & <Kaffee> 茶")
METHODS: list[AnyMethod] = [
    "random",
    "popularity",
    ScorerMethod(name="同好 <taste>", scorer=SameTaste(), encoder="catalogue"),
]


@pytest.fixture(scope="module", params=["new-users", "new-items", "new-both", "search"])
def evaluation(request: pytest.FixtureRequest) -> Evaluation:
    methods: list[AnyMethod] = [*METHODS[:1], InOrder()] if request.param == "search" else METHODS
    return evaluate(
        SHOP,
        request.param,
        seeds=(0, 1),
        methods=methods,
        encoder="catalogue",
        focus="InOrder" if request.param == "search" else "同好 <taste>",
        resamples=100,
        command="warmstart evaluate <shop>",
    )


def test_an_evaluation_survives_json(evaluation: Evaluation, tmp_path: Path):
    evaluation.to_json(tmp_path / "out.json")
    assert Evaluation.from_json(tmp_path / "out.json") == evaluation
    values = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    assert list(values)[:5] == ["protocol", "dataset", "rows", "cost", "comparisons"]
    assert list(values)[-2:] == ["environment", "command"]
    assert list(values["rows"][0]) == [
        "method", "seed", "shots", "candidates", "metric", "value", "low", "high", "cases",
    ]  # fmt: skip


def test_the_environment_names_no_place_on_the_machine(evaluation: Evaluation):
    assert not re.search(r"[/\\]\w+[/\\]", json.dumps(evaluation.environment))


class Checker(HTMLParser):
    """Collects tags and attributes, and checks that they nest."""

    VOID = ("meta", "br", "link", "img")

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: dict[str, str | None] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= dict(attrs)
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_is_well_formed_and_needs_nothing_else(evaluation: Evaluation, tmp_path: Path):
    write_html(evaluation, tmp_path / "out.html")
    page = (tmp_path / "out.html").read_text(encoding="utf-8")
    checker = Checker()
    checker.feed(page)
    assert checker.open == []
    assert not {"script", "link", "img", "iframe"} & set(checker.tags)
    assert not {"src", "href"} & set(checker.attributes)
    assert "url(" not in page
    assert "Tee &amp; &lt;Kaffee&gt; 茶" in page
    assert "<Kaffee>" not in page
    assert "prefers-color-scheme: dark" in page


def test_every_drawing_is_valid_svg_and_finite(evaluation: Evaluation):
    drawings = re.findall(r"<svg.*?</svg>", render_html(evaluation), re.DOTALL)
    assert drawings
    for drawing in drawings:
        root = ElementTree.fromstring(drawing)
        assert root.find("title") is not None
        assert "nan" not in drawing
        assert "inf" not in re.sub(r">[^<]*<", "><", drawing)


def test_page_and_text_hold_every_main_number(evaluation: Evaluation):
    page, text = render_html(evaluation), render_text(evaluation)
    for row in evaluation.select(metric=evaluation.metrics[0]):
        assert f"{row.value:.4f}" in page
        assert f"{row.value:.4f}" in text
    for method in evaluation.methods:
        assert method in text


def test_only_the_single_best_accuracy_is_marked(evaluation: Evaluation):
    for table in tables(evaluation, evaluation.metrics):
        for i in range(len(table.columns)):
            cells = [cells[i] for _, cells in table.rows if cells[i] is not None]
            marked = [cell for cell in cells if table.is_best(i, cell)]
            assert len(marked) <= 1
            for cell in marked:
                assert cell is not None
                assert cell.value == max(other.value for other in cells if other)
                assert not cell.metric.startswith(("Gini", "Coverage", "Cold"))


def test_the_verdict_says_where_the_engine_is_worse():
    found = Evaluation(
        protocol="new-users",
        dataset="shop",
        rows=(),
        comparisons=(comparison("better"), comparison("tie", 2), comparison("worse", 3)),
    )
    assert verdict(found) == (
        "Against the best of the others, engine is better in 1, tied in 1 and worse in 1 of 3. "
        "Worse at nDCG@20, all, k=3 (behind rp3)."
    )
    assert "Worse" not in verdict(replace(found, comparisons=(comparison("better"),)))
    assert sentence(comparison("worse")).endswith("p 0.020: worse")


def test_a_file_that_is_no_evaluation_is_told_so(tmp_path: Path):
    for content in ("[1", '{"protocol": "x"}'):
        (tmp_path / "bad.json").write_text(content, encoding="utf-8")
        with pytest.raises(InputError):
            Evaluation.from_json(tmp_path / "bad.json")
    with pytest.raises(InputError, match=r"none\.json"):
        Evaluation.from_json(tmp_path / "none.json")


def test_charts_of_nothing_but_zeros_are_drawn():
    zero = Bar(name="zero", slot=0, point=Point(x=0, y=0.0, low=0.0, high=0.0))
    drawing = bar_chart([zero], title="t")
    assert ElementTree.fromstring(drawing) is not None


@pytest.mark.parametrize("top", [0.0004, 0.019, 0.1, 0.93, 1.0, 37.0])
def test_ticks_reach_the_top_and_no_further_than_needed(top: float):
    ticks = nice_ticks(0.0, top)
    assert ticks[0] == 0
    assert ticks[-2] < top <= ticks[-1] + 1e-12
    assert len(ticks) <= 7
