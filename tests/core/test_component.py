"""Settings are checked at the door; parts are found by name."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from warmstart.core import registry
from warmstart.core.component import Component
from warmstart.core.errors import ConfigError, NotFittedError
from warmstart.recommend.baselines.neighbours import ItemKnnScorer
from warmstart.recommend.fused.scorer import FusedScorer
from warmstart.search.bm25 import Bm25Retriever


@dataclass(kw_only=True)
class Dial(Component):
    turns: int = 3
    label: str = "dial"


@dataclass(kw_only=True)
class Panel(Component):
    dial: Dial = field(default_factory=Dial)
    weights: dict[str, float] = field(default_factory=dict)


def test_settings_and_their_component_are_the_same_thing():
    panel = Panel(dial=Dial(turns=5), weights={"a": 0.5})
    assert Panel.from_settings(panel.settings()) == panel
    assert Panel.from_settings({}) == Panel()


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({"turn": 3}, "turn"),
        ({"turns": "many"}, "turns"),
        ({"turns": None}, "turns"),
        ({"label": 5}, "label"),
    ],
)
def test_a_wrong_setting_is_named(settings: dict[str, Any], name: str):
    with pytest.raises(ConfigError, match=f"'{name}'") as caught:
        Dial.from_settings(settings)
    assert "turns, label" in caught.value.todo


def test_a_wrong_setting_of_an_inner_part_is_named_by_its_path():
    with pytest.raises(ConfigError, match=r"'dial\.turn'"):
        Panel.from_settings({"dial": {"turn": 3}})


def test_the_json_schema_knows_every_field_and_no_other():
    schema = Panel.json_schema()
    assert set(schema["properties"]) == {"dial", "weights"}
    assert schema["additionalProperties"] is False


def test_two_components_never_share_their_settings():
    first, second = Bm25Retriever(), Bm25Retriever()
    first.weights["title"] = 99.0
    assert second.weights["title"] != 99.0
    copy = first.unfitted()
    copy.weights["title"] = 1.0
    assert first.weights["title"] == 99.0


def test_what_was_learned_travels_and_settings_stay():
    dial = Dial(turns=9)
    vars(dial)["position_"] = 4
    other = Dial()
    other.set_state(dial.get_state())
    assert vars(other)["position_"] == 4
    assert other.turns == 3
    assert other.is_fitted
    assert not dial.unfitted().is_fitted


def test_use_before_fit_says_which_component():
    with pytest.raises(NotFittedError, match="Dial"):
        Dial()._check_fitted()


def test_every_registered_name_leads_to_its_class_and_back():
    for name in registry.names():
        kind, _, short = name.partition(".")
        found = registry.get(kind, short)
        assert registry.name_of(object.__new__(found)) == short


def test_names_of_one_kind_are_short_and_sorted():
    scorers = registry.names("scorer")
    assert scorers == sorted(scorers)
    assert {"fused", "item-knn"} <= set(scorers)
    assert registry.names("nonsense") == []


def test_registered_names_are_found_for_components():
    assert registry.name_of(FusedScorer()) == "fused"
    assert registry.name_of(ItemKnnScorer()) == "item-knn"


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(ConfigError, match="fused"):
        registry.get("scorer", "fussed")
    with pytest.raises(ConfigError, match="none is installed"):
        registry.get("nonsense", "fused")


def test_a_class_that_nobody_registered_has_no_name():
    with pytest.raises(ConfigError, match="Dial"):
        registry.name_of(Dial())
