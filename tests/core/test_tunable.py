"""Fields that say within which limits they are worth trying."""

from dataclasses import dataclass

import pytest

from warmstart.core.component import Component
from warmstart.core.errors import ConfigError
from warmstart.core.tunable import Range, ranges, tunable


@dataclass(kw_only=True)
class Toy(Component):
    plain: int = 1
    depth: int = tunable(3, low=1, high=9)
    rate: float = tunable(0.1, low=1e-3, high=1.0, log=True)
    kind: str = tunable("a", choices=("a", "b"))


def test_the_defaults_are_those_of_a_plain_field():
    assert Toy().settings() == {"plain": 1, "depth": 3, "rate": 0.1, "kind": "a"}


def test_settings_and_schema_still_work():
    assert Toy.from_settings({"depth": 5}).depth == 5
    assert set(Toy.json_schema()["properties"]) == {"plain", "depth", "rate", "kind"}


def test_only_tunable_fields_have_ranges_in_the_order_of_the_fields():
    found = ranges(Toy)
    assert list(found) == ["depth", "rate", "kind"]
    assert found["rate"] == Range(low=1e-3, high=1.0, log=True)
    assert found["kind"].choices == ("a", "b")


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"low": 1.0},
        {"low": 2.0, "high": 1.0},
        {"low": 0.0, "high": 1.0, "log": True},
        {"low": 1.0, "high": 2.0, "choices": (1,)},
    ],
)
def test_a_range_without_sense_is_refused(wrong):
    with pytest.raises(ConfigError):
        Range(**wrong)
