"""Two runs side by side: what changed is found, what did not is a tie."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.evaluate.made_up import cost, full, row
from tests.evaluate.toys import SameTaste, two_tastes
from warmstart.core.errors import InputError
from warmstart.core.linear import FloatArray
from warmstart.data.query import Query
from warmstart.evaluate.compare import Changes, compare
from warmstart.evaluate.evaluation import Evaluation, Replicates
from warmstart.evaluate.methods import ScorerMethod
from warmstart.evaluate.report import render_changes, render_changes_html
from warmstart.evaluate.run import evaluate


@dataclass(kw_only=True)
class Half(SameTaste):
    """Likes even items whatever was asked: right for half of the users."""

    def _score(self, query: Query) -> FloatArray:
        return (self.parity_ == 0).astype(np.float32)


VALUES = st.floats(0, 1).map(lambda value: round(value, 6))


@st.composite
def evaluations(draw: st.DrawFn) -> Evaluation:
    """Any values and replicates, of one metric that is good and one that is an error."""
    rows, kept = [], []
    for method in ("engine", "rp3"):
        for metric in ("nDCG@20", "MAE", "Gini@20"):
            value = draw(VALUES)
            rows.append(row(method, value, shots=1, metric=metric))
            if metric != "Gini@20":
                values = tuple(draw(st.lists(VALUES, min_size=2, max_size=5)))
                kept.append(
                    Replicates(method=method, shots=1, candidates="all", metric=metric, values=values)
                )
    return Evaluation(
        protocol="p",
        dataset="s",
        rows=tuple(rows),
        replicates=tuple(kept),
        cost=(cost("engine"),),
        fingerprint=draw(st.sampled_from(["", "f"])),
    )


@given(evaluations())
def test_comparing_a_run_with_itself_changes_nothing(evaluation: Evaluation):
    found = compare(evaluation, evaluation)
    assert not found.of("better")
    assert not found.of("worse")
    assert all(change.difference == 0 for change in found.changes)
    assert {change.p_holm for change in found.of("tie")} <= {1.0}
    assert all(change.ratio in {None, 1.0} for change in found.costs)
    assert found.settings == ()
    assert found.only_before == found.only_after == ()


@given(evaluations(), evaluations())
def test_looking_from_the_other_side_turns_everything_around(one: Evaluation, other: Evaluation):
    there, back = compare(one, other), compare(other, one)
    by_key = {(c.method, c.metric): c for c in back.changes}
    turned = {"better": "worse", "worse": "better", "tie": "tie", None: None}
    for change in there.changes:
        mirror = by_key[change.method, change.metric]
        assert mirror.difference == pytest.approx(-change.difference)
        assert mirror.verdict == turned[change.verdict]


@given(evaluations(), evaluations())
def test_the_worse_come_first_then_the_better(one: Evaluation, other: Evaluation):
    places = {"worse": 0, "better": 1, "tie": 2, None: 3}
    found = [places[change.verdict] for change in compare(one, other).changes]
    assert found == sorted(found)


def shifted(evaluation: Evaluation, method: str, by: float) -> Evaluation:
    """The same run with one method's main numbers moved, all replicates with them."""
    rows = tuple(
        replace(r, value=r.value + by) if (r.method, r.metric) == (method, "nDCG@20") else r
        for r in evaluation.rows
    )
    kept = tuple(
        replace(r, values=tuple(np.add(r.values, by).tolist())) if r.method == method else r
        for r in evaluation.replicates
    )
    return replace(evaluation, rows=rows, replicates=kept)


@pytest.mark.parametrize(("by", "verdict"), [(0.01, "better"), (-0.01, "worse")])
def test_a_planted_change_is_found_and_nothing_else(by: float, verdict: str):
    found = compare(full(), shifted(full(), "engine", by))
    assert found.paired
    changed = [change for change in found.changes if change.verdict in {"better", "worse"}]
    assert {(change.method, change.verdict) for change in changed} == {("engine", verdict)}
    assert len(changed) == 3
    assert all(change.difference == pytest.approx(by) for change in changed)


def test_of_errors_less_is_better():
    def as_error(evaluation: Evaluation) -> Evaluation:
        return replace(
            evaluation,
            rows=tuple(replace(r, metric="MAE") for r in evaluation.select(metric="nDCG@20")),
            replicates=tuple(replace(r, metric="MAE") for r in evaluation.replicates),
        )

    found = compare(as_error(full()), as_error(shifted(full(), "engine", 0.05)))
    assert {change.method for change in found.of("worse")} == {"engine"}


def test_unpaired_runs_see_large_changes_only():
    """The replicates of `full` spread by .004: .01 is 1.8 standard errors of an unpaired difference."""
    other = replace(full(), fingerprint="g")
    small, large = (compare(other, shifted(full(), "engine", by)) for by in (0.01, 0.05))
    assert not small.paired
    assert not small.of("better")
    assert {change.method for change in large.of("better")} == {"engine"}
    for change in small.of("tie"):
        assert change.low is not None
        assert change.high is not None
        assert change.low < change.difference < change.high


def test_numbers_without_replicates_have_no_verdict():
    found = compare(full(), full())
    assert {change.metric for change in found.of(None)} == {"Coverage@20"}
    assert all(change.p is None for change in found.of(None))


def test_what_only_one_run_has_is_told():
    less = replace(
        full(),
        rows=tuple(
            r for r in full().rows if r.method != "rp3" and r.metric != "Coverage@20" and r.shots != 5
        ),
    )
    found = compare(less, full())
    assert found.only_before == ()
    assert found.only_after == ("method rp3", "metric Coverage@20", "candidates all, k=5")


def test_costs_and_settings_that_differ_are_told():
    after = replace(full(), cost=(cost("engine", 18.0, 3.0),), environment={"trials": 20}, tunings=())
    found = compare(full(), after)
    by_name = {change.cost: change.ratio for change in found.costs}
    assert by_name["fit_s"] == 2.0
    assert by_name["query_ms_p50"] == 1.0
    told = {setting.name: (setting.before, setting.after) for setting in found.settings}
    assert told["trials"] == ("8", "20")
    assert told["tuned settings of rp3, seed 0"] == ("beta = 0.4", "-")


def test_runs_of_different_kinds_cannot_be_compared():
    with pytest.raises(InputError, match="one protocol"):
        compare(full(), replace(full(), protocol="warm"))
    with pytest.raises(InputError, match="in common"):
        compare(full(), Evaluation(protocol="new-users", dataset="s", rows=(row("other", 0.1),)))


@pytest.fixture(scope="module")
def found() -> Changes:
    after = shifted(shifted(full(), "engine", 0.01), "rp3", -0.01)
    return compare(full(), replace(after, dataset="<b>茶</b>", warnings=()))


def test_the_text_tells_the_worse_first_and_counts_the_ties(found: Changes):
    text = render_changes(found)
    assert "9 numbers tested: 3 worse, 3 better, 3 within noise." in text
    assert text.index("\nworse\n") < text.index("\nbetter\n")
    assert "random" not in text
    assert "paired" in text
    assert "Nothing changed by more than noise" in render_changes(compare(full(), full()))


def test_the_page_of_a_comparison_folds_the_ties_and_escapes(found: Changes):
    page = render_changes_html(found)
    assert page.index("<h2>Worse") < page.index("<h2>Better") < page.index("Within noise: 3")
    assert "<b>茶" not in page
    assert "&lt;b&gt;茶" in page
    assert "<script" not in page


def test_two_real_runs_are_paired_and_the_better_method_is_found():
    """The same name, once for a method that knows the plan of the shop and once for one that does not."""
    runs = [
        evaluate(
            two_tastes(),
            "new-users",
            seeds=(0, 1),
            methods=["popularity", ScorerMethod(name="mine", scorer=scorer, encoder="catalogue")],
            focus="mine",
            resamples=200,
        )
        for scorer in (Half(), SameTaste())
    ]
    changes = compare(*runs)
    assert changes.paired
    assert {change.method for change in changes.of("better")} == {"mine"}
    assert not changes.of("worse")


def test_the_last_bit_of_a_sum_is_no_change():
    """Rounding turned one value and one replicate; the spread of such differences means nothing."""
    before = full()
    rows = tuple(replace(r, value=round(r.value + 1e-6, 6)) for r in before.rows)
    kept = tuple(
        replace(r, values=(round(r.values[0] + 1e-6, 6), *r.values[1:])) for r in before.replicates
    )
    found = compare(before, replace(before, rows=rows, replicates=kept))
    assert not found.of("better")
    assert not found.of("worse")
