"""Running: names, processes, costs, and what goes wrong."""

import os
import sys
from dataclasses import replace
from typing import Any

import pytest

from tests.evaluate.toys import Broken, Fixed, InOrder, SameTaste, two_tastes
from warmstart.core import registry
from warmstart.core.errors import ConfigError, InputError, MissingExtraError
from warmstart.core.linear import FloatArray
from warmstart.data.dataset import Dataset
from warmstart.data.query import Query
from warmstart.data.records import Event
from warmstart.evaluate import methods, protocols
from warmstart.evaluate.methods import EngineMethod, RandomMethod, ScorerMethod
from warmstart.evaluate.run import evaluate

SHOP = two_tastes(n_users=40)


def test_processes_give_the_numbers_that_one_process_gives():
    def run(workers: int):
        return evaluate(
            SHOP,
            "new-users",
            seeds=(0, 1),
            methods=["random", SameTaste()],
            encoder="catalogue",
            focus="SameTaste",
            workers=workers,
            resamples=100,
        )

    before = dict(os.environ)
    alone, together = run(1), run(2)
    assert alone.rows == together.rows
    assert alone.comparisons == together.comparisons
    assert dict(os.environ) == before


def test_an_error_in_a_process_arrives_whole():
    with pytest.raises(InputError, match=r"expected a better day; found this one\. Try again\."):
        evaluate(SHOP, "new-users", seeds=(0,), methods=[Broken()], encoder="catalogue", workers=2)


def test_costs_are_told_for_each_method():
    evaluation = evaluate(
        SHOP, "new-users", seeds=(0,), methods=["random", "popularity"], encoder="catalogue", resamples=50
    )
    assert [cost.method for cost in evaluation.cost] == ["random", "popularity"]
    for cost in evaluation.cost:
        assert 0 <= cost.query_ms_p50 <= cost.query_ms_p99
        assert cost.update_ms_p50 is None
        assert cost.peak_rss_mb is None or cost.peak_rss_mb > 1


def test_a_method_that_keeps_state_is_timed_on_events():
    seen: list[Event] = []

    class Remembering(RandomMethod):
        updates = True

        def observe(self, event: Event) -> None:
            seen.append(event)

    method = Remembering(name="remembering")
    evaluation = evaluate(SHOP, "new-users", seeds=(0,), methods=[method], resamples=50)
    assert evaluation.cost[0].update_ms_p50 is not None
    assert 0 < len(seen) <= 200


def test_the_engine_is_measured_beside_its_parts():
    evaluation = evaluate(
        SHOP,
        "new-users",
        seeds=(0,),
        methods=["random", "popularity", "engine"],
        encoder="catalogue",
        resamples=50,
    )
    assert evaluation.methods == ("random", "popularity", "engine")
    assert {c.method for c in evaluation.comparisons} == {"engine"}
    assert {c.against for c in evaluation.comparisons} == {"popularity"}
    assert evaluation.cost[-1].update_ms_p50 is not None


def test_without_the_method_in_focus_nothing_is_compared():
    evaluation = evaluate(SHOP, "warm", methods=[SameTaste()], encoder="catalogue", resamples=50)
    assert evaluation.comparisons == ()


@pytest.mark.parametrize("name", protocols.PROTOCOLS)
def test_every_protocol_knows_its_own_methods(name: str):
    protocol = protocols.get(name)
    for method in protocol.methods:
        assert protocol.build(method).name == method


def test_every_registered_scorer_and_retriever_can_be_named():
    assert set(methods.known()) == {
        "engine",
        "engine-plain",
        "random",
        *registry.names("scorer"),
        *registry.names("retriever"),
    }


@pytest.mark.parametrize(
    ("protocol", "arguments", "message"),
    [
        ("old-users", {}, "Choose among: new-items, new-users, new-both, warm, search"),
        ("warm", {"methods": ["magic"]}, "the name of a method; found 'magic'"),
        ("warm", {"methods": []}, "at least one method"),
        ("warm", {"methods": [Fixed(), Fixed(values=[1.0])]}, "each once"),
        ("warm", {"seeds": ()}, "at least one method and one seed"),
        ("warm", {"seeds": (1, 1)}, "each once"),
    ],
)
def test_a_wrong_name_is_told_before_anything_runs(protocol: str, arguments: dict[str, Any], message: str):
    with pytest.raises(ConfigError, match=message):
        evaluate(SHOP, protocol, **arguments)


def test_fitting_leaves_the_callers_scorer_as_it_was():
    scorer = InOrder()
    evaluate(SHOP, "search", methods=[scorer], resamples=50)
    assert not scorer.is_fitted


def test_recommenders_get_an_encoder_and_lexical_retrievers_none():
    given = {}

    class Noting(Fixed):
        def _fit(self, dataset, encoder):
            super()._fit(dataset, encoder)
            given["scorer"] = encoder

    class NotingRetriever(InOrder):
        def _fit(self, dataset, encoder):
            super()._fit(dataset, encoder)
            given["retriever"] = encoder

    for scorer in (Noting(), NotingRetriever()):
        ScorerMethod(name="x", scorer=scorer, encoder="catalogue").fit(SHOP)
    assert given["scorer"].dim > 0
    assert given["retriever"] is None


def test_random_scores_every_item_and_repeats_itself_by_seed():
    def scores(seed: int) -> FloatArray:
        method = RandomMethod(seed=seed)
        method.fit(SHOP)
        return method.score(Query())

    assert scores(1).tolist() == scores(1).tolist() != scores(2).tolist()
    assert len(set(scores(1).tolist())) == len(SHOP.item_ids)


def test_a_method_without_memory_refuses_to_observe():
    with pytest.raises(NotImplementedError):
        RandomMethod().observe(Event(user_id="u", item_id="i0"))


def test_the_engine_method_searches_and_observes():
    method = EngineMethod(encoder="catalogue")
    method.fit(Dataset(items=SHOP.items))
    assert method.retrieve(Query(text="thing 7"), 1).item_ids == ("i7",)
    method.observe(Event(user_id="u", item_id="i0"))
    assert len(method.score(Query(user_id="u"))) == len(SHOP.item_ids)


def test_what_is_not_installed_is_left_out_of_the_list_and_told(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(methods.LIBRARIES, "lambdamart", ("no_such_library", "evaluate"))
    assert methods.without_library(["engine", "lambdamart"]) == {"lambdamart": "evaluate"}
    few = replace(protocols.get("new-users"), methods=("popularity", "lambdamart"))
    monkeypatch.setitem(protocols.PROTOCOLS, "new-users", few)
    found = evaluate(SHOP, "new-users", seeds=(0,), encoder="catalogue", resamples=50)
    assert found.methods == ("popularity",)
    assert found.warnings == (
        "Left out for want of the extra 'evaluate' (pip install 'warmstart[evaluate]'): lambdamart.",
    )


def test_a_method_that_was_named_and_is_not_installed_is_told_before_anything_runs(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setitem(methods.LIBRARIES, "lambdamart", ("no_such_library", "evaluate"))
    with pytest.raises(MissingExtraError, match=r"for lambdamart; .*'warmstart\[evaluate\]'"):
        evaluate(SHOP, "new-users", methods=[Broken(), "lambdamart"], encoder="catalogue")


def test_tuning_without_its_library_is_told_before_anything_runs(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(MissingExtraError, match=r"'evaluate' for tuning; .*'warmstart\[evaluate\]'"):
        evaluate(SHOP, "new-users", methods=[Broken(), "ease"], trials=5, encoder="catalogue")
    assert evaluate(SHOP, "warm", methods=["random"], trials=5, resamples=50).tunings == ()


@pytest.mark.parametrize("name", methods.LIBRARIES)
def test_every_method_that_may_be_missing_exists(name: str):
    kinds = ("scorer", "rater", "classifier")
    assert any(name.partition("+")[0] in registry.names(kind) for kind in kinds)


def test_a_single_user_proves_nothing():
    found = evaluate(
        SHOP,
        "new-users",
        seeds=(0,),
        methods=["popularity", SameTaste()],
        focus="SameTaste",
        sample=1,
        encoder="catalogue",
        resamples=50,
    )
    assert any(comparison.difference for comparison in found.comparisons)
    assert {(comparison.p, comparison.verdict) for comparison in found.comparisons} == {(1.0, "tie")}
    assert found.replicates == ()


def test_the_focus_is_one_of_the_methods_or_the_last_of_them():
    told: dict[str, Any] = {"seeds": (0,), "encoder": "catalogue", "resamples": 50}
    found = evaluate(SHOP, "new-users", methods=["random", "popularity", SameTaste()], **told)
    assert {c.method for c in found.comparisons} == {"SameTaste"}
    with pytest.raises(ConfigError, match="popularitee"):
        evaluate(SHOP, "new-users", methods=["random", "popularity"], focus="popularitee", **told)


def test_each_protocol_has_its_own_seeds():
    assert protocols.get("few-shot-text").seeds == (0, 1, 2, 3, 4)
    found = evaluate(SHOP, "new-items", methods=["random"], encoder="catalogue", resamples=50)
    assert found.seeds == (0, 1, 2)


def test_the_engine_is_not_measured_against_itself_without_room_for_new_items():
    rivals = [
        ScorerMethod(name="engine-plain", scorer=SameTaste()),
        ScorerMethod(name="in order", scorer=InOrder()),
    ]
    own = ScorerMethod(name="engine", scorer=SameTaste())
    found = evaluate(
        two_tastes(), "new-users", seeds=(0,), methods=[*rivals, own], encoder="catalogue", resamples=50
    )
    strongest = {c.against for c in found.comparisons if c.strongest}
    assert strongest == {"in order"}
    assert {c.against for c in found.comparisons} == {"engine-plain", "in order"}
